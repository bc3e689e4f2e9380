"""Referral as a decision: which confidence is too low, and what a day in the department then looks like."""

from typing import Final

import streamlit as st

from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.session import state
from neuroval.dashboard.words import confidence as text
from neuroval.dashboard.words.basis import of_scans
from neuroval.dashboard.words.formats import escaped

STEPS: Final = (0.0, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995, 0.999)
USUAL_DAY, LONGEST_DAY = 50, 10_000  # scans a day


def decide(evidence: Evidence) -> None:
    """Draw the rule of referral, the day that it is for, and what it does."""
    st.header(text.REFERRAL_TITLE, anchor=False)
    usual = evidence.results.study.manifest.thresholds.review
    left, right = st.columns([3, 1], gap="large", vertical_alignment="bottom")
    with left:
        threshold = _threshold(usual)
    with right:
        scans = _day()
    st.markdown(escaped(text.referral_a_day(evidence.results.referral_below(threshold), scans=scans)), width=860)
    st.caption(of_scans(evidence.results.performance.matrix.n, evidence.basis))


def _threshold(usual: float) -> float:
    given = state.number_in(state.REFER, low=STEPS[0], high=STEPS[-1])
    value = usual if given is None else given
    state.follow_number(state.REFER, value)
    return float(
        st.select_slider(
            text.REFER_BELOW,
            sorted({*STEPS, usual, value}),
            format_func=lambda step: f"{step:g}",
            key=state.REFER,
            on_change=state.setting_chosen,
            args=(state.REFER, usual),
        )
    )


def _day() -> int:
    given = state.number_in(state.DAY, low=1, high=LONGEST_DAY)
    state.follow_number(state.DAY, USUAL_DAY if given is None else round(given))
    return int(
        st.number_input(
            text.A_DAY,
            1,
            LONGEST_DAY,
            step=10,
            key=state.DAY,
            on_change=state.setting_chosen,
            args=(state.DAY, USUAL_DAY),
        )
    )
