"""What is said of a trial, as far as it turns with the numbers."""

from types import SimpleNamespace
from typing import Any

import pytest

from neuroval.analysis.core.codes import Method
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.proportions import proportion
from neuroval.analysis.trial.robustness import Corruption, Limit, Severity
from neuroval.dashboard.words import trial as text
from neuroval.dashboard.words.trial_names import within
from neuroval.data.classes import BRAIN_TUMOR


def estimate(value: float, low: float, high: float) -> Measure:
    plain = Estimate(value=value, low=low, high=high, level=0.95, method=Method("newcombe_paired"), n=100)
    return Measure(plain=plain)


def trial(low: float, high: float, *, healthy: int = 100) -> Any:
    still = Measure(plain=proportion(round(100 * (1 - low)), 100))
    number = SimpleNamespace(difference=estimate((low + high) / 2, low, high))
    removal = SimpleNamespace(
        method="remove_telea",
        need=number,
        still=still,
        still_tumour=still,
        elsewhere=Measure(plain=proportion(99, 100)),
    )
    need = SimpleNamespace(subject="any_tumour", worst=removal)
    hole = SimpleNamespace(method="remove_telea", still_negative=Measure(plain=proportion(healthy, 100)))
    return SimpleNamespace(needs=(need,), healthy_holes=(hole,))


@pytest.mark.parametrize(
    ("low", "high", "healthy", "verdict"),
    [
        (0.02, 0.10, 100, "No. "),
        (0.85, 0.95, 100, "Yes. "),
        (0.55, 0.75, 100, "Mostly. "),
        (0.30, 0.70, 100, "These scans cannot say for sure. "),
        (0.02, 0.10, 5, "These scans cannot say: filling alone turns too many healthy scans into tumours. "),
    ],
)
def test_the_verdict_is_that_of_the_finding(low: float, high: float, healthy: int, verdict: str) -> None:
    assert text.answer(trial(low, high, healthy=healthy), BRAIN_TUMOR).startswith(f"{verdict}With the tumour removed, ")


def corruption(name: str, until: int | None, *, notices: bool | None = None) -> Corruption:
    rate = Measure(plain=proportion(9, 10))
    steps = [
        Severity(severity=step, n=10, rates={"sensitivity": rate}, accuracy=rate, confidence=rate) for step in range(6)
    ]
    return Corruption(
        name=name,
        limits={"sensitivity": Limit(rate="sensitivity", at_least=0.9)},
        severities=tuple(steps),
        holds_until={"sensitivity": until},
        falls={},
        notices=notices,
    )


def test_what_breaks_first_is_named_and_nothing_where_nothing_does() -> None:
    broken = text.what_breaks((corruption("jpeg", 5), corruption("motion", 0), corruption("blur", 2)))
    assert broken == (
        "Motion breaks it first: sensitivity holds at no severity. Of 3 ways to spoil a scan, 1 breaks nothing at any "
        "severity."
    )
    whole = text.what_breaks((corruption("jpeg", 5), corruption("blur", 5)))
    assert whole.startswith("Nothing that was tried: ")
    assert text.what_breaks(()).startswith("What breaks it is not estimable")


@pytest.mark.parametrize(
    ("until", "words"), [(None, "cannot be told"), (0, "holds until 0 of 5"), (3, "holds until 3 of 5"), (5, "every")]
)
def test_how_far_it_holds(until: int | None, words: str) -> None:
    assert words in text.held(corruption("blur", until))


def test_where_it_does_not_notice() -> None:
    assert "does not notice JPEG compression or motion" in text.notices(
        (corruption("jpeg", 1, notices=False), corruption("motion", 1, notices=False), corruption("blur", 5))
    )
    assert "the model notices" in text.notices((corruption("jpeg", 1, notices=True),))
    assert "nothing to notice" in text.notices((corruption("jpeg", 5),))


def test_limits_say_where_they_come_from() -> None:
    assert text.limits({"a": Limit(rate="sensitivity", at_least=0.98, criterion=0.98)}) == (
        "Limits: sensitivity 0.980 (the criterion of this study)."
    )
    missed = text.limits({"a": Limit(rate="sensitivity", at_least=0.7, criterion=0.98)})
    assert "which does not reach the criterion 0.980" in missed
    assert "0.05 below the lower bound as they are)" in text.limits({"a": Limit(rate="specificity", at_least=0.7)})


def test_names_within_a_sentence_keep_abbreviations() -> None:
    assert [within(name) for name in ("Motion", "JPEG compression")] == ["motion", "JPEG compression"]
