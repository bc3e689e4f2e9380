"""PPV and NPV at another prevalence: the published example, the extremes, and whole numbers that add up."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.confusion import TwoByTwo
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.performance.prevalence import natural_frequencies, predictive_values
from neuroval.dashboard.words.interval_methods import in_words
from neuroval.data.exceptions import InputError

Z = 1.959963984540054
APOE = TwoByTwo(tp=240, fn=178, fp=87, tn=288)

cells = st.integers(0, 300)
tables = st.builds(TwoByTwo, tp=cells, fp=cells, fn=cells, tn=cells)
prevalences = st.floats(0, 1, exclude_min=True, exclude_max=True)


def logit_interval(centre: float, variance: float) -> tuple[float, float]:
    return tuple(1 / (1 + math.exp(-(centre + side * Z * math.sqrt(variance)))) for side in (-1, 1))


def test_the_published_example_gives_the_golden_values(oracles: dict[str, Any]) -> None:
    golden = oracles["mercaldo_2007"]
    counts = TwoByTwo(**golden["input"])
    found = predictive_values(counts, prevalence=0.03)
    for name in ("ppv", "npv"):
        estimate = getattr(found, name).plain
        assert (estimate.value, estimate.low, estimate.high) == pytest.approx(golden["prev_0.03"][name], abs=1e-9)
        assert (estimate.method, estimate.n, estimate.level) == (Method("logit_mercaldo"), 793, 0.95)
        assert getattr(found, name).clustered is None


def test_at_the_prevalence_of_the_cases_the_values_are_those_of_the_table() -> None:
    found = predictive_values(APOE, prevalence=418 / 793)
    assert found.ppv.plain.value == pytest.approx(240 / 327, abs=1e-12)
    assert found.npv.plain.value == pytest.approx(288 / 466, abs=1e-12)


def test_a_specificity_of_one_takes_the_adjusted_logit_for_the_ppv_only() -> None:
    # 45 of 50 found, 0 of 40 false alarms. Adjusted: se (45 + z^2/2) / (50 + z^2), sp (40 + z^2/2) / (40 + z^2).
    found = predictive_values(TwoByTwo(tp=45, fn=5, fp=0, tn=40), prevalence=0.2)
    n1, n0 = 50 + Z**2, 40 + Z**2
    se, sp = (45 + Z**2 / 2) / n1, (40 + Z**2 / 2) / n0
    low, _ = logit_interval(math.log(se * 0.2 / ((1 - sp) * 0.8)), (1 - se) / se / n1 + sp / (1 - sp) / n0)
    assert (found.ppv.plain.value, found.ppv.plain.high) == (1.0, 1.0)
    assert found.ppv.plain.low == pytest.approx(low, abs=1e-12)
    bounds = logit_interval(math.log(0.8 / (0.1 * 0.2)), 0.9 / 0.1 / 50)  # standard: 0.9 found, all cleared
    assert found.npv.plain.value == pytest.approx(0.8 / (0.8 + 0.1 * 0.2), abs=1e-12)
    assert (found.npv.plain.low, found.npv.plain.high) == pytest.approx(bounds, abs=1e-12)
    assert (found.ppv.plain.method, found.npv.plain.method) == (
        Method("adjusted_logit_mercaldo"),
        Method("logit_mercaldo"),
    )


@pytest.mark.parametrize(
    ("counts", "ppv", "npv", "adjusted"),
    [
        (TwoByTwo(tp=50, fn=0, fp=4, tn=46), 0.5 / (0.5 + 0.04), 1.0, (False, True)),
        (TwoByTwo(tp=0, fn=50, fp=4, tn=46), 0.0, 0.46 / 0.96, (True, False)),
        (TwoByTwo(tp=46, fn=4, fp=50, tn=0), 0.46 / 0.96, 0.0, (False, True)),
        (TwoByTwo(tp=50, fn=0, fp=0, tn=50), 1.0, 1.0, (True, True)),
    ],
)
def test_what_the_logit_does_not_define_is_adjusted_and_keeps_the_observed_value(
    counts: TwoByTwo, ppv: float, npv: float, adjusted: tuple[bool, bool]
) -> None:
    found = predictive_values(counts, prevalence=0.5)
    for estimate, expected, other in zip((found.ppv.plain, found.npv.plain), (ppv, npv), adjusted, strict=True):
        assert estimate.value == pytest.approx(expected, abs=1e-12)
        assert estimate.method == (Method("adjusted_logit_mercaldo") if other else Method("logit_mercaldo"))
        assert estimate.low < estimate.high


@pytest.mark.parametrize(
    ("counts", "ppv", "npv"),
    [
        (
            TwoByTwo(tp=0, fn=0, fp=3, tn=9),
            Reason("no_reference_cases_with_condition"),
            Reason("no_reference_cases_with_condition"),
        ),
        (
            TwoByTwo(tp=3, fn=9, fp=0, tn=0),
            Reason("no_reference_cases_without_condition"),
            Reason("no_reference_cases_without_condition"),
        ),
        (
            TwoByTwo(tp=0, fn=0, fp=0, tn=0),
            Reason("no_reference_cases_with_condition"),
            Reason("no_reference_cases_with_condition"),
        ),
        (TwoByTwo(tp=0, fn=9, fp=0, tn=9), Reason("none_called_positive"), None),
        (TwoByTwo(tp=9, fn=0, fp=9, tn=0), None, Reason("none_called_negative")),
    ],
)
def test_what_has_no_cases_behind_it_is_undefined_with_the_reason(
    counts: TwoByTwo, ppv: str | None, npv: str | None
) -> None:
    found = predictive_values(counts, prevalence=0.1, effective_positives=counts.tp + counts.fn)
    for measure, reason in ((found.ppv, ppv), (found.npv, npv)):
        assert measure.plain.reason == reason
        assert measure.plain.defined == (reason is None)
        assert (measure.clustered is None) == (reason is not None)


def test_cases_worth_half_as_many_give_the_interval_of_half_as_many() -> None:
    half = predictive_values(TwoByTwo(tp=120, fn=89, fp=40, tn=144), prevalence=0.03)
    doubled = TwoByTwo(tp=240, fn=178, fp=80, tn=288)
    found = predictive_values(doubled, prevalence=0.03, effective_positives=209, effective_negatives=184)
    for one, expected in ((found.ppv, half.ppv.plain), (found.npv, half.npv.plain)):
        assert one.clustered is not None
        assert (one.clustered.low, one.clustered.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
        assert one.headline is one.clustered
        assert one.clustered.n == 786
    assert found.ppv.clustered.method == Method(
        "on_effective_sizes", method=Method("logit_mercaldo"), positives=209, negatives=184
    )
    assert found.ppv.plain == predictive_values(doubled, prevalence=0.03).ppv.plain


def test_the_adjusted_logit_adds_its_cases_to_the_effective_number() -> None:
    counts = TwoByTwo(tp=60, fn=0, fp=3, tn=57)
    found = predictive_values(counts, prevalence=0.1, effective_positives=20, effective_negatives=30)
    n1, n0 = 20 + Z**2, 30 + Z**2
    se, sp = (20 + Z**2 / 2) / n1, (28.5 + Z**2 / 2) / n0
    low, _ = logit_interval(math.log(sp * 0.9 / ((1 - se) * 0.1)), se / (1 - se) / n1 + (1 - sp) / sp / n0)
    assert (found.npv.clustered.low, found.npv.clustered.high) == pytest.approx((low, 1.0), abs=1e-12)
    assert in_words(found.npv.clustered.method).startswith("adjusted logit (Mercaldo), cluster-adjusted")


def test_an_effective_number_that_is_left_out_is_the_number_of_cases() -> None:
    one = predictive_values(APOE, prevalence=0.03, effective_positives=100)
    other = predictive_values(APOE, prevalence=0.03, effective_positives=100, effective_negatives=375)
    assert one.npv.clustered == other.npv.clustered


@given(tables, prevalences, st.floats(0.5, 0.999))
def test_the_interval_contains_the_value_and_lies_in_zero_to_one(
    counts: TwoByTwo, prevalence: float, level: float
) -> None:
    found = predictive_values(counts, prevalence=prevalence, level=level)
    for estimate in (found.ppv.plain, found.npv.plain):
        if estimate.defined:
            assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


@given(tables, prevalences)
def test_the_npv_is_the_ppv_of_the_mirrored_question(counts: TwoByTwo, prevalence: float) -> None:
    assume(prevalence > 1e-6)  # else 1 - prevalence has lost it
    mirrored = TwoByTwo(tp=counts.tn, fp=counts.fn, fn=counts.fp, tn=counts.tp)
    npv = predictive_values(counts, prevalence=prevalence).npv.plain
    ppv = predictive_values(mirrored, prevalence=1 - prevalence).ppv.plain
    if npv.defined:
        assert (npv.value, npv.low, npv.high) == pytest.approx((ppv.value, ppv.low, ppv.high), abs=1e-9)
    else:
        assert not ppv.defined


@given(tables, prevalences, prevalences)
def test_a_higher_prevalence_gives_no_lower_ppv_and_no_higher_npv(counts: TwoByTwo, one: float, other: float) -> None:
    rare, common = (predictive_values(counts, prevalence=prevalence) for prevalence in sorted((one, other)))
    if rare.ppv.plain.defined:
        assert common.ppv.plain.value >= rare.ppv.plain.value - 1e-12
    if rare.npv.plain.defined:
        assert common.npv.plain.value <= rare.npv.plain.value + 1e-12


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"prevalence": 0.0}, "prevalence: 0.0 must be above 0 and below 1"),
        ({"prevalence": 1.0}, "prevalence: 1.0"),
        ({"prevalence": 3}, "prevalence: 3"),
        ({"prevalence": math.nan}, "prevalence: nan"),
        ({"prevalence": 0.1, "level": 95}, "level: 95"),
        ({"prevalence": 0.1, "effective_positives": 419}, "419 must be above 0 and at most n, which is 418"),
        ({"prevalence": 0.1, "effective_negatives": 0}, "0 must be above 0 and at most n, which is 375"),
        ({"prevalence": 0.1, "effective_negatives": math.nan}, "nan must be above 0"),
    ],
)
def test_impossible_input_is_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        predictive_values(APOE, **arguments)


def test_natural_frequencies_by_hand() -> None:
    # 30 of 1,000 have it; 30 x 240/418 = 17.2 are found; of 970 without it 970 x 87/375 = 225.04 are false alarms.
    found = natural_frequencies(APOE, prevalence=0.03)
    assert (found.positives, found.found, found.missed) == (30, 17, 13)
    assert (found.negatives, found.false_alarms, found.cleared) == (970, 225, 745)
    assert (found.called, found.scans, found.prevalence, found.reason) == (242, 1000, 0.03, None)


def test_of_equal_remainders_the_condition_the_miss_and_the_false_alarm_are_counted() -> None:
    found = natural_frequencies(TwoByTwo(tp=1, fn=1, fp=1, tn=1), prevalence=0.5, scans=7)
    assert (found.positives, found.found, found.missed) == (4, 2, 2)
    assert (found.negatives, found.false_alarms, found.cleared) == (3, 2, 1)
    one = natural_frequencies(TwoByTwo(tp=1, fn=1, fp=0, tn=1), prevalence=0.001)
    assert (one.positives, one.found, one.missed) == (1, 0, 1)


@given(tables, prevalences, st.integers(1, 100_000))
def test_whole_numbers_add_up_and_each_is_next_to_its_exact_value(
    counts: TwoByTwo, prevalence: float, scans: int
) -> None:
    found = natural_frequencies(counts, prevalence=prevalence, scans=scans)
    assert found.positives + found.negatives == scans
    assert abs(found.positives - scans * prevalence) <= 0.5 + 1e-9
    if counts.tp + counts.fn:
        assert found.found + found.missed == found.positives
        assert abs(found.missed - found.positives * counts.fn / (counts.tp + counts.fn)) <= 0.5 + 1e-9
    if counts.fp + counts.tn:
        assert found.false_alarms + found.cleared == found.negatives
        assert abs(found.false_alarms - found.negatives * counts.fp / (counts.fp + counts.tn)) <= 0.5 + 1e-9


def test_a_part_without_reference_cases_is_none_and_says_why() -> None:
    found = natural_frequencies(TwoByTwo(tp=0, fn=0, fp=1, tn=9), prevalence=0.1)
    assert (found.positives, found.found, found.missed, found.called) == (100, None, None, None)
    assert (found.false_alarms, found.cleared) == (90, 810)
    assert found.reason == Reason("no_reference_cases_with_condition")
    nothing = natural_frequencies(TwoByTwo(tp=0, fn=0, fp=0, tn=0), prevalence=0.1)
    assert (nothing.found, nothing.cleared) == (None, None)
    both = (Reason("no_reference_cases_with_condition"), Reason("no_reference_cases_without_condition"))
    assert nothing.reason == Reason("both", first=both[0], second=both[1])


@pytest.mark.parametrize(("prevalence", "scans", "said"), [(1.5, 1000, "prevalence: 1.5"), (0.1, 0, "scans: 0")])
def test_impossible_scans_are_refused(prevalence: float, scans: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        natural_frequencies(APOE, prevalence=prevalence, scans=scans)


def exact_coverage(*, se: float, sp: float, n1: int, n0: int, prevalence: float) -> tuple[float, float]:
    """Return how often the intervals of PPV and NPV hold the truth, over all tables that may be drawn."""
    found, cleared = stats.binom.pmf(np.arange(n1 + 1), n1, se), stats.binom.pmf(np.arange(n0 + 1), n0, sp)
    ppv = se * prevalence / (se * prevalence + (1 - sp) * (1 - prevalence))
    npv = sp * (1 - prevalence) / (sp * (1 - prevalence) + (1 - se) * prevalence)
    held, weight = np.zeros(2), np.zeros(2)
    for tp in np.flatnonzero(found > 1e-6).tolist():
        for tn in np.flatnonzero(cleared > 1e-6).tolist():
            counts = TwoByTwo(tp=tp, fn=n1 - tp, tn=tn, fp=n0 - tn)
            values = predictive_values(counts, prevalence=prevalence)
            for index, (estimate, truth) in enumerate(((values.ppv.plain, ppv), (values.npv.plain, npv))):
                if estimate.defined:
                    weight[index] += found[tp] * cleared[tn]
                    held[index] += found[tp] * cleared[tn] * (estimate.low <= truth <= estimate.high)
    return tuple((held / weight).tolist())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("se", "sp", "n1", "n0", "prevalence", "least"),
    [
        (0.8, 0.9, 100, 100, 0.03, 0.95),
        (0.95, 0.95, 100, 100, 0.03, 0.95),
        (0.9, 0.8, 40, 40, 0.2, 0.95),
        (0.99, 0.995, 900, 400, 0.01, 0.94),
        (0.97, 0.99, 300, 150, 0.03, 0.93),
        (0.999, 0.99, 300, 300, 0.1, 0.96),
        (0.99, 0.99, 100, 100, 0.1, 0.97),  # one error of each kind expected
        (0.98, 0.98, 50, 50, 0.3, 0.94),
    ],
)
def test_the_interval_covers_its_level_where_errors_are_seen(
    se: float, sp: float, n1: int, n0: int, prevalence: float, least: float
) -> None:
    for coverage in exact_coverage(se=se, sp=sp, n1=n1, n0=n0, prevalence=prevalence):
        assert least <= coverage <= 0.98


def drawn(rng: np.random.Generator, rate: float, *, groups: int, size: int) -> tuple[int, float]:
    """Return the successes among groups of equal size that are alike within, and the effective number of cases."""
    chance = rng.beta(rate * 9, (1 - rate) * 9, size=groups)  # correlation 1/10 within a group
    successes = rng.binomial(size, chance)
    n, p = groups * size, successes.sum() / (groups * size)
    variance = groups / (groups - 1) * ((successes - p * size) ** 2).sum() / n**2
    return int(successes.sum()), n / max(1.0, variance / (p * (1 - p) / (n - 1)))


@pytest.mark.slow
def test_with_effective_numbers_the_interval_covers_grouped_cases_where_the_plain_one_does_not() -> None:
    rng = np.random.default_rng(21)
    prevalence, ppv, npv = 0.1, 0.085 / (0.085 + 0.18), 0.72 / (0.72 + 0.015)
    held: dict[str, np.ndarray] = {"plain": np.zeros(2), "clustered": np.zeros(2)}
    for _ in range(2000):
        tp, effective_positives = drawn(rng, 0.85, groups=80, size=8)
        tn, effective_negatives = drawn(rng, 0.8, groups=60, size=8)
        found = predictive_values(
            TwoByTwo(tp=tp, fn=640 - tp, tn=tn, fp=480 - tn),
            prevalence=prevalence,
            effective_positives=effective_positives,
            effective_negatives=effective_negatives,
        )
        for kind, counted in held.items():
            pair: list[Estimate] = [getattr(found.ppv, kind), getattr(found.npv, kind)]
            counted += [one.low <= truth <= one.high for one, truth in zip(pair, (ppv, npv), strict=True)]
    assert ((held["clustered"] / 2000 >= 0.93) & (held["clustered"] / 2000 <= 0.97)).all()
    assert (held["plain"] / 2000 < 0.90).all()


def test_calling_everything_positive_leaves_doubt_about_what_it_is_worth() -> None:
    """Sensitivity 1 and specificity 0: both variances are 0, and the standard logit interval would have no width."""
    found = predictive_values(TwoByTwo(tp=30, fn=0, fp=10, tn=0), prevalence=0.75).ppv.plain
    assert found.value == pytest.approx(0.75)
    assert in_words(found.method).startswith("adjusted logit")
    assert found.low < 0.73 < 0.77 < found.high
