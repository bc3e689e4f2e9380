"""Blocks of the page on subgroups: which columns, the forest plot, and the scans of one subgroup."""

import streamlit as st

from neuroval.analysis.core.metrics import split_key
from neuroval.analysis.performance.subgroups import Subgroups, name_of
from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.cases.selection import SUBGROUP
from neuroval.dashboard.components import behind, exports, tiles
from neuroval.dashboard.session import page_figures as charts
from neuroval.dashboard.session import state
from neuroval.dashboard.words import subgroups as text
from neuroval.data.study.folder import Study

FIRST = 4  # scans shown; the gallery holds all


def chosen(evidence: Evidence) -> tuple[Subgroups, str]:
    """Draw the choice of one column, of one to cross it with and of a number; return the table and the number."""
    names, classes = list(evidence.results.subgroups.columns), evidence.study.classes
    by = state.named(state.BY, names, default=names[0])
    state.follow(state.BY, names, default=names[0])
    with st.container(horizontal=True, gap="medium"):
        st.pills(
            text.CHOOSE,
            names,
            format_func=text.column,
            key=state.BY,
            required=True,
            on_change=state.setting_chosen,
            args=(state.BY, names[0]),
        )
        others = [name for name in names if name != by]
        cross = state.named(state.CROSS, others, default=state.ALL)
        if others:
            state.follow(state.CROSS, others, default=state.ALL)
            st.selectbox(
                text.CROSS,
                [state.ALL, *others],
                format_func=lambda name: text.ALONE if name == state.ALL else text.column(name),
                key=state.CROSS,
                width=165,
                on_change=state.class_chosen,
                args=(state.CROSS,),
            )
        keys = list(evidence.results.subgroups.outcomes.among)
        key = state.named(state.NUMBER, keys, default=keys[0])
        state.follow(state.NUMBER, keys, default=keys[0])
        st.selectbox(
            text.NUMBER,
            keys,
            format_func=lambda name: text.label(name, classes),
            key=state.NUMBER,
            width=260,
            on_change=state.setting_chosen,
            args=(state.NUMBER, keys[0]),
        )
    return evidence.results.subgroups.by((by,) if cross == state.ALL else (by, cross)), key


def forest(study: Study, table: Subgroups, key: str) -> None:
    """Draw the forest plot of a number; a click on a row chooses the subgroup whose scans are shown."""
    exports.chart(
        study,
        charts.subgroups(study, table, key),
        name="subgroups",
        key=state.FOREST,
        on_select=state.take_clicked_subgroup,
        selection_mode="points",
        alt=text.ALT,
    )


def scans(study: Study, evidence: Evidence, table: Subgroups, key: str) -> None:
    """Draw the choice of a subgroup and its first scans, errors first, and the way to all of them."""
    levels = {name_of(table.by, level.values): level for level in table.levels}
    worst = min(levels, key=lambda name: text.surely_below(levels[name], key))
    chosen = state.named(state.LEVEL, levels, default=worst)
    state.follow(state.LEVEL, levels, default=worst)
    st.selectbox(
        text.OPEN,
        list(levels),
        format_func=lambda name: text.row(levels[name].values),
        key=state.LEVEL,
        width=300,
        on_change=state.class_chosen,
        args=(state.LEVEL,),
    )
    filters = {SUBGROUP: chosen, **_among(study, key)}
    rows = evidence.selection.rows(filters, everything=True)
    st.caption(text.scans_and_errors(len(rows), evidence.selection.wrong(rows)))
    first = [evidence.cases[case_id] for case_id in evidence.selection.ids(rows[:FIRST])]
    tiles.tiles(study, first, columns=FIRST, pictures=tiles.images_note(study, evidence))
    behind.in_gallery(study, len(rows), **filters)


def _among(study: Study, key: str) -> dict[str, str]:
    """Return the filter of a gallery that holds the scans which a number is of; none where it is of several classes."""
    subject, name = split_key(key)
    if subject in study.classes.names:
        return {"reference": subject}
    negative = study.classes.negative
    return {"reference": negative} if name == "specificity" and negative is not None else {}
