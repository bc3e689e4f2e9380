"""Can this model be trusted? Verdict, headline numbers, findings, the worst errors."""

import streamlit as st

from neuroval.dashboard.components import behind, exports, frame, tiles
from neuroval.dashboard.session import page_figures as charts
from neuroval.dashboard.words import errors as text_errors
from neuroval.dashboard.words import overview as text_overview
from neuroval.dashboard.words.formats import counts, escaped, interval, number
from neuroval.dashboard.words.glossary import help_on

study, evidence = frame.opened("overview")
with st.container(gap=None):  # what fetches takes no room
    frame.answer(text_overview.answer(evidence))
    exports.fetch_scripts()

word, colour = text_overview.verdict_title(evidence.results.criteria, evidence.results.findings)
with st.container(border=True, gap="xsmall"):
    st.markdown(f"## :{colour}[{word}]")
    readings = len(study.manifest.test_reads)
    st.markdown(text_overview.verdict_reason(evidence.results.criteria, evidence.results.findings, readings=readings))
    for criterion in text_overview.hardest_first(evidence.results.criteria):
        outcome, details = text_overview.criterion_lines(criterion, study.classes)
        with st.container(gap=None):
            st.markdown(escaped(outcome))
            st.caption(escaped(details))

for column, headline in zip(st.columns(2), text_overview.headlines(evidence.published, study.manifest), strict=True):
    estimate = headline.estimate
    with column.container(border=True, height="stretch", gap="xsmall"):
        shown = "Not estimable" if estimate.value is None else number(estimate.value)
        st.metric(headline.label, shown, help=help_on(headline.label.partition(",")[0]))
        if estimate.low is None:
            st.markdown(escaped(text_overview.sentence(estimate.reason)))
        else:
            st.markdown(f"{interval(estimate)} · {counts(estimate)}")
        st.caption(escaped(headline.note))
frame.answer(text_overview.gap(evidence.published, study.manifest))
alt = "The numbers with and without what training has seen"
if (figure := charts.headlines(evidence.published)) is not None:
    exports.chart(
        study, figure, name="headlines", alt="The same numbers as points with intervals, each pair on one axis"
    )
    st.caption(text_overview.drawn(evidence.published))
exports.table(study, text_overview.comparison(evidence.published, study.manifest), what="overview", alt=alt)
st.caption(escaped(text_overview.compared_on(evidence.published, study.manifest)))

st.header("Findings", anchor=False)
for finding in evidence.results.findings:
    behind.finding(study, finding)
if not evidence.results.findings:
    st.markdown("None.")

if evidence.worst:
    st.header("The five most confident errors" if len(evidence.worst) == 5 else "The errors", anchor=False)
    tiles.tiles(study, evidence.worst, columns=5, pictures=tiles.images_note(study, evidence))
else:
    frame.answer(text_errors.answer(evidence.results.errors))
exports.number_buttons(study, evidence.results)
frame.how("overview")
