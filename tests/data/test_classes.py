import pytest

from neuroval.data.classes import ClassOrder
from neuroval.data.exceptions import InputError


@pytest.mark.parametrize("display", [{"a": "Same", "b": "Same"}, {"a": "b"}])
def test_two_classes_are_not_shown_alike(display: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"classes: 'a' and 'b' are both shown as '(Same|b)'; expected two names"):
        ClassOrder(names=("a", "b"), display=display)


def test_names_that_differ_in_case_are_two() -> None:
    assert dict(ClassOrder(names=("a", "A")).display) == {"a": "a", "A": "A"}


def test_names_from_right_to_left_do_not_turn_what_stands_beside_them() -> None:
    order = ClassOrder(names=("ورم", "tumour"), negative="ورم")
    assert order.display == {"ورم": "\N{FIRST STRONG ISOLATE}ورم\N{POP DIRECTIONAL ISOLATE}", "tumour": "tumour"}
    assert order.written == {"ورم": "ورم", "tumour": "tumour"}
    again = ClassOrder(names=order.names, negative=order.negative, display=order.display)
    assert again.display == order.display
