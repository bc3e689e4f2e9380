"""The map of cases, and the scans and numbers of a part of it that the reader draws."""

from functools import partial
from typing import Final

import numpy as np
import streamlit as st

from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.cases.mapped_cases import MappedCases
from neuroval.dashboard.components import exports, tiles
from neuroval.dashboard.components.tables import table
from neuroval.dashboard.figures.case_map import case_map_figure, drawn_of
from neuroval.dashboard.session import state
from neuroval.dashboard.words import case_map as text
from neuroval.dashboard.words.formats import escaped
from neuroval.data.study.folder import Study

FIRST: Final = 12  # scans of a region that are drawn
COLUMNS: Final = 4
SEED: Final = 1


def chosen_column(case_map: MappedCases) -> str:
    """Draw by what the map is coloured, and return it."""
    columns = case_map.columns
    chosen = state.named(state.COLOUR, columns, default=columns[0])
    state.follow(state.COLOUR, columns, default=columns[0])
    st.selectbox(
        text.COLOURED_BY,
        columns,
        format_func=text.column,
        key=state.COLOUR,
        width=260,
        on_change=state.class_chosen,
        args=(state.COLOUR,),
    )
    return chosen


def draw(study: Study, case_map: MappedCases, key: str) -> None:
    """Draw the map; what a reader draws around points is carried into the address."""
    levels, codes = case_map.levels(key)
    errors = np.flatnonzero(case_map.selection.is_wrong(case_map.rows))
    drawn = drawn_of(len(case_map.rows), errors, rng=np.random.default_rng(SEED))
    names = [text.value(key, name, study.classes) for name in levels]
    colours = [study.classes.colour[name] for name in levels] if key in ("reference", "predicted") else None
    figure = case_map_figure(case_map.places, codes, levels=names, colours=colours, drawn=drawn, region=state.region())
    exports.chart(
        study,
        figure,
        name="map",
        key=state.MAP,
        on_select=state.take_drawn_region,
        selection_mode="lasso",
        alt=text.ALT,
    )
    st.caption(f"{text.drawn(len(drawn), len(case_map.rows))} {text.DRAW} {text.BY_SERVED}")


def region(study: Study, evidence: Evidence, case_map: MappedCases, key: str) -> None:
    """Draw the numbers of the column, in the region and on the whole map, and the first scans of the region."""
    corners = state.region()
    rows = case_map.within(corners) if len(corners) else case_map.rows[:0]
    everywhere = case_map.counts(case_map.rows, key)
    shown = text.rows(key, everywhere, case_map.counts(rows, key), study.classes)
    if not len(corners):
        table([{name: cell for name, cell in row.items() if name != "In the region"} for row in shown], alt=text.ALT)
        return
    st.header(text.REGION, anchor=False)
    st.button(text.WHOLE, icon=":material/close:", key="whole-map", on_click=state.forget_region)
    if not len(rows):
        st.caption(text.EMPTY)
        return
    st.markdown(escaped(text.in_region(case_map.errors(rows))), width=860)
    table(shown, alt=text.REGION)
    first = [evidence.cases[case_id] for case_id in evidence.selection.ids(rows[:FIRST])]
    tiles.tiles(study, first, columns=COLUMNS, pictures=tiles.images_note(study, evidence))
    exports.csv_button(study, partial(evidence.selection.records, rows), what="region")
