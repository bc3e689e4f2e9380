"""Figures and tables with their download: each file says which study it is of, and whether that is synthetic."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import plotly.graph_objects as go
import streamlit as st

from neuroval.analysis.study.results import Results
from neuroval.dashboard.access import sign_in
from neuroval.dashboard.access.streamlit_private import fetching_script
from neuroval.dashboard.components import tables
from neuroval.dashboard.documents.spreadsheet import row_as_text
from neuroval.dashboard.documents.study_document import document_of
from neuroval.dashboard.documents.table import as_csv as as_csv_of
from neuroval.dashboard.figures.look import CONFIG, revised
from neuroval.dashboard.permissions import note
from neuroval.dashboard.words import general as text
from neuroval.data.study.folder import Study

T = TypeVar("T")


def file_name(study: Study, what: str) -> str:
    """Return the name of a downloaded file, without its ending."""
    synthetic = "-synthetic" if study.manifest.about.synthetic else ""
    return f"{study.path.name}-{what}{synthetic}-{study.fingerprint[:8]}"


def chart(study: Study, figure: go.Figure, *, name: str, alt: str, **options: Any) -> None:
    """Draw a figure, which its own menu downloads as PNG: on paper, whatever the theme of the page."""
    image = {"format": "png", "scale": 2, "filename": file_name(study, name.replace("_", "-"))}
    config = {**CONFIG, "toImageButtonOptions": image}
    st.plotly_chart(revised(figure), config=config, alt=alt, theme=None, key=options.pop("key", name), **options)


def fetch_scripts() -> None:
    """Let the browser load what draws figures, wide tables and what can be set, while this page is read."""
    st.html(f"<script>{fetching_script()}</script>", unsafe_allow_javascript=True)


def as_csv(study: Study, rows: Sequence[Mapping[str, str]]) -> bytes:
    """Return the rows and what they are of as CSV, with a byte-order mark, which spreadsheets need for the dashes.

    No cell is run by a spreadsheet.
    """
    about = study.manifest.about
    source = {
        "Study": about.title,
        "Synthetic": "yes" if about.synthetic else "no",
        "Fingerprint": study.fingerprint,
    }
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=list(row_as_text({**(rows[0] if rows else {}), **source})))
    writer.writeheader()
    writer.writerows(row_as_text({**row, **source}) for row in rows)
    return buffer.getvalue().encode("utf-8-sig")


def csv_button(
    study: Study,
    rows: Sequence[Mapping[str, str]] | Callable[[], Sequence[Mapping[str, str]]],
    *,
    what: str,
    label: str = "CSV",
) -> None:
    """Offer a table as a CSV file, at the right; rows given as a function are made when they are asked for."""

    def made() -> bytes:
        return as_csv(study, rows() if callable(rows) else rows)

    content = noted(study, what, made) if callable(rows) or sign_in.required() else made()
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.download_button(
            label,
            content,
            f"{file_name(study, what)}.csv",
            "text/csv",
            key=f"csv-{what}",
            on_click="ignore",
            icon=":material/download:",
            type="tertiary",
            help=text.CSV_HELP,
        )


def noted(study: Study, what: str, content: Callable[[], T]) -> Callable[[], T]:
    """Return what makes the content of a file when it is taken, and writes down before who takes it."""
    who = sign_in.signed_in()

    def made() -> T:
        note("export", who=who, what=what, study=study.path.name)
        return content()

    return made


def table(study: Study, rows: Sequence[Mapping[str, str]], *, what: str, alt: str) -> None:
    """Draw rows of plain text as a table, with its download below."""
    with st.container(gap=None):
        tables.table(rows, alt=alt)
        csv_button(study, rows, what=what)


def number_buttons(study: Study, results: Results) -> None:
    """Offer every number as the JSON and the table of ``neuroval analyze``, made when they are asked for."""

    def document() -> str:
        return json.dumps(document_of(results, everything=True), indent=1, allow_nan=False, ensure_ascii=False)

    name, icon = file_name(study, "numbers"), ":material/download:"
    with st.container(horizontal=True):
        label = "Download all numbers as JSON"
        content = noted(study, "all numbers", document)
        st.download_button(label, content, f"{name}.json", "application/json", on_click="ignore", icon=icon)
        label = "The same as a table (CSV)"
        st.download_button(
            label,
            noted(study, "all numbers", lambda: as_csv_of(results)),
            f"{name}.csv",
            "text/csv",
            on_click="ignore",
            icon=icon,
            help=text.CSV_HELP,
        )
