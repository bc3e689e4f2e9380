"""Can this model be trusted? Verdict, headline numbers, findings, the worst errors."""

import streamlit as st

from dashboard import state, text
from dashboard.components import cases, frame
from dashboard.figures.formats import counts, interval, number

study, evidence = frame.opened("overview")
frame.answer(text.overview(evidence))

word, colour = text.verdict_title(evidence.criteria)
with st.container(border=True, gap="xsmall"):
    st.markdown(f"### :{colour}[{word}]")
    readings = len(study.manifest.test_reads)
    st.markdown(text.verdict_reason(evidence.criteria, evidence.findings, readings=readings))
    if evidence.criteria:
        rows = [text.criterion_row(criterion, study.classes) for criterion in evidence.criteria]
        st.table(rows, border="horizontal", hide_index=True, alt="Acceptance criteria and what was found")

named = text.SPLIT_NAMES[evidence.split]
numbers = (
    (f"Accuracy, {named}", evidence.performance, f"All {evidence.split} scans, as the data set is split."),
    ("Accuracy, new to the model", evidence.unseen, text.new_cases(evidence, study.classes)),
)
for column, (label, judged, note) in zip(st.columns(2), numbers, strict=True):
    estimate = judged.overall.accuracy.headline
    with column.container(border=True, height="stretch", gap="xsmall"):
        st.metric(label, "Not estimable" if estimate.value is None else number(estimate.value))
        if estimate.defined:
            st.markdown(f"{interval(estimate)} · {counts(estimate)}")
        st.caption(note if estimate.defined else f"{estimate.reason}. {note}")
st.markdown(text.gap(evidence, study.classes), width=860)

st.subheader("Findings", anchor=False)
for found in evidence.findings:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(text.finding(found), width="stretch")
        if found.page in frame.PAGE_FILES:
            st.page_link(
                frame.PAGE_FILES[found.page],
                label=f":blue[See {frame.LABELS[found.page].lower()}]",
                icon="",
                query_params=state.link(study.path.name),
            )
if not evidence.findings:
    st.markdown("None.")

worst = evidence.wrong[:5]
if worst:
    st.subheader("The five most confident errors" if len(worst) == 5 else "The errors", anchor=False)
    cases.tiles(study, worst, columns=5, pictures=cases.images_note(study))
else:
    st.markdown(text.errors(evidence.errors))
frame.how("overview")
