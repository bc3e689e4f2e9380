"""The cases behind a number: tiles that link to the case, and one case in full."""

from collections.abc import Sequence
from urllib.parse import quote, urlencode, urlsplit

import streamlit as st

from analysis.twins import TwinKind
from dashboard import compute, state, text
from dashboard.components import exports
from dashboard.components.tables import table
from dashboard.evidence import Case, Evidence
from dashboard.figures.formats import counted, escaped, percent
from dashboard.figures.probabilities import probability_bars
from dashboard.figures.scan import outline_of, peak_of
from data.study import Study

ERRORS_PAGE = "app_pages/errors.py"
OTHERS = 8  # further scans of the same image or patient
INDENT = "&ensp;"  # as far as a link to a page is indented


def url(study: Study, case_id: str, class_name: str | None = None, *, size: str) -> str:
    """Return the address of a case's picture on this server."""
    page = urlsplit(st.context.url or "http://localhost")
    base = f"{page.scheme}://{page.netloc}/{st.get_option('server.baseUrlPath') or ''}".rstrip("/")
    query = {"size": size, "v": study.fingerprint[:8]}
    if class_name is not None:
        query["class"] = str(study.classes.index(class_name))
    name, case = (quote(part, safe="") for part in (study.path.name, case_id))
    return f"{base}/images/{name}/{case}.webp?{urlencode(query)}"


def images_note(study: Study, *, maps: bool = True) -> bool:
    """Return whether pictures can be shown; if not, say calmly what to do. ``maps`` when they come with Grad-CAM."""
    if compute.linked(study) is None:
        st.info(text.no_images(study.manifest.data.name), icon=":material/image:")
        return False
    if not maps:
        return True
    if study.gradcam is None:
        st.caption(text.NO_CAM)
    elif study.gradcam.has_mask.any():
        st.caption(text.OUTLINE)
    return True


def tiles(study: Study, cases: Sequence[Case], *, columns: int, pictures: bool, here: bool = False) -> None:
    """Draw cases as tiles: scan and Grad-CAM side by side, and a link to the case as the caption.

    ``here`` is for the page that shows the case itself: a link to the page one is on would be drawn as chosen.
    """
    for start in range(0, len(cases), columns):
        for column, case in zip(st.columns(columns), cases[start : start + columns], strict=False):
            with column.container(gap=None):
                _tile(study, case, pictures=pictures, here=here)


def _tile(study: Study, case: Case, *, pictures: bool, here: bool) -> None:
    if pictures and not compute.has_image(study, case.case_id):
        st.caption(text.NO_IMAGE)
    elif pictures and study.gradcam is not None:
        described = text.alt(case, study.classes, with_map=case.predicted)
        st.image(url(study, case.case_id, case.predicted, size="pair"), width="stretch", alt=described)
    elif pictures:
        st.image(url(study, case.case_id, size="thumbnail"), width="stretch", alt=text.alt(case, study.classes))
    label, key = f":blue[{escaped(text.caption(case, study.classes))}]", f"open-{case.case_id}"
    if here:
        st.button(label, key=key, on_click=state.open_case, args=(case.case_id,), type="tertiary")
    else:
        st.page_link(ERRORS_PAGE, label=label, icon="", query_params=state.link(study.path.name, case.case_id))
    st.markdown(text.confidence(case) if here else f"{INDENT}{text.confidence(case)}")


def strip(study: Study, cases: Sequence[Case]) -> None:
    """Draw scans alone, in a row that wraps; for examples."""
    shown = [case for case in cases if compute.has_image(study, case.case_id)]
    if not shown:
        st.caption("No scans in the evaluated split." if not cases else text.NO_IMAGE)
    with st.container(horizontal=True, gap="xsmall"):
        for case in shown:
            st.image(url(study, case.case_id, size="thumbnail"), width=108, alt=text.alt(case, study.classes))


def twins(study: Study, kinds: Sequence[TwinKind], *, split: str) -> None:
    """Draw an example of each kind of copy, the evaluated scan beside the one the model was fitted on."""
    for column, one in zip(st.columns(4), kinds, strict=False):
        with column.container(gap="xsmall"):
            pair = [case_id for case_id in one.example if compute.has_image(study, case_id)]
            with st.container(horizontal=True, gap="xsmall"):
                for case_id in pair:
                    place = split if case_id == one.example[0] else "training"
                    st.image(url(study, case_id, size="thumbnail"), width=112, alt=f"Scan in {place}")
            st.caption(escaped(text.twin(one, study.classes, split)))


def case_view(study: Study, evidence: Evidence, case: Case, order: Sequence[Case]) -> None:
    """Draw one case in full, with the way to its neighbours in ``order``, to its copies and its patient's scans."""
    _steps(case, order)
    st.markdown(escaped(text.case_answer(case, study.classes)))
    if images_note(study, maps=False):
        _panels(study, case)
    left, right = st.columns(2, gap="large")
    with left:
        figure = probability_bars(case.probabilities, study.classes, reference=case.reference)
        exports.chart(study, figure, name=f"probabilities-{case.case_id}", alt="Class probabilities of this case")
        impact = study.manifest.impact(case.reference, case.predicted)
        if impact is not None:
            st.markdown(f"**What it means.** {escaped(impact.text)}")
            st.markdown(f"**Next step.** {escaped(impact.next_step)}")
    with right:
        table(text.case_facts(case), alt="Facts of this case", hide_header=True)
    image = evidence.same_image.get(case.case_id, (case.case_id,))
    patient = evidence.same_patient.get(case.case_id, ())
    _others(study, evidence, "Copies of this image", [one for one in image if one != case.case_id])
    _others(study, evidence, "Other scans of this patient", [one for one in patient if one not in set(image)])


def _others(study: Study, evidence: Evidence, title: str, ids: Sequence[str]) -> None:
    """Draw further scans that belong to a case; those that were evaluated lead to their own view."""
    if not ids:
        return
    st.subheader(title, anchor=False)
    with st.container(horizontal=True, gap="small"):
        for case_id in ids[:OTHERS]:
            split, label = evidence.listed[case_id]
            words = text.neighbour(split, label, study.classes)
            with st.container(width=128, gap=None):
                if compute.has_image(study, case_id):
                    st.image(url(study, case_id, size="thumbnail"), width=128, alt=f"Scan, {words}")
                if case_id in evidence.cases:
                    label = f":blue[{escaped(words)}]"
                    key = f"other-{case_id}"
                    st.button(label, key=key, on_click=state.open_case, args=(case_id,), type="tertiary")
                else:
                    st.caption(escaped(words))
    if len(ids) > OTHERS:
        st.caption(f"{OTHERS} of {len(ids):,} shown.")


def _panels(study: Study, case: Case) -> None:
    if not compute.has_image(study, case.case_id):
        st.info(text.NO_IMAGE, icon=":material/image:")
        return
    if compute.has_other_encoding(study, case.case_id):
        st.caption(text.OTHER_ENCODING)
    if study.gradcam is None:
        st.caption(text.NO_CAM)
    elif outline_of(study, case.case_id) is not None:
        st.caption(text.OUTLINE)
    panels: list[str | None] = [None] if study.gradcam is None else [None, case.predicted, case.second]
    for column, name in zip(st.columns(3), panels, strict=False):
        alt = text.alt(case, study.classes, with_map=name)
        column.image(url(study, case.case_id, name, size="original"), width="stretch", alt=alt)
        column.caption(escaped(_panel_label(study, case, name)))


def _panel_label(study: Study, case: Case, name: str | None) -> str:
    if name is None:
        return "Scan"
    role = "predicted" if name == case.predicted else ("runner-up" if case.correct else "reference")
    label = f"Grad-CAM for {study.classes.display[name]} ({role})"
    peak = peak_of(study, case.case_id, name)
    if not peak:
        return f"{label}: no positive evidence"
    return label if peak == 1 else f"{label}: at most {percent(peak)} of the strongest evidence"


def _steps(case: Case, order: Sequence[Case]) -> None:
    ids = [one.case_id for one in order]
    here = ids.index(case.case_id) if case.case_id in ids else None
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Back to gallery", icon=":material/grid_view:", on_click=state.close_case, shortcut="Escape")
        if here is None:
            return
        before, after = (ids[here - 1] if here else None), (ids[here + 1] if here + 1 < len(ids) else None)
        steps = (("Previous", before, "arrow_back", "Left"), ("Next", after, "arrow_forward", "Right"))
        for label, target, icon, shortcut in steps:
            st.button(
                label,
                icon=f":material/{icon}:",
                on_click=state.open_case,
                args=(target or "",),
                disabled=target is None,
                shortcut=shortcut,
            )
        st.caption(f"{here + 1:,} of {counted(len(ids), 'error')}", width="content")
