"""Text that Arrow reads as a whole gives the cells that reading row by row gives, or is left to that."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from neuroval.data.exceptions import InputError
from neuroval.data.storage.tables import _cells, _simple_cells

CELLS = st.text(st.sampled_from([*'ab01.,; \t"-', "\u00e9", "\u00a0", "\x1c"]), max_size=4)
ROWS = st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=5)


def as_lists(cells: tuple[list, object]) -> tuple[list[list[str]], list[int]]:
    columns, numbers = cells
    return [column.to_pylist() for column in columns], list(numbers)  # type: ignore[call-overload]


@given(rows=ROWS, end=st.sampled_from(["\n", "\r\n", "\r"]), last=st.booleans(), blank=st.booleans())
def test_both_ways_give_the_same_cells(rows: list[list[str]], end: str, last: bool, blank: bool) -> None:
    lines = ["x,y", *(",".join(row) for row in rows), *([",", ""] if blank else [])]
    text = end.join(lines) + (end if last else "")
    simple = _simple_cells(text, ",", 2)
    if simple is None:
        return
    try:
        careful = _cells(Path("p.csv"), text, ",", 2)
    except InputError:
        raise AssertionError(f"{text!r} is refused row by row") from None
    assert as_lists(simple) == as_lists(careful)


def test_plain_text_is_read_as_a_whole() -> None:
    simple = _simple_cells("x,y\n1, 2\n,\n3,\u00e9\n", ",", 2)
    assert simple is not None
    assert as_lists(simple) == ([["1", "3"], ["2", "\u00e9"]], [2, 4])
