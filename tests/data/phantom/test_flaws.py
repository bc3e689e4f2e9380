"""Planted flaws: each alone is in planted.csv and truly in the files; without any the cohort is clean."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from neuroval.data.classes import BRAIN_TUMOR
from neuroval.data.dataset.folder import Dataset, read_dataset
from neuroval.data.images.duplicates import exact_copies
from neuroval.data.phantom import cohort as cohort_module
from neuroval.data.phantom.cohort import Cohort, generate
from neuroval.data.phantom.flaws import (
    ALL_FLAWS,
    CONFOUNDED_SITE,
    FLAWS,
    SHIPPED_FLAWS,
    corrupted,
    cropped,
    filtered,
    marked,
    turned,
)
from neuroval.data.phantom.plan import Patient, plan_cohort
from neuroval.data.phantom.render import Row, render_patient, write_file

TURNS = (90, 180, 270, 12)
Planted = Callable[[str], Cohort]


def read(cohort: Cohort) -> Dataset:
    return read_dataset(cohort.folder, name="phantom", classes=BRAIN_TUMOR)


def grey(cohort: Cohort, path: str) -> np.ndarray:
    with Image.open(cohort.folder / path) as image:
        return np.asarray(image.convert("L"), dtype=np.float64)


def planted_in(cohort: Cohort, flaw: str) -> pd.DataFrame:
    found = cohort.planted[cohort.planted["flaw"] == flaw]
    assert len(found)
    return found


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    """Make the small cohort with one flaw alone. A patient whom the flaw does not concern is drawn only once."""
    drawn: dict[Patient, list[tuple[Row, dict[str, bytes]]]] = {}

    def remember(patient: Patient, *, folder: Path, seed: int) -> list[Row]:
        if patient not in drawn:
            rows = render_patient(patient, folder=folder, seed=seed)
            paths = [[path for path in (row["image_path"], row["mask_path"]) if path] for row in rows]
            drawn[patient] = [
                (row, {path: (folder / path).read_bytes() for path in own})
                for row, own in zip(rows, paths, strict=True)
            ]
        for _, files in drawn[patient]:
            for path, content in files.items():
                write_file(folder / path, content)
        return [dict(row) for row, _ in drawn[patient]]

    def with_one(flaw: str) -> Cohort:
        folder = tmp_path_factory.mktemp("planted") / flaw
        return generate(folder, seed=3, patients=16, flaws=[flaw], workers=1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cohort_module, "render_patient", remember)
        yield with_one


def test_each_flaw_says_what_it_is_and_who_must_find_it() -> None:
    assert len({flaw.name for flaw in FLAWS}) == len(FLAWS) == len(ALL_FLAWS)
    assert all(flaw.what and flaw.of and flaw.found_by for flaw in FLAWS)


def test_without_flaws_the_cohort_is_clean(clean_phantom: Cohort) -> None:
    assert clean_phantom.planted.empty
    found = read(clean_phantom)
    assert found.rejected.empty
    assert exact_copies(found.cases).empty
    assert found.cases["patient_id"].notna().all()
    assert (found.cases.groupby("patient_id")[["split", "label"]].nunique() == 1).all(axis=None)
    assert CONFOUNDED_SITE not in set(found.cases["site"])


def test_without_flaws_labels_are_what_was_drawn() -> None:
    plan = plan_cohort(seed=3, patients=64, difficulty=0.5, flaws=frozenset())
    assert all(set(patient.labels) == {patient.label} for patient in plan)


def test_without_flaws_every_site_sends_every_class() -> None:
    plan = plan_cohort(seed=3, patients=184, difficulty=0.5, flaws=frozenset())
    table = pd.crosstab([p.site for p in plan], [p.label for p in plan])
    assert table.shape == (3, 4)
    assert (table > 0).all(axis=None)


def test_with_all_flaws_each_is_planted(phantom: Cohort) -> None:
    assert set(phantom.planted["flaw"]) == ALL_FLAWS
    assert phantom.planted["of"].ne("").all()


@pytest.mark.parametrize("flaw", sorted(ALL_FLAWS))
def test_a_flaw_alone_is_planted_alone_and_leaves_the_other_images(
    planted: Planted, clean_phantom: Cohort, flaw: str
) -> None:
    cohort = planted(flaw)
    assert set(cohort.planted["flaw"]) == {flaw}
    touched = set(cohort.planted["image_path"])
    if flaw == "overconfident_class":  # meningiomas of train are drawn easier, gliomas of train are no look-alikes
        touched |= {path for path in clean_phantom.metadata["image_path"] if "oma/" in path}
    kept = [path for path in clean_phantom.metadata["image_path"] if path not in touched]
    kept = [path for path in kept if (cohort.folder / path).is_file()]
    assert len(kept) > 0.4 * len(clean_phantom.metadata)
    for path in kept:
        assert (cohort.folder / path).read_bytes() == (clean_phantom.folder / path).read_bytes()
    CHECKS[flaw](cohort, clean_phantom)


def check_exact(cohort: Cohort, _: Cohort) -> None:
    for row in planted_in(cohort, "exact_copy").itertuples():
        assert (cohort.folder / row.image_path).read_bytes() == (cohort.folder / row.of).read_bytes()
    check_copies(cohort, "exact_copy")
    assert len(exact_copies(read(cohort).cases)) == len(cohort.planted)


def check_copies(cohort: Cohort, flaw: str) -> None:
    """A copy is in test, without patient, its original in train, with the same label; masks go along."""
    rows = cohort.metadata.set_index("image_path")
    for row in planted_in(cohort, flaw).itertuples():
        copy, original = rows.loc[row.image_path], rows.loc[row.of]
        assert (copy["split"], original["split"]) == ("test", "train")
        assert copy["label"] == original["label"]
        assert (copy["patient_id"], bool(copy["mask_path"])) == ("", bool(original["mask_path"]))


def check_mirrored(cohort: Cohort, _: Cohort) -> None:
    check_copies(cohort, "mirrored_copy")
    rows = cohort.metadata.set_index("image_path")
    for row in cohort.planted.itertuples():
        copy, original = grey(cohort, row.image_path), grey(cohort, row.of)
        assert np.abs(copy[:, ::-1] - original).mean() < 3 < np.abs(copy - original).mean()
        if mask := rows.loc[row.of, "mask_path"]:
            mirrored = grey(cohort, rows.loc[row.image_path, "mask_path"])[:, ::-1]
            np.testing.assert_array_equal(mirrored, grey(cohort, mask))


def check_reencoded(cohort: Cohort, _: Cohort) -> None:
    check_copies(cohort, "reencoded_copy")
    assert exact_copies(read(cohort).cases).empty
    for row in cohort.planted.itertuples():
        difference = np.abs(grey(cohort, row.image_path) - grey(cohort, row.of))
        assert 0 < difference.mean() < 3


def check_cropped(cohort: Cohort, _: Cohort) -> None:
    check_copies(cohort, "cropped_copy")
    for row in cohort.planted.itertuples():
        copy, original = grey(cohort, row.image_path), grey(cohort, row.of)
        assert copy.shape == original.shape
        assert np.corrcoef(copy.ravel(), original.ravel())[0, 1] > 0.6
        assert np.abs(copy - original).mean() > 1


def check_turned(cohort: Cohort, _: Cohort) -> None:
    check_copies(cohort, "turned_copy")
    rows = cohort.metadata.set_index("image_path")
    for row in cohort.planted.itertuples():
        copy, original = grey(cohort, row.image_path), grey(cohort, row.of)
        back = [np.asarray(Image.fromarray(copy.astype(np.uint8)).rotate(-turn), dtype=float) for turn in TURNS]
        assert min(np.abs(one - original)[40:-40, 40:-40].mean() for one in back) < 4 < np.abs(copy - original).mean()
        if mask := rows.loc[row.of, "mask_path"]:
            area = np.count_nonzero(grey(cohort, rows.loc[row.image_path, "mask_path"]))
            assert area == pytest.approx(np.count_nonzero(grey(cohort, mask)), rel=0.2)


def check_filtered(cohort: Cohort, _: Cohort) -> None:
    check_copies(cohort, "filtered_copy")
    rows = cohort.metadata.set_index("image_path")
    for row in cohort.planted.itertuples():
        copy, original = grey(cohort, row.image_path), grey(cohort, row.of)
        assert np.corrcoef(copy.ravel(), original.ravel())[0, 1] > 0.7
        assert np.abs(copy - original).mean() > 1
        if mask := rows.loc[row.of, "mask_path"]:
            np.testing.assert_array_equal(grey(cohort, mask), grey(cohort, rows.loc[row.image_path, "mask_path"]))


@pytest.mark.parametrize("choice", range(4))
def test_each_turn_and_each_filter_changes_the_image_and_not_its_size(choice: int) -> None:
    picture = np.random.default_rng(1).integers(40, 200, (96, 96), dtype=np.uint8)
    for changed in (turned(picture, choice=choice, smooth=True), filtered(picture, choice=choice)):
        assert changed.shape == picture.shape
        assert changed.dtype == np.uint8
        assert (changed != picture).mean() > 0.3


def test_the_shipped_cohort_lacks_only_what_came_later() -> None:
    assert {"turned_copy", "filtered_copy"} == ALL_FLAWS - SHIPPED_FLAWS


def check_shared(cohort: Cohort, _: Cohort) -> None:
    splits = cohort.metadata.groupby("patient_id")["split"].nunique()
    shared = set(splits.index[splits > 1])
    assert shared == set(cohort.planted["of"])
    images = cohort.metadata[cohort.metadata["patient_id"].isin(shared)]
    assert set(images["image_path"]) == set(cohort.planted["image_path"])


def check_labels(cohort: Cohort, clean: Cohort) -> None:
    labels = cohort.metadata.groupby("patient_id")["label"].nunique()
    assert (labels > 1).sum() == len(cohort.planted)
    assert set(cohort.planted["image_path"].str.split("/").str[0]) == {"Training", "Testing"}
    for row in cohort.planted.itertuples():
        split, label, name = Path(row.image_path).parts
        assert label != row.of
        truth = clean.folder / split / row.of / name
        assert truth.read_bytes() == (cohort.folder / row.image_path).read_bytes()


def check_overconfident(cohort: Cohort, clean: Cohort) -> None:
    """Look-alike gliomas are in test only, and meningiomas of train are larger than they would be."""
    assert set(cohort.planted["image_path"].str.split("/").str[:2].str.join("/")) == {"Testing/glioma"}

    def area(made: Cohort) -> float:
        rows = made.metadata.query("label == 'meningioma' and split == 'train'")
        return float(np.mean([np.count_nonzero(grey(made, path)) for path in rows["mask_path"]]))

    assert area(cohort) > area(clean)


def check_site(cohort: Cohort, clean: Cohort) -> None:
    of_site = cohort.metadata.query("site == @CONFOUNDED_SITE")
    assert set(of_site["label"]) == {"notumor"}
    assert set(of_site["image_path"]) == set(cohort.planted["image_path"])
    for path in of_site["image_path"]:
        difference = np.abs(grey(cohort, path) - grey(clean, path))
        assert 15 < difference[:18, :24].max() < 70
        assert difference[32:, 32:].max() == 0


def check_corrupt(cohort: Cohort, _: Cohort) -> None:
    rejected = read(cohort).rejected.set_index("image_path")["reason"]
    assert set(rejected.index) == set(cohort.planted["image_path"])
    begins = {"empty": "empty file", "text": "not an image", "truncated": "cannot be decoded"}
    for row in cohort.planted.itertuples():
        assert rejected[row.image_path].startswith(begins[row.of])


CHECKS = {
    "exact_copy": check_exact,
    "mirrored_copy": check_mirrored,
    "reencoded_copy": check_reencoded,
    "cropped_copy": check_cropped,
    "turned_copy": check_turned,
    "filtered_copy": check_filtered,
    "shared_patient": check_shared,
    "wrong_label": check_labels,
    "overconfident_class": check_overconfident,
    "confounded_site": check_site,
    "corrupt_file": check_corrupt,
}


def test_the_mark_is_faint_and_in_a_corner() -> None:
    black = np.zeros((224, 224), dtype=np.uint8)
    mark = marked(black)
    assert 0 < np.count_nonzero(mark) < 60
    assert mark.max() < 64
    assert not mark[16:].any()
    assert not black.any()


def test_a_crop_takes_away_what_it_says() -> None:
    rows = np.repeat(np.arange(100, dtype=np.uint8)[:, None], 100, axis=1)
    found = cropped(rows, margins=(0, 20, 0, 10), smooth=False)
    assert found.shape == rows.shape
    assert (found.min(), found.max()) == (20, 89)


def test_a_truncated_file_begins_like_the_image() -> None:
    assert corrupted(b"abcdef", kind="truncated") == b"abc"
