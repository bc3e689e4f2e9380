"""The cases behind a number: tiles and thumbnails that link to the case."""

from collections.abc import Sequence
from urllib.parse import quote, urlencode, urlsplit

import streamlit as st

from neuroval.dashboard.access.address_names import name_of_case
from neuroval.dashboard.cases.evaluated_case import Case
from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.session import cache as compute
from neuroval.dashboard.session import state
from neuroval.dashboard.words import errors as text_errors
from neuroval.dashboard.words import general as text
from neuroval.dashboard.words.basis import WITHOUT_MAPS
from neuroval.dashboard.words.formats import escaped
from neuroval.dashboard.words.trial_maps import WORTHLESS
from neuroval.data.study.folder import Study

ERRORS_PAGE = "app_pages/errors.py"
CUT = 24  # letters of a link that fit a narrow tile; one that is longer is told in full when it is pointed at
INDENT = "&ensp;"  # as far as a link to a page is indented


def url(study: Study, case_id: str, class_name: str | None = None, *, size: str, **more: str) -> str:
    """Return the address of a case's picture on this server; ``more`` as the address takes it."""
    page = urlsplit(st.context.url or "http://localhost")
    base = f"{page.scheme}://{page.netloc}/{st.get_option('server.baseUrlPath') or ''}".rstrip("/")
    query = {"size": size, "v": study.fingerprint[:8], **more}
    if class_name is not None:
        query["class"] = str(study.classes.index(class_name))
    name, case = (quote(part, safe="") for part in (study.path.name, name_of_case(case_id)))
    return f"{base}/images/{name}/{case}.webp?{urlencode(query)}"


def images_note(study: Study, evidence: Evidence | None = None) -> bool:
    """Return whether pictures can be shown; if not, say calmly what to do. With ``evidence`` come its maps."""
    if compute.linked(study) is None:
        st.info(text.no_images(study.manifest.data.name), icon=":material/image:")
        return False
    if evidence is None:
        return True
    if (maps := evidence.results.maps) is None:
        st.caption(text.NO_CAM if study.gradcam is None else WITHOUT_MAPS)
    else:
        told = text_errors.tile(evidence.basis, study.maps, brought=maps.brought)
        st.caption(f"{told} {text.OUTLINE if maps.has_mask.any() else ''}".strip())
        worth_of_maps(evidence)
    return True


def worth_of_maps(evidence: Evidence) -> None:
    """Say beside maps that they are worthless, where a trial has shown it."""
    if evidence.maps_are_worthless:
        st.caption(WORTHLESS)


def tiles(study: Study, cases: Sequence[Case], *, columns: int, pictures: bool) -> None:
    """Draw cases as tiles: scan and Grad-CAM side by side, and a link to the case as the caption."""
    for start in range(0, len(cases), columns):
        for column, case in zip(st.columns(columns), cases[start : start + columns], strict=False):
            with column.container(gap=None):
                _tile(study, case, pictures=pictures)


def _tile(study: Study, case: Case, *, pictures: bool) -> None:
    if pictures and not compute.has_image(study, case.case_id):
        st.caption(text.NO_IMAGE)
    elif pictures and case.map_of is not None and case.call_is_mapped:
        described = text_errors.alt(case, study.classes, with_map=case.predicted, maps=study.maps)
        st.image(url(study, case.case_id, case.predicted, size="pair", of=case.map_of), width="stretch", alt=described)
    elif pictures:
        st.image(url(study, case.case_id, size="thumbnail"), width="stretch", alt=text_errors.alt(case, study.classes))
    words = escaped(text_errors.caption(case, study.classes))
    query, whole = state.link(study.path.name, case.case_id), words if len(words) > CUT else None
    st.page_link(ERRORS_PAGE, label=f":blue[{words}]", icon="", help=whole, query_params=query)
    st.markdown(f"{INDENT}{text_errors.confidence(case)}")


def thumbnail(
    study: Study, case_id: str, words: str, *, note: str = "", width: int = 128, here: bool = False, key: str = ""
) -> None:
    """Draw the scan of any case of the study with a line of words that leads to the case, and a note below.

    ``here`` is for the page that shows the case itself; its buttons need a ``key`` for each place of a case.
    """
    with st.container(width=width, gap=None):
        if compute.has_image(study, case_id):
            st.image(url(study, case_id, size="thumbnail"), width=width, alt=f"Scan, {words}")
        label = f":blue[{escaped(words)}]"
        if here:
            name = f"{key}-{case_id}"
            st.button(label, key=name, on_click=state.open_case, args=(case_id,), type="tertiary", wrap=True)
        else:
            st.page_link(ERRORS_PAGE, label=label, icon="", query_params=state.link(study.path.name, case_id))
        lines = [f"{'' if here else INDENT}:small[:gray[{escaped(line)}]]" for line in note.splitlines()]
        if lines:
            st.markdown("  \n".join(lines))


def strip(study: Study, cases: Sequence[Case]) -> None:
    """Draw scans alone, in a row that wraps; for examples."""
    shown = [case for case in cases if compute.has_image(study, case.case_id)]
    if not shown:
        st.caption("No scans in the evaluated split." if not cases else text.NO_IMAGE)
    else:
        pictures = [url(study, case.case_id, size="thumbnail") for case in shown]
        st.image(pictures, width=108, alt=[text_errors.alt(case, study.classes) for case in shown])
