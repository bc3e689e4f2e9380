"""Numbers over the folds: the published formula, and the honest answers at the edges."""

from typing import Any

import numpy as np
import pytest

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.proportions import proportion
from neuroval.analysis.performance.folds import METHOD, corrected_mean, over_folds
from neuroval.data.exceptions import InputError

CLASSES = ("glioma", "meningioma", "notumor")


def test_the_corrected_interval_gives_the_golden_values(oracles: dict[str, Any]) -> None:
    golden = oracles["nadeau_bengio"]["folds_formula"]
    found = corrected_mean(golden["scores"], test_share=1 / (golden["k"] - 1))
    assert found.value == pytest.approx(golden["mean"], abs=1e-12)
    assert (found.low, found.high) == pytest.approx(golden["t95"], abs=1e-9)
    assert (found.method, found.n) == (METHOD, 5)


def test_the_interval_stays_within_0_and_1() -> None:
    found = corrected_mean([1.0, 0.99, 1.0, 0.9, 1.0], test_share=0.25)
    assert found.high == 1.0
    assert found.low > 0.8


@pytest.mark.parametrize(("values", "reason"), [([0.9], Reason("one_fold")), ([0.9, 0.9, 0.9], Reason("equal_folds"))])
def test_without_a_spread_there_is_no_interval(values: list[float], reason: str) -> None:
    found = corrected_mean(values, test_share=0.25)
    assert (found.value, found.low, found.reason) == (pytest.approx(0.9), None, reason)


def test_no_values_are_refused() -> None:
    with pytest.raises(InputError, match="folds: expected values"):
        corrected_mean([], test_share=0.25)


def test_each_fold_by_hand() -> None:
    reference = np.array([0, 1, 2, 2, 0, 1, 2, 2])
    predicted = np.array([0, 1, 2, 0, 0, 2, 2, 2])
    folds = np.array([1, 1, 1, 1, 2, 2, 2, 2])
    sizes, numbers = over_folds(reference, predicted, folds, classes=CLASSES, negative="notumor")
    assert (sizes.folds, sizes.n) == ((1, 2), (4, 4))
    by_name = {one.name: one for one in numbers}
    assert by_name["accuracy"].values == (proportion(3, 4), proportion(3, 4))
    assert by_name["any_tumour.sensitivity"].values == (proportion(2, 2), proportion(1, 2))
    assert by_name["any_tumour.specificity"].values == (proportion(1, 2), proportion(2, 2))
    assert by_name["meningioma.sensitivity"].values == (proportion(1, 1), proportion(0, 1))
    assert [one.value for one in by_name["balanced_accuracy"].values] == pytest.approx([(1 + 1 + 0.5) / 3, 2 / 3])
    sensitivity = by_name["any_tumour.sensitivity"]
    assert sensitivity.mean == corrected_mean([1.0, 0.5], test_share=1.0)
    assert sensitivity.sd == pytest.approx(np.std([1.0, 0.5], ddof=1))


def test_a_class_missing_in_a_fold_is_not_estimable() -> None:
    reference, folds = np.array([0, 1, 2, 0, 2, 2]), np.array([1, 1, 1, 2, 2, 2])
    _, numbers = over_folds(reference, reference, folds, classes=CLASSES, negative=None)
    by_name = {one.name: one for one in numbers}
    assert "any_tumour.sensitivity" not in by_name
    missing = by_name["meningioma.sensitivity"]
    assert not missing.mean.defined
    assert missing.mean.reason == Reason("undefined_in_folds", undefined=1, folds=2, reason=Reason("no_cases"))
    assert missing.sd is None
    assert isinstance(by_name["balanced_accuracy"].values[1], Estimate)
    assert not by_name["balanced_accuracy"].mean.defined


def test_folds_of_unequal_size_share_out_their_mean_by_hand() -> None:
    """5 of 10, 12 of 20 and 12 of 30: mean 0.5, variance 0.01, and a fold of 20 on the mean of the 40 others."""
    folds = np.repeat([1, 2, 3], [10, 20, 30])
    predicted = np.concatenate([np.arange(10) >= 5, np.arange(20) >= 12, np.arange(30) >= 12]).astype(int)
    _, numbers = over_folds(np.zeros(60, dtype=int), predicted, folds, classes=("a", "b"), negative=None, level=0.9)
    (accuracy,) = (one for one in numbers if one.name == "accuracy")
    half = 2.919986 * np.sqrt(0.01 * (1 / 3 + 20 / 40))  # t with 2 degrees of freedom, 95th percentile
    assert accuracy.sd == pytest.approx(0.1)
    assert accuracy.mean.value == pytest.approx(0.5)
    assert (accuracy.mean.low, accuracy.mean.high) == pytest.approx((0.5 - half, 0.5 + half), abs=1e-6)
    assert (accuracy.mean.level, {value.level for value in accuracy.values}) == (0.9, {0.9})
