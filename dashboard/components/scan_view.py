"""One uploaded scan in full: doubts first, then the call, its Grad-CAM, and what looks like it in the study."""

from collections.abc import Sequence
from typing import Final

import streamlit as st
from streamlit.typing import UploadedFile

from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.components import exports, frame, scan_form, tiles, viewer, without_region
from neuroval.dashboard.components.tables import table
from neuroval.dashboard.figures.probabilities import probability_bars
from neuroval.dashboard.figures.scan import SIZES, encoded, fitted, in_address
from neuroval.dashboard.scans.prediction import Prediction, predict
from neuroval.dashboard.session import cache as compute
from neuroval.dashboard.session import state
from neuroval.dashboard.settings import current_settings
from neuroval.dashboard.words import cases as text_cases
from neuroval.dashboard.words import general as text
from neuroval.dashboard.words import try_scan as text_scan
from neuroval.dashboard.words.formats import escaped
from neuroval.data.exceptions import ImageError
from neuroval.data.images.uploads import frames_in
from neuroval.data.study.folder import Study
from neuroval.model.inference.gradcam_overlay import map_layer
from neuroval.model.inference.scan_reader import Reader

NEAREST: Final = 20  # evaluated scans that the model's record is taken from
SHOWN: Final = 8


def show(study: Study, reader: Reader, files: Sequence[UploadedFile]) -> None:
    """Read the files and draw one of them in full, below a table when there are several."""
    above, below = st.container(), st.container()
    names = [f"{place}. {file.name}" for place, file in enumerate(files, start=1)]
    with below:
        place = scan_form.place(names)
        numbers = state.once(
            state.FRAMES, [file.file_id for file in files], lambda name: frames_in(files[name].getvalue())
        )
        frames = [scan_form.middle(number) for number in numbers]
        frames[place] = scan_form.frame(files[place], numbers[place])
    with st.spinner("Reading"):
        predictions = _read(study, reader, files, frames)
    with above:
        if len(files) > 1:
            rows = [
                text_scan.row(name, prediction, study.classes)
                for name, prediction in zip(names, predictions, strict=True)
            ]
            table(rows, alt="What the model says of each scan")
    with below:
        chosen = predictions[place]
        if isinstance(chosen, str):
            st.error(escaped(chosen), title="This file cannot be read")
        else:
            _scan(study, reader, chosen)


def _read(study: Study, reader: Reader, files: Sequence[UploadedFile], frames: Sequence[int]) -> list[Prediction | str]:
    """Return what the model says of each file, or why it cannot be read; each is read once."""

    def read(place: int) -> Prediction | str:
        limits, content = study.manifest.thresholds, files[place].getvalue()
        try:
            return predict(
                reader, content, thresholds=limits, frame=frames[place], limit=current_settings().upload_bytes
            )
        except ImageError as error:
            return str(error)

    key = f"{study.fingerprint}-{reader.card.sha256}"
    keys = [f"{key}-{file.file_id}-{frame}" for file, frame in zip(files, frames, strict=True)]
    return state.once(state.READINGS, keys, read)


def _scan(study: Study, reader: Reader, prediction: Prediction) -> None:
    classes = study.classes
    if reasons := text_scan.doubts(prediction):
        st.warning(" ".join(reasons), title=text_scan.DOUBT)
    elif prediction.in_distribution is None:
        st.caption(text_scan.NO_VERDICT)
    st.markdown(escaped(text_scan.answer(prediction, classes)))
    evidence = compute.evidence(study, frame.basis(study))
    _pictures(study, evidence, prediction, reader.card.maps)
    place = study.classes.index(prediction.called)
    without_region.show(
        study,
        reader,
        prediction.upload.pixels,
        outline=None,
        evidence=prediction.maps[place],
        key=prediction.upload.sha256[:12],
    )
    left, right = st.columns([4, 3], gap="medium")
    with left:
        figure = probability_bars(prediction.probabilities, classes, reference=None)
        exports.chart(study, figure, name="probabilities", alt="Class probabilities of this scan")
    with right:
        table(text_scan.facts(prediction), alt="Facts of this scan", hide_header=True)
    _alike(study, evidence, prediction)


@st.fragment  # what a reader sets in the viewer writes the address, and draws nothing else again
def _pictures(study: Study, evidence: Evidence, prediction: Prediction, method: str) -> None:
    pixels = fitted(prediction.upload.pixels, SIZES["original"])
    scan = in_address(encoded(pixels))
    views = [viewer.View(label="Scan", caption="Scan", alt=text_scan.alt(prediction, study.classes), scan=scan)]
    top = float(prediction.maps.max())
    for name, role in zip((prediction.called, prediction.second), ("predicted", "runner-up"), strict=True):
        cam, shown = prediction.maps[study.classes.index(name)], study.classes.display[name]
        smooth, cells = (
            in_address(encoded(map_layer(cam, top=top, shape=pixels.shape[:2], cells=drawn))) for drawn in (False, True)
        )
        view = viewer.View(
            label=text_cases.map_button(shown, role),
            caption=text_cases.panel(shown, role, float(cam.max()) / top if top > 0 else 0.0, method),
            alt=text_scan.alt(prediction, study.classes, with_map=name, maps=method),
            scan=scan,
            map=smooth,
            cells=cells,
        )
        views.append(view)
    subject, key = prediction.upload.sha256, "viewer-of-upload"
    viewer.show(views, subject=subject, opacity=state.map_opacity(), cells=state.map_cells(), key=key)
    st.caption(text_cases.grid(*prediction.maps.shape[1:], cells=state.map_cells()))
    tiles.worth_of_maps(evidence)


def _alike(study: Study, evidence: Evidence, prediction: Prediction) -> None:
    """Draw what looks like the scan in the study, and how often the model was right there."""
    st.header(text_scan.ALIKE, anchor=False)
    if (same := evidence.by_content.get(prediction.upload.sha256)) is not None:
        st.info(escaped(text_scan.known(*evidence.listed[same], study.classes)))
    if prediction.doubtful:
        st.caption(text_scan.NOT_SEARCHED)
        return
    vector, search = prediction.reading.components, evidence.lookalikes
    near = None if search is None or vector is None else search.near(vector, number=NEAREST + 1)
    if not near:
        st.caption(text_scan.NO_LOOKALIKES)
        return
    near = tuple(neighbour for neighbour in near if neighbour.case_id != same)[:NEAREST]
    alike = [evidence.cases[neighbour.case_id] for neighbour in near]
    st.markdown(escaped(text_scan.right(evidence.right_on([known_case.case_id for known_case in alike]))))
    if compute.linked(study) is None:
        st.caption(text.no_images(study.manifest.data.name))
    st.caption(text_scan.SIMILAR)
    with st.container(horizontal=True, gap="small"):
        for case, neighbour in list(zip(alike, near, strict=True))[:SHOWN]:
            note = text_scan.neighbour(case, text_cases.distance(neighbour.distance), study.classes)
            tiles.thumbnail(study, case.case_id, study.classes.display[case.reference], note=note)
