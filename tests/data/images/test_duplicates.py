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
from neuroval.data.images.duplicates import exact_copies, find_pairs, near_duplicates
from neuroval.data.phantom.cohort import Cohort
from neuroval.data.schema import PAIR_KINDS


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
    assert {kind for _, kind in expected} == set(PAIR_KINDS)
    found = {(frozenset((row.case_a, row.case_b)), row.kind) for row in pairs.itertuples()}
    assert expected <= found


def test_different_heads_are_no_copies(clean_phantom: Cohort) -> None:
    cases = cases_of(clean_phantom)
    pairs = find_pairs(cases, folder=clean_phantom.folder)
    patient = cases.set_index("case_id")["patient_id"]
    assert (pairs["case_a"].map(patient) == pairs["case_b"].map(patient)).all()


def turned(grey: np.ndarray, degrees: float) -> np.ndarray:
    height, width = grey.shape
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    return cv2.warpAffine(grey, turn, (width, height))


def scaled(grey: np.ndarray, share: float) -> np.ndarray:
    middle = (len(grey) - 1) / 2 * (1 - share)
    return cv2.warpAffine(grey, np.array([[share, 0, middle], [0, share, middle]]), grey.shape[::-1])


def bordered(grey: np.ndarray, *, value: int) -> np.ndarray:
    return cv2.resize(cv2.copyMakeBorder(grey, *[16] * 4, cv2.BORDER_CONSTANT, value=value), grey.shape[::-1])


def sharper(grey: np.ndarray) -> np.ndarray:
    return cv2.addWeighted(grey, 1.6, cv2.GaussianBlur(grey, (0, 0), 1.5), -0.6, 0)


CHANGES: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "smaller": ("reencoded", lambda grey: cv2.resize(grey, (150, 150), interpolation=cv2.INTER_AREA)),
    "left and right": ("mirrored", lambda grey: grey[:, ::-1]),
    "upside down": ("mirrored", lambda grey: grey[::-1]),
    "transposed": ("mirrored", lambda grey: grey.T),
    "transposed the other way": ("mirrored", lambda grey: np.rot90(grey, 2).T),
    "mirrored and brighter": ("mirrored", lambda grey: cv2.convertScaleAbs(grey[:, ::-1], alpha=1.2)),
    "a quarter turn": ("turned", np.rot90),
    "half a turn, sharper": ("turned", lambda grey: sharper(np.ascontiguousarray(np.rot90(grey, 2)))),
    "three quarters": ("turned", lambda grey: np.rot90(grey, 3)),
    "by 5 degrees": ("turned", lambda grey: turned(grey, 5)),
    "by 15 degrees": ("turned", lambda grey: turned(grey, 15)),
    "by 15 degrees back": ("turned", lambda grey: turned(grey, -15)),
    "cropped": ("cropped", lambda grey: cv2.resize(grey[6:-3, 4:-7], (224, 224))),
    "cropped by a tenth": ("cropped", lambda grey: cv2.resize(grey[22:-22, 22:-22], (224, 224))),
    "of 80%": ("cropped", lambda grey: scaled(grey, 0.8)),
    "of 120%": ("cropped", lambda grey: scaled(grey, 1.2)),
    "stretched": (
        "cropped",
        lambda grey: cv2.resize(cv2.copyMakeBorder(grey, 0, 0, 60, 60, cv2.BORDER_CONSTANT), (224, 224)),
    ),
    "black border": ("cropped", lambda grey: bordered(grey, value=0)),
    "white border": ("cropped", lambda grey: bordered(grey, value=255)),
    "brighter": ("filtered", lambda grey: cv2.convertScaleAbs(grey, alpha=0.7, beta=40)),
    "gamma": ("filtered", lambda grey: np.rint(255 * (grey / 255) ** 0.5).astype(np.uint8)),
    "sharper": ("filtered", sharper),
    "blurred": ("filtered", lambda grey: cv2.GaussianBlur(grey, (0, 0), 2)),
    "equalised": ("filtered", cv2.equalizeHist),
    "inverted": ("filtered", lambda grey: 255 - grey),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found(clean_phantom: Cohort, tmp_path: Path, change: str) -> None:
    kind, make = CHANGES[change]
    rows = clean_phantom.metadata.drop_duplicates("patient_id")["image_path"].head(5)
    paths = []
    for number, path in enumerate(rows):
        grey = np.asarray(Image.open(clean_phantom.folder / path).convert("L"))
        for name, pixels in ((f"{number}a.png", grey), (f"{number}b.png", make(grey))):
            Image.fromarray(np.ascontiguousarray(pixels)).save(tmp_path / name)
            paths.append(name)
    cases = pd.DataFrame({"case_id": [path.removesuffix(".png") for path in paths], "image_path": paths})
    pairs = near_duplicates(cases, folder=tmp_path)
    expected = [(f"{number}a", f"{number}b", kind) for number in range(5)]
    assert list(pairs[["case_a", "case_b", "kind"]].itertuples(index=False, name=None)) == expected


def test_an_unreadable_image_has_no_pair(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_text("not a picture")
    cases = pd.DataFrame({"case_id": ["a", "b"], "image_path": ["a.png", "b.png"]})
    assert near_duplicates(cases, folder=tmp_path).empty


def test_pairs_are_computed_once(clean_phantom: Cohort, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = cases_of(clean_phantom)
    first = find_pairs(cases, folder=clean_phantom.folder)
    monkeypatch.setattr(duplicates, "near_duplicates", lambda *_, **__: pytest.fail("computed again"))
    pd.testing.assert_frame_equal(find_pairs(cases.sample(frac=1), folder=clean_phantom.folder), first)
