"""Tables."""

from collections.abc import Mapping, Sequence

import streamlit as st

from neuroval.analysis.performance.error_pairs import ConfusionPair
from neuroval.dashboard.words import confusion as text_confusion
from neuroval.dashboard.words import general as text
from neuroval.dashboard.words.formats import JOINER, escaped
from neuroval.data.study.manifest import Manifest

# The menu of a wide table offers a file of its own, whose cells a spreadsheet would run. Ours is below each table.
STYLE = '[data-testid="stBaseButton-elementToolbar"][aria-label^="Download as CSV"] {display: none}'
UNBROKEN = 3  # columns: more intervals beside each other fit a phone only where they may be broken


def table(rows: Sequence[Mapping[str, str]], *, alt: str, hide_header: bool = False) -> None:
    """Draw rows of plain text as a table."""
    cells = [{escaped(key): escaped(value) for key, value in row.items()} for row in rows]
    if cells and len(cells[0]) > UNBROKEN:
        cells = [{key: value.replace(JOINER, "") for key, value in row.items()} for row in cells]
    st.table(cells, border="horizontal", hide_header=hide_header, hide_index=True, alt=alt)


def cost_list(pairs: Sequence[ConfusionPair], manifest: Manifest) -> None:
    """List kinds of error with rate, harm, meaning and next step. Not a table: five columns do not fit a phone."""
    for pair in pairs:
        left, right = st.columns([2, 5], border=False)
        with left.container(gap=None):
            st.markdown(f"**{escaped(text.arrow(pair, manifest.classes))}**")
            st.caption(escaped(text_confusion.pair_cost(pair, manifest)))
        impact = manifest.impact(pair.reference, pair.predicted)
        if impact is not None:
            with right.container(gap=None):
                st.markdown(escaped(impact.text))
                st.caption(f"Next step: {escaped(impact.next_step)}")
