import pytest

from neuroval.data.classes import ClassOrder
from neuroval.data.exceptions import InputError


@pytest.mark.parametrize("display", [{"a": "Same", "b": "Same"}, {"a": "b"}])
def test_two_classes_are_not_shown_alike(display: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"classes: 'a' and 'b' are both shown as '(Same|b)'; expected two names"):
        ClassOrder(names=("a", "b"), display=display)


def test_names_that_differ_in_case_are_two() -> None:
    assert dict(ClassOrder(names=("a", "A")).display) == {"a": "a", "A": "A"}
