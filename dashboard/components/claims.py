"""The table of claims, and one claim with the arithmetic behind its verdict."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from neuroval.analysis.claims.audit import AuditedClaim
from neuroval.analysis.claims.published_matrices import PublishedMatrix, matrices_of
from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.components import exports
from neuroval.dashboard.components.tables import table
from neuroval.dashboard.figures.matrix import matrix_figure
from neuroval.dashboard.session import state
from neuroval.dashboard.words import claims as text
from neuroval.dashboard.words.formats import counted, escaped
from neuroval.data.study.folder import Study

WIDTHS = {"Verdict": 130, "Claim, as printed": 480, "What we get": 270}  # pixels; on a phone the first two show
TEXT = 860  # pixels of a line that is easily read


def chosen(study: Study, audited: Sequence[AuditedClaim]) -> AuditedClaim:
    """Draw the table, the selector and the download, and return the chosen claim: in the address, else the worst."""
    known = {audited_claim.claim.id: audited_claim for audited_claim in audited}
    order = list(text.VERDICTS)
    worst = min(audited, key=lambda audited_claim: order.index(audited_claim.verdict)).claim.id
    ids = list(known)
    state.follow(state.CLAIM, ids, default=worst)
    state.follow_row(state.CLAIMS, ids.index(state.named(state.CLAIM, ids, default=worst)))
    st.dataframe(
        [text.claim_row(audited_claim) for audited_claim in audited],
        hide_index=True,
        column_config={name: st.column_config.TextColumn(width=width) for name, width in WIDTHS.items()},
        key=state.CLAIMS,
        on_select=partial(state.take_clicked_claim, ids),
        selection_mode=["single-row-required", "single-cell"],
        alt="Published claims with verdict and what this study gets",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Claim shown below",
            ids,
            format_func=lambda name: f"{text.VERDICTS[known[name].verdict][0]} {known[name].claim.text}",
            key=state.CLAIM,
            width=520,
            on_change=state.claim_chosen,
        )
        exports.csv_button(study, [text.claim_export(audited_claim) for audited_claim in audited], what="claims")
    return known[name]


def claim_view(study: Study, evidence: Evidence, audited: AuditedClaim) -> None:
    """Draw one claim: as printed, the verdict, what it is compared with, the arithmetic, matrices that it concerns."""
    st.markdown(f"## {escaped(audited.claim.text)}")
    st.markdown(text.badge(audited))
    if facts := text.claim_facts(audited):
        with st.container(width=TEXT):
            table(facts, alt="What the claim is compared with", hide_header=True)
    st.markdown("**What decides it**")
    _list(text.decisive(audited))
    for published in matrices_of(study, audited):
        _matrix(study, evidence.results.performance.matrix, published)
    if more := text.further(audited):
        st.markdown("**What else was checked**")
        _list(more)


def _list(lines: Sequence[str]) -> None:
    st.markdown("\n".join(f"- {escaped(line)}" for line in lines), width=TEXT)


def _matrix(study: Study, ours: ConfusionMatrix, published: PublishedMatrix) -> None:
    """Draw a published matrix, and the study's own beside it where both are of the same classes."""
    harm = study.manifest.harm if published.classes == study.classes else ()
    left, right = st.columns(2, gap="large")
    sides = [(left, "Published", published.id, published.matrix)]
    if published.matrix.classes == ours.classes:
        sides.append((right, "This study", "ours", ours))
    for column, title, name, matrix in sides:
        with column:
            st.markdown(f"**{title}**, n = {matrix.n:,}, {counted(matrix.errors, 'error')}")
            figure = matrix_figure(matrix, published.classes, harm=harm, selected=published.cell)
            alt = f"Confusion matrix, {title.lower()}: rows reference standard, columns predicted"
            exports.chart(study, figure, name=f"matrix-{published.id}-{name}", alt=alt)
