"""Cases are looked up one at a time, in whatever order their table is."""

import numpy as np
import pandas as pd
import pytest

from neuroval.dashboard.cases.evaluated_case import ByCase, together


@pytest.mark.parametrize("ids", [["a", "b", "c", "d"], ["c", "a", "d", "b"]])
def test_each_case_is_found_by_its_id(ids: list[str]) -> None:
    found = ByCase(pd.Series(ids), lambda row: ids[row].upper())
    assert {case_id: found[case_id] for case_id in ids} == {case_id: case_id.upper() for case_id in ids}
    assert list(found) == sorted(ids)
    assert len(found) == 4
    assert "b" in found
    assert "bb" not in found
    assert found.get("") is None
    with pytest.raises(KeyError):
        found["e"]


def test_only_what_is_asked_for_is_made() -> None:
    made: list[int] = []
    found = ByCase(pd.Series(["a", "b", "c"]), made.append)
    found["b"]
    assert made == [1]


def test_cases_of_one_owner_are_together_and_those_of_no_known_owner_alone() -> None:
    found = together(pd.Series(["a", "b", "c", "d"]), np.array([3, -1, 3, -1]))
    assert [found[case_id] for case_id in "abcd"] == [("a", "c"), (), ("a", "c"), ()]
