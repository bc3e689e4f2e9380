from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neuroval.data.classes import BRAIN_TUMOR
from neuroval.data.dataset.folder import read_dataset
from neuroval.data.dataset.mask_looks import NAMED_ALIKE, beside_their_scan, is_black_and_white
from neuroval.data.images.decoding import describe

SCAN = np.random.default_rng(7).integers(0, 256, (64, 64), dtype=np.uint8)
OUTLINE = np.zeros((64, 64), dtype=np.uint8)
OUTLINE[20:40, 10:50] = 1


@pytest.mark.parametrize(
    ("name", "white"), [("m.png", 255), ("m.jpg", 255), ("m.bmp", 255), ("m.png", 1), ("m.tif", 1)]
)
def test_an_outline_is_black_and_white_in_any_format(tmp_path: Path, name: str, white: int) -> None:
    Image.fromarray(OUTLINE * white).save(tmp_path / name)
    assert is_black_and_white(describe(tmp_path / name))


@pytest.mark.parametrize("pixels", [SCAN, np.full_like(SCAN, 255), np.zeros_like(SCAN), SCAN // 2, OUTLINE * 90 + 40])
def test_a_scan_and_a_blank_image_are_not(tmp_path: Path, pixels: np.ndarray) -> None:
    Image.fromarray(pixels).save(tmp_path / "s.png")
    assert not is_black_and_white(describe(tmp_path / "s.png"))


@pytest.mark.parametrize("name", ["7_tumor.png", "7 (2).png", "7-x.png", "7.m.png"])
def test_an_outline_is_told_by_its_look_where_its_name_begins_as_a_scan_does(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "glioma"
    folder.mkdir()
    Image.fromarray(SCAN).save(folder / "7.png")
    Image.fromarray(SCAN).save(folder / "7_sagittal.png")
    Image.fromarray(OUTLINE * 255).save(folder / name)
    Image.fromarray(OUTLINE * 255).save(folder / "8_tumor.png")  # of no scan by its name: it stays a case
    found = read_dataset(tmp_path, name="x", classes=BRAIN_TUMOR)
    assert found.cases["image_path"].tolist() == ["glioma/7.png", "glioma/7_sagittal.png", "glioma/8_tumor.png"]
    assert found.cases["sd_intensity"].notna().all()
    assert [(gap.reason, gap.names) for gap in found.intake.unused] == [(NAMED_ALIKE, (f"glioma/{name}",))]
    assert found.rejected.empty


def test_what_metadata_lists_is_a_case_whatever_it_looks_like(tmp_path: Path) -> None:
    (tmp_path / "glioma").mkdir()
    Image.fromarray(SCAN).save(tmp_path / "glioma" / "7.png")
    Image.fromarray(OUTLINE * 255).save(tmp_path / "glioma" / "7_a.png")
    (tmp_path / "metadata.csv").write_text("image_path\nglioma/7_a.png\n")
    found = read_dataset(tmp_path, name="x", classes=BRAIN_TUMOR)
    assert len(found.cases) == 2
    facts = {path: describe(tmp_path / path) for path in found.cases["image_path"]}
    assert beside_their_scan(facts) == ["glioma/7_a.png"]
