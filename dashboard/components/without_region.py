"""What the model says of a scan without a region: the outline where there is one, else where its evidence is."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from neuroval.dashboard.components import frame
from neuroval.dashboard.figures.scan import SIZES, encoded, fitted
from neuroval.dashboard.words import without_region as words
from neuroval.dashboard.words.formats import escaped
from neuroval.data.study.folder import Study
from neuroval.model.evaluation.without_region import region_of, without_region
from neuroval.model.inference.gradcam_overlay import outlined
from neuroval.model.inference.scan_reader import Reader

START = 50  # percent of the peak of the evidence
HALF = 0.5  # of an outline, which is 0 or 1


def show(
    study: Study,
    reader: Reader | None,
    pixels: NDArray[np.uint8],
    *,
    outline: NDArray[np.uint8] | None,
    evidence: NDArray[np.floating] | None,
    key: str,
    note: str = "",
) -> None:
    """Draw, folded away, the scan without its region and what the model says then; computed only while it is open.

    ``pixels`` (h, w, 3) is the whole scan, ``outline`` a reference outline, ``evidence`` the map (h, w) of the
    predicted class. ``note`` says which network is asked.
    """

    def draw() -> None:
        if reader is None:
            st.caption(words.NO_MODEL)
        else:
            _ask(study, reader, pixels, outline=outline, evidence=evidence, key=key, note=note)

    if outline is not None or evidence is not None:
        frame.folded(words.TITLE, key=f"without-{key}", draw=draw)


def _ask(
    study: Study,
    reader: Reader,
    pixels: NDArray[np.uint8],
    *,
    outline: NDArray[np.uint8] | None,
    evidence: NDArray[np.floating] | None,
    key: str,
    note: str,
) -> None:
    names, size = reader.card.classes.names, (pixels.shape[0], pixels.shape[1])
    if outline is not None:
        st.caption(f"{words.OUTLINE} {note}".strip())
        region = region_of(outline, at_least=HALF, size=size)
    else:
        st.caption(f"{words.EVIDENCE} {note}".strip())
        share = st.slider(words.SHARE, 10, 90, START, step=5, format="%d%%", key=f"share-{key}", width=300)
        region = region_of(np.zeros(1) if evidence is None else evidence, at_least=share / 100, size=size)
    made = without_region(reader, pixels, region)
    if not made:
        st.caption(words.NO_REGION)
        return
    before = names[int(reader.read(pixels).probabilities.argmax())]
    calls = [names[int(without.probabilities.argmax())] for without in made]
    st.markdown(escaped(words.answer(before, calls, study.classes)))
    places = st.columns(3)
    with places[0]:
        seen = outlined(pixels, region.astype(np.uint8))
        st.image(encoded(fitted(seen, SIZES["original"])), width="stretch", alt=words.REGION_ALT)
        st.caption("Scan")
    for place, without, called in zip(places[1:], made, calls, strict=True):
        with place:
            picture = encoded(fitted(without.pixels, SIZES["original"]))
            st.image(picture, width="stretch", alt=words.alt(without.intervention))
            chances = dict(zip(names, without.probabilities.tolist(), strict=True))
            st.caption(escaped(words.filled(without.intervention, called, chances, before, study.classes)))
    st.caption(words.MEANS)
