from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import special, stats
from sklearn.metrics import roc_auc_score

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.performance.auc_estimate import Units, auc, newcombe, ranked
from neuroval.analysis.performance.auc_paired import AucDifference, paired_delong
from neuroval.dashboard.words.interval_methods import in_words
from neuroval.data.exceptions import InputError

Z = 1.959963984540054
CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
cases = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=40)
grouped_pairs = st.lists(
    st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 5), st.integers(0, 6)), min_size=2, max_size=40
)


def triple(estimate: Estimate) -> tuple[float | None, float | None, float | None]:
    return estimate.value, estimate.low, estimate.high


def standard_error(estimate: Estimate) -> float:
    """Return the standard error behind an interval that was not cut: between groups by t, of one AUC by its logit."""
    assert estimate.low is not None
    assert estimate.high is not None
    assert 0 < estimate.low < estimate.high < 1
    freedom = dict(estimate.method.facts).get("freedom")
    if freedom is None:
        return (estimate.high - estimate.low) / (2 * Z)
    reach = 2 * stats.t.ppf(0.975, freedom)
    if estimate.method.code == "obuchowski_paired":
        return (estimate.high - estimate.low) / reach
    logits = special.logit([estimate.low, estimate.high])
    return float(np.diff(logits)[0]) / reach * estimate.value * (1 - estimate.value)


def by_logit(value: float, variance: float, freedom: int) -> tuple[float, float]:
    """Return the bounds of an AUC on the logit scale, by t."""
    half = stats.t.ppf(0.975, freedom) * np.sqrt(variance) / (value * (1 - value))
    return tuple(special.expit(special.logit(value) + side * half) for side in (-1, 1))


def fewest(positive: np.ndarray, groups: Any) -> int:
    """Return the groups of the smaller side."""
    return min(len(np.unique(np.asarray(groups)[side])) for side in (positive, ~positive))


def kernel(positive: Any, scores: Any) -> Any:
    """Return (m, n): 1 where a positive case has the higher score, 1/2 for ties."""
    above, below = scores[positive][:, None], scores[~positive][None, :]
    return (above > below) + 0.5 * (above == below)


def by_definition(positive: Any, scores: Any, groups: Any, other_scores: Any = None) -> tuple[float, float | None]:
    """Return AUC (or difference of two) and Obuchowski's variance from her sums over pairs, none where it fails."""
    wins = kernel(positive, scores) - (0 if other_scores is None else kernel(positive, other_scores))
    value = float(wins.mean())
    ids = np.unique(groups)
    m, n = wins.shape
    x = np.array([np.sum(wins.mean(axis=1)[groups[positive] == i] - value) for i in ids])
    y = np.array([np.sum(wins.mean(axis=0)[groups[~positive] == i] - value) for i in ids])
    i10, i01, i = len(np.unique(groups[positive])), len(np.unique(groups[~positive])), len(ids)
    if i10 < 2 or i01 < 2:
        return value, None
    s10, s01 = i10 / ((i10 - 1) * m) * np.sum(x**2), i01 / ((i01 - 1) * n) * np.sum(y**2)
    s11 = i / (i - 1) * np.sum(x * y)
    return value, float(s10 / m + s01 / n + 2 * s11 / (m * n))


def mixed_groups() -> np.ndarray:
    """Return groups of four of the 160 golden cases that hold cases of several classes."""
    return np.arange(160) * 7 % 40


def scores_of(four_class: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
    return (four_class["true"] == name).to_numpy(), four_class[f"p_{name}"].to_numpy()


# R 4.2.2, pROC 1.18.0, on the golden cases: AUC, low, high (ci.auc), standard error; then the standard error for 80
# patients by the R code of the Cleveland Clinic (Obuchowski 1997).
PROC = {
    "glioma": (0.8761200716846, 0.8116833788598, 0.9405567645094, 0.0328764677989, 0.0327116367798),
    "meningioma": (0.8514890282132, 0.7895897108842, 0.9133883455422, 0.0315818646757, 0.0337001615271),
    "notumor": (0.9132727272727, 0.8700444289236, 0.9565010256219, 0.0220556595377, 0.0228700498398),
    "pituitary": (0.8955128205128, 0.8399687362903, 0.9510569047354, 0.0283393392229, 0.0275823183911),
}


def test_delong_gives_the_values_of_proc(oracles: dict[str, Any], four_class: pd.DataFrame) -> None:
    for name, expected in oracles["four_class_160"]["ovr_auc_delong"].items():
        estimate = auc(*scores_of(four_class, name)).plain
        assert triple(estimate) == pytest.approx(tuple(expected[:3]), abs=1e-11)
        assert standard_error(estimate) == pytest.approx(expected[3], abs=1e-11)
        assert (estimate.method, estimate.n, estimate.level) == (Method("delong"), 160, 0.95)
    for name, expected in PROC.items():
        assert triple(auc(*scores_of(four_class, name)).plain) == pytest.approx(expected[:3], abs=1e-12)


def test_obuchowski_gives_the_values_of_the_published_code(four_class: pd.DataFrame) -> None:
    for name, expected in PROC.items():
        measure = auc(*scores_of(four_class, name), groups=four_class["patient_id"])
        assert measure.clustered is not None
        assert standard_error(measure.clustered) == pytest.approx(expected[4], abs=1e-12)
        freedom = fewest(scores_of(four_class, name)[0], four_class["patient_id"]) - 1
        assert measure.clustered.method == Method("obuchowski", groups=80, freedom=freedom)
        assert measure.headline.low == min(measure.plain.low, measure.clustered.low)
        assert measure.headline.high == max(measure.plain.high, measure.clustered.high)
    positive, scores = scores_of(four_class, "glioma")
    clustered = auc(positive, scores, groups=mixed_groups()).clustered
    assert clustered is not None
    assert standard_error(clustered) == pytest.approx(0.0333196723602, abs=1e-12)
    negative, scores = scores_of(four_class, "notumor")
    clustered = auc(~negative, 1 - scores, groups=mixed_groups()).clustered
    assert clustered is not None
    assert standard_error(clustered) == pytest.approx(0.0242264771298, abs=1e-12)


def test_ratings_with_many_ties_give_the_published_values() -> None:
    # Hanley & McNeil, Radiology 1982;143:29-36, Table I: 58 normal and 51 abnormal CT images in five ratings. Stata's
    # manual gives 0.8932, standard error 0.0307, 95% interval 0.83295 to 0.95339 for them (roctab, DeLong).
    scores = np.repeat([1, 2, 3, 4, 5, 1, 2, 3, 4, 5], [33, 6, 6, 11, 2, 3, 2, 2, 11, 33])
    estimate = auc(np.arange(109) >= 58, scores).plain
    assert triple(estimate) == pytest.approx((0.8932, 0.83295, 0.95339), abs=5.1e-5)
    assert (estimate.low, estimate.high) == pytest.approx((0.83295, 0.95339), abs=5.1e-6)
    assert standard_error(estimate) == pytest.approx(0.0307, abs=5.1e-5)


def test_an_example_worked_by_hand() -> None:
    # Positives 1, 3, 3; negatives 2, 3. Components of the positives 0, 3/4, 3/4; of the negatives 2/3, 1/3.
    # AUC 1/2; variance (3/16) / 3 + (1/18) / 2 = 13/144.
    estimate = auc(np.array([True, True, True, False, False]), np.array([1, 3, 3, 2, 3]), level=0.5).plain
    half = float(stats.norm.ppf(0.75)) * np.sqrt(13 / 144)
    assert triple(estimate) == pytest.approx((0.5, 0.5 - half, 0.5 + half))


@given(cases, st.floats(0.5, 0.999))
def test_the_auc_is_that_of_sklearn_and_scipy_and_lies_in_its_interval(
    rows: list[tuple[bool, int]], level: float
) -> None:
    positive, scores = np.array([p for p, _ in rows]), np.array([s for _, s in rows])
    assume(0 < positive.sum() < len(rows))
    estimate = auc(positive, scores, level=level).plain
    assert estimate.value == pytest.approx(roc_auc_score(positive, scores), abs=1e-12)
    u = stats.mannwhitneyu(scores[positive], scores[~positive], method="exact").statistic
    assert estimate.value == pytest.approx(u / (positive.sum() * (~positive).sum()), abs=1e-12)
    if estimate.low is None:
        assert (estimate.value, estimate.reason, len(set(scores.tolist()))) == (0.5, Reason("equal_scores"), 1)
    else:
        assert estimate.high is not None
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
        assert estimate.low < estimate.high


@settings(deadline=None)
@given(grouped_pairs)
def test_the_variance_between_groups_is_that_of_the_definition(rows: list[tuple[bool, int, int, int]]) -> None:
    positive, scores, _, groups = (np.array(column) for column in zip(*rows, strict=True))
    assume(0 < positive.sum() < len(rows) and len(np.unique(groups)) < len(rows))
    value, variance = by_definition(positive, scores, groups)
    clustered = auc(positive, scores, groups=groups).clustered
    assert clustered is not None
    assert clustered.value == pytest.approx(value)
    if variance is not None and variance > 1e-9:
        low, high = by_logit(value, variance, fewest(positive, groups) - 1)
        if clustered.method.code == "obuchowski":
            assert triple(clustered) == pytest.approx((value, low, high), abs=1e-7)
        else:
            assert max(value, 1 - value) >= 0.95
            assert clustered.low <= low + 1e-7
            assert clustered.high >= high - 1e-7
    elif len(set(scores.tolist())) > 1:
        assert in_words(clustered.method).startswith(
            "Newcombe method 5 on the number of groups (Obuchowski not estimable)"
        )


@given(cases, st.randoms())
def test_the_order_of_cases_and_the_scale_of_scores_do_not_matter(rows: list[tuple[bool, int]], random: Any) -> None:
    positive, scores = np.array([p for p, _ in rows]), np.array([s for _, s in rows])
    one = auc(positive, scores, groups=scores % 2)
    shuffled = random.sample(rows, len(rows))
    positive, scores = np.array([p for p, _ in shuffled]), np.array([s for _, s in shuffled])
    other = auc(positive, np.exp(scores / 3) - 5, groups=scores % 2)
    for first, second in ((one.plain, other.plain), (one.clustered, other.clustered)):
        assert (first is None) == (second is None)
        if first is not None and second is not None:
            assert triple(first) == pytest.approx(triple(second))
            assert (first.method, first.reason) == (second.method, second.reason)


@given(cases)
def test_asking_for_the_other_side_mirrors_the_auc(rows: list[tuple[bool, int]]) -> None:
    positive, scores = np.array([p for p, _ in rows]), np.array([s for _, s in rows])
    assume(0 < positive.sum() < len(rows) and len(set(scores.tolist())) > 1)
    one, other = auc(positive, scores).plain, auc(~positive, scores).plain
    assert (1 - other.value, 1 - other.high, 1 - other.low) == pytest.approx(triple(one))
    assert triple(auc(~positive, -scores).plain) == pytest.approx(triple(one))


def test_a_perfect_separation_gets_the_interval_of_newcombe_not_one_to_one(oracles: dict[str, Any]) -> None:
    assert oracles["perfect_separation"]["delong_ci"] == [1, 1]
    scores = np.concatenate([np.linspace(0.01, 0.4, 20), np.linspace(0.6, 0.99, 20)])
    positive = np.arange(40) >= 20
    estimate = auc(positive, scores).plain
    assert estimate.method == Method("newcombe_5_without_delong")
    assert (estimate.value, estimate.high) == (1.0, 1.0)
    # At an AUC of 1 the equation of method 5 is 1 - L = z^2 L (1 + 19 ((1 - L) / (2 - L) + L / (1 + L))) / 400.
    low = estimate.low
    spread = low * (1 + 19 * ((1 - low) / (2 - low) + low / (1 + low))) / 400
    assert 1 - low == pytest.approx(Z**2 * spread, abs=1e-12)
    assert 0.85 < low < 0.95
    mirrored = auc(~positive, scores).plain
    assert triple(mirrored) == pytest.approx((0.0, 0.0, 1 - low))


def quartic(value: float, m: int, n: int) -> np.ndarray:
    """Return the roots in [0, 1] of Newcombe's equation, multiplied out to a polynomial."""
    size, x = (m + n) / 2 - 1, np.polynomial.Polynomial([0, 1])
    left = (value - x) ** 2 * m * n * (2 - x) * (1 + x)
    right = Z**2 * x * (1 - x) * ((2 - x) * (1 + x) + size * ((1 - x) * (1 + x) + x * (2 - x)))
    roots = (left - right).roots()
    return np.sort([root.real for root in roots if abs(root.imag) < 1e-9 and -1e-9 <= root.real <= 1 + 1e-9])


@given(st.floats(0.01, 0.99), st.integers(1, 400), st.integers(1, 400))
def test_the_bounds_of_newcombe_solve_his_equation(value: float, m: int, n: int) -> None:
    estimate = newcombe(value, positives=m, negatives=n)
    roots = quartic(value, m, n)
    assert np.abs(roots - estimate.low).min() < 1e-7
    assert np.abs(roots - estimate.high).min() < 1e-7
    assert 0 < estimate.low < value < estimate.high < 1
    swapped = newcombe(1 - value, positives=n, negatives=m)
    assert (1 - swapped.high, 1 - swapped.low) == pytest.approx((estimate.low, estimate.high), abs=1e-9)


def test_newcombe_is_narrower_with_more_cases_and_wider_at_a_higher_level() -> None:
    widths = [newcombe(1.0, positives=n, negatives=n).width for n in (1, 5, 50, 500, 500_000)]
    assert widths == sorted(widths, reverse=True)
    assert 0 < widths[-1] < 1e-5
    assert newcombe(0.9, positives=30, negatives=30, level=0.99).width > newcombe(0.9, positives=30, negatives=30).width


@pytest.mark.parametrize(
    ("positive", "scores", "reason"),
    [
        ([], [], Reason("no_cases")),
        ([True], [0.3], Reason("no_reference_cases", of="another class")),
        ([False], [0.3], Reason("no_reference_cases", of="glioma")),
        ([False, False], [0.3, 0.9], Reason("no_reference_cases", of="glioma")),
    ],
)
def test_without_cases_of_a_side_the_auc_is_undefined_with_the_reason(
    positive: list[bool], scores: list[float], reason: str
) -> None:
    truth, values = np.array(positive, dtype=bool), np.array(scores)
    measure = auc(truth, values, name="glioma", other="another class", groups=np.zeros(len(scores)))
    assert (measure.headline.value, measure.headline.reason, measure.clustered) == (None, reason, None)
    compared = paired_delong(truth, values, values, name="glioma", other="another class")
    assert {one.headline.reason for one in (compared.a, compared.b, compared.difference)} == {reason}
    assert compared.headline_p_value.reason == reason


def almost_perfect() -> tuple[np.ndarray, np.ndarray]:
    """Return 40 cases of which one positive is below five negatives: AUC 1 - 5 / 400."""
    scores = np.arange(40.0)
    scores[20] = 14.5
    return np.arange(40) >= 20, scores


def test_close_to_one_newcombe_takes_the_place_of_a_shorter_interval_and_says_so() -> None:
    positive, scores = almost_perfect()
    estimate = auc(positive, scores).plain
    expected = newcombe(1 - 5 / 400, positives=20, negatives=20)
    assert triple(estimate) == (expected.value, expected.low, 1.0)  # DeLong, cut at 1, reaches farther up
    named = Method("lower_and_upper", lower=Method("newcombe_5"), upper=Method("delong"))
    assert (estimate.method, estimate.n) == (named, 40)
    assert triple(auc(~positive, scores).plain) == pytest.approx((5 / 400, 0.0, 1 - expected.low))


def test_close_to_one_delong_stays_where_it_is_wider() -> None:
    # 40 positives above all of 200 negatives and one among the lowest: a component far out makes DeLong wide.
    positive, scores = np.arange(241) >= 200, np.arange(241.0)
    scores[200] = -1.0
    estimate = auc(positive, scores).plain
    assert estimate.value > 0.95
    assert estimate.method == Method("delong")
    assert estimate.width > newcombe(estimate.value, positives=41, negatives=200).width


def test_close_to_one_groups_count_by_their_design_effect() -> None:
    positive, scores = almost_perfect()
    twice = auc(np.repeat(positive, 2), np.repeat(scores, 2), groups=np.repeat(np.arange(40), 2)).clustered
    # Each case twice: the variance between 40 groups of two is about twice that between 80 cases.
    obuchowski = Method("obuchowski", groups=40, freedom=19)
    named = Method("lower_and_upper", lower=Method("newcombe_5_on_design_effect", groups=40), upper=obuchowski)
    assert twice.method in (named, Method("newcombe_5_on_design_effect", groups=40), obuchowski)
    expected = newcombe(1 - 5 / 400, positives=20, negatives=20)
    assert twice.low <= expected.low + 0.01
    assert twice.high >= expected.high - 0.001


def test_equal_scores_are_one_half_without_interval() -> None:
    measure = auc(np.arange(10) < 4, np.full(10, 0.25), groups=np.arange(10) // 2)
    for estimate in (measure.plain, measure.clustered):
        assert (estimate.value, estimate.low, estimate.reason) == (0.5, None, Reason("equal_scores"))


def test_a_single_positive_case_gets_the_interval_of_newcombe() -> None:
    estimate = auc(np.arange(11) == 7, np.arange(11.0)).plain
    expected = newcombe(0.7, positives=1, negatives=10)
    assert triple(estimate) == triple(expected)
    assert estimate.method == Method("newcombe_5_without_delong")
    assert estimate.width > 0.5


def test_groups_of_one_case_leave_nothing_to_adjust() -> None:
    assert auc(np.arange(10) < 4, np.arange(10.0), groups=np.arange(10)).clustered is None


def test_cases_counted_twice_are_worth_half_as_many() -> None:
    rng = np.random.default_rng(4)
    positive = np.arange(120) < 50
    scores = rng.normal(size=120) + positive
    once = auc(positive, scores).plain
    twice = auc(np.repeat(positive, 2), np.repeat(scores, 2), groups=np.repeat(np.arange(120), 2))
    variance = ((once.high - once.low) / (2 * Z)) ** 2
    assert triple(twice.clustered) == pytest.approx((once.value, *by_logit(once.value, variance, 49)), rel=1e-6)
    assert twice.plain.width < 0.75 * once.width
    assert twice.headline.low == twice.clustered.low


def test_a_perfect_auc_in_groups_counts_groups() -> None:
    positive, groups = np.arange(60) >= 40, np.arange(60) // 5
    clustered = auc(positive, np.arange(60.0), groups=groups).clustered
    assert triple(clustered) == triple(newcombe(1.0, positives=4, negatives=8))
    named = Method("newcombe_5_without_obuchowski", groups=12)
    assert clustered.method == named
    assert auc(positive, np.arange(60.0), groups=np.zeros(60)).clustered.method == Method(
        "newcombe_5_without_obuchowski", groups=1
    )


def test_groups_that_cancel_out_get_no_interval_of_width_zero() -> None:
    # In each group the positive case does as badly as the negative one does well: the sums within groups are 0.
    positive = np.array([True, False, True, False])
    clustered = auc(positive, np.array([2.0, 1.0, 4.0, 3.0]), groups=np.array([0, 0, 1, 1])).clustered
    assert clustered.value == 0.75
    assert in_words(clustered.method).startswith("Newcombe method 5 on the number of groups")
    assert clustered.width > 0.5


@pytest.mark.parametrize(
    ("positive", "scores", "said"),
    [
        (np.array([True, False]), np.array([0.1, np.nan]), "scores: nan of case 1"),
        (np.array([True, False]), np.array([np.inf, 0.0]), "scores: inf of case 0"),
        (np.array([True, False]), np.array([0.1]), r"found shapes \(1,\) and \(2,\)"),
        (np.array([1, 0]), np.array([0.1, 0.2]), "of type int64"),
    ],
)
def test_scores_that_cannot_be_ranked_are_refused(positive: Any, scores: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        auc(positive, scores)


def test_bad_groups_levels_and_numbers_are_refused() -> None:
    positive, scores = np.array([True, False]), np.array([0.1, 0.2])
    with pytest.raises(InputError, match="found 1 ids for 2 cases"):
        auc(positive, scores, groups=np.array([1]))
    with pytest.raises(InputError, match="level: 95"):
        auc(positive, scores, level=95)
    with pytest.raises(InputError, match="level: 95"):
        paired_delong(positive, scores, scores, level=95)
    for value, m in ((1.2, 5), (0.8, 0)):
        with pytest.raises(InputError, match=f"found {value} with {m} positive and 5 negative"):
            newcombe(value, positives=m, negatives=5)


# Two scores on the same cases ----------------------------------------------------------------------------------------


def of_pair(four_class: pd.DataFrame, other: str, **options: Any) -> AucDifference:
    """Return the probability of glioma against minus that of another class, for glioma."""
    positive, scores = scores_of(four_class, "glioma")
    return paired_delong(positive, scores, -four_class[f"p_{other}"].to_numpy(), **options)


def test_paired_delong_gives_the_values_of_proc(four_class: pd.DataFrame) -> None:
    # R 4.2.2, pROC 1.18.0: roc.test(method = "delong", paired = TRUE).
    compared = of_pair(four_class, "meningioma")
    assert triple(compared.difference.plain)[1:] == pytest.approx((0.240033940705474, 0.415880037789150), abs=1e-13)
    assert (compared.a.plain.value, compared.b.plain.value) == pytest.approx((0.876120071684588, 0.548163082437276))
    assert compared.p_value.value == pytest.approx(2.65645039397e-13, rel=1e-9)
    compared = of_pair(four_class, "pituitary")
    assert triple(compared.difference.plain)[1:] == pytest.approx((0.1036611101156, 0.3286865601353), abs=1e-12)
    assert compared.p_value.value == pytest.approx(0.0001660608848, abs=1e-13)
    assert compared.p_value.method == Method("z_test", method=Method("delong_paired"))
    assert compared.headline_p_value is compared.p_value
    assert compared.difference.clustered is None
    assert compared.clustered_p_value is None


def test_paired_obuchowski_gives_the_values_of_the_published_code(four_class: pd.DataFrame) -> None:
    for groups, other, expected, error in (
        (four_class["patient_id"], "meningioma", 0.3279569892473, 0.0456971308700),
        (mixed_groups(), "meningioma", 0.3279569892473, 0.0424980318313),
    ):
        compared = of_pair(four_class, other, groups=groups)
        clustered = compared.difference.clustered
        assert clustered is not None
        assert compared.clustered_p_value is not None
        assert clustered.value == pytest.approx(expected, abs=1e-12)
        assert standard_error(clustered) == pytest.approx(error, abs=1e-12)
        freedom = dict(clustered.method.facts)["freedom"]
        p = 2 * stats.t.sf(expected / error, freedom)
        assert compared.clustered_p_value.value == pytest.approx(p, rel=1e-6)
    positive, scores = scores_of(four_class, "notumor")
    compared = paired_delong(~positive, 1 - scores, four_class["p_glioma"].to_numpy(), groups=mixed_groups())
    assert compared.difference.clustered is not None
    assert compared.clustered_p_value is not None
    assert compared.difference.clustered.value == pytest.approx(0.2364545454545, abs=1e-12)
    assert standard_error(compared.difference.clustered) == pytest.approx(0.0404880872062, abs=1e-12)
    freedom = fewest(positive, mixed_groups()) - 1
    p = 2 * stats.t.sf(0.2364545454545 / 0.0404880872062, freedom)
    assert compared.clustered_p_value.value == pytest.approx(p, rel=1e-6)
    paired = Method("obuchowski_paired", groups=40, freedom=freedom)
    assert compared.clustered_p_value.method == Method("t_test", method=paired)


@settings(deadline=None)
@given(grouped_pairs)
def test_the_paired_variance_is_that_of_the_definition(rows: list[tuple[bool, int, int, int]]) -> None:
    positive, a, b, groups = (np.array(column) for column in zip(*rows, strict=True))
    assume(0 < positive.sum() < len(rows))
    compared = paired_delong(positive, a, b, groups=groups)
    alone = np.arange(len(rows))
    for units, estimate in ((alone, compared.difference.plain), (groups, compared.difference.clustered)):
        value, variance = by_definition(positive, a, units, other_scores=b)
        if estimate is None:
            assert len(np.unique(groups)) == len(rows)
            continue
        assert estimate.value == pytest.approx(value)
        if in_words(estimate.method).startswith(("DeLong", "Obuchowski")) and estimate.low is not None:
            reach = Z if units is alone else stats.t.ppf(0.975, fewest(positive, groups) - 1)
            half = reach * np.sqrt(variance)
            assert (estimate.low, estimate.high) == pytest.approx((max(-1, value - half), min(1, value + half)))
        else:
            assert estimate.low is None or estimate.low < estimate.high


@given(grouped_pairs)
def test_swapping_the_scores_changes_the_sign_only(rows: list[tuple[bool, int, int, int]]) -> None:
    positive, a, b, groups = (np.array(column) for column in zip(*rows, strict=True))
    assume(0 < positive.sum() < len(rows))
    one, other = paired_delong(positive, a, b, groups=groups), paired_delong(positive, b, a, groups=groups)
    assert (one.a, one.b) == (other.b, other.a)
    assert one.p_value == other.p_value
    value, low, high = triple(other.difference.plain)
    mirrored = (-value, None, None) if low is None else (-value, -high, -low)
    assert triple(one.difference.plain) == pytest.approx(mirrored)


def test_scores_that_order_the_cases_alike_differ_by_nothing_and_nothing_is_tested() -> None:
    rng = np.random.default_rng(2)
    positive, scores = np.arange(50) < 20, rng.normal(size=50)
    compared = paired_delong(positive, scores, np.exp(scores), groups=np.arange(50) // 5)
    for estimate in (compared.difference.plain, compared.difference.clustered):
        assert (estimate.value, estimate.low, estimate.reason) == (0, None, Reason("same_order"))
    assert compared.headline_p_value.reason == Reason("same_order")
    assert not compared.headline_p_value.defined


def test_two_perfect_scores_are_not_known_to_be_equal() -> None:
    compared = paired_delong(np.arange(40) >= 20, np.arange(40.0), np.arange(40.0) ** 2)
    reach = 1 - newcombe(1.0, positives=20, negatives=20).low
    assert triple(compared.difference.plain) == pytest.approx((0, -reach, reach))
    assert compared.difference.plain.method == Method("square_and_add_uncorrelated", reason=Reason("auc_at_an_end"))
    assert compared.p_value.reason == Reason("no_p_value", reason=Reason("auc_at_an_end"))


def test_a_perfect_score_is_compared_by_square_and_add() -> None:
    rng = np.random.default_rng(8)
    positive = np.arange(80) >= 40
    compared = paired_delong(positive, np.arange(80.0), rng.normal(size=80) + positive, groups=np.arange(80) // 2)
    for difference, a, b in (
        (compared.difference.plain, compared.a.plain, compared.b.plain),
        (compared.difference.clustered, compared.a.clustered, compared.b.clustered),
    ):
        value = 1 - b.value
        low, high = value - np.hypot(1 - a.low, b.high - b.value), value + (b.value - b.low)
        assert triple(difference) == pytest.approx((value, low, high))
    assert compared.clustered_p_value.reason == Reason("no_p_value", reason=Reason("auc_at_an_end"))


def test_close_to_one_the_intervals_are_combined_with_the_correlation_of_the_components() -> None:
    rng = np.random.default_rng(12)
    positive, groups = np.arange(300) < 60, np.arange(300) // 3
    shared = rng.normal(size=300)
    a, b = ((shared + 0.6 * rng.normal(size=300) + apart * positive) for apart in (3.4, 2.6))
    compared = paired_delong(positive, a, b, groups=groups)
    assert compared.a.plain.value > 0.97 > compared.b.plain.value > 0.9
    for units, difference, one, two in (
        (np.arange(300), compared.difference.plain, compared.a.plain, compared.b.plain),
        (groups, compared.difference.clustered, compared.a.clustered, compared.b.clustered),
    ):
        of_a, of_b = (by_definition(positive, scores, units)[1] for scores in (a, b))
        value, of_both = by_definition(positive, a, units, other_scores=b)
        r = (of_a + of_b - of_both) / (2 * np.sqrt(of_a * of_b))
        assert 0.4 < r < 0.9
        below, above = (
            np.sqrt(x * x - 2 * r * x * y + y * y)
            for x, y in ((one.value - one.low, two.high - two.value), (one.high - one.value, two.value - two.low))
        )
        assert difference.method.code == "square_and_add_correlated"
        assert triple(difference) == pytest.approx((value, value - below, value + above), abs=1e-9)


def test_components_that_all_differ_by_one_amount_show_no_variance_and_are_not_believed() -> None:
    # Every component of a is 1/2 above that of b: DeLong's variance is 0, its interval would be 0.5 to 0.5.
    positive = np.array([True, True, False, False])
    compared = paired_delong(positive, np.array([2.0, 4.0, 1.0, 3.0]), np.array([1.0, 3.0, 2.0, 4.0]))
    assert (compared.a.plain.value, compared.b.plain.value, compared.difference.plain.value) == (0.75, 0.25, 0.5)
    assert "variance of the difference is not estimable" in in_words(compared.difference.plain.method)
    assert compared.difference.plain.low < 0
    assert not compared.p_value.defined


def test_a_constant_score_can_be_compared() -> None:
    rng = np.random.default_rng(9)
    positive = np.arange(100) < 30
    scores = rng.normal(size=100) + 0.8 * positive
    compared = paired_delong(positive, scores, np.zeros(100))
    assert compared.b.plain.reason == Reason("equal_scores")
    alone = compared.a.plain
    assert triple(compared.difference.plain) == pytest.approx((alone.value - 0.5, alone.low - 0.5, alone.high - 0.5))


def test_the_headline_p_value_belongs_to_the_wider_interval() -> None:
    rng = np.random.default_rng(10)
    groups = np.repeat(np.arange(30), 10)
    positive = groups < 12
    shared = np.repeat(rng.normal(size=(30, 2)), 10, axis=0)
    a, b = (shared + 0.2 * rng.normal(size=(300, 2)) + positive[:, None]).T
    compared = paired_delong(positive, a, b, groups=groups)
    assert compared.difference.headline is compared.difference.clustered
    assert compared.headline_p_value is compared.clustered_p_value
    assert compared.clustered_p_value.value > compared.p_value.value


# Coverage by simulation ----------------------------------------------------------------------------------------------


def binormal(
    rng: np.random.Generator, area: float, m: int, n: int, *, ratio: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return cases whose scores are normal, those of positive cases with ``ratio`` times the standard deviation."""
    positive = np.arange(m + n) < m
    apart = np.sqrt(1 + ratio**2) * stats.norm.ppf(area)
    return positive, rng.normal(size=m + n) * np.where(positive, ratio, 1.0) + apart * positive


@pytest.mark.slow
def test_delong_covers() -> None:
    rng = np.random.default_rng(31)
    for area, m, n in ((0.7, 100, 300), (0.85, 300, 1000)):
        estimates = [auc(*binormal(rng, area, m, n)).plain for _ in range(2000)]
        assert 0.93 <= np.mean([one.low <= area <= one.high for one in estimates]) <= 0.965


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [1.0, 2.5])
@pytest.mark.parametrize("area", [0.97, 0.99, 0.995])
def test_the_wider_of_delong_and_newcombe_covers_close_to_one(area: float, ratio: float) -> None:
    rng = np.random.default_rng(32)
    covered = {"wider": 0, "DeLong": 0}
    for _ in range(1000):
        positive, scores = binormal(rng, area, 100, 300, ratio=ratio)
        estimate, deviations = auc(positive, scores).plain, ranked(positive, scores)
        assert deviations is not None
        variance = Units(codes=None, total=400).variance(deviations.deviations, positive.astype(int)) or 0.0
        covered["wider"] += estimate.low <= area <= estimate.high
        covered["DeLong"] += abs(estimate.value - area) <= Z * np.sqrt(variance)
    assert covered["wider"] / 1000 >= 0.94
    assert covered["DeLong"] / 1000 <= 0.93  # which is why it does not stand alone


@pytest.mark.slow
@pytest.mark.parametrize("area", [0.95, 0.98, 0.995])
def test_the_wider_of_obuchowski_and_newcombe_covers_close_to_one(area: float) -> None:
    rng = np.random.default_rng(37)
    groups = np.repeat(np.arange(100), 4)
    positive = groups < 35
    covered = 0
    for _ in range(1000):
        found = auc(positive, clustered_scores(rng, area, groups, positive), groups=groups).clustered
        covered += found.low <= area <= found.high
    assert covered / 1000 >= 0.94


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), [(0.99, 0.99), (0.995, 0.985)])
def test_the_paired_difference_covers_close_to_one(first: float, second: float) -> None:
    rng = np.random.default_rng(38)
    covered = 0
    for _ in range(1000):
        positive, shared = binormal(rng, 0.5, 100, 300)
        a, b = (
            np.sqrt(0.5) * (shared + rng.normal(size=400)) + np.sqrt(2) * stats.norm.ppf(area) * positive
            for area in (first, second)
        )
        found = paired_delong(positive, a, b).difference.plain
        covered += found.low <= first - second <= found.high
    assert covered / 1000 >= 0.94


@pytest.mark.slow
@pytest.mark.parametrize(("m", "n"), [(20, 20), (40, 120), (10, 200), (1, 50)])
def test_newcombe_covers_where_the_auc_is_high_or_cases_are_few(m: int, n: int) -> None:
    rng = np.random.default_rng(33)
    for area in (0.85, 0.95, 0.99):
        values = [auc(*binormal(rng, area, m, n)).plain.value for _ in range(1000)]
        intervals = [newcombe(value, positives=m, negatives=n) for value in values]
        assert np.mean([one.low <= area <= one.high for one in intervals]) >= 0.935


def clustered_scores(rng: np.random.Generator, area: float, groups: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Return binormal scores (n,) with correlation 1/2 within a group."""
    shared = rng.normal(size=int(groups.max()) + 1)[groups]
    noise = np.sqrt(0.5) * (shared + rng.normal(size=len(groups)))
    return noise + np.sqrt(2) * stats.norm.ppf(area) * positive


@pytest.mark.slow
@pytest.mark.parametrize("mixed", [False, True])
def test_obuchowski_covers_also_where_delong_does_not(mixed: bool) -> None:
    rng = np.random.default_rng(34)
    groups = np.repeat(np.arange(120), 5)
    positive = (np.arange(600) % 5 < 2) if mixed else groups < 50
    plain, clustered = 0, 0
    for _ in range(2000):
        measure = auc(positive, clustered_scores(rng, 0.85, groups, positive), groups=groups)
        plain += measure.plain.low <= 0.85 <= measure.plain.high
        clustered += measure.clustered.low <= 0.85 <= measure.clustered.high
    assert 0.93 <= clustered / 2000 <= 0.965
    # Groups of one class make DeLong too short; in groups of both classes what they share cancels out.
    assert plain / 2000 >= 0.94 if mixed else plain / 2000 < 0.85


@pytest.mark.slow
@pytest.mark.parametrize("area", [0.85, 0.95])
@pytest.mark.parametrize("patients", [(5, 5), (10, 10), (20, 20), (5, 20), (60, 60)])
def test_the_auc_of_few_patients_covers(patients: tuple[int, int], area: float) -> None:
    """Correlation 1/2 within patients of 8 scans."""
    rng = np.random.default_rng(39)
    groups = np.repeat(np.arange(sum(patients)), 8)
    positive = groups < patients[0]
    held = 0
    for _ in range(500):
        found = auc(positive, clustered_scores(rng, area, groups, positive), groups=groups).clustered
        held += found.low <= area <= found.high
    assert held / 500 >= 0.93


@pytest.mark.slow
@pytest.mark.parametrize("patients", [5, 10, 20])
def test_the_difference_of_two_aucs_of_few_patients_covers(patients: int) -> None:
    rng = np.random.default_rng(40)
    groups = np.repeat(np.arange(2 * patients), 8)
    positive = groups < patients
    held = 0
    for _ in range(500):
        a, b = (clustered_scores(rng, 0.8, groups, positive) for _ in range(2))
        found = paired_delong(positive, a, b, groups=groups).difference.clustered
        held += found.low <= 0 <= found.high
    assert held / 500 >= 0.925


@pytest.mark.slow
def test_paired_delong_holds_its_level() -> None:
    rng = np.random.default_rng(35)
    rejected, covered = 0, 0
    for _ in range(2000):
        positive, shared = binormal(rng, 0.85, 80, 200)
        a, b = (shared + 0.7 * rng.normal(size=280) for _ in range(2))
        compared = paired_delong(positive, a, b)
        rejected += compared.p_value.value < 0.05
        covered += compared.difference.plain.low <= 0 <= compared.difference.plain.high
    assert 0.035 <= rejected / 2000 <= 0.07
    assert covered == 2000 - rejected


@pytest.mark.slow
def test_paired_obuchowski_holds_its_level_where_paired_delong_does_not() -> None:
    rng = np.random.default_rng(36)
    groups = np.repeat(np.arange(100), 4)
    positive = groups < 40
    by_case, by_group = 0, 0
    for _ in range(2000):
        a, b = (clustered_scores(rng, 0.8, groups, positive) for _ in range(2))
        compared = paired_delong(positive, a, b, groups=groups)
        by_case += compared.p_value.value < 0.05
        by_group += compared.clustered_p_value.value < 0.05
    assert 0.035 <= by_group / 2000 <= 0.07
    assert by_case / 2000 > 0.12
