"""Coefficients against published tables; intervals against theory by simulation."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.readers.agreement import MISSING, agreement
from neuroval.data.exceptions import InputError

# Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011, section C: four observers, twelve units, five values.
KRIPPENDORFF = (
    "123321412...",
    "1233224125.3",
    ".3332342251.",
    "12332441251.",
)
# Fleiss' kappa of ten subjects by fourteen raters in five categories, as in the encyclopaedia article of that name:
# the counts of each category.
FOURTEEN = (
    (0, 0, 0, 0, 14),
    (0, 2, 6, 4, 2),
    (0, 0, 3, 5, 6),
    (0, 3, 9, 2, 0),
    (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0),
    (3, 2, 6, 3, 0),
    (2, 5, 3, 2, 2),
    (6, 5, 2, 1, 0),
    (0, 2, 2, 3, 7),
)


def table_of(rows: tuple[str, ...]) -> NDArray[np.int64]:
    """Observers as text, a value a unit, as cases by readers."""
    return np.array([[MISSING if value == "." else int(value) - 1 for value in row] for row in rows]).T


def of_two(counts: list[list[int]]) -> NDArray[np.int64]:
    """Readings of two readers from their table."""
    pairs = [(a, b) for a, row in enumerate(counts) for b, count in enumerate(row) for _ in range(count)]
    return np.array(pairs)


def value(estimate: Estimate) -> float:
    assert estimate.value is not None
    return estimate.value


def rng() -> np.random.Generator:
    return np.random.default_rng(20261130)


def test_krippendorffs_example_with_missing_readings() -> None:
    """Alpha is 0.743 in the paper; Gwet's irrCAC gives on the same data AC1 0.77544 and Fleiss 0.76117."""
    table = table_of(KRIPPENDORFF)
    assert table.shape == (12, 4)
    told = agreement(table, k=5, rng=rng())
    assert value(told.krippendorff_alpha.plain) == pytest.approx(0.743, abs=5e-4)
    assert value(told.gwet_ac1.plain) == pytest.approx(0.77544, abs=5e-6)
    assert value(told.fleiss_kappa.plain) == pytest.approx(0.76117, abs=5e-6)
    assert value(told.observed.plain) == pytest.approx(9 / 11)
    assert (told.cases, told.readings, told.readers, told.cohen_kappa) == (11, 40, 4, None)


def test_fleiss_table_of_fourteen_raters() -> None:
    table = np.array([np.repeat(np.arange(5), counts) for counts in FOURTEEN])
    told = agreement(table, k=5, rng=rng())
    assert value(told.observed.plain) == pytest.approx(0.378, abs=5e-4)
    assert value(told.fleiss_kappa.plain) == pytest.approx(0.210, abs=5e-4)


def test_the_paradox_of_kappa() -> None:
    """118 times both say yes, 5 and 2 times one alone, never none. By hand: observed 118/125, shares 123/125 and
    120/125. Chance is 0.94528 for Cohen and 2 x 0.972 x 0.028 for AC1."""
    told = agreement(of_two([[118, 5], [2, 0]]), k=2, rng=rng())
    assert told.cohen_kappa is not None
    assert value(told.cohen_kappa.plain) == pytest.approx((0.944 - 0.94528) / (1 - 0.94528))
    assert value(told.gwet_ac1.plain) == pytest.approx((0.944 - 0.054432) / (1 - 0.054432))
    fleiss = (0.944 - (0.972**2 + 0.028**2)) / (1 - (0.972**2 + 0.028**2))
    assert value(told.fleiss_kappa.plain) == pytest.approx(fleiss)
    # Two readers, none missing: alpha is Fleiss' (Scott's) with N = 250 readings, De by N / (N - 1).
    assert value(told.krippendorff_alpha.plain) == pytest.approx(1 - (1 - fleiss) * 249 / 250)


def test_cohen_is_that_of_another_library_on_the_cases_that_both_read() -> None:
    generator = np.random.default_rng(5)
    table = generator.integers(-1, 4, size=(300, 2))
    table[:100, 1] = table[:100, 0]
    both = (table >= 0).all(axis=1)
    told = agreement(table, k=4, rng=rng())
    assert told.cohen_kappa is not None
    assert value(told.cohen_kappa.plain) == pytest.approx(cohen_kappa_score(table[both, 0], table[both, 1]))
    assert told.cases == both.sum()


def test_readers_who_agree_always_have_no_interval_and_say_why() -> None:
    told = agreement(of_two([[5, 0], [0, 7]]), k=2, rng=rng())
    assert value(told.krippendorff_alpha.plain) == 1
    assert told.krippendorff_alpha.plain.low is None
    assert told.krippendorff_alpha.plain.reason is not None
    assert told.krippendorff_alpha.plain.reason.code == "no_error_observed"


def test_what_cannot_be_said_is_undefined() -> None:
    nobody = agreement(np.full((4, 3), MISSING), k=3, rng=rng())
    alone = agreement(np.array([[0, MISSING], [MISSING, 1]]), k=3, rng=rng())
    for told in (nobody, alone):
        assert told.gwet_ac1.plain.value is None
        assert told.gwet_ac1.plain.reason is not None
        assert told.gwet_ac1.plain.reason.code == "no_cases_read_twice"
    same = agreement(np.zeros((9, 2), dtype=np.int64), k=3, rng=rng())
    assert same.fleiss_kappa.plain.reason is not None
    assert same.fleiss_kappa.plain.reason.code == "one_class_read"
    assert same.krippendorff_alpha.plain.value is None
    assert value(same.gwet_ac1.plain) == 1


def test_groups_widen_the_interval_and_singles_leave_it() -> None:
    generator = np.random.default_rng(2)
    one_of_each = generator.integers(0, 2, size=(30, 2))
    table = np.repeat(one_of_each, 8, axis=0)
    told = agreement(table, k=2, rng=rng(), groups=np.repeat(np.arange(30), 8))
    wide, narrow = told.gwet_ac1.clustered, told.gwet_ac1.plain
    assert wide is not None
    assert wide.width is not None
    assert narrow.width is not None
    assert 2 < wide.width / narrow.width < 4  # eight identical cases are worth one: the root of 8 is 2.8
    assert dict(wide.method.facts)["groups"] == 30
    assert agreement(one_of_each, k=2, rng=rng(), groups=np.arange(30)).gwet_ac1.clustered is None


def test_few_groups_give_no_interval() -> None:
    table = np.array([[0, 0], [1, 0], [1, 1], [0, 0], [1, 1], [0, 1]])
    told = agreement(table, k=2, rng=rng(), groups=np.array([0, 0, 1, 1, 2, 2]))
    assert told.gwet_ac1.clustered is not None
    assert told.gwet_ac1.clustered.reason is not None
    assert told.gwet_ac1.clustered.reason.code == "too_few_groups"


def test_the_order_of_cases_and_readers_does_not_matter() -> None:
    table = table_of(KRIPPENDORFF)
    turned = table[::-1, [2, 0, 3, 1]]
    first, second = (agreement(ratings, k=5, rng=rng()) for ratings in (table, turned))
    for name in ("observed", "fleiss_kappa", "gwet_ac1", "krippendorff_alpha"):
        assert value(getattr(first, name).plain) == pytest.approx(value(getattr(second, name).plain))


@pytest.mark.parametrize(
    ("table", "k", "message"),
    [([[0, 4]], 4, "found 0 to 4"), ([[0, -2]], 4, "found -2 to 0"), ([0, 1], 4, "1 dimensions"), ([[0, 0]], 1, "two")],
)
def test_what_is_no_table_of_readings_is_refused(table: list[list[int]], k: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        agreement(np.array(table), k=k, rng=rng())


def readings(generator: np.random.Generator, *, groups: int, each: int, error: float) -> NDArray[np.int64]:
    """Two readers of two classes, half each; each is wrong with that rate, a group being hard or easy for both."""
    truth = np.repeat(generator.integers(0, 2, size=groups), each)
    rate = np.repeat(generator.choice([0.5 * error, 1.5 * error], size=groups), each)
    return np.stack([np.where(generator.random(len(truth)) < rate, 1 - truth, truth) for _ in range(2)], axis=1)


def test_scripted_readers_agree_as_theory_says() -> None:
    """With error rates a and b that are independent both agree in (1 - a)(1 - b) + a b of cases; with equal classes
    chance is one half for each coefficient."""
    generator = np.random.default_rng(11)
    truth = generator.integers(0, 2, size=40_000)
    table = np.stack([np.where(generator.random(40_000) < rate, 1 - truth, truth) for rate in (0.1, 0.2)], axis=1)
    expected = 0.9 * 0.8 + 0.1 * 0.2
    told = agreement(table, k=2, rng=rng(), resamples=50)
    assert value(told.observed.plain) == pytest.approx(expected, abs=0.006)
    for name in ("fleiss_kappa", "gwet_ac1", "krippendorff_alpha"):
        assert value(getattr(told, name).plain) == pytest.approx(2 * expected - 1, abs=0.012)


@pytest.mark.slow
def test_intervals_over_groups_cover_the_truth() -> None:
    """60 groups of five scans, 400 times: 95% intervals over groups; those over cases cover less."""
    generator = np.random.default_rng(8)
    a = np.array([0.1, 0.3])
    truth = 2 * float((a**2 + (1 - a) ** 2).mean()) - 1
    held = {"plain": 0, "clustered": 0}
    groups = np.repeat(np.arange(60), 5)
    for _ in range(400):
        table = readings(generator, groups=60, each=5, error=0.2)
        told = agreement(table, k=2, rng=generator, groups=groups, resamples=500).krippendorff_alpha
        for way, estimate in (("plain", told.plain), ("clustered", told.clustered)):
            assert estimate is not None
            assert estimate.low is not None
            assert estimate.high is not None
            held[way] += estimate.low <= truth <= estimate.high
    assert 0.915 <= held["clustered"] / 400 <= 0.98
    assert held["plain"] <= held["clustered"]
