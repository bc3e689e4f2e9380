"""The phantom cohort: same seed same files, patients that mean something, lesions where the masks are."""

import hashlib
import importlib.util
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import ndimage

from neuroval import data
from neuroval.data.classes import BRAIN_TUMOR
from neuroval.data.dataset.folder import Dataset, read_dataset
from neuroval.data.exceptions import InputError
from neuroval.data.phantom import NAME, VERSION
from neuroval.data.phantom import cohort as cohort_module
from neuroval.data.phantom.acquisition import SIZE
from neuroval.data.phantom.anatomy import draw_head
from neuroval.data.phantom.cohort import Cohort, generate
from neuroval.data.phantom.flaws import ALL_FLAWS
from neuroval.data.phantom.lesions import Lesion, draw_lesion
from neuroval.data.phantom.plan import plan_cohort
from neuroval.data.phantom.render import render_patient
from neuroval.data.phantom.template import load_template
from neuroval.data.study.manifest import from_document

TUMOURS = ("glioma", "meningioma", "pituitary")


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def grey(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("L"), dtype=np.float64)


def read(cohort: Cohort) -> Dataset:
    return read_dataset(cohort.folder, name="phantom", classes=BRAIN_TUMOR)


def test_the_same_seed_gives_the_same_bytes_with_any_number_of_workers(phantom: Cohort, tmp_path: Path) -> None:
    again = generate(tmp_path / "again", seed=3, patients=16, workers=2)
    assert contents(again.folder) == contents(phantom.folder)
    pd.testing.assert_frame_equal(again.metadata, phantom.metadata)
    pd.testing.assert_frame_equal(again.planted, phantom.planted)


def test_another_seed_gives_other_images(clean_phantom: Cohort, tmp_path: Path) -> None:
    plan = plan_cohort(seed=3, patients=16, difficulty=0.2, flaws=frozenset())
    rows = render_patient(plan[0], folder=tmp_path, seed=4)
    assert all((clean_phantom.folder / row["image_path"]).is_file() for row in rows)
    assert set(contents(tmp_path).values()).isdisjoint(contents(clean_phantom.folder).values())


def test_the_cohort_is_a_data_set_like_any_other(phantom: Cohort) -> None:
    found = read(phantom)
    assert len(found.cases) == len(phantom.metadata)
    assert set(found.cases["label"]) == set(BRAIN_TUMOR.names)
    assert set(found.cases["split"]) == {"train", "test"}
    assert set(found.cases["plane"]) == {"axial", "coronal", "sagittal"}
    assert (found.cases[["width", "height"]].to_numpy() == SIZE).all()
    assert set(found.cases["file_format"]) == {"JPEG"}
    assert found.hidden == 0


def test_a_patient_has_several_slices_of_one_head(clean_phantom: Cohort) -> None:
    patients = clean_phantom.metadata.groupby("patient_id")
    assert len(patients) == 16
    assert patients.size().between(5, 8).all()
    assert (patients[["label", "split", "site"]].nunique() == 1).all(axis=None)
    assert patients.filter(lambda own: own["split"].iloc[0] == "test")["label"].nunique() == len(BRAIN_TUMOR)


def test_slices_of_one_patient_differ(clean_phantom: Cohort) -> None:
    for _, own in clean_phantom.metadata.groupby("patient_id"):
        pictures = [grey(clean_phantom.folder / path) for path in own["image_path"]]
        for i, a in enumerate(pictures):
            for b in pictures[:i]:
                assert np.abs(ndimage.gaussian_filter(a - b, 2.0)).max() > 8


def test_every_tumour_has_a_mask_and_no_other_image_has_one(clean_phantom: Cohort) -> None:
    for row in clean_phantom.metadata.itertuples():
        if row.label == "notumor":
            assert row.mask_path == ""
            continue
        mask = grey(clean_phantom.folder / row.mask_path)
        assert mask.shape == (SIZE, SIZE)
        assert set(np.unique(mask)) == {0, 255}
        assert 30 <= np.count_nonzero(mask) < 0.2 * mask.size


def contrast(cohort: Cohort, row: pd.Series) -> float:
    """Brightness within the mask against a ring around it, in standard deviations of the ring."""
    picture = ndimage.gaussian_filter(grey(cohort.folder / row["image_path"]), 0.7)
    mask = grey(cohort.folder / row["mask_path"]) > 0
    ring = ndimage.binary_dilation(mask, iterations=6) & ~ndimage.binary_dilation(mask, iterations=2)
    return float(abs(np.median(picture[mask]) - np.median(picture[ring])) / picture[ring].std())


@pytest.mark.parametrize("label", TUMOURS)
def test_a_lesion_differs_from_what_is_around_it(clean_phantom: Cohort, label: str) -> None:
    rows = clean_phantom.metadata[clean_phantom.metadata["label"] == label]
    found = [contrast(clean_phantom, row) for _, row in rows.iterrows()]
    assert np.median(found) > 0.6


def test_masks_lie_where_each_class_grows(clean_phantom: Cohort) -> None:
    """A pituitary tumour is near the midline of axial and coronal slices, gliomas and meningiomas are anywhere."""
    rows = clean_phantom.metadata.query("plane != 'sagittal' and mask_path != ''")
    beside: dict[str, list[float]] = {label: [] for label in TUMOURS}
    for row in rows.itertuples():
        _, column = ndimage.center_of_mass(grey(clean_phantom.folder / row.mask_path))
        beside[row.label].append(abs(column - SIZE / 2))
    assert max(beside["pituitary"]) < 25 < max(beside["glioma"] + beside["meningioma"])


def test_images_look_like_a_head(clean_phantom: Cohort) -> None:
    """Air around, a bright scalp, and darker brain in the middle."""
    axial = clean_phantom.metadata.query("plane == 'axial' and label == 'notumor'")
    for path in axial["image_path"]:
        picture = grey(clean_phantom.folder / path)
        assert np.median(picture[:4, :4]) < 15
        middle = np.median(picture[90:130, 90:130])
        assert 25 < middle < 160
        assert np.percentile(picture, 99) > 1.3 * middle


@pytest.mark.parametrize("label", TUMOURS)
def test_difficulty_makes_tumours_smaller_and_fainter(label: str) -> None:
    template = load_template()

    def drawn(difficulty: float) -> list[Lesion]:
        streams = [np.random.default_rng([5, i]) for i in range(60)]
        return [draw_lesion(rng, kind=label, template=template, difficulty=difficulty) for rng in streams]

    easy, hard = drawn(0.0), drawn(1.0)
    assert np.mean([lesion.radius for lesion in easy]) > 1.1 * np.mean([lesion.radius for lesion in hard])
    assert np.mean([abs(lesion.brightness - 1) for lesion in easy]) > 1.1 * np.mean(
        [abs(lesion.brightness - 1) for lesion in hard]
    )


def test_a_lookalike_glioma_is_solid_and_near_the_surface() -> None:
    template = load_template()
    for i in range(20):
        lesion = draw_lesion(
            np.random.default_rng([6, i]), kind="glioma", template=template, difficulty=0.5, lookalike=True
        )
        assert (lesion.kind, lesion.core) == ("glioma", 0.0)
        assert lesion.brightness > 1.3
        assert -template.hull_distance(lesion.centre[:, None])[0] < 1.3 * lesion.radius


def test_a_place_in_a_head_is_found_again() -> None:
    head = draw_head(np.random.default_rng(7))
    for point in np.random.default_rng(8).uniform(-60, 60, size=(20, 3)):
        found = head.from_template(point)
        np.testing.assert_allclose(head.to_template(found[:, None])[:, 0], point, atol=1e-3)


def test_the_folder_says_how_it_was_made(phantom: Cohort) -> None:
    facts = tomllib.loads((phantom.folder / "phantom.toml").read_text())
    assert facts == {
        "version": VERSION,
        "seed": 3,
        "patients": 16,
        "difficulty": cohort_module.DIFFICULTY,
        "flaws": sorted(ALL_FLAWS),
    }


def test_the_description_says_synthetic() -> None:
    file = Path(data.__file__).parent / "descriptions" / "phantom.toml"
    described = tomllib.loads(file.read_text(encoding="utf-8"))
    described["study"] |= {"name": "phantom", "schema": 1}
    described["classes"] = {"order": list(BRAIN_TUMOR.names), "negative_class": "notumor"}
    manifest = from_document(described)
    assert manifest.about.synthetic
    assert "no patient" in manifest.about.intended_use
    assert manifest.data.name == NAME


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patients": 15}, "15 patients, at least 16"),
        ({"difficulty": 1.5}, "difficulty 1.5, expected 0 to 1"),
        ({"seed": -1}, "seed -1, expected 0 or more"),
        ({"flaws": ["typo"]}, "no flaw 'typo'; expected some of"),
    ],
)
def test_numbers_out_of_range_are_named(tmp_path: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        generate(tmp_path / "new", **options)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_never_written_into(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="exists already"):
        generate(tmp_path, patients=16)


def test_a_run_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(cohort_module, "plant_copies", fail)
    monkeypatch.setattr(cohort_module, "render_patient", lambda *_, **__: [])
    with pytest.raises(OSError, match="disk full"):
        generate(tmp_path / "new", patients=16, workers=1)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def nothing_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cohort_module, "render_patient", lambda patient, **_: [{}] * len(patient.splits))
    monkeypatch.setattr(cohort_module, "plant_copies", lambda *_, **__: [])
    monkeypatch.setattr(cohort_module, "planted_by_patient", lambda *_: [])


@pytest.mark.usefixtures("nothing_drawn")
def test_what_a_killed_run_left_is_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as killed:  # it removes nothing any more
        killed.setattr("shutil.rmtree", lambda *_, **__: None)
        killed.setattr(cohort_module, "plant_corrupt", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            generate(tmp_path / "new", patients=16, flaws=(), workers=1)
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]
    generate(tmp_path / "new", patients=16, flaws=(), workers=1)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["metadata.csv", "phantom.toml", "planted.csv"]
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


@pytest.mark.usefixtures("nothing_drawn")
def test_progress_goes_to_stderr(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    generate(tmp_path / "new", patients=16, flaws=(), workers=1, progress=True)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Drawing phantoms: 100%" in printed.err


def test_a_missing_template_is_one_clear_message(monkeypatch: pytest.MonkeyPatch) -> None:
    find: Callable[[str], object] = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "nilearn" else find(name))
    load_template.cache_clear()
    with pytest.raises(InputError, match="the package nilearn"):
        load_template()
