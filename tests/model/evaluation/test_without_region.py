"""One scan without a region: what is taken out, and what is asked."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from neuroval.model.evaluation.without_region import region_of, without_region


class SeesBright:
    """A network that calls the first class where anything is bright, and else the second."""

    def read(self, pixels: NDArray[np.uint8]) -> SimpleNamespace:
        bright = float(pixels.max() > 150)
        return SimpleNamespace(probabilities=np.array([bright, 1 - bright], dtype=np.float32))


@pytest.fixture
def scan() -> NDArray[np.uint8]:
    pixels = np.full((80, 100, 3), 60, dtype=np.uint8)
    pixels[30:40, 50:60] = 220
    return pixels


def test_what_lies_in_the_region_is_gone_and_the_rest_is_as_it_was(scan: NDArray[np.uint8]) -> None:
    region = np.zeros((80, 100), dtype=bool)
    region[30:40, 50:60] = True
    made = without_region(SeesBright(), scan, region)  # type: ignore[arg-type]
    assert [without.intervention for without in made] == ["remove_telea", "remove_harmonic"]
    for without in made:
        assert without.pixels.shape == scan.shape
        assert without.pixels[30:40, 50:60].max() < 100
        assert (without.pixels[:20] == 60).all()
        assert without.probabilities.tolist() == [0.0, 1.0]


def test_another_region_leaves_the_call(scan: NDArray[np.uint8]) -> None:
    region = np.zeros((80, 100), dtype=bool)
    region[60:70, 10:20] = True
    assert [without.probabilities[0] for without in without_region(SeesBright(), scan, region)] == [1.0, 1.0]  # type: ignore[arg-type]


@pytest.mark.parametrize("everywhere", [True, False])
def test_no_region_and_the_whole_picture_are_no_question(scan: NDArray[np.uint8], everywhere: bool) -> None:
    assert without_region(SeesBright(), scan, np.full((80, 100), everywhere)) == ()  # type: ignore[arg-type]


def test_a_region_is_where_a_coarse_map_reaches_a_share_of_its_peak() -> None:
    cells = np.zeros((4, 4), dtype=np.float16)
    cells[1, 2] = 2.0
    region = region_of(cells, at_least=0.5, size=(40, 80))
    rows, columns = np.nonzero(region)
    assert (10 <= rows.mean() < 20, 40 <= columns.mean() < 60) == (True, True)
    assert region_of(cells, at_least=0.9, size=(40, 80)).sum() < region.sum()
    assert not region_of(np.zeros((4, 4)), at_least=0.5, size=(40, 80)).any()
