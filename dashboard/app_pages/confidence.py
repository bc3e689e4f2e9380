"""Does 90% mean 90%? Reliability, tiers, what referring the least certain does, scores, prediction sets."""

import streamlit as st

from neuroval.dashboard.components import behind, exports, frame, referral
from neuroval.dashboard.components.tables import table
from neuroval.dashboard.session import page_figures as charts
from neuroval.dashboard.session import state
from neuroval.dashboard.words import confidence as text
from neuroval.dashboard.words.basis import of_scans
from neuroval.dashboard.words.formats import escaped

study, evidence = frame.opened("confidence")
confidence = evidence.results.confidence
frame.answer(text.answer(confidence))
frame.seen(evidence)

left, right = st.columns(2, gap="large")
with left:
    exports.chart(
        study,
        charts.reliability(evidence),
        name="reliability",
        key=state.RELIABILITY,
        on_select=state.take_clicked_bin,
        selection_mode="points",
        alt="Accuracy against confidence in bins, with intervals",
    )
    st.caption(
        f"{of_scans(evidence.results.performance.matrix.n, evidence.basis)} {text.SCALE} {text.SMOOTH} {text.CLICK}"
    )
with right:
    st.markdown(escaped(text.referral(confidence.referral)))
    figure = charts.referral(evidence)
    exports.chart(study, figure, name="risk_coverage", alt="Errors and missed tumours against the share referred")
    st.caption(text.REFERRED)

referral.decide(evidence)
st.header("Confidence tiers", anchor=False)
tiers = text.tier_rows(confidence.tiers)
exports.table(study, tiers, what="tiers", alt="Tiers of confidence with share, accuracy and missed tumours")
st.header("The scans of a tier or a bin", anchor=False)
behind.confidence(study, evidence)
st.header("Scores", anchor=False)
table(text.first_scores(confidence), alt="Scores of calibration that are read first")
frame.folded(
    "All scores, with their methods",
    key="scores",
    draw=lambda: exports.table(study, text.score_rows(confidence), what="confidence", alt="Scores of calibration"),
)

st.header("Prediction sets", anchor=False)
if rows := text.set_rows(confidence, study.classes):
    frame.answer(text.held_too_seldom(confidence, study.classes))
    exports.table(study, rows, what="prediction-sets", alt="How often a prediction set holds the reference class")
st.caption(escaped(text.set_sizes(confidence)))
frame.how("confidence")
