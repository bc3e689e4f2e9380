"""The only caches. Everything is frozen and keyed by the study's fingerprint (or its file) and what else it is of."""

from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from pathlib import Path
from threading import Lock, Thread
from typing import ParamSpec

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from neuroval.analysis.performance.roc import Curves
from neuroval.analysis.readers.blind import BlindNumbers
from neuroval.analysis.study.comparison import Comparisons, comparisons
from neuroval.analysis.study.results import StudyResults
from neuroval.analysis.study.two_class_questions import curves_of
from neuroval.dashboard.access import address_names
from neuroval.dashboard.cases.evaluated_case import ByCase, MapOf
from neuroval.dashboard.cases.evidence import Evidence, evidence_of
from neuroval.dashboard.cases.reading import numbers_of
from neuroval.dashboard.cases.reviews import Reviews, review_store, reviews_in
from neuroval.dashboard.figures import scan
from neuroval.dashboard.figures.look import revised
from neuroval.dashboard.report.options import Options
from neuroval.dashboard.report.pdf import build
from neuroval.dashboard.scans import prediction
from neuroval.data.exceptions import InputError
from neuroval.data.images.decoding import read_image
from neuroval.data.images.linking import LinkedImages, linked_images
from neuroval.data.reviews.event import Entry
from neuroval.data.reviews.store import Head, Store
from neuroval.data.storage.home import STUDY_FILE, studies
from neuroval.data.study.folder import Study, read_study
from neuroval.data.study.listing import known_manifest
from neuroval.model.inference.scan_reader import Reader

P = ParamSpec("P")


def study(name: str) -> Study:
    """Return a study by its folder name, read again when its files change. Raises ``ContractError``."""
    path = studies()[name]
    return _study(str(path), _stamp(path))


def _stamp(path: Path) -> int:
    """Return when the description of a study was written; 0 without one: reading it says what is wrong."""
    try:
        return (path / STUDY_FILE).stat().st_mtime_ns
    except OSError:
        return 0


def titles(folders: Mapping[str, Path]) -> dict[str, str]:
    """Return the titles of studies by folder name; one is read again when its description changes."""
    return {name: _title(name, path) for name, path in folders.items()}


def _title(name: str, path: Path) -> str:
    try:
        return known_manifest(path).about.title
    except InputError:
        return f"{name} (cannot be opened)"


@st.cache_resource(max_entries=8, show_spinner=False)
def _study(path: str, stamp: int) -> Study:  # noqa: ARG001 - the stamp is part of the key
    return read_study(Path(path))


def results(study: Study) -> StudyResults:
    """Return the results of a study on each basis; what they hold is computed when it is first asked for."""
    return _results(study.fingerprint, _study=study)


@st.cache_resource(max_entries=8, show_spinner=False)  # it is also made ready where there is no page to draw on
def _results(fingerprint: str, _study: Study) -> StudyResults:  # noqa: ARG001 - hashed; the study is not
    return StudyResults(study=_study)


def evidence(study: Study, basis: str | None = None) -> Evidence:
    """Return the evidence of a study on a basis, by default that of the study; the same each time.

    Raises ``InputError`` for a basis without predictions.
    """
    return _evidence(study.fingerprint, basis or results(study).default_basis, _study=study)


@st.cache_resource(max_entries=16, show_spinner=False)
def _evidence(fingerprint: str, basis: str, _study: Study) -> Evidence:  # noqa: ARG001
    return Evidence(results=results(_study).on(basis))


_READING = Lock()


def reviews(study: Study) -> Reviews:
    """Return what readers say of the cases of a study, as the store has it now. Raises ``StoreError``."""
    store = review_store()
    if store is None:
        return Reviews()
    head = store.head()
    return _reviews(study.fingerprint, store.name, head.hash, _study=study, _store=store, _head=head)


@st.cache_resource(max_entries=16, show_spinner=False)
def _reviews(fingerprint: str, store: str, end: str, _study: Study, _store: Store, _head: Head) -> Reviews:  # noqa: ARG001
    with _READING:
        entries = _entries(store)
        further = _store.entries(after=len(entries))
        if entries and (further[0].before if further else _head.hash) != entries[-1].hash:  # another store in its place
            entries.clear()
            further = _store.entries()
        entries += further
        events = [entry.event for entry in entries[: _head.number]]
    return reviews_in(_study, events, _head)


def blind(evidence: Evidence, reviews: Reviews) -> BlindNumbers:
    """Return what the blind reads of a study's reading lists say on a basis."""
    return _blind(evidence.study.fingerprint, evidence.basis, reviews.head.hash, _evidence=evidence, _reviews=reviews)


@st.cache_resource(max_entries=16, show_spinner=False)
def _blind(fingerprint: str, basis: str, end: str, _evidence: Evidence, _reviews: Reviews) -> BlindNumbers:  # noqa: ARG001
    return numbers_of(_evidence.results, _reviews)


@st.cache_resource(max_entries=2, show_spinner=False)
def _entries(store: str) -> list[Entry]:  # noqa: ARG001
    """Return the list to which the events of a store are added as they are read."""
    return []


def comparison(a: Study, b: Study, basis: str) -> Comparisons:
    """Return two studies on their common cases of a basis, or of another one where only the first has it.

    Raises ``InputError`` when they cannot be compared.
    """
    return _comparison(a.fingerprint, b.fingerprint, str(a.path), str(b.path), basis, _a=a, _b=b)


@st.cache_resource(max_entries=8, show_spinner=False)
def _comparison(
    first: str,  # noqa: ARG001
    second: str,  # noqa: ARG001
    path_a: str,  # noqa: ARG001 - tiles link to the study by its folder
    path_b: str,  # noqa: ARG001
    basis: str,
    _a: Study,
    _b: Study,
) -> Comparisons:
    of_a, of_b = results(_a), results(_b)
    return comparisons(of_a, of_b, basis=basis if basis in of_a.bases and basis in of_b.bases else None)


def report(study: Study, options: Options) -> bytes:
    """Return the validation report as PDF. Raises ``InputError`` for a basis without predictions."""
    folder = linked(study)
    images = "" if folder is None else str(folder.folder)
    return _report(study.fingerprint, options, images, _reviews_end(), _study=study)


def _reviews_end() -> str:
    """Return where the chain of reviews ends; empty where there is none, or it cannot be read."""
    try:
        store = review_store()
        return "" if store is None else store.head().hash
    except InputError:
        return ""


@st.cache_resource(max_entries=8, show_spinner=False)
def _report(fingerprint: str, options: Options, folder: str, end: str, _study: Study) -> bytes:  # noqa: ARG001
    usual = options.level == results(_study).level
    made = evidence(_study, options.basis) if usual else evidence_of(_study, basis=options.basis, level=options.level)
    return build(made, options, images=linked(_study))


def make_ready(study: Study, basis: str, *, then: Callable[[Evidence], None]) -> None:
    """Begin to compute, beside the pages, what the other pages of a study show, and ``then`` what is made of it."""
    _made_ready(study.fingerprint, basis, _study=study, _then=then)


@st.cache_resource(max_entries=16, show_spinner=False)
def _made_ready(fingerprint: str, basis: str, _study: Study, _then: Callable[[Evidence], None]) -> Thread:  # noqa: ARG001
    def make() -> None:
        made = evidence(_study, basis)
        made.make_ready()
        _then(made)
        for name in made.results.questions:
            curves(made, name)
        for ids in made.examples.values():  # the page with the most pictures, and often the second to be opened
            for case_id in ids:
                encoded(_study, case_id, None, "thumbnail")

    thread = Thread(target=make, daemon=True)
    thread.start()
    return thread


def curves(evidence: Evidence, name: str) -> Curves:
    """Return the ROC and the precision-recall curve of a class, or of any tumour."""
    return _curves(evidence.study.fingerprint, evidence.basis, name, _evidence=evidence)


@st.cache_resource(max_entries=64, show_spinner=False)
def _curves(fingerprint: str, basis: str, name: str, _evidence: Evidence) -> Curves:  # noqa: ARG001
    return curves_of(_evidence.results.questions[name])


def reader(study: Study) -> Reader | None:
    """Return the model that a study judges, ready to read scans; none where it is not on this machine.

    Raises ``InputError`` when its folder is damaged. Open models are kept by ``prediction``, for the API too.
    """
    folder = prediction.model_of(study.manifest)
    return None if folder is None else prediction.opened(folder)


def figure(make: Callable[P, go.Figure], *args: P.args, **kwargs: P.kwargs) -> go.Figure:
    """Return the figure that ``make`` draws of these values, which must be hashable. It is not to be changed."""
    return _figure(make, args, tuple(kwargs.items()))


@lru_cache(maxsize=64)
def _figure(
    make: Callable[..., go.Figure], args: tuple[Hashable, ...], kwargs: tuple[tuple[str, Hashable], ...]
) -> go.Figure:
    return revised(make(*args, **dict(kwargs)))


def linked(study: Study) -> LinkedImages | None:
    """Return the image folder of the study's data set; none when none is linked, or the link is damaged."""
    try:
        return linked_images(study.manifest.data.name)
    except InputError:  # the command line says what is wrong with it
        return None


def has_image(study: Study, case_id: str) -> bool:
    """Return whether the image of a case is in the linked folder."""
    folder = linked(study)
    return folder is not None and folder.path(known_ids(study).get(case_id)) is not None


def has_other_encoding(study: Study, case_id: str) -> bool:
    """Return whether the linked image of a case looks the same as the judged one but has other bytes."""
    folder = linked(study)
    return folder is not None and known_ids(study).get(case_id) in folder.other_encoding


def encoded(
    study: Study,
    case_id: str,
    class_name: str | None,
    size: str,
    *,
    of: MapOf = "network",
) -> bytes | None:
    """Return the WebP bytes of a case, with the Grad-CAM of a class if named; none when it cannot be made."""
    folder = linked(study)
    if folder is None or case_id not in known_ids(study):
        return None
    key = (study.fingerprint, str(folder.folder), case_id, class_name, size, of)
    return _encoded(*key, _study=study, _folder=folder)


def layer(
    study: Study, case_id: str, kind: str, *, class_name: str | None, size: str, of: MapOf, cells: bool
) -> bytes | None:
    """Return the WebP bytes of a map or outline that lies over a case; none when there is nothing to draw."""
    folder = linked(study)
    if folder is None or case_id not in known_ids(study):
        return None
    key = (study.fingerprint, str(folder.folder), case_id, kind, class_name, size, of, cells)
    return _layer(*key, _study=study, _folder=folder)


def pixels(study: Study, case_id: str) -> NDArray[np.uint8] | None:
    """Return the whole scan (h, w, 3) of a case; none when it is not in the linked folder or cannot be read."""
    folder = linked(study)
    path = None if folder is None else folder.path(known_ids(study).get(case_id))
    try:
        return None if path is None else read_image(path).pixels
    except InputError:
        return None


def changed(study: Study, case_id: str, *, change: str, level: int, size: str) -> bytes | None:
    """Return the WebP bytes of a case under a change of the study's trial; none when it cannot be made."""
    folder = linked(study)
    if folder is None or study.trial is None or case_id not in known_ids(study):
        return None
    key = (study.fingerprint, str(folder.folder), case_id, change, level, size)
    return _changed(*key, _study=study, _folder=folder)


@st.cache_resource(max_entries=500, show_spinner=False)
def _changed(
    fingerprint: str,  # noqa: ARG001
    folder: str,  # noqa: ARG001
    case_id: str,
    change: str,
    level: int,
    size: str,
    _study: Study,
    _folder: LinkedImages,
) -> bytes | None:
    return scan.changed(_study, _folder, case_id, change=change, level=level, size=size)


def known_ids(study: Study) -> Mapping[str, str | None]:
    """Return the image path of every case of the study, by case id."""
    return _paths(study.fingerprint, _study=study)


def case_named(study: Study, name: str) -> str | None:
    """Return the id of the case that an address names; none when the study has none of that name."""
    return name if name in known_ids(study) else _named(study.fingerprint, _study=study).get(name)


@st.cache_resource(max_entries=8, show_spinner=False)
def _named(fingerprint: str, _study: Study) -> Mapping[str, str]:  # noqa: ARG001
    """Return the ids that an import has brought, by their names in addresses."""
    names = {address_names.name_of_case(case_id): case_id for case_id in _study.cases["case_id"]}
    return {name: case_id for name, case_id in names.items() if name != case_id}


@st.cache_resource(max_entries=8, show_spinner=False)
def _paths(fingerprint: str, _study: Study) -> Mapping[str, str | None]:  # noqa: ARG001
    paths = _study.cases["image_path"].array
    return ByCase(_study.cases["case_id"], lambda row: paths[row] if isinstance(paths[row], str) else None)


@st.cache_resource(max_entries=1000, show_spinner=False)
def _encoded(
    fingerprint: str,  # noqa: ARG001
    folder: str,  # noqa: ARG001
    case_id: str,
    class_name: str | None,
    size: str,
    of: MapOf,
    _study: Study,
    _folder: LinkedImages,
) -> bytes | None:
    path = _folder.path(known_ids(_study)[case_id])
    return None if path is None else scan.render(_study, case_id, path, class_name=class_name, size=size, of=of)


@st.cache_resource(max_entries=500, show_spinner=False)
def _layer(
    fingerprint: str,  # noqa: ARG001
    folder: str,  # noqa: ARG001
    case_id: str,
    kind: str,
    class_name: str | None,
    size: str,
    of: MapOf,
    cells: bool,
    _study: Study,
    _folder: LinkedImages,
) -> bytes | None:
    path = _folder.path(known_ids(_study)[case_id])
    if path is None:
        return None
    return scan.layer(_study, case_id, path, kind, class_name=class_name, size=size, of=of, cells=cells)
