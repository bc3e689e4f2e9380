"""The only session and address state: the study, the case and the filters, so that a link opens what one sees."""

from collections.abc import Collection

import streamlit as st

STUDY, CASE = "study", "case"
REFERENCE, PREDICTED, HIGH, PAGE = "reference", "predicted", "high", "page"
ROW, COLUMN, MATRIX = "row", "column", "matrix"


def study_name() -> str | None:
    """Return the study chosen in the sidebar."""
    value = st.session_state.get(STUDY)
    return value if isinstance(value, str) else None


def follow_address(known: Collection[str]) -> None:
    """Let the address choose the study. Not bound to the selector: that would put the title there, not the name."""
    named = st.query_params.get(STUDY)
    if named in known:
        st.session_state[STUDY] = named


def study_chosen() -> None:
    """Carry the selector's study into the address; a case of the former study is left."""
    st.query_params[STUDY] = st.session_state[STUDY]
    close_case()


def case_id() -> str | None:
    """Return the case that the address names."""
    value = st.query_params.get(CASE)
    return value or None


def open_case(name: str) -> None:
    """Show one case; for buttons."""
    st.query_params[CASE] = name


def close_case() -> None:
    """Go back to the gallery; for buttons and when the study changes."""
    st.query_params.pop(CASE, None)


def link(study: str, case: str | None = None) -> dict[str, str]:
    """Return the query of a link that keeps the study and, if given, opens a case."""
    return {STUDY: study} if case is None else {STUDY: study, CASE: case}


def first_page() -> None:
    """Start the gallery anew when a filter changes."""
    st.session_state[PAGE] = 1


def default(key: str, value: str) -> None:
    """Set where a selector stands before anybody has used it; the address wins."""
    if key not in st.session_state and key not in st.query_params:
        st.session_state[key] = value


def take_clicked_cell() -> None:
    """Carry a click on the matrix over to the two selectors."""
    chosen = st.session_state[MATRIX]["selection"]["points"]
    data = next((point["customdata"] for point in chosen if point.get("customdata")), None)
    if data:
        st.session_state[ROW], st.session_state[COLUMN] = data[0], data[1]
