"""A table of images in the place of class folders."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neuroval.data.classes import ClassOrder
from neuroval.data.dataset.folder import read_dataset
from neuroval.data.dataset.listing import NOT_LISTED, Listing
from neuroval.data.exceptions import InputError

CLASSES = ClassOrder(names=("glioma", "notumor"), negative="notumor")
NAMES = ("scans/a/1.png", "scans/a/2.png", "scans/b/3.png", "scans/b/4.png")
TABLE = (
    "file,y,pid,fold\nscans/a/1.png,1,p1,dev\nscans/a/2.png,0,p1,dev\nscans/b/3.png,1,p2,holdout\ngone.png,0,p3,dev\n"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    for name in NAMES:
        file = tmp_path / "root" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (48, 48), dtype=np.uint8)).save(file)
    return tmp_path / "root"


def listing(root: Path, text: str = TABLE, **more: dict[str, str]) -> Listing:
    file = root.parent / "m.csv"
    file.write_text(text)
    return Listing(
        file=file,
        **{
            "columns": {"path": "file", "label": "y", "patient": "pid", "split": "fold"},
            "class_map": {"1": "glioma", "0": "notumor"},
            "split_map": {"dev": "tuning", "holdout": "test"},
            **more,
        },
    )


def test_what_the_table_lists_is_read_and_nothing_else(root: Path) -> None:
    dataset = read_dataset(root, name="d", classes=CLASSES, listing=listing(root))
    shown = dataset.cases[["image_path", "label", "split", "patient_id"]].to_numpy().tolist()
    assert shown == [
        ["scans/a/1.png", "glioma", "tuning", "p1"],
        ["scans/a/2.png", "notumor", "tuning", "p1"],
        ["scans/b/3.png", "glioma", "test", "p2"],
    ]
    assert dataset.rejected.to_numpy().tolist() == [["gone.png", "listed in m.csv but not on disk"]]
    reasons = {group.reason: group.count for group in dataset.intake.unused}
    assert reasons == {NOT_LISTED: 1, "listed in m.csv but not on disk": 1}
    assert set(dataset.intake.kept) == {"image_path", "label", "split", "patient_id"}


def test_absolute_paths_and_outlines(root: Path) -> None:
    text = f"image_path,label,mask\n{root}/scans/a/1.png,glioma,scans/b/4.png\n"
    given = listing(root, text, columns={"mask": "mask"}, class_map={}, split_map={})
    dataset = read_dataset(root, name="d", classes=CLASSES, listing=given, default_split="train")
    (case,) = dataset.cases[["image_path", "label", "split", "mask_path"]].to_numpy().tolist()
    assert case == ["scans/a/1.png", "glioma", "train", "scans/b/4.png"]


@pytest.mark.parametrize(
    ("text", "more", "message"),
    [
        (TABLE, {"columns": {"path": "file", "label": "truth"}}, "--columns label=truth: no such column"),
        (TABLE, {"columns": {"path": "file", "age": "y"}}, "'age' is not known"),
        (TABLE, {"columns": {"label": "y"}}, "'image_path' is missing"),
        (TABLE, {"class_map": {"1": "glioma"}}, "has label '0'; expected one of"),
        ("file,y,pid,fold\ngone.png,1,,dev\n", {}, "no image found that .*m.csv lists. gone.png: listed in m.csv"),
        ("file,y,pid,fold\n../x.png,1,,dev\n", {}, "leaves the data set folder"),
    ],
)
def test_what_does_not_fit_is_said(root: Path, text: str, more: dict[str, dict[str, str]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_dataset(root, name="d", classes=CLASSES, listing=listing(root, text, **more))


def test_another_table_is_another_job(root: Path) -> None:
    first = listing(root).identity()
    assert first == listing(root).identity()
    assert first != listing(root, TABLE + "scans/b/4.png,1,p4,dev\n").identity()
    assert first != listing(root, class_map={"1": "notumor", "0": "glioma"}).identity()
