"""One case in full: pictures, probabilities, facts, and the way to its neighbours, copies and lookalikes."""

from collections.abc import Sequence

import streamlit as st

from neuroval.dashboard.cases.any_case import ListedCase
from neuroval.dashboard.cases.evaluated_case import Case
from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.cases.reviews import Reviews
from neuroval.dashboard.cases.similar_cases import Lookalike
from neuroval.dashboard.components import exports, review, viewer, without_region
from neuroval.dashboard.components.tables import table
from neuroval.dashboard.components.tiles import images_note, thumbnail, url, worth_of_maps
from neuroval.dashboard.figures.probabilities import probability_bars
from neuroval.dashboard.figures.scan import maps_by, maps_of, outline_of, peak_of
from neuroval.dashboard.session import cache as compute
from neuroval.dashboard.session import state
from neuroval.dashboard.words import cases as words
from neuroval.dashboard.words import errors as text_errors
from neuroval.dashboard.words import general as text
from neuroval.dashboard.words import without_region as text_without
from neuroval.dashboard.words.formats import counted, escaped
from neuroval.data.study.folder import Study
from neuroval.data.study.gradcam import GradCams

OTHERS = 8  # further scans of the same image or patient, and lookalikes
SIMILAR = 2  # of these the viewer can show beside the scan


def case_view(
    study: Study, evidence: Evidence, listed: ListedCase, order: Sequence[str], reviews: Reviews | None
) -> None:
    """Draw one case in full; ``order`` are the case ids that previous and next go through."""
    case, case_id = evidence.cases.get(listed.case_id), listed.case_id
    _steps(case_id, order, noun="scan" if state.everything() else "error")
    answer = words.listed_answer(listed) if case is None else words.case_answer(case, study.classes)
    st.markdown(escaped(f"{answer} {words.out_of_fold(listed, study.classes)}".strip()), width=860)
    near = None if evidence.lookalikes is None else evidence.lookalikes.nearest_to(case_id, number=OTHERS)
    if images_note(study):
        _pictures(study, evidence, listed, case, near)
        _without_region(study, listed, case)
    review.case_review(study, reviews, listed, order)
    left, right = st.columns(2, gap="large")
    with left:
        _probabilities(study, listed, case)
    with right:
        facts = words.listed_facts(listed) if case is None else words.case_facts(case)
        table(facts, alt="Facts of this case", hide_header=True)
    image = evidence.same_image.get(case_id, (case_id,))
    patient = evidence.same_patient.get(case_id, ())
    _others(study, evidence, "Copies of this image", [twin for twin in image if twin != case_id], key="copy")
    rest = [relative for relative in patient if relative not in set(image)]
    _others(study, evidence, "Other scans of this patient", rest, key="patient")
    _lookalikes(study, evidence, listed, near, image=image, patient=patient)


def _steps(case_id: str, order: Sequence[str], *, noun: str) -> None:
    here = order.index(case_id) if case_id in order else None
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Back to gallery", icon=":material/grid_view:", on_click=state.close_case, shortcut="Escape")
        if here is None:
            return
        before, after = (order[here - 1] if here else None), (order[here + 1] if here + 1 < len(order) else None)
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
        st.caption(f"{here + 1:,} of {counted(len(order), noun)}", width="content")


@st.fragment  # what a reader sets in the viewer writes the address, and draws nothing else again
def _pictures(
    study: Study, evidence: Evidence, listed: ListedCase, case: Case | None, near: Sequence[Lookalike] | None
) -> None:
    if not compute.has_image(study, listed.case_id):
        st.info(text.NO_IMAGE, icon=":material/image:")
        return
    if compute.has_other_encoding(study, listed.case_id):
        st.caption(text.OTHER_ENCODING)
    maps = None if case is None or case.map_of is None else maps_by(study, case.map_of)
    if maps is None:
        others = None if evidence.results.maps is None else study.maps
        st.caption(text.NO_CAM if study.gradcam is None else words.no_map(case, others=others))
    elif outline_of(maps, listed.case_id) is not None:
        st.caption(text.OUTLINE)
    views = [_scan(study, listed, case, maps), *_mapped(study, case, maps), *_beside(study, evidence, listed, near)]
    viewer.show(
        views, subject=listed.case_id, opacity=state.map_opacity(), cells=state.map_cells(), key="viewer-of-case"
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        _copy_link()
        if maps is not None and case is not None:
            st.caption(words.grid(*maps.grid, cells=state.map_cells(), brought=maps.brought), width="content")
            if absent := [name for name in (case.predicted, case.second) if name not in case.mapped]:
                st.caption(words.not_given(absent, study.classes, maps=study.maps), width="content")
    if maps is not None:
        worth_of_maps(evidence)


def _copy_link() -> None:
    with st.popover("Copy link", icon=":material/link:"):
        st.caption("This view, with its settings:")
        st.code(state.address(), language=None, wrap_lines=True)


def _scan(study: Study, listed: ListedCase, case: Case | None, maps: GradCams | None) -> viewer.View:
    """Return the scan alone, with the outline where there is one."""
    alt = f"Scan of {study.classes.display[listed.label]}" if case is None else text_errors.alt(case, study.classes)
    scan = url(study, listed.case_id, size="original")
    return viewer.View(
        label="Scan", caption="Scan", alt=alt, scan=scan, outline=_outline(study, listed.case_id, case, maps)
    )


def _outline(study: Study, case_id: str, case: Case | None, maps: GradCams | None) -> str | None:
    if case is None or maps is None or outline_of(maps, case_id) is None:
        return None
    return url(study, case_id, size="original", layer="outline", of=case.map_of or "network")


def _mapped(study: Study, case: Case | None, maps: GradCams | None) -> list[viewer.View]:
    """Return the scan under the map of the predicted class and of the next one; nothing without maps."""
    if case is None or maps is None:
        return []
    views, of = [], case.map_of or "network"
    for name in (case.predicted, case.second):
        if name not in case.mapped:
            continue
        role = "predicted" if name == case.predicted else ("runner-up" if case.correct else "reference")
        peak = peak_of(study, case.case_id, name, of=case.map_of)
        shown = study.classes.display[name]
        smooth, cells = (
            url(study, case.case_id, name, size="original", layer="map", of=of, cells=drawn) for drawn in ("0", "1")
        )
        view = viewer.View(
            label=words.map_button(shown, role),
            caption=words.panel(shown, role, peak, study.maps),
            alt=text_errors.alt(case, study.classes, with_map=name, maps=study.maps),
            scan=url(study, case.case_id, size="original"),
            map=smooth,
            cells=cells,
            outline=_outline(study, case.case_id, case, maps),
        )
        views.append(view)
    return views


def _beside(
    study: Study, evidence: Evidence, listed: ListedCase, near: Sequence[Lookalike] | None
) -> list[viewer.View]:
    """Return a copy of the scan and the training scans most like it, to be looked at beside it."""
    copies = [twin for twin in evidence.same_image.get(listed.case_id, ()) if twin != listed.case_id]
    similar = [lookalike.case_id for lookalike in near or () if lookalike.case_id not in copies]
    chosen = [(words.COPY, case_id) for case_id in copies[:1]]
    chosen += [(words.similar(place), case_id) for place, case_id in enumerate(similar[:SIMILAR], start=1)]
    views = []
    for label, case_id in chosen:
        if compute.has_image(study, case_id):
            told = words.neighbour(*evidence.listed[case_id], study.classes)
            scan = url(study, case_id, size="original")
            views.append(viewer.View(label=label, caption=f"{label}: {told}", alt=f"{label}, {told}", scan=scan))
    return views


def _without_region(study: Study, listed: ListedCase, case: Case | None) -> None:
    """Draw what the network says of the scan without the tumour, or without what its evidence lies on."""
    maps, pixels = study.gradcam, compute.pixels(study, listed.case_id)
    drawn = maps_of(maps, listed.case_id)
    if pixels is None:
        return
    called = listed.label if case is None else case.predicted
    without_region.show(
        study,
        compute.reader(study),
        pixels,
        outline=outline_of(maps, listed.case_id),
        evidence=None if drawn is None else drawn[study.classes.index(called)],
        key=listed.case_id,
        note=text_without.NETWORK,
    )


def _probabilities(study: Study, listed: ListedCase, case: Case | None) -> None:
    chances = listed.out_of_fold if case is None else case.probabilities
    if chances is None:
        st.caption("No prediction of this scan is known.")
        return
    if case is None:
        st.caption("Out-of-fold probabilities:")
    figure = probability_bars(chances, study.classes, reference=listed.label)
    exports.chart(study, figure, name=f"probabilities-{listed.case_id}", alt="Class probabilities of this case")
    impact = None if case is None else study.manifest.impact(case.reference, case.predicted)
    if impact is not None:
        st.markdown(f"**What it means.** {escaped(impact.text)}")
        st.markdown(f"**Next step.** {escaped(impact.next_step)}")


def _others(study: Study, evidence: Evidence, title: str, ids: Sequence[str], *, key: str) -> None:
    """Draw further scans that belong to a case; each leads to its own view."""
    if not ids:
        return
    st.header(title, anchor=False)
    with st.container(horizontal=True, gap="small"):
        for case_id in ids[:OTHERS]:
            split, label = evidence.listed[case_id]
            thumbnail(study, case_id, words.neighbour(split, label, study.classes), here=True, key=key)
    if len(ids) > OTHERS:
        st.caption(f"{OTHERS} of {len(ids):,} shown.")


def _lookalikes(
    study: Study,
    evidence: Evidence,
    listed: ListedCase,
    lookalikes: Sequence[Lookalike] | None,
    *,
    image: Sequence[str],
    patient: Sequence[str],
) -> None:
    """Draw the training scans that look most like a case to the network."""
    st.header("Similar training scans", anchor=False)
    if evidence.lookalikes is None:
        st.caption(words.NO_EMBEDDINGS)
        return
    if not lookalikes:
        st.caption(words.NO_EMBEDDING if lookalikes is None else words.NO_TRAINING)
        return
    labels = [evidence.listed[lookalike.case_id][1] for lookalike in lookalikes]
    st.caption(f"{words.agreement(labels, listed.label, study.classes)} {words.SIMILAR}")
    with st.container(horizontal=True, gap="small"):
        for lookalike, label in zip(lookalikes, labels, strict=True):
            caption = words.lookalike(lookalike, label, study.classes)
            note = words.tie(copy=lookalike.case_id in image, same_patient=lookalike.case_id in patient)
            thumbnail(study, lookalike.case_id, caption, note=note, here=True, key="similar")
