import numpy as np
import pytest

from neuroval.analysis.core import bootstrap
from neuroval.analysis.core.bootstrap import percentile_interval, resample
from neuroval.analysis.core.clusters import group_types, single_cases
from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.analysis.performance import summaries
from neuroval.dashboard.words.interval_methods import in_words
from neuroval.data.exceptions import InputError

BOOTSTRAP = Method("percentile_bootstrap", groups=None, resamples=1000, seed=1)

COUNTS = np.array([[24, 4, 3, 5], [8, 26, 2, 8], [3, 8, 34, 5], [1, 6, 2, 21]])


def types_of(counts: np.ndarray) -> bootstrap.GroupTypes:
    return single_cases(ConfusionMatrix(classes=tuple("abcd"[: len(counts)]), counts=counts))


def cases_of(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.indices(counts.shape)
    return np.repeat(rows.ravel(), counts.ravel()), np.repeat(columns.ravel(), counts.ravel())


def test_every_resample_holds_all_cases_and_only_cells_that_were_seen() -> None:
    counts = np.array([[30, 0], [5, 40]])
    drawn = resample(types_of(counts), rng=np.random.default_rng(1)).matrices
    assert drawn.shape == (2000, 2, 2)
    assert (drawn.sum(axis=(1, 2)) == 75).all()
    assert (drawn[:, 0, 1] == 0).all()
    assert np.ptp(drawn.sum(axis=2)[:, 0]) > 0  # classes vary: not stratified


def test_cells_have_the_mean_and_variance_of_a_multinomial() -> None:
    drawn = resample(types_of(COUNTS), rng=np.random.default_rng(2), resamples=20_000).matrices
    assert drawn.mean(axis=0) == pytest.approx(COUNTS, abs=0.25)
    assert drawn[:, 2, 2].var() == pytest.approx(160 * (34 / 160) * (1 - 34 / 160), rel=0.05)


def test_the_same_seed_gives_the_same_resamples_and_is_named() -> None:
    one, other = (resample(types_of(COUNTS), rng=np.random.default_rng(7), resamples=50) for _ in range(2))
    assert np.array_equal(one.matrices, other.matrices)
    assert one.method == Method("percentile_bootstrap", groups=None, resamples=50, seed=7)
    assert not one.matrices.flags.writeable


def test_drawing_in_blocks_changes_nothing_but_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = resample(types_of(COUNTS), rng=np.random.default_rng(7), resamples=50).matrices
    monkeypatch.setattr(bootstrap, "_DRAWS_AT_ONCE", 16 * 7)
    assert np.array_equal(resample(types_of(COUNTS), rng=np.random.default_rng(7), resamples=50).matrices, whole)


def test_a_class_of_fewer_than_twenty_cases_is_stratified() -> None:
    few = resample(types_of(np.array([[17, 2], [5, 40]])), rng=np.random.default_rng(3))
    assert (few.matrices.sum(axis=2) == [19, 45]).all()
    assert in_words(few.method).startswith("stratified percentile bootstrap over cells")
    enough = resample(types_of(np.array([[18, 2], [5, 40]])), rng=np.random.default_rng(3))
    assert not in_words(enough.method).startswith("stratified")


def test_groups_of_one_case_are_the_bootstrap_of_cells() -> None:
    reference, predicted = cases_of(COUNTS)
    grouped = group_types(reference, predicted, np.arange(160), k=4)
    by_group = summaries.mcc(resample(grouped, rng=np.random.default_rng(4), resamples=20_000).matrices)
    by_cell = summaries.mcc(resample(types_of(COUNTS), rng=np.random.default_rng(5), resamples=20_000).matrices)
    assert np.quantile(by_group, [0.025, 0.5, 0.975]) == pytest.approx(
        np.quantile(by_cell, [0.025, 0.5, 0.975]), abs=0.006
    )


def test_whole_groups_are_drawn() -> None:
    reference, predicted = cases_of(COUNTS)
    doubled = group_types(np.repeat(reference, 2), np.repeat(predicted, 2), np.repeat(np.arange(160), 2), k=4)
    drawn = resample(doubled, rng=np.random.default_rng(6))
    assert (drawn.matrices % 2 == 0).all()
    assert (drawn.matrices.sum(axis=(1, 2)) == 320).all()
    assert drawn.method == Method("percentile_bootstrap", groups=160, resamples=2_000, seed=6)


def test_a_class_of_one_case_cannot_vary_and_the_method_says_so() -> None:
    matrix = ConfusionMatrix(classes=("a", "b"), counts=np.array([[30, 5], [0, 1]]))
    found = resample(single_cases(matrix), rng=np.random.default_rng(0), resamples=50)
    assert in_words(found.method).endswith("; 1 class of a single case or patient cannot vary")
    assert np.ptp(found.matrices[:, 1, 1]) == 0


def test_groups_are_stratified_by_their_majority_class() -> None:
    # One rare group of class 1 (with one case of class 0 in it) and 30 single cases of class 0.
    reference = np.array([1, 1, 0] + [0] * 30)
    groups = np.array(["rare"] * 3 + [f"g{i}" for i in range(30)])
    drawn = resample(group_types(reference, reference, groups, k=2), rng=np.random.default_rng(8), resamples=20)
    assert (drawn.matrices == [[31, 0], [0, 2]]).all()


def test_a_tie_of_classes_counts_for_the_lower_index() -> None:
    # Two groups with one case of each class belong to class 0, so they are drawn from one another.
    reference, predicted = np.array([0, 1, 0, 1, 1]), np.array([0, 0, 1, 1, 1])
    types = group_types(reference, predicted, np.array(["a", "a", "b", "b", "c"]), k=2)
    drawn = resample(types, rng=np.random.default_rng(9)).matrices
    assert (drawn.sum(axis=2) == [2, 3]).all()
    assert set(drawn[:, 0, 0].tolist()) == {0, 1, 2}


def test_no_cases_give_empty_matrices() -> None:
    assert resample(types_of(np.zeros((2, 2), dtype=int)), rng=np.random.default_rng(1)).matrices.sum() == 0


def test_resamples_below_one_are_refused() -> None:
    with pytest.raises(InputError, match="resamples: 0"):
        resample(types_of(COUNTS), rng=np.random.default_rng(1), resamples=0)


def test_the_interval_is_the_quantiles_of_the_replicates() -> None:
    estimate = percentile_interval(0.5, np.linspace(0, 1, 1001), method=BOOTSTRAP, n=9, level=0.9)
    assert (estimate.low, estimate.high) == pytest.approx((0.05, 0.95))
    assert (estimate.n, estimate.count, estimate.level, estimate.method) == (9, None, 0.9, BOOTSTRAP)


def test_undefined_replicates_are_dropped_and_counted_up_to_one_per_cent() -> None:
    replicates = np.linspace(0, 1, 1000)
    replicates[:10] = np.nan
    assert percentile_interval(0.5, replicates, method=BOOTSTRAP, n=9).method == Method(
        "undefined_dropped", method=BOOTSTRAP, undefined=10
    )
    replicates[:11] = np.nan
    too_many = percentile_interval(0.5, replicates, method=BOOTSTRAP, n=9)
    assert (too_many.value, too_many.low) == (0.5, None)
    assert too_many.reason == Reason("undefined_in_resamples", undefined=11, resamples=1_000)


def test_equal_replicates_give_no_interval() -> None:
    perfect = percentile_interval(1.0, np.full(100, 1.0), method=BOOTSTRAP, n=9)
    assert (perfect.value, perfect.low, perfect.reason) == (1.0, None, Reason("no_error_observed"))
    nothing_right = percentile_interval(0.0, np.zeros(100), method=BOOTSTRAP, n=9)
    assert nothing_right.reason == Reason("equal_resamples")


def test_the_interval_encloses_a_value_that_bias_moved_off() -> None:
    assert percentile_interval(0.9, np.linspace(0.1, 0.8, 100), method=BOOTSTRAP, n=9).high == 0.9


def test_a_level_out_of_range_is_refused() -> None:
    with pytest.raises(InputError, match="level: 95"):
        percentile_interval(0.5, np.linspace(0, 1, 10), method=BOOTSTRAP, n=9, level=95)


@pytest.mark.slow
def test_intervals_cover_the_true_macro_f1() -> None:
    rng = np.random.default_rng(13)
    truth = float(summaries.macro_f1(COUNTS))
    covered = 0
    for _ in range(1000):
        counts = rng.multinomial(400, (COUNTS / COUNTS.sum()).ravel()).reshape(4, 4)
        drawn = resample(types_of(counts), rng=rng, resamples=1000)
        replicates = summaries.macro_f1(drawn.matrices)
        estimate = percentile_interval(float(summaries.macro_f1(counts)), replicates, method=BOOTSTRAP, n=400)
        covered += estimate.low <= truth <= estimate.high
    assert 0.925 <= covered / 1000 <= 0.97


@pytest.mark.parametrize(("groups", "enough"), [(2, False), (3, False), (4, True)])
def test_resamples_of_fewer_than_four_groups_are_said_to_be_too_few(groups: int, enough: bool) -> None:
    reference, predicted = cases_of(np.array([[24, 6], [6, 24]]))
    types = group_types(reference, predicted, np.arange(60) % groups, k=2)
    found = resample(types, rng=np.random.default_rng(1), resamples=50).reason
    assert found == (None if enough else Reason("too_few_groups", groups=groups))
