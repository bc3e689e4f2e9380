import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroval.data.storage.arrow_text import increasing, is_one_of, order, positions

WORDS = st.lists(st.one_of(st.none(), st.text("abé", max_size=2)), max_size=30)


@given(WORDS, WORDS)
def test_positions_are_the_first_of_equals(values: list[str | None], among: list[str | None]) -> None:
    expected = [among.index(value) if value is not None and value in among else -1 for value in values]
    found = positions(pd.Series(values, dtype="str"), among=pd.Series(among, dtype="str"))
    assert found.tolist() == expected


def test_few_are_looked_up_among_many_and_many_among_few() -> None:
    many = pd.Series([f"c{number % 7}" for number in range(100)], dtype="object")
    assert positions(pd.Series(["c3", "x", None, "c0"]), among=many).tolist() == [3, -1, -1, 0]
    assert positions(many, among=["c2", "c0"]).tolist() == [{2: 0, 0: 1}.get(number % 7, -1) for number in range(100)]
    assert positions(pd.Series([], dtype="str"), among=many).tolist() == []


def test_a_missing_value_is_none_of_those_that_are_known() -> None:
    assert is_one_of(pd.Series(["a", None, "b"]), ["a", "c"]).tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], True), (["a"], True), (["a", "b"], True), (["a", "a"], False), (["b", "a"], False), (["a", None], False)],
)
def test_increasing_means_that_each_is_larger(values: list[str | None], expected: bool) -> None:
    assert increasing(pd.Series(values, dtype="str")) is expected


def test_the_order_is_that_of_the_characters() -> None:
    values = pd.Series(["b", "é", "Z", "a"])
    assert values.iloc[order(values)].tolist() == sorted(values)
    assert isinstance(order(values), np.ndarray)
