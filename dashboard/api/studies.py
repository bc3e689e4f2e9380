"""The studies on this server, and the numbers of each: those of the pages and of ``neuroval analyze``."""

from functools import lru_cache, partial
from pathlib import Path as File
from typing import Annotated, Literal

import anyio
from fastapi import APIRouter, HTTPException, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from neuroval.analysis.study.basis import BASES
from neuroval.analysis.study.results import Results, results_of
from neuroval.dashboard.api.answers import Document, Studies, StudyEntry
from neuroval.dashboard.api.guard import BUSY, RETRY_SECONDS
from neuroval.dashboard.api.problems import documented, not_there
from neuroval.dashboard.api.shared_work import SharedWork, TooMuch
from neuroval.dashboard.documents.study_document import SECTIONS, document_of
from neuroval.data.exceptions import InputError
from neuroval.data.storage.home import STUDY_FILE
from neuroval.data.storage.home import studies as known_studies
from neuroval.data.study.folder import read_study
from neuroval.data.study.listing import known_manifest

router = APIRouter(tags=["studies"])

Section = Literal[*SECTIONS]  # type: ignore[valid-type]
Basis = Literal[*BASES]  # type: ignore[valid-type]


class Asked(BaseModel):
    """What is asked of a study; a parameter of another name is refused, since its answer would be another one."""

    model_config = ConfigDict(extra="forbid")

    section: list[Section] | None = Field(default=None, description="Only these sections; `per-class` by default.")
    basis: Basis | None = Field(default=None, description="What is judged; by default what the pages open with.")


@router.get("/studies", summary="All studies", responses=documented(401))
async def studies(request: Request) -> Studies:  # noqa: ARG001 - as the other routes
    """Return the studies; one that cannot be opened says why."""
    return await anyio.to_thread.run_sync(_all)


@router.get(
    "/studies/{study_id}/metrics", summary="The numbers of a study", responses=documented(400, 401, 404, 422, 503)
)
async def study_metrics(
    request: Request,
    study_id: Annotated[str, Path(description="As `studies` names it.")],
    asked: Annotated[Asked, Query()],
) -> Document:
    """Return what `neuroval analyze --json` prints of these sections; lists over 1,000 entries are cut and say so."""
    folder = (await anyio.to_thread.run_sync(known_studies)).get(study_id)
    if folder is None:
        raise not_there("there is no study of this name")
    names, basis = tuple(dict.fromkeys(asked.section or ("per-class",))), asked.basis
    try:
        stamp = (folder / STUDY_FILE).stat().st_mtime_ns
    except OSError:
        raise not_there("there is no study of this name") from None
    work = partial(_document, folder, names, basis, stamp)
    try:
        return await _shared(request).result((folder, names, basis, stamp), work)
    except TooMuch:
        raise HTTPException(503, BUSY, {"Retry-After": str(RETRY_SECONDS)}) from None


def _shared(request: Request) -> SharedWork:
    """Return the work that the app shares, made when it is first needed."""
    state = request.app.state
    if not hasattr(state, "shared"):
        state.shared = SharedWork()
    shared: SharedWork = state.shared
    return shared


def _document(folder: File, names: tuple[str, ...], basis: str | None, stamp: int) -> Document:
    try:
        return Document.model_validate(document_of(_results(folder, basis, stamp), names=names))
    except InputError as error:
        raise InputError(str(error).replace(str(folder), folder.name)) from None


def _all() -> Studies:
    return Studies(studies=[_entry(name, folder) for name, folder in known_studies().items()])


@lru_cache(maxsize=4)
def _results(folder: File, basis: str | None, stamp: int) -> Results:  # noqa: ARG001 - the stamp is part of the key
    return results_of(read_study(folder), basis=basis)


def _entry(name: str, folder: File) -> StudyEntry:
    try:
        manifest = known_manifest(folder)
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
