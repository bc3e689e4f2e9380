"""The pointing game, worked by hand."""

import numpy as np

from neuroval.analysis.explanations.pointing import pointing_game, saliency

SIDE = 56


def outline(row: int, column: int) -> np.ndarray:
    """A square of 8 x 8 cells."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[row : row + 8, column : column + 8] = 1
    return mask


def peak(row: int, column: int) -> np.ndarray:
    """A map of 7 x 7 with all its evidence in one cell, which covers 8 x 8 cells of the outline's grid."""
    cam = np.zeros((7, 7), np.float16)
    cam[row, column] = 1
    return cam


def test_a_map_hits_when_its_maximum_is_in_the_outline_or_close_to_it() -> None:
    maps = np.stack([peak(2, 3), peak(2, 3), peak(2, 3), peak(2, 3)])
    # The maximum lies at about row 19, column 27: inside, one cell away, far away, and no outline at all.
    outlines = np.stack([outline(16, 24), outline(20, 24), outline(40, 40), np.zeros((SIDE, SIDE), np.uint8)])
    assert pointing_game(maps, outlines).tolist() == [True, True, False, False]


def test_the_maximum_lies_between_cells_that_share_the_evidence() -> None:
    one, both = peak(2, 3), peak(2, 3) + peak(2, 4)
    # The centres of the two cells are columns 27.5 and 35.5 of the outline's grid; this strip lies halfway.
    halfway = outline(16, 28)
    halfway[:, :30] = halfway[:, 34:] = 0
    assert pointing_game(np.stack([both, one]), np.stack([halfway, halfway])).tolist() == [True, False]


def test_right_and_wrong_cases_and_empty_maps_are_counted_apart() -> None:
    maps = np.stack([peak(2, 3), peak(2, 3), peak(6, 6), np.zeros((7, 7), np.float16)])
    found = saliency(
        maps,
        np.stack([outline(16, 24)] * 4),
        reference=np.array([0, 0, 0, 0]),
        predicted=np.array([0, 1, 0, 0]),
        classes=("glioma", "notumor"),
        groups=np.array(["a", "b", "c", "d"]),
    )
    (glioma,) = found
    assert (glioma.correct.plain.count, glioma.correct.plain.n) == (1, 2)
    assert (glioma.wrong.plain.count, glioma.wrong.plain.n) == (1, 1)
    assert glioma.without_evidence == 1
