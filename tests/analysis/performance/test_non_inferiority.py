"""Tango's score interval of a paired difference, and what it shows against a margin."""

from itertools import product

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from neuroval.analysis.core.codes import Method
from neuroval.analysis.performance.comparison import ComparedNumber, compare
from neuroval.analysis.performance.non_inferiority import against_margin, tango
from neuroval.data.exceptions import InputError

Z = norm.ppf(0.975)


def restricted_score(only_a: int, only_b: int, n: int, delta: float) -> float:
    """The score statistic with the restricted estimate found by maximising the likelihood itself."""
    low, high = max(0.0, -delta), (1 - delta) / 2

    def unlikely(share: float) -> float:
        cells = ((only_a, share + delta), (only_b, share), (n - only_a - only_b, 1 - 2 * share - delta))
        return -sum(count * np.log(max(chance, 1e-300)) for count, chance in cells if count)

    share = minimize_scalar(unlikely, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
    return float((only_a - only_b - n * delta) / np.sqrt(n * (2 * share + delta * (1 - delta))))


@pytest.mark.parametrize(("only_a", "only_b", "n"), [(0, 1, 44), (9, 5, 54), (12, 2, 60), (3, 30, 200), (1, 1, 10)])
def test_at_its_ends_the_score_statistic_of_the_likelihood_is_the_quantile(only_a: int, only_b: int, n: int) -> None:
    low, high = tango(only_a, only_b, n)
    assert low < (only_a - only_b) / n < high
    assert restricted_score(only_a, only_b, n, low) == pytest.approx(Z, abs=1e-5)
    assert restricted_score(only_a, only_b, n, high) == pytest.approx(-Z, abs=1e-5)


def test_the_interval_turns_with_the_models_and_stays_within_what_there_can_be() -> None:
    for only_a, only_b in product(range(6), repeat=2):
        low, high = tango(only_a, only_b, 10)
        assert tango(only_b, only_a, 10) == pytest.approx((-high, -low), abs=1e-10)
        assert -1 <= low <= (only_a - only_b) / 10 <= high <= 1
    assert tango(3, 0, 3)[1] == 1.0
    assert tango(0, 3, 3)[0] == -1.0


def test_without_a_discordant_pair_it_is_as_wide_as_that_many_pairs_allow() -> None:
    """By hand: with b = c = 0 the restricted share is 0 for delta > 0, so that n delta / (1 - delta) = z squared."""
    low, high = tango(0, 0, 50)
    assert high == pytest.approx(Z**2 / (50 + Z**2), rel=1e-9)
    assert low == pytest.approx(-high, rel=1e-9)


@pytest.mark.parametrize(("chance_a", "chance_b", "n"), [(0.05, 0.05, 40), (0.1, 0.02, 60), (0.02, 0.02, 100)])
def test_it_covers_the_truth_as_often_as_it_says(chance_a: float, chance_b: float, n: int) -> None:
    """The chance of each outcome is enumerated, not drawn."""
    from scipy.stats import multinomial

    covered = 0.0
    for only_a, only_b in product(range(n // 2), repeat=2):
        if only_a + only_b > n:
            continue
        pairs, chances = [only_a, only_b, n - only_a - only_b], [chance_a, chance_b, 1 - chance_a - chance_b]
        chance = multinomial.pmf(pairs, n, chances)
        if chance > 1e-9:
            low, high = tango(only_a, only_b, n)
            covered += float(chance) * (low <= chance_a - chance_b <= high)
    assert 0.93 <= covered <= 0.985


def accuracy(only_a: int, only_b: int, n: int, groups: list[int] | None = None) -> ComparedNumber:
    """The accuracy of two models on n cases of two classes, of which so many are called rightly by one alone."""
    reference = np.arange(n) % 2
    a, b = reference.copy(), reference.copy()
    b[:only_a] = 1 - b[:only_a]
    a[only_a : only_a + only_b] = 1 - a[only_a : only_a + only_b]
    held = None if groups is None else np.array(groups)
    return compare(reference, a, b, classes=("x", "y"), negative=None, groups=held).numbers[0]


def test_what_is_shown_depends_on_the_margin_fixed_before() -> None:
    number = accuracy(4, 6, 400)
    wide, narrow = against_margin(number, margin=0.05), against_margin(number, margin=0.01)
    assert wide is not None
    assert narrow is not None
    assert (wide.a_not_inferior, wide.b_not_inferior, wide.equivalent) == (True, True, True)
    assert (narrow.a_not_inferior, narrow.b_not_inferior, narrow.equivalent) == (False, False, False)
    assert wide.p_value_a < 0.025 < narrow.p_value_a
    assert (wide.difference.value, wide.difference.method) == (-0.005, Method("tango"))


def test_the_p_value_and_the_interval_say_the_same() -> None:
    for only_a, only_b, margin in product((0, 2, 9), (0, 3, 12), (0.01, 0.03, 0.08)):
        shown = against_margin(accuracy(only_a, only_b, 200), margin=margin)
        assert shown is not None
        assert shown.a_not_inferior == (shown.p_value_a < 0.025)
        assert shown.b_not_inferior == (shown.p_value_b < 0.025)


def test_scans_of_one_patient_show_less() -> None:
    alone = against_margin(accuracy(8, 8, 400), margin=0.05)
    together = against_margin(accuracy(8, 8, 400, groups=[number // 8 for number in range(400)]), margin=0.05)
    assert alone is not None
    assert together is not None
    assert together.difference.method == Method("tango_on_design_effect")
    assert together.difference.effective_n is not None
    assert together.difference.effective_n < 400
    widths = [(shown.difference.high or 0) - (shown.difference.low or 0) for shown in (alone, together)]
    assert widths[1] > 1.5 * widths[0]
    assert alone.a_not_inferior
    assert not together.a_not_inferior


@pytest.mark.parametrize("margin", [0.0, 1.0, -0.1])
def test_a_margin_that_is_none_is_refused(margin: float) -> None:
    with pytest.raises(InputError, match=r"margin: .* is not above 0 and below 1"):
        against_margin(accuracy(1, 1, 10), margin=margin)
