"""Can this model be trusted? Verdict, findings, headline numbers, the worst errors; what they rest on is folded."""

import streamlit as st

from neuroval.dashboard.components import behind, exports, frame, tiles
from neuroval.dashboard.session import page_figures as charts
from neuroval.dashboard.words import errors as text_errors
from neuroval.dashboard.words import overview as text_overview
from neuroval.dashboard.words.formats import counts, escaped, interval, number
from neuroval.dashboard.words.glossary import help_on

study, evidence = frame.opened("overview")
criteria, findings = evidence.results.criteria, evidence.results.findings

_, colour = text_overview.verdict_title(criteria, findings)
with st.container(border=True, gap="xsmall"):
    with st.container(gap=None):  # what fetches takes no room
        st.markdown(text_overview.named(study.manifest))
        exports.fetch_scripts()
    st.markdown(f"## :{colour}[{escaped(text_overview.verdict_sentence(criteria, findings, study.classes))}]")
    if (figure := charts.limits(evidence)) is not None:
        exports.chart(study, figure, name="criteria", alt="Each criterion with its interval and its limit")
    if criteria and (told := text_overview.set_late(study.manifest.criteria_set)):
        st.markdown(f":orange[{escaped(told)}]")
    if limit := text_overview.verdict_limit(findings):
        st.markdown(f":red[{escaped(limit)}]")
    with st.expander("Why"):
        frame.answer(text_overview.answer(evidence))
        readings, late = len(study.manifest.test_reads), study.manifest.criteria_set
        frame.answer(text_overview.verdict_basis(criteria, readings=readings, late=late))
        for criterion in text_overview.hardest_first(criteria):
            outcome, details = text_overview.criterion_lines(criterion, study.classes)
            with st.container(gap=None):
                st.markdown(escaped(outcome))
                st.caption(escaped(details))

st.header("Findings", anchor=False)
for finding in findings:
    behind.finding(study, finding)
if not findings:
    st.markdown("None.")

st.header("With and without what training has seen", anchor=False)
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

if evidence.worst:
    st.header("The five most confident errors" if len(evidence.worst) == 5 else "The errors", anchor=False)
    tiles.tiles(study, evidence.worst, columns=5, pictures=tiles.images_note(study, evidence))
else:
    frame.answer(text_errors.answer(evidence.results.errors))
exports.number_buttons(study, evidence.results)
frame.how("overview")
