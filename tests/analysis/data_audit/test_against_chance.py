import numpy as np
import pytest

from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.data_audit.against_chance import WorseThanChance, worse_than_chance


def judged(*counts: list[int], aucs: dict[str, tuple[float, float, float]] | None = None) -> WorseThanChance | None:
    names = tuple("abcdefgh"[: len(counts)])
    measures = {
        name: Measure(plain=Estimate(value=value, low=low, high=high, level=0.95, method="by hand"), clustered=None)
        for name, (value, low, high) in (aucs or {}).items()
    }
    return worse_than_chance(ConfusionMatrix(classes=names, counts=np.array(counts)), measures)


def test_exchanged_columns_are_found() -> None:
    # Given 11 of 40 are right, 30 with the columns of a, b and c in turn; the sign test is 22 against 3, times 4!.
    found = judged([3, 2, 5, 0], [9, 0, 0, 1], [0, 8, 0, 2], [1, 0, 1, 8], aucs={"b": (0.3, 0.1, 0.6)})
    assert found is not None
    assert (found.right, found.n, found.right_then) == (11, 40, 30)
    assert found.fits == ("b", "c", "a", "d")
    assert found.below == {"b": 0.3}
    assert found.expected == pytest.approx(10 * (13 + 10 + 6 + 11) / 40)


def test_two_classes_the_wrong_way_round() -> None:
    found = judged([1, 9], [10, 0])
    assert found is not None
    assert (found.fits, found.right, found.right_then) == (("b", "a"), 1, 19)


@pytest.mark.parametrize(
    "counts",
    [
        [[9, 1], [0, 10]],
        [[5, 5], [5, 5]],  # guessing
        [[4, 6], [6, 4]],  # a little below it
        [[1, 2], [2, 1]],  # too few to say
        [[0, 0], [0, 0]],
        [[0, 1], [0, 0]],
        [[30, 10, 0], [0, 40, 0], [0, 0, 40]],
        [[20, 0, 0], [20, 0, 0], [20, 0, 0]],  # always one class
        [[20, 5, 4], [12, 8, 4], [2, 3, 30]],  # a weak class
    ],
)
def test_what_may_be_chance_is_not_said(counts: list[list[int]]) -> None:
    assert judged(*counts) is None


def test_worse_than_guessing_without_an_exchange() -> None:
    found = judged([2, 7, 7], [7, 2, 7], [7, 7, 2])
    assert found is not None
    assert (found.fits, found.right, found.expected) == (None, 6, 16)


def test_an_auc_that_is_surely_below_a_half_is_enough() -> None:
    assert judged([8, 2], [2, 8], aucs={"a": (0.45, 0.35, 0.55)}) is None
    found = judged([8, 2], [2, 8], aucs={"a": (0.4, 0.3, 0.49), "b": (0.6, 0.5, 0.7)})
    assert found is not None
    assert (found.below, found.fits) == ({"a": 0.4}, None)


def test_of_many_classifiers_that_guess_few_are_named() -> None:
    rng = np.random.default_rng(5)
    named = 0
    for _ in range(400):
        counts = np.zeros((4, 4), dtype=int)
        np.add.at(counts, (np.repeat(np.arange(4), 10), rng.integers(0, 4, 40)), 1)
        named += judged(*counts.tolist()) is not None
    assert named <= 8  # 2 in 100: one in a hundred for each of two rules
