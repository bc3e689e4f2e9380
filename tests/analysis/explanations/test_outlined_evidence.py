"""The share of evidence inside the outline, worked by hand and against an enlarged map."""

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.explanations.outlined_evidence import evidence_inside, evidence_share
from neuroval.data.exceptions import InputError

SIDE = 56
CLASSES = ("glioma", "meningioma", "notumor")


def outline(row: int, column: int, *, side: int = 8) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[row : row + side, column : column + side] = 1
    return mask


def peak(row: int, column: int, *, value: float = 1.0) -> np.ndarray:
    """A map of 7 x 7 with all its evidence in one cell, which covers 8 x 8 cells of the outline's grid."""
    cam = np.zeros((7, 7), np.float16)
    cam[row, column] = value
    return cam


def inside(cam: np.ndarray, mask: np.ndarray) -> float:
    return float(evidence_inside(cam[None], mask[None])[0])


def enlarged(cam: np.ndarray, mask: np.ndarray) -> float:
    """The share as it is defined: enlarge the map as the overlay does, then add up."""
    height, width = mask.shape
    smooth = cv2.resize(cam.astype(np.float64), (width, height), interpolation=cv2.INTER_LINEAR)
    return float(smooth[mask != 0].sum() / smooth.sum())


def test_a_single_cell_by_hand() -> None:
    # Enlarged, the cell's evidence is a tent of weights 1/16, 3/16 ... 15/16 and down again: of 8, the middle eight
    # hold 2 * (9 + 11 + 13 + 15) / 16 = 6, along either axis.
    assert inside(peak(2, 3), outline(16, 24)) == pytest.approx((6 / 8) ** 2)
    assert inside(peak(2, 3), outline(12, 20, side=16)) == pytest.approx(1)
    assert inside(peak(2, 3), outline(40, 40)) == 0
    # At the edge the map is continued: four weights of 1, then eight that fall to 1/16.
    assert inside(peak(0, 0), outline(0, 0, side=4)) == pytest.approx((4 / 8) ** 2)


def test_a_map_without_preference_scores_the_area() -> None:
    even = np.full((7, 7), 0.3, np.float16)
    assert inside(even, outline(10, 3, side=14)) == pytest.approx(14 * 14 / SIDE**2)
    assert inside(even, np.ones((SIDE, SIDE), np.uint8)) == 1
    assert inside(even, np.zeros((SIDE, SIDE), np.uint8)) == 0


def test_negative_values_are_no_evidence() -> None:
    cam = peak(2, 3).astype(np.float32)
    cam[6, 6] = -5
    assert inside(cam, outline(16, 24)) == pytest.approx((6 / 8) ** 2)


def test_a_map_without_evidence_has_no_share() -> None:
    maps = np.stack([np.zeros((7, 7)), -np.ones((7, 7)), peak(2, 3)])
    assert np.isnan(evidence_inside(maps, np.stack([outline(16, 24)] * 3))).tolist() == [True, True, False]
    assert len(evidence_inside(np.zeros((0, 7, 7)), np.zeros((0, SIDE, SIDE), np.uint8))) == 0


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 9), st.integers(9, 60))
def test_the_share_is_that_of_the_enlarged_map(seed: int, height: int, width: int, side: int) -> None:
    rng = np.random.default_rng(seed)
    maps = rng.random((5, height, width)) ** 3
    outlines = (rng.random((5, side, side)) < rng.random()).astype(np.uint8) * 255
    expected = [enlarged(cam, mask) for cam, mask in zip(maps, outlines, strict=True)]
    found = evidence_inside(maps, outlines)
    assert found == pytest.approx(expected, abs=1e-6)  # OpenCV keeps its weights in single precision
    assert ((found >= 0) & (found <= 1)).all()


@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3))
def test_scaling_and_mirroring_change_nothing(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    maps, outlines = rng.random((3, 7, 7)), (rng.random((3, SIDE, SIDE)) < 0.2).astype(np.uint8)
    found = evidence_inside(maps, outlines)
    assert evidence_inside(maps * scale, outlines) == pytest.approx(found)
    assert evidence_inside(maps[:, ::-1, :], outlines[:, ::-1, :]) == pytest.approx(found)
    assert evidence_inside(maps, 1 - outlines) == pytest.approx(1 - found)


def test_many_cases_are_the_same_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    maps, outlines = rng.random((25, 7, 7)), (rng.random((25, SIDE, SIDE)) < 0.2).astype(np.uint8)
    whole = evidence_inside(maps, outlines)
    monkeypatch.setattr("neuroval.analysis.explanations.outlined_evidence._AT_ONCE", 4)
    assert evidence_inside(maps, outlines).tolist() == pytest.approx(whole.tolist(), abs=1e-15)


def shares(*values: float) -> tuple[np.ndarray, np.ndarray]:
    """Return maps and outlines of 2 x 2, the left half outlined, whose shares are ``values``."""
    maps = np.array([[[value, 1 - value]] * 2 for value in values]).reshape(-1, 2, 2)
    return maps, np.tile(np.array([[1, 0], [1, 0]], np.uint8), (len(values), 1, 1))


def result(values: list[float], reference: list[int], predicted: list[int], **options: Any) -> Any:
    maps, outlines = shares(*values)
    truth, called = np.array(reference, dtype=int), np.array(predicted, dtype=int)
    return evidence_share(maps, outlines, reference=truth, predicted=called, classes=CLASSES, **options)


def test_means_by_class_and_by_right_and_wrong_by_hand() -> None:
    glioma, meningioma = result([0.2, 0.4, 0.9, 0.5, 0.7], [0, 0, 0, 1, 1], [0, 0, 1, 1, 1])
    # Mean 0.3 and standard deviation 0.1 * sqrt(2); t(1) at 97.5% is 12.706: cut at 0 and 1.
    assert (glioma.name, glioma.correct.plain.value, glioma.correct.plain.n) == ("glioma", pytest.approx(0.3), 2)
    assert (glioma.correct.plain.low, glioma.correct.plain.high) == (0, 1)
    assert (glioma.wrong.plain.value, glioma.wrong.plain.low, glioma.wrong.plain.reason) == (
        0.9,
        None,
        Reason("one_case"),
    )
    assert meningioma.correct.plain.value == pytest.approx(0.6)
    assert meningioma.wrong.plain.reason == Reason("no_cases")
    assert (glioma.area.plain.value, glioma.area.plain.n) == (0.5, 3)


def test_the_t_interval_by_hand() -> None:
    (glioma,) = result([0.4, 0.5, 0.5, 0.6], [0] * 4, [0] * 4)
    half = 3.182446305284263 * np.sqrt(0.02 / 3) / 2  # t(3) at 97.5%, standard deviation, root of n
    assert (glioma.correct.plain.low, glioma.correct.plain.high) == pytest.approx((0.5 - half, 0.5 + half))
    assert glioma.correct.clustered is None


def test_groups_stand_beside_and_headline_is_the_wider() -> None:
    values = [0.4, 0.4, 0.5, 0.5, 0.6, 0.6]
    (glioma,) = result(values, [0] * 6, [0] * 6, groups=np.array([*"aabbcc"]))
    (once,) = result([0.4, 0.5, 0.6], [0] * 3, [0] * 3, groups=np.array([*"abc"]))
    assert glioma.correct.clustered.width == pytest.approx(once.correct.plain.width)
    assert glioma.correct.headline is glioma.correct.clustered
    assert once.correct.clustered is None


def test_maps_without_evidence_are_counted_apart() -> None:
    maps = np.stack([peak(2, 3), np.zeros((7, 7), np.float16), np.zeros((7, 7), np.float16)])
    (glioma,) = evidence_share(
        maps,
        np.stack([outline(16, 24)] * 3),
        reference=np.array([0, 0, 0]),
        predicted=np.array([0, 0, 1]),
        classes=CLASSES,
    )
    assert (glioma.correct.plain.n, glioma.wrong.plain.n, glioma.without_evidence) == (1, 0, 2)
    assert glioma.area.plain.n == 1


def test_equal_shares_have_no_interval() -> None:
    (glioma,) = result([0.5, 0.5, 0.5], [0] * 3, [0] * 3)
    assert (glioma.correct.plain.value, glioma.correct.plain.low) == (0.5, None)
    assert glioma.correct.plain.reason == Reason("equal_cases")


def test_classes_without_a_case_are_left_out() -> None:
    assert [one.name for one in result([0.5, 0.1], [2, 2], [2, 2])] == ["notumor"]
    assert result([], [], []) == ()


def test_the_order_of_cases_does_not_matter() -> None:
    rng = np.random.default_rng(4)
    values, reference, predicted = rng.random(60), rng.integers(0, 3, 60), rng.integers(0, 3, 60)
    groups, order = rng.integers(0, 3, 60), rng.permutation(60)
    one = result(values.tolist(), reference.tolist(), predicted.tolist(), groups=groups)
    other = result(values[order].tolist(), reference[order].tolist(), predicted[order].tolist(), groups=groups[order])
    for a, b in zip(one, other, strict=True):
        assert (a.correct.plain.low, a.correct.plain.high) == pytest.approx((b.correct.plain.low, b.correct.plain.high))
        assert a.correct.clustered.width == pytest.approx(b.correct.clustered.width)
        assert a.correct.plain.low <= a.correct.plain.value <= a.correct.plain.high


def test_what_does_not_fit_is_refused() -> None:
    maps, outlines = shares(0.5, 0.5)
    with pytest.raises(InputError, match=r"expected \(n, h, w\) and outlines \(n, m, m\)"):
        evidence_inside(maps[:1], outlines)
    with pytest.raises(InputError, match="finer than that of the outlines"):
        evidence_inside(np.ones((1, 3, 2)), outlines[:1])
    with pytest.raises(InputError, match="expected 2 class indices each, one per map, found 1 and 2"):
        evidence_share(maps, outlines, reference=np.array([0]), predicted=np.array([0, 0]), classes=CLASSES)


@pytest.mark.slow
def test_the_clustered_interval_covers_where_the_plain_one_does_not() -> None:
    rng = np.random.default_rng(9)
    groups, cases = np.repeat(np.arange(40), 6), np.zeros(240, dtype=int)
    plain = clustered = alone = 0
    for _ in range(2000):
        centre = np.repeat(rng.beta(3, 7, 40), 6)  # of each patient: mean 0.3
        maps, outlines = shares(*rng.beta(8 * centre, 8 * (1 - centre)))
        kinds = {"outlines": outlines, "reference": cases, "predicted": cases, "classes": CLASSES}
        (found,) = evidence_share(maps, **kinds, groups=groups)
        plain += found.correct.plain.low <= 0.3 <= found.correct.plain.high
        clustered += found.correct.clustered.low <= 0.3 <= found.correct.clustered.high
        first = found_of_one_each(maps, outlines)
        alone += first.low <= 0.3 <= first.high
    assert 0.93 <= clustered / 2000 <= 0.97
    assert 0.93 <= alone / 2000 <= 0.97
    assert plain / 2000 < 0.85


def found_of_one_each(maps: np.ndarray, outlines: np.ndarray) -> Any:
    """The plain interval from the first case of each group, which are independent."""
    cases = np.zeros(40, dtype=int)
    (found,) = evidence_share(maps[::6], outlines[::6], reference=cases, predicted=cases, classes=CLASSES)
    return found.correct.plain
