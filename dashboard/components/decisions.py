"""What the errors cost together, and the decision curve."""

import streamlit as st

from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.components import exports
from neuroval.dashboard.figures.decision_curve import decision_figure
from neuroval.dashboard.session import state
from neuroval.dashboard.words import decisions as text
from neuroval.dashboard.words.basis import of_scans
from neuroval.dashboard.words.formats import escaped
from neuroval.data.study.folder import Study


def harm(study: Study, evidence: Evidence) -> None:
    """Say the mean harm per scan."""
    st.markdown(escaped(text.harm(evidence.results.decisions.harm, study.manifest.harm, study.classes)), width=860)


def decision_curve(study: Study, evidence: Evidence) -> None:
    """Draw net benefit over thresholds when asked for."""
    st.header("Is acting on it better than not?", anchor=False)
    curve = None if study.classes.negative is None else evidence.results.decisions.net_benefit
    if curve is None:
        st.caption(text.NO_CURVE)
        return
    on = state.shown(state.DECISION)
    st.toggle("Decision curve: any tumour", key=state.DECISION, on_change=state.shown_chosen, args=(state.DECISION,))
    if on:
        st.markdown(escaped(text.decision(curve)), width=860)
        alt = "Net benefit of the model, of calling every scan and of calling none, over thresholds"
        exports.chart(study, decision_figure(curve), name="decision_curve", alt=alt)
        st.caption(f"{of_scans(curve.n, evidence.basis)} {text.units(curve, evidence.results.level)}")
