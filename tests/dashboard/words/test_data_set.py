"""Words about copies: every kind has one, and what was not looked for is said."""

import pandas as pd

from neuroval.dashboard.words import data_set as text
from neuroval.dashboard.words import how_computed
from neuroval.dashboard.words.general import KINDS
from neuroval.data.images.copy_comparison import SAME, SAME_HEAD
from neuroval.data.schema import PAIR_KINDS


def pairs_of(*kinds: str) -> pd.DataFrame:
    return pd.DataFrame({"kind": list(kinds)}, dtype="string")


def test_every_kind_of_copy_has_a_name() -> None:
    assert tuple(KINDS) == PAIR_KINDS


def test_the_method_names_the_thresholds_of_the_search() -> None:
    assert f"correlates at {SAME} or more" in how_computed.DATA_SET
    assert f"({SAME_HEAD} between scans of one known patient" in how_computed.DATA_SET


def test_it_is_said_what_was_looked_for_and_what_not() -> None:
    cases = pd.DataFrame({"phash": ["0" * 16]})
    for kinds, note in ((("exact", "turned"), False), (("filtered",), False), (("mirrored",), True), ((), True)):
        words = text.copies_sought(cases, pairs_of(*kinds))
        assert text.COPIES_SOUGHT in words
        assert text.COPIES_NOT_SOUGHT in words
        assert (text.NO_TURNED_OR_FILTERED in words) == note


def test_without_images_nothing_was_looked_for() -> None:
    assert text.copies_sought(pd.DataFrame({"phash": [None]}), pairs_of()) == text.COPIES_UNSOUGHT


def test_pairs_are_counted_by_kind() -> None:
    assert text.copies_counted(pairs_of("filtered", "exact", "exact")) == (
        "3 pairs of copies: exact copy 2, filtered copy 1."
    )
    assert text.copies_counted(pairs_of()) == "0 pairs of copies."
