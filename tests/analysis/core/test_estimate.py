import math

import pytest

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate, Measure, enclosing, reach, widest
from neuroval.data.exceptions import InputError


def interval(low: float, high: float, *, method: str = "wilson") -> Estimate:
    return Estimate(value=(low + high) / 2, low=low, high=high, level=0.95, method=Method(method), n=10, count=5)


def test_undefined_has_a_reason_and_no_number() -> None:
    estimate = Estimate.undefined(reason=Reason("no_reference_cases", of="glioma"), n=0)
    assert not estimate.defined
    assert estimate.width is None
    assert (estimate.value, estimate.low, estimate.high, estimate.level, estimate.count) == (None,) * 5
    assert (estimate.method, estimate.n) == (Method("not_estimable"), 0)
    assert estimate.reason == Reason("no_reference_cases", of="glioma")


def test_a_value_may_stand_without_interval_with_its_reason() -> None:
    estimate = Estimate(value=1.0, method=Method("given"), n=10, reason=Reason("no_error_observed"))
    assert estimate.defined
    assert estimate.width is None


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"value": 0.9, "low": 0.1, "high": 0.8, "level": 0.95}, "must lie in its interval"),
        ({"value": 0.0, "low": 0.1, "high": 0.8, "level": 0.95}, "must lie in its interval"),
        (
            {"value": None, "low": 0.1, "high": 0.8, "level": 0.95, "reason": Reason("no_cases")},
            "must lie in its interval",
        ),
        ({"value": 0.5, "low": 0.1, "level": 0.95}, "come together"),
        ({"value": math.nan, "reason": Reason("no_cases")}, "finite"),
        ({"value": 0.5, "low": 0.1, "high": math.inf, "level": 0.95}, "finite"),
        ({"value": 0.5}, "needs a reason"),
        ({"value": None}, "needs a reason"),
        ({"value": 0.5, "low": 0.1, "high": 0.8}, "level None"),
        ({"value": 0.5, "low": 0.1, "high": 0.8, "level": 95}, "level 95"),
    ],
)
def test_parts_that_contradict_each_other_are_refused(parts: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Estimate(method=Method("wilson"), **parts)


def test_rounding_in_the_last_digit_is_no_contradiction() -> None:
    assert Estimate(value=1.0, low=0.9, high=1 - 1e-15, level=0.95, method=Method("wilson")).defined


def test_widest_keeps_the_wider_interval_with_its_method() -> None:
    narrow, wide = interval(0.4, 0.6), interval(0.3, 0.7, method="wilson_near_one")
    assert widest(narrow, wide).method == Method("wilson_near_one")
    assert widest(wide, narrow).method == Method("wilson_near_one")


def test_widest_takes_the_first_of_equals() -> None:
    assert widest(interval(0.4, 0.6, method="wilson"), interval(0.4, 0.6, method="jeffreys")).method == Method("wilson")


def test_enclosing_takes_the_farther_bound_of_each_side_and_names_both_methods() -> None:
    low, high = interval(0.2, 0.6, method="wilson"), interval(0.4, 0.7, method="jeffreys")
    found = enclosing(low, high)
    assert (found.low, found.high) == (0.2, 0.7)
    assert found.method == Method("lower_and_upper", lower=Method("wilson"), upper=Method("jeffreys"))
    around = interval(0.1, 0.9)
    assert enclosing(low, around) is around
    again = enclosing(interval(0.1, 0.5, method="jeffreys"), found)  # of the two methods the one that made the bound
    assert again.method == Method("lower_and_upper", lower=Method("jeffreys"), upper=Method("jeffreys"))
    unknown = Estimate(value=0.5, method=Method("given"), reason=Reason("not_known"))
    assert enclosing(low, unknown) is unknown


def test_an_unknown_uncertainty_is_wider_than_any_interval() -> None:
    unknown = Estimate(value=0.5, method=Method("given"), reason=Reason("not_known"))
    assert widest(interval(0.0, 1.0), unknown) is unknown


def test_widest_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="at least one"):
        widest()


def test_the_headline_of_a_measure_is_the_wider_reading() -> None:
    narrow, wide = interval(0.4, 0.6), interval(0.3, 0.7)
    assert Measure(plain=narrow).headline is narrow
    assert Measure(plain=narrow, clustered=wide).headline is wide
    assert Measure(plain=wide, clustered=narrow).headline is wide


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_a_level_lies_between_0_and_1(level: float) -> None:
    with pytest.raises(InputError, match=f"level {level} must be above 0 and below 1"):
        Estimate(value=0.5, low=0.1, high=0.8, level=level, method=Method("wilson"), n=10)


def test_an_interval_reaches_below_and_above_its_value() -> None:
    uneven = Estimate(value=0.5, low=0.25, high=0.875, level=0.95, method=Method("wilson"), n=10)
    assert reach(uneven) == (0.25, 0.375)
    assert reach(Estimate(value=0.5, method=Method("wilson"), n=10, reason=Reason("no_error_observed"))) == (0.0, 0.0)
    assert reach(Estimate.undefined(reason=Reason("no_cases"), n=0)) == (0.0, 0.0)
