"""Copies: exact ones by content, changed ones by pixels, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from neuroval.data.classes import BRAIN_TUMOR
from neuroval.data.dataset.folder import read_dataset
from neuroval.data.images import duplicates
from neuroval.data.images.duplicates import exact_copies, find_pairs, near_duplicates, propose
from neuroval.data.phantom.cohort import Cohort


def test_each_copy_is_paired_with_the_first_of_its_content() -> None:
    cases = pd.DataFrame(
        {"case_id": ["d", "c", "b", "a", "e", "f"], "sha256": ["x", "y", "x", "x", None, None]},
    )
    pairs = exact_copies(cases)
    assert pairs[["case_a", "case_b"]].to_numpy().tolist() == [["a", "b"], ["a", "d"]]
    assert set(pairs["kind"]) == {"exact"}
    assert set(pairs["score"]) == {1.0}


def test_distinct_images_have_no_pairs() -> None:
    assert exact_copies(pd.DataFrame({"case_id": ["a", "b"], "sha256": ["x", "y"]})).empty


def cases_of(cohort: Cohort) -> pd.DataFrame:
    return read_dataset(cohort.folder, name="phantom", classes=BRAIN_TUMOR).cases


def test_every_planted_copy_is_found_with_its_kind(phantom: Cohort) -> None:
    cases = cases_of(phantom)
    pairs = find_pairs(cases, folder=phantom.folder)
    ids = cases.set_index("image_path")["case_id"]
    planted = phantom.planted[phantom.planted["flaw"].str.endswith("_copy")]
    expected = {
        (frozenset((ids[row.image_path], ids[row.of])), row.flaw.removesuffix("_copy")) for row in planted.itertuples()
    }
    assert {kind for _, kind in expected} == {"exact", "reencoded", "mirrored", "cropped"}
    found = {(frozenset((row.case_a, row.case_b)), row.kind) for row in pairs.itertuples()}
    assert expected <= found


def test_different_heads_are_no_copies(clean_phantom: Cohort) -> None:
    cases = cases_of(clean_phantom)
    pairs = find_pairs(cases, folder=clean_phantom.folder)
    patient = cases.set_index("case_id")["patient_id"]
    assert (pairs["case_a"].map(patient) == pairs["case_b"].map(patient)).all()


CHANGES: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "brighter": ("reencoded", lambda grey: cv2.convertScaleAbs(grey, alpha=0.7, beta=40)),
    "gamma": ("reencoded", lambda grey: np.rint(255 * (grey / 255) ** 0.7).astype(np.uint8)),
    "sharper": ("reencoded", lambda grey: cv2.addWeighted(grey, 1.6, cv2.GaussianBlur(grey, (0, 0), 1.5), -0.6, 0)),
    "mirrored and brighter": ("mirrored", lambda grey: cv2.convertScaleAbs(grey[:, ::-1], alpha=1.2)),
    "smaller": ("reencoded", lambda grey: cv2.resize(grey, (150, 150), interpolation=cv2.INTER_AREA)),
    "cropped": ("cropped", lambda grey: cv2.resize(grey[6:-3, 4:-7], (224, 224))),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found(clean_phantom: Cohort, tmp_path: Path, change: str) -> None:
    kind, make = CHANGES[change]
    rows = clean_phantom.metadata.drop_duplicates("patient_id")["image_path"].head(8)
    paths = []
    for number, path in enumerate(rows):
        grey = np.asarray(Image.open(clean_phantom.folder / path).convert("L"))
        for name, pixels in ((f"{number}a.png", grey), (f"{number}b.png", make(grey))):
            Image.fromarray(np.ascontiguousarray(pixels)).save(tmp_path / name)
            paths.append(name)
    cases = pd.DataFrame({"case_id": [path.removesuffix(".png") for path in paths], "image_path": paths})
    pairs = near_duplicates(cases, folder=tmp_path)
    expected = [(f"{number}a", f"{number}b", kind) for number in range(8)]
    assert list(pairs[["case_a", "case_b", "kind"]].itertuples(index=False, name=None)) == expected


def test_an_unreadable_image_has_no_pair(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_text("not a picture")
    cases = pd.DataFrame({"case_id": ["a", "b"], "image_path": ["a.png", "b.png"]})
    assert near_duplicates(cases, folder=tmp_path).empty


def test_near_hashes_are_proposed_and_the_number_grows_with_the_data() -> None:
    rng = np.random.default_rng(5)
    found = {}
    for n in (1000, 8000):
        hashes, mirrored = rng.integers(0, 2**64, (2, n), dtype=np.uint64)
        flips = [np.bitwise_or.reduce(np.uint64(1) << rng.choice(64, 3, replace=False).astype(np.uint64)) for _ in "ab"]
        hashes[1], mirrored[3] = hashes[0] ^ flips[0], hashes[2] ^ flips[1]
        pairs = propose(hashes, mirrored).tolist()
        assert [0, 1, 0] in pairs
        assert [2, 3, 1] in pairs
        found[n] = len(pairs)
    assert found[8000] < 100


def test_pairs_are_computed_once(clean_phantom: Cohort, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = cases_of(clean_phantom)
    first = find_pairs(cases, folder=clean_phantom.folder)
    monkeypatch.setattr(duplicates, "near_duplicates", lambda *_, **__: pytest.fail("computed again"))
    pd.testing.assert_frame_equal(find_pairs(cases.sample(frac=1), folder=clean_phantom.folder), first)
