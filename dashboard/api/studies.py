"""The studies on this server, and the numbers of each: those of the pages and of ``neuroval analyze``."""

from functools import lru_cache
from pathlib import Path as File
from typing import Annotated, Any, Literal

import anyio
from fastapi import APIRouter, Path, Query, Request

from neuroval.analysis.study.results import Results, results_of
from neuroval.dashboard.api.answers import Document, Studies, StudyEntry
from neuroval.dashboard.api.problems import documented, not_there
from neuroval.dashboard.documents.study_document import SECTIONS, document_of
from neuroval.data.exceptions import InputError
from neuroval.data.schema import EVALUATED_SPLITS
from neuroval.data.storage.home import STUDY_FILE
from neuroval.data.storage.home import studies as known_studies
from neuroval.data.study.folder import read_manifest, read_study

router = APIRouter(tags=["studies"])

Section = Literal[*SECTIONS]  # type: ignore[valid-type]
Split = Literal[*EVALUATED_SPLITS]  # type: ignore[valid-type]


@router.get("/studies", summary="All studies", responses=documented(401))
async def studies(request: Request) -> Studies:  # noqa: ARG001 - as the other routes
    """Return the studies; one that cannot be opened says why."""
    return Studies(studies=[_entry(name, folder) for name, folder in known_studies().items()])


@router.get("/studies/{study_id}/metrics", summary="The numbers of a study", responses=documented(400, 401, 404, 422))
async def study_metrics(
    study_id: Annotated[str, Path(description="As `studies` names it.")],
    section: Annotated[list[Section] | None, Query(description="Only these sections; `per-class` by default.")] = None,
    split: Annotated[Split, Query(description="Whose predictions are analysed.")] = "test",
) -> Document:
    """Return what `neuroval analyze --json` prints of these sections; lists over 1,000 entries are cut and say so."""
    folder = known_studies().get(study_id)
    if folder is None:
        raise not_there("there is no study of this name")
    document = await anyio.to_thread.run_sync(_document, folder, tuple(section or ("per-class",)), split)
    return Document.model_validate(document)


def _document(folder: File, names: tuple[str, ...], split: str) -> dict[str, Any]:
    try:
        stamp = (folder / STUDY_FILE).stat().st_mtime_ns
        return document_of(_results(folder, split, stamp), names=names)
    except InputError as error:
        raise InputError(str(error).replace(str(folder), folder.name)) from None


@lru_cache(maxsize=4)
def _results(folder: File, split: str, stamp: int) -> Results:  # noqa: ARG001 - the stamp is part of the key
    return results_of(read_study(folder), split=split)


def _entry(name: str, folder: File) -> StudyEntry:
    try:
        manifest = read_manifest(folder)
    except InputError as error:
        reason = str(error).replace(str(folder), name)
        return StudyEntry(id=name, title=None, synthetic=None, model=None, data=None, error=reason)
    return StudyEntry(
        id=name,
        title=manifest.about.title,
        synthetic=manifest.about.synthetic,
        model=None if manifest.model is None else manifest.model.name,
        data=manifest.data.name,
        error=None,
    )
