"""What the page benchmark compares with: one Streamlit script that does the same work at every rerun, without caches.

Run by ``pages.py``; the study's folder and that of its images come from the environment.
"""

import os
from pathlib import Path

import streamlit as st

from neuroval.analysis.performance.per_class import ClassPerformance
from neuroval.dashboard.cases.evidence import evidence
from neuroval.dashboard.figures import scan
from neuroval.dashboard.figures.forest_plot import Row, forest, lowest
from neuroval.dashboard.figures.matrix import matrix_figure
from neuroval.dashboard.figures.reliability import reliability_figure
from neuroval.dashboard.figures.risk_coverage import risk_coverage_figure
from neuroval.dashboard.words import findings as text_findings
from neuroval.dashboard.words import general as text
from neuroval.dashboard.words import overview as text_overview
from neuroval.data.study.folder import read_study


def _row(one: ClassPerformance, rate: str) -> Row:
    return Row(label=one.name, colour=study.classes.colour[one.name], estimate=getattr(one, rate).headline)


study = read_study(Path(os.environ["PLAIN_STUDY"]))
source = evidence(study)
images = os.environ.get("PLAIN_IMAGES")
page = st.sidebar.radio("Page", ["overview", "per_class", "confusion", "confidence", "errors"])
st.title(page)
if page == "overview":
    st.write(text_overview.overview(source))
    st.dataframe([{"finding": text_findings.text(found)} for found in source.findings])
elif page == "per_class":
    judged = source.performance
    st.write(text.per_class(judged, study.classes))
    for rates in (("sensitivity", "specificity"), ("ppv", "npv")):
        sections = [(text.RATES[rate], [_row(one, rate) for one in judged.classes]) for rate in rates]
        found = [row.estimate for _, rows in sections for row in rows]
        st.plotly_chart(forest(sections, start=lowest(found)), key=rates[0])
elif page == "confusion":
    st.plotly_chart(matrix_figure(source.performance.matrix, study.classes, harm=study.manifest.harm))
    st.write(text.confusion(source.pairs, study.classes, source.performance.matrix.n))
elif page == "confidence":
    found = source.confidence
    st.plotly_chart(reliability_figure(found.reliability.top_label, x="Confidence", y="Accuracy"))
    st.plotly_chart(risk_coverage_figure(found.risk_coverage, referred=found.referral.referred.plain.value))
    st.dataframe([{"tier": one.tier, "n": one.share.plain.count} for one in source.confidence.tiers])
else:
    names = study.classes.names
    reference = st.selectbox("Reference", ["all", *names])
    wrong = [one for one in source.errors.cases if reference in ("all", one.reference)]
    paths = dict(zip(study.cases["case_id"], study.cases["image_path"], strict=True))
    for column, one in zip(st.columns(4) * 6, wrong[:24], strict=False):
        path = None if images is None else Path(images) / paths[one.case_id]
        if path is not None:
            column.image(scan.render(study, one.case_id, path, class_name=one.predicted, size="pair"))
        column.caption(f"{one.reference} called {one.predicted} {one.confidence:.2f}")
st.write("done")
