"""Maps of any origin, from the command line to the pictures of the pages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neuroval.dashboard.cases.evidence import evidence_of
from neuroval.dashboard.figures.scan import render
from neuroval.dashboard.words.cases import no_map
from neuroval.dashboard.words.errors import BROUGHT, tile
from neuroval.data.study.folder import read_study

CSV = "case_id,label,image_path,prob_a,prob_b\n" + "".join(
    f"c{number},{'a' if number % 2 else 'b'},i/{number}.png,{chance},{1 - chance}\n"
    for number, chance in enumerate((0.25, 0.75, 0.875, 0.125))
)
Neuroval = Callable[..., Any]


@pytest.fixture
def study(neuroval: Neuroval, tmp_path: Path) -> Path:
    (tmp_path / "p.csv").write_text(CSV)
    assert neuroval("import", tmp_path / "p.csv", "--out", tmp_path / "study", "--negative", "b").code == 0
    return tmp_path / "study"


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    folder = tmp_path / "maps"
    folder.mkdir()
    values = np.zeros((8, 8), dtype=np.uint8)
    values[1, 6] = 200
    Image.fromarray(values).save(folder / "2.png")
    return folder


def test_maps_beside_the_cases(neuroval: Neuroval, study: Path, maps: Path, tmp_path: Path) -> None:
    done = neuroval("heatmaps", "add", study, maps, "--pattern", "{name}.png", "--method", "Grad-CAM++")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[0].endswith("1 of 4 evaluated cases have a map, called Grad-CAM++")

    evidence = evidence_of(read_study(study))
    assert evidence.study.maps == "Grad-CAM++"
    wrong, other = evidence.cases["c2"], evidence.cases["c3"]
    assert (wrong.predicted, wrong.mapped, wrong.call_is_mapped) == ("a", ("a",), True)
    assert (other.mapped, other.call_is_mapped) == ((), False)
    assert no_map(other, others=evidence.study.maps) == "Grad-CAM++ of this scan: not given."
    assert BROUGHT in tile(evidence.basis, evidence.study.maps, brought=True)

    scan = tmp_path / "scan.png"
    Image.fromarray(np.full((64, 64, 3), 90, dtype=np.uint8)).save(scan)
    picture = render(evidence.study, "c2", scan, class_name="a", size="thumbnail", kind="PNG")
    (tmp_path / "drawn.png").write_bytes(picture)
    drawn = np.asarray(Image.open(tmp_path / "drawn.png").convert("RGB")).astype(int)
    change = np.abs(drawn - 90).sum(axis=2)
    row, column = np.unravel_index(change.argmax(), change.shape)
    assert (row // 8, column // 8) == (1, 6)  # the cell of the map that is bright
    assert render(evidence.study, "c3", scan, class_name="b", size="thumbnail") is None


def test_a_line_for_what_does_not_fit(neuroval: Neuroval, study: Path, maps: Path) -> None:
    done = neuroval("heatmaps", "add", study, maps, "--pattern", "{case_id}.png", "--method", "CAM")
    assert done.code == 2
    assert len(done.err.splitlines()) == 1
    assert "looked for" in done.err


def test_a_shipped_study_stays(neuroval: Neuroval, maps: Path) -> None:
    done = neuroval("heatmaps", "add", "brain-tumor-mri", maps, "--method", "CAM")
    assert done.code == 2
    assert "copy its folder" in done.err
