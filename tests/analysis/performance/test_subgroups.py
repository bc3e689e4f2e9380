"""Rates by subgroup: counted by hand, against one another, with groups on both sides, and by simulation."""

from itertools import product

import numpy as np
import pytest

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.proportions import clustered_proportion, proportion
from neuroval.analysis.performance.comparison import holm
from neuroval.analysis.performance.subgroup_columns import Column
from neuroval.analysis.performance.subgroup_scan import scan, subgroup_worse
from neuroval.analysis.performance.subgroups import (
    FEWEST_GROUPS,
    MOST_LEVELS,
    SMALLEST,
    Outcomes,
    Subgroups,
    outcomes,
    plain_p_values,
    subgroups,
)
from neuroval.data.exceptions import InputError

CLASSES = ("glioma", "meningioma", "notumor")


def columns(**codes: np.ndarray) -> list[Column]:
    return [
        Column(name=name, levels=tuple(f"{name} {place}" for place in range(int(code.max()) + 1)), codes=code)
        for name, code in codes.items()
    ]


def judged(found: Outcomes, groups: np.ndarray | None = None, **codes: np.ndarray) -> Subgroups:
    alone = np.arange(len(found.codes)) if groups is None else groups
    return subgroups(found, columns(**codes), groups=alone, rng=np.random.default_rng(0))


def drawn(n: int, *, seed: int = 1, wrong: float = 0.2) -> tuple[np.ndarray, np.ndarray, Outcomes]:
    rng = np.random.default_rng(seed)
    reference = rng.integers(0, 3, n)
    predicted = np.where(rng.random(n) < wrong, rng.integers(0, 3, n), reference)
    return reference, predicted, outcomes(reference, predicted, classes=CLASSES, negative="notumor")


def test_each_rate_is_counted_as_by_hand() -> None:
    reference, predicted, found = drawn(400)
    site = np.arange(400) % 3 - 1  # one in three is not known
    table = judged(found, site=site)
    assert (table.n, table.unknown) == (int((site >= 0).sum()), int((site < 0).sum()))
    for place, level in enumerate(table.levels):
        there = site == place
        tumour, called = reference != 2, predicted != 2
        counted = {
            "overall.accuracy": (there, predicted == reference),
            "any_tumour.sensitivity": (there & tumour, called),
            "any_tumour.specificity": (there & ~tumour, ~called),
            "glioma.sensitivity": (there & (reference == 0), predicted == 0),
            "meningioma.sensitivity": (there & (reference == 1), predicted == 1),
        }
        assert list(counted) == list(level.numbers)
        for key, (among, right) in counted.items():
            rate = level.numbers[key].rate.plain
            assert (rate.count, rate.n) == (int((among & right).sum()), int(among.sum())), key
            rest = level.numbers[key].rest.plain
            whole = table.whole[key].plain
            assert (rate.n or 0) + (rest.n or 0) == whole.n
            assert (rate.count or 0) + (rest.count or 0) == whole.count


def test_two_classes_have_no_sensitivities_besides() -> None:
    found = outcomes(np.array([0, 1]), np.array([0, 1]), classes=("sick", "well"), negative="well")
    assert list(found.among) == ["overall.accuracy", "any_tumour.sensitivity", "any_tumour.specificity"]
    assert "sick.sensitivity" in outcomes(np.array([0]), np.array([0]), classes=("sick", "well"), negative=None).among


def test_groups_give_the_clustered_interval_of_the_level_alone() -> None:
    reference, predicted, found = drawn(600, seed=3)
    groups = np.random.default_rng(3).permutation(np.arange(600) // 4)
    site = np.random.default_rng(4).integers(0, 3, 600)  # groups lie on both sides
    table = judged(found, groups, site=site)
    for place, level in enumerate(table.levels):
        there = site == place
        assert level.groups == len(np.unique(groups[there]))
        for side, measure in ((there, level.numbers["overall.accuracy"].rate), (~there, None)):
            expected = clustered_proportion(predicted[side] == reference[side], groups[side])
            given = measure or level.numbers["overall.accuracy"].rest
            assert given.clustered is not None
            assert (given.clustered.low, given.clustered.high) == pytest.approx((expected.low, expected.high))


def test_groups_on_both_sides_that_agree_make_the_difference_surer() -> None:
    rng = np.random.default_rng(8)
    right = np.repeat(rng.random(300) < 0.7, 2)  # both slices of a patient are right, or both are wrong
    plane = np.tile([0, 1], 300)
    reference = np.zeros(600, dtype=np.int64)
    found = outcomes(reference, np.where(right, 0, 1), classes=("x", "y"), negative=None)
    number = judged(found, np.arange(600) // 2, plane=plane).levels[0].numbers["overall.accuracy"]
    plain, clustered = number.difference.plain, number.difference.clustered
    assert clustered is not None
    assert (clustered.width or 0) < 0.01 < (plain.width or 0)
    assert number.difference.headline.width == plain.width  # the wider counts: it could be chance that they agree
    assert number.p_value == 1


def test_a_rate_of_too_few_cases_or_patients_is_no_number() -> None:
    _, _, found = drawn(300)
    site = np.where(np.arange(300) < SMALLEST - 1, 1, 0)
    small = judged(found, site=site).levels[1].numbers["overall.accuracy"]
    assert small.rate.plain.reason == Reason("small_subgroup", cases=SMALLEST - 1, needed=SMALLEST)
    assert small.difference.plain.reason == small.rate.plain.reason
    assert small.p_value is None
    assert small.adjusted is None
    large = judged(found, site=site).levels[0].numbers["overall.accuracy"]
    assert large.rate.plain.defined
    assert large.difference.plain.reason == Reason("small_rest", reason=small.rate.plain.reason)
    groups = np.where(site == 1, 1000 + np.arange(300) // 10, np.arange(300))
    site = np.where(np.arange(300) < 60, 1, 0)
    few = judged(found, np.where(site == 1, 1000 + np.arange(300) // 10, groups), site=site)
    reason = few.levels[1].numbers["overall.accuracy"].rate.plain.reason
    assert reason == Reason("few_groups_in_subgroup", groups=6, needed=FEWEST_GROUPS)


def test_holm_is_over_all_that_the_table_holds() -> None:
    _, _, found = drawn(900, seed=5)
    table = judged(found, site=np.arange(900) % 3)
    numbers = [number for level in table.levels for number in level.numbers.values()]
    expected = holm([number.p_value or 0 for number in numbers])
    assert table.compared == len(numbers) == 3 * len(found.among)
    assert [number.adjusted for number in numbers] == pytest.approx(expected)
    two = judged(found, sex=np.arange(900) % 2)
    assert two.compared == len(found.among)  # of two subgroups the differences are one and the same
    first, second = (level.numbers["overall.accuracy"] for level in two.levels)
    assert first.adjusted == second.adjusted
    assert first.difference.plain.value == pytest.approx(-(second.difference.plain.value or 0))


def test_crossed_columns_hold_the_combinations_that_occur() -> None:
    _, _, found = drawn(300)
    site, sex = np.arange(300) % 3, np.where(np.arange(300) % 3 == 2, 0, np.arange(300) // 3 % 2)
    table = judged(found, site=site, sex=sex)
    assert [level.values for level in table.levels] == [
        (f"site {a}", f"sex {b}") for a, b in product(range(3), range(2)) if (a, b) != (2, 1)
    ]
    assert sum(level.n for level in table.levels) == 300


def test_the_smallest_of_many_levels_are_left_out() -> None:
    _, _, found = drawn(5000)
    table = judged(found, site=np.minimum(np.arange(5000) % 70, 69))
    assert (len(table.levels), table.left_out) == (MOST_LEVELS, 70 - MOST_LEVELS)


@pytest.mark.parametrize("names", [(), ("a", "a"), ("a", "b", "c")])
def test_one_column_or_two_different_ones_are_crossed(names: tuple[str, ...]) -> None:
    _, _, found = drawn(30)
    chosen = [Column(name=name, levels=("x",), codes=np.zeros(30, dtype=np.int64)) for name in names]
    with pytest.raises(InputError, match="expected one column or 2 different ones"):
        subgroups(found, chosen, groups=np.arange(30), rng=np.random.default_rng(0))


def test_no_p_value_is_smaller_than_that_of_independent_cases() -> None:
    _, _, found = drawn(800, seed=9)
    site, groups = np.arange(800) // 4 % 5, np.arange(800) // 4
    table = judged(found, groups, site=site)
    plain = plain_p_values(found, site, levels=5)
    between = [table.levels[row].numbers[key].p_value or 0 for key in found.among for row in range(5)]
    assert len(plain) == len(between)
    assert (np.array(between) >= plain - 1e-12).all()


def test_what_is_worse_is_found_among_all_columns_and_pairs() -> None:
    reference, predicted, _ = drawn(1200, seed=2, wrong=0.1)
    site, sex = np.arange(1200) % 4, np.arange(1200) // 4 % 2
    bad = (site == 1) & (sex == 0) & (np.random.default_rng(0).random(1200) < 0.5)
    found = outcomes(reference, np.where(bad, (reference + 1) % 3, predicted), classes=CLASSES, negative="notumor")
    scanned = scan(found, columns(site=site, sex=sex), groups=np.arange(1200), rng=np.random.default_rng(0))
    assert scanned.worse[0].by == ("site", "sex")
    assert scanned.worse[0].level.values == ("site 1", "sex 0")
    finding = subgroup_worse(scanned)
    assert finding is not None
    assert finding.severity == "critical"
    assert finding.facts["compared"] == scanned.compared == 5 * (4 + 1 + 8)
    evenly = outcomes(reference, predicted, classes=CLASSES, negative="notumor")
    quiet = scan(evenly, columns(site=site, sex=sex), groups=np.arange(1200), rng=np.random.default_rng(0))
    assert subgroup_worse(quiet) is None


def test_without_a_column_there_is_nothing_to_find() -> None:
    _, _, found = drawn(100)
    scanned = scan(
        found, columns(site=np.zeros(100, dtype=np.int64)), groups=np.arange(100), rng=np.random.default_rng(0)
    )
    assert (scanned.compared, scanned.worse, scanned.below) == (0, (), ())
    assert subgroup_worse(scanned) is None


def test_a_limit_that_only_a_subgroup_misses_is_told() -> None:
    right = np.ones(2000, dtype=np.bool_)
    right[:30] = False
    reference = np.zeros(2000, dtype=np.int64)
    found = outcomes(reference, np.where(right, 0, 1), classes=("x", "y"), negative=None)
    site = np.where(np.arange(2000) < 60, 0, 1)
    groups, rng = np.arange(2000), np.random.default_rng(0)
    scanned = scan(found, columns(site=site), groups=groups, limits={"overall.accuracy": 0.9}, rng=rng)
    ((key, below),) = scanned.below
    assert (key, below.level.values) == ("overall.accuracy", ("site 0",))
    assert below.estimate.high is not None
    assert below.estimate.high < 0.9
    assert proportion(30, 60).high == pytest.approx(below.estimate.high)
    assert not scan(found, columns(site=site), groups=groups, limits={"overall.accuracy": 0.4}, rng=rng).below


@pytest.mark.slow
@pytest.mark.parametrize("both_sides", [False, True])
def test_chance_alone_is_called_a_difference_in_5_percent_at_most(both_sides: bool) -> None:
    """400 tables of 4 levels, 40 groups of 4 cases with a correlation of 0.3 and a rate of 0.9 everywhere."""
    rng = np.random.default_rng(11)
    any_level, tested = [], []
    for _ in range(400):
        groups = np.repeat(np.arange(40), 4)
        right = rng.random(160) < rng.beta(0.9 * 7 / 3, 0.1 * 7 / 3, 40)[groups]
        site = rng.integers(0, 4, 160) if both_sides else groups % 4
        found = outcomes(np.zeros(160, dtype=np.int64), np.where(right, 0, 1), classes=("x", "y"), negative=None)
        only = {"overall.accuracy": found.among["overall.accuracy"]}
        rights = {"overall.accuracy": found.right["overall.accuracy"]}
        table = judged(Outcomes(codes=found.codes, size=found.size, among=only, right=rights), groups, site=site)
        any_level.append(any(level.numbers["overall.accuracy"].differs for level in table.levels))
        tested.append((table.tests["overall.accuracy"].p_value or 1) < 0.05)
    margin = 3 * np.sqrt(0.05 * 0.95 / 400)
    assert np.mean(any_level) < 0.05 + margin
    assert np.mean(tested) < 0.05 + margin
