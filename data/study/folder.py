"""The study folder: everything needed to judge one model on one data set. Read once, checked once, written whole."""

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from neuroval.data import schema
from neuroval.data.claims.kinds import Claims
from neuroval.data.claims.reading import FILE as CLAIMS
from neuroval.data.claims.reading import read_claims
from neuroval.data.classes import ClassOrder, check_order, class_names
from neuroval.data.exceptions import ContractError, InputError, MissingFileError
from neuroval.data.storage.atomic import check_free, while_replaced, written_whole
from neuroval.data.storage.files import file_sha256
from neuroval.data.storage.home import STUDY_FILE
from neuroval.data.storage.lock import holding
from neuroval.data.storage.toml import as_toml, read_toml
from neuroval.data.study import contract
from neuroval.data.study import embeddings as embeddings_of
from neuroval.data.study import gradcam as gradcam_of
from neuroval.data.study import trial as trial_of
from neuroval.data.study import trial_maps as trial_maps_of
from neuroval.data.study.embeddings import Embeddings
from neuroval.data.study.further_columns import check_values, with_further
from neuroval.data.study.gradcam import GradCams
from neuroval.data.study.manifest import Manifest, fingerprint, from_document, to_document
from neuroval.data.study.trial import Trial
from neuroval.data.study.trial_maps import TrialMaps

DAMAGED: Final = (
    pa.ArrowException,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    RecursionError,
)
READ_APART: Final = frozenset(  # tables that are no data frames
    {gradcam_of.FILE, gradcam_of.FOLDS_FILE, embeddings_of.FILE, trial_of.FILE, trial_maps_of.FILE}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A checked study. Tables are as DESIGN names them; ``None`` where the study has no such table.

    ``rows`` holds, for each table of predictions and for ``no_result``, the row of ``cases`` that each of its rows is
    of.
    """

    path: Path
    manifest: Manifest
    fingerprint: str
    cases: pd.DataFrame
    predictions: pd.DataFrame
    rejected: pd.DataFrame
    pairs: pd.DataFrame
    rows: Mapping[str, NDArray[np.int64]]
    folds: pd.DataFrame | None = None
    folds_ungrouped: pd.DataFrame | None = None
    history: pd.DataFrame | None = None
    gradcam: GradCams | None = None
    gradcam_folds: GradCams | None = None
    embeddings: Embeddings | None = None
    claims: Claims | None = None
    trial: Trial | None = None
    trial_maps: TrialMaps | None = None
    no_result: pd.DataFrame | None = None

    @property
    def classes(self) -> ClassOrder:
        return self.manifest.classes

    @property
    def maps(self) -> str:
        """What its maps are called: Grad-CAM, or what they are instead."""
        return gradcam_of.GRADCAM if self.gradcam is None else self.gradcam.method


def read_study(path: Path) -> Study:
    """Return the study in a folder, checked against the contract.

    Raises ``ContractError`` with file, column, first bad row and what was expected. A group on both sides of a split
    is no error: leaky data sets exist and must be openable. One that is replaced meanwhile is read again, so that all
    of it is of one writing.
    """
    with _reading(path):
        return while_replaced(path, _read_study, stamp=STUDY_FILE)


def _read_study(path: Path) -> Study:
    try:
        return _checked(path)
    except InputError:
        raise
    except DAMAGED as error:  # a table with the right hash, but not as this program writes it
        raise ContractError(f"{path}: damaged ({type(error).__name__}: {error}); write the study again.") from None


def _checked(path: Path) -> Study:
    manifest = _read_manifest(path)
    tables = {name: _read_table(path / name, manifest) for name in manifest.files if name != CLAIMS}
    for needed in ("cases.parquet", "predictions.parquet"):
        if needed not in tables:
            raise ContractError(f"{path}: {needed} is not listed under [files] of {STUDY_FILE}.")
    claims = _read_claims(path / CLAIMS, manifest) if CLAIMS in manifest.files else None
    return _assemble(path, manifest, tables, claims)


def read_manifest(path: Path) -> Manifest:
    """Return only ``study.toml``, checked: enough to list studies without reading their tables."""
    with _reading(path):
        return while_replaced(path, _read_manifest, stamp=STUDY_FILE)


def _read_manifest(path: Path) -> Manifest:
    try:
        document = read_toml(path / STUDY_FILE)
    except MissingFileError:
        raise ContractError(f"{path}: no {STUDY_FILE}; not a study folder.") from None
    except InputError as error:
        raise ContractError(str(error)) from None
    try:
        return from_document(document)
    except ContractError as error:
        raise ContractError(f"{path / str(error)}") from None


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Say in one line why a file cannot be read; that it is not there is for the caller to say."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        where, why = error.filename or path, error.strerror or error
        raise ContractError(f"{where}: cannot be read ({why}); check its permissions.") from None


def check_place(path: Path) -> None:
    """Raise ``InputError`` when a study cannot be written there, or something else than one is there."""
    check_free(path, marker=STUDY_FILE, kind="study")


def write_study(
    path: Path,
    *,
    manifest: Manifest,
    cases: pd.DataFrame,
    predictions: pd.DataFrame,
    gradcam: GradCams | None = None,
    gradcam_folds: GradCams | None = None,
    embeddings: Embeddings | None = None,
    optional: Mapping[str, pd.DataFrame | None] | None = None,
    claims: Path | None = None,
) -> Study:
    """Write a study whole and return it as read back; a killed run leaves the old study or the new one.

    ``optional`` maps ``rejected``, ``pairs``, ``folds``, ``folds_ungrouped``, ``history`` and ``no_result`` to tables;
    empty ones are not written. Rows are put in order of their ids, so equal content gives equal files.
    ``claims`` is a file that is copied as ``claims.toml``; ``InputError`` when it is not one, and nothing is written.
    A study at ``path`` is replaced; ``InputError`` when another folder or a file is there, or another program
    writes it.
    """
    check_place(path)
    if claims is not None:
        read_claims(claims)
    frames = {"cases": cases.sort_values("case_id"), "predictions": predictions.sort_values("case_id")}
    frames |= {name: table for name, table in (optional or {}).items() if table is not None and not table.empty}
    classes = manifest.classes
    further = manifest.data.columns
    tables = {f"{name}.parquet": _to_arrow(frame, name, classes, further=further) for name, frame in frames.items()}
    for file, maps in ((gradcam_of.FILE, gradcam), (gradcam_of.FOLDS_FILE, gradcam_folds)):
        if maps is not None:
            tables[file] = gradcam_of.to_arrow(maps, classes)
    if embeddings is not None:
        tables[embeddings_of.FILE] = embeddings_of.to_arrow(embeddings).replace_schema_metadata(
            contract.metadata(classes)
        )
    with written_whole(path) as part:
        for name, table in tables.items():
            pq.write_table(table, part / name, compression="zstd")
        if claims is not None:
            shutil.copyfile(claims, part / CLAIMS)
        study = _completed(part, manifest)
    return dataclasses.replace(study, path=path)


@holding("path")
def add_claims(path: Path, claims: Path) -> Study:
    """Put a claims file into a study, in the place of an earlier one, and return the study as read back.

    Its tables stay byte for byte. Raises ``InputError`` when the file holds no claims, and nothing is changed.
    """
    manifest = read_study(path).manifest
    read_claims(claims)
    return _with_file(path, manifest, lambda part: shutil.copyfile(claims, part / CLAIMS))


def add_trial(
    path: Path, trial: Trial, *, maps: TrialMaps | None = None, provenance: Mapping[str, Any] | None = None
) -> Study:
    """Put a trial and its ``maps`` into a study, in the place of an earlier one, and return the study as read back.

    Without maps the study has none, whatever an earlier trial left. Its other tables stay byte for byte. ``provenance``
    is kept under ``trial`` of ``[provenance]``, which no fingerprint looks at.
    """
    manifest = read_study(path).manifest
    table = trial_of.to_arrow(trial, manifest.classes)
    table = table.replace_schema_metadata(contract.metadata(manifest.classes, trial=trial.facts.to_document()))
    manifest = dataclasses.replace(manifest, provenance={**manifest.provenance, "trial": dict(provenance or {})})

    def write(part: Path) -> None:
        pq.write_table(table, part / trial_of.FILE, compression="zstd")
        (part / trial_maps_of.FILE).unlink(missing_ok=True)
        if maps is not None:
            told = trial_maps_of.to_arrow(maps, manifest.classes)
            pq.write_table(told, part / trial_maps_of.FILE, compression="zstd")

    return _with_file(path, manifest, write)


def add_gradcam(path: Path, gradcam: GradCams) -> Study:
    """Put maps into a study, in the place of earlier ones, and return the study as read back; its other files stay."""
    manifest = read_study(path).manifest
    table = gradcam_of.to_arrow(gradcam, manifest.classes)
    return _with_file(path, manifest, lambda part: pq.write_table(table, part / gradcam_of.FILE, compression="zstd"))


def change_manifest(path: Path, manifest: Manifest) -> Study:
    """Write a study again with another manifest and return it as read back; its files stay byte for byte."""
    return _with_file(path, manifest, lambda part: part)


def _with_file(path: Path, manifest: Manifest, write: Callable[[Path], object]) -> Study:
    """Write the study again with one more file, or that file anew, and return it as read back."""
    with written_whole(path) as part:
        for name in manifest.files:
            shutil.copyfile(path / name, part / name)
        write(part)
        study = _completed(part, manifest)
    return dataclasses.replace(study, path=path)


def _completed(part: Path, manifest: Manifest) -> Study:
    """Return the study of the files in a folder, after adding ``study.toml``: what is written, a reader accepts."""
    hashes = {file.name: file_sha256(file) for file in part.iterdir()}
    complete = dataclasses.replace(manifest, files=hashes)
    (part / STUDY_FILE).write_text(as_toml(to_document(complete)), encoding="utf-8")
    return read_study(part)


def _schema_of(name: str, classes: ClassOrder) -> pa.Schema:
    fixed = {
        "cases": schema.CASES,
        "rejected": schema.REJECTED,
        "pairs": schema.PAIRS,
        "history": schema.HISTORY,
        "no_result": schema.NO_RESULT,
    }
    if name in fixed:
        return fixed[name]
    if name == "predictions":
        return schema.predictions_schema(classes)
    if name in ("folds", "folds_ungrouped"):
        return schema.folds_schema(classes)
    raise ContractError(f"{name}.parquet: not a table of a study.")


def checked_table(frame: pd.DataFrame, name: str, classes: ClassOrder) -> pd.DataFrame:
    """Return a table that is to be written into a study. Raises ``ContractError`` as writing it would.

    ``name`` is that of the table. Whether its cases are in the study is seen when it is written.
    """
    _to_arrow(frame, name, classes)
    file = f"{name}.parquet"
    if name in ("folds", "folds_ungrouped"):
        contract.check_unique(frame, file=file)
        contract.check_probabilities(frame, classes, file=file)
    elif name == "history":
        contract.check_history(frame)
    return frame


def _to_arrow(frame: pd.DataFrame, name: str, classes: ClassOrder, *, further: Sequence[str] = ()) -> pa.Table:
    fitted = _fitted(pa.Table.from_pandas(frame, preserve_index=False), name, classes, further=further)
    return fitted.replace_schema_metadata(contract.metadata(classes))


def _fitted(table: pa.Table, name: str, classes: ClassOrder, *, further: Sequence[str]) -> pa.Table:
    """Return a table with the columns that the contract gives it; ``further`` are those of the cases that are named."""
    file, expected = f"{name}.parquet", _schema_of(name, classes)
    if name == "cases":
        expected = with_further(expected, table, further, file=file)
    return contract.conform(table, expected, file=file)


def _check_file(file: Path, manifest: Manifest) -> None:
    if not file.is_file():
        raise ContractError(f"{file}: listed under [files] of {STUDY_FILE} but not there.")
    if file_sha256(file) != manifest.files[file.name]:
        raise ContractError(f"{file}: content differs from the hash in {STUDY_FILE}; the file was changed or cut.")


def _read_claims(file: Path, manifest: Manifest) -> Claims:
    with _reading(file):
        _check_file(file, manifest)
    try:
        return read_claims(file)
    except InputError as error:
        raise ContractError(str(error)) from None


def _read_table(file: Path, manifest: Manifest) -> pa.Table:
    if file.suffix != ".parquet":
        raise ContractError(f"{file}: listed under [files] of {STUDY_FILE}, but no file of a study.")
    with _reading(file):
        _check_file(file, manifest)
        try:
            table = pq.read_table(file)
        except pa.ArrowInvalid as error:
            raise ContractError(f"{file}: not a readable Parquet file ({error}).") from None
    try:
        stated = json.loads((table.schema.metadata or {}).get(contract.METADATA_KEY, b"{}"))
    except (ValueError, RecursionError):
        stated = None
    if not isinstance(stated, dict):
        raise ContractError(f"{file}: the metadata of NeuroVal in it cannot be read; write the study again.")
    if stated.get("schema") != schema.SCHEMA_VERSION:
        raise ContractError(
            f"{file}: schema {stated.get('schema')!r} in its metadata, expected {schema.SCHEMA_VERSION}."
        )
    check_order(
        class_names(stated.get("classes"), where=f"{file}: classes in its metadata"),
        expected=manifest.classes.names,
        where=str(file),
    )
    return table


def _assemble(path: Path, manifest: Manifest, tables: Mapping[str, pa.Table], claims: Claims | None) -> Study:
    classes = manifest.classes
    frames: dict[str, pd.DataFrame] = {}
    for file, table in tables.items():
        if file not in READ_APART:
            name = file.removesuffix(".parquet")
            fitted = _fitted(table, name, classes, further=manifest.data.columns)
            frames[name] = fitted.replace_schema_metadata(None).to_pandas()
    cases = frames["cases"]
    contract.check_cases(cases, classes)
    check_values(cases, manifest.data.columns, file="cases.parquet")
    rows: dict[str, NDArray[np.int64]] = {
        name: contract.check_predictions(frames[name], cases, classes, file=f"{name}.parquet")
        for name in ("predictions", "folds", "folds_ungrouped")
        if name in frames
    }
    empty = {"rejected": schema.REJECTED, "pairs": schema.PAIRS}
    for name, columns in empty.items():
        frames.setdefault(name, columns.empty_table().to_pandas())
    contract.check_pairs(frames["pairs"], cases)
    if "history" in frames:
        contract.check_history(frames["history"])
    if "no_result" in frames:
        rows["no_result"] = contract.check_no_result(frames["no_result"], cases, frames["predictions"])
    gradcam, gradcam_folds, embeddings = None, None, None
    if gradcam_of.FILE in tables:
        gradcam = gradcam_of.from_arrow(tables[gradcam_of.FILE], classes, file=gradcam_of.FILE, cases=cases)
    if gradcam_of.FOLDS_FILE in tables:
        file = gradcam_of.FOLDS_FILE
        gradcam_folds = gradcam_of.from_arrow(tables[file], classes, file=file, cases=cases)
    if embeddings_of.FILE in tables:
        embeddings = embeddings_of.from_arrow(tables[embeddings_of.FILE], cases)
    trial = None
    if trial_of.FILE in tables:
        stated = contract.stated(tables[trial_of.FILE], "trial")
        trial = trial_of.from_arrow(tables[trial_of.FILE], classes, cases, facts=stated)
    trial_maps = None
    if trial_maps_of.FILE in tables:
        trial_maps = trial_maps_of.from_arrow(tables[trial_maps_of.FILE], classes, cases)
    return Study(
        path=path,
        manifest=manifest,
        fingerprint=fingerprint(manifest),
        gradcam=gradcam,
        gradcam_folds=gradcam_folds,
        embeddings=embeddings,
        claims=claims,
        trial=trial,
        trial_maps=trial_maps,
        rows=rows,
        **frames,
    )
