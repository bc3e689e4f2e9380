"""How often the test split was read: each reading for another network lets the test split choose."""

from collections.abc import Sequence

from neuroval.analysis.core.finding import Finding


def read_for_several(read_for: Sequence[str]) -> Finding | None:
    """Return that the test split was read for several networks, none otherwise; ``read_for`` names that of each."""
    count = len(set(read_for))
    if count < 2:
        return None
    return Finding(
        code="test_selected", severity="warning", check="test_readings", page="training", count=count, n=None
    )
