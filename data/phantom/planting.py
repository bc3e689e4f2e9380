"""Planting the flaws that are files of their own, copies and corrupt files, and keeping the truth about all."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from neuroval.data.phantom.acquisition import jpeg, png
from neuroval.data.phantom.flaws import COPIES, CORRUPTIONS, corrupted, cropped, filtered, turned
from neuroval.data.phantom.plan import Patient
from neuroval.data.phantom.render import FOLDERS, Row, write_file

COPY_QUALITY = 60  # of a copy that is saved again
SMALLEST, LARGEST = 2, 5  # pixels that are cut from an edge
ONE_COPY_PER = 60  # test images: so many copies of each kind


def planted_by_patient(patient: Patient, rows: Sequence[Row]) -> list[Row]:
    """Return the lines of ``planted.csv`` for the flaws that are drawn into a patient's own images."""
    planted = []
    for row in rows:
        meant = {
            "shared_patient": patient.patient_id,
            "wrong_label": patient.label if row["label"] != patient.label else "",
            "overconfident_class": "meningioma" if patient.lookalike else "",
            "confounded_site": patient.site,
        }
        planted += [
            {"image_path": row["image_path"], "flaw": flaw, "of": meant[flaw]}
            for flaw in sorted(patient.flaws)
            if meant[flaw]
        ]
    return planted


def plant_copies(
    folder: Path, plan: Sequence[Patient], rows: Sequence[Sequence[Row]], *, seed: int, flaws: frozenset[str]
) -> list[tuple[Row, Row]]:
    """Write copies of training images into the test split; return their lines of metadata and of ``planted.csv``.

    Each copied image is of another patient, one without any other flaw. Copies carry no patient id.
    """
    rng = np.random.default_rng([seed, 0, 2])
    count = max(1, round(sum(split == "test" for patient in plan for split in patient.splits) / ONE_COPY_PER))
    clean = [i for i, patient in enumerate(plan) if not patient.roles and set(patient.splits) == {"train"}]
    wanted = [kind for kind in COPIES for _ in range(count)]
    made = []
    for place, (kind, index) in enumerate(zip(wanted, rng.permutation(clean), strict=False)):
        original = rows[index][int(rng.integers(len(rows[index])))]
        margins = tuple(int(margin) for margin in rng.integers(SMALLEST, LARGEST + 1, size=4))
        if kind in flaws:
            name = _free_name(plan, place)
            copy = _copied(
                folder, original, kind=kind, name=name, margins=(margins[0], margins[1], margins[2], margins[3])
            )
            made.append((copy, {"image_path": copy["image_path"], "flaw": kind, "of": original["image_path"]}))
    return made


def _free_name(plan: Sequence[Patient], place: int, *, slice_number: int = 1) -> str:
    """Return a file name, without ending, that no patient's slice has."""
    return f"p{len(plan) + 1 + place:04d}_{slice_number}"


def _copied(folder: Path, original: Row, *, kind: str, name: str, margins: tuple[int, int, int, int]) -> Row:
    stem = f"{FOLDERS['test']}/{original['label']}/{name}"
    copy = {**original, "image_path": f"{stem}.jpg", "split": "test", "patient_id": ""}
    files = ["image_path"]
    if original["mask_path"]:
        copy["mask_path"] = f"masks/{stem}.png"
        files.append("mask_path")
    for file in files:
        content = (folder / original[file]).read_bytes()
        write_file(folder / copy[file], _content(folder / original[file], content, kind=kind, margins=margins))
    return copy


def _content(source: Path, content: bytes, *, kind: str, margins: tuple[int, int, int, int]) -> bytes:
    is_mask = source.suffix == ".png"
    if kind == "exact_copy" or (kind in ("reencoded_copy", "filtered_copy") and is_mask):
        return content
    with Image.open(source) as image:
        pixels = np.asarray(image)
    if kind == "mirrored_copy":
        pixels = np.ascontiguousarray(pixels[:, ::-1])
    elif kind == "cropped_copy":
        pixels = cropped(pixels, margins=margins, smooth=not is_mask)
    elif kind == "turned_copy":
        pixels = turned(pixels, choice=margins[0] - SMALLEST, smooth=not is_mask)
    elif kind == "filtered_copy":
        pixels = filtered(pixels, choice=margins[0] - SMALLEST)
    return png(pixels) if is_mask else jpeg(pixels, quality=COPY_QUALITY if kind == "reencoded_copy" else 90)


def plant_corrupt(
    folder: Path, plan: Sequence[Patient], rows: Sequence[Sequence[Row]], *, seed: int, flaws: frozenset[str]
) -> list[Row]:
    """Write files that cannot be read into both splits; return their lines of ``planted.csv``."""
    if "corrupt_file" not in flaws:
        return []
    rng = np.random.default_rng([seed, 0, 3])
    planted = []
    for place, (split, kind) in enumerate(product(FOLDERS, CORRUPTIONS)):
        index = int(rng.integers(len(plan)))
        source = PurePosixPath(rows[index][0]["image_path"])
        path = f"{FOLDERS[split]}/{plan[index].label}/{_free_name(plan, place, slice_number=2)}.jpg"
        write_file(folder / path, corrupted((folder / source).read_bytes(), kind=kind))
        planted.append({"image_path": path, "flaw": "corrupt_file", "of": kind})
    return planted
