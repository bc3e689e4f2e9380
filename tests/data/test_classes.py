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


def test_an_order_is_read_as_it_was_written() -> None:
    order = ClassOrder(names=("b", "a"), negative="a", display={"b": "B"}, colour={"a": "#111111"})
    assert ClassOrder.from_table(order.as_table(), where="x") == order
    plain = ClassOrder(names=("b", "a"))
    assert "negative_class" not in plain.as_table()
    assert ClassOrder.from_table(plain.as_table(), where="x") == plain


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (None, "card.toml: table [classes] is missing."),
        ({"order": "ab"}, "card.toml: [classes] order is 'ab', expected a list of names."),
        ({"order": ["a", 1]}, "card.toml: [classes] order is ['a', 1], expected a list of names."),
        (
            {"order": ["a", "b"], "negative_class": ["a"]},
            "card.toml: [classes] negative_class is ['a'], expected a name.",
        ),
        (
            {"order": ["a", "b"], "negative_class": "c"},
            "card.toml: classes: negative_class 'c' is not a class; expected",
        ),
        ({"order": ["a", "b"], "display": 3}, "card.toml: [classes] display is 3, expected a text for each class."),
        (
            {"order": ["a", "b"], "colour": {"a": 3}},
            "card.toml: [classes] colour is {'a': 3}, expected a text for each",
        ),
    ],
)
def test_a_wrong_order_is_named_with_its_file(table: object, said: str) -> None:
    with pytest.raises(InputError) as caught:
        ClassOrder.from_table(table, where="card.toml")
    assert str(caught.value).startswith(said)
