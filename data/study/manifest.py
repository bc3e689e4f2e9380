"""``study.toml`` as frozen values: what the study is about, its wording, thresholds and provenance."""

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from typing import Any, Final, TypeVar

from neuroval.data.classes import ClassOrder
from neuroval.data.exceptions import ContractError, InputError
from neuroval.data.schema import SCHEMA_VERSION
from neuroval.data.storage.files import stays_inside
from neuroval.data.storage.home import STUDY_FILE
from neuroval.data.study.criteria import Acceptance
from neuroval.data.study.further_columns import check_names

PROVENANCE: Final = {"created": str, "code_version": str, "packages": dict, "intake": dict, "job": str}
TABLES: Final = (
    *("study", "classes", "model", "data", "thresholds", "harm", "impact", "acceptance", "test_reads", "files"),
    "provenance",
)
RECIPE: Final = {"guidance": float, "early_sizes": list, "chosen_by": str}  # settings that are looked at
NAMES: Final = {str: "a text", dict: "a table", list: "a list", float: "a finite number"}


CRITERIA_SET: Final = "criteria_set"  # of the provenance: when criteria were put into a study that had its results


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the study is and what it is for; ``synthetic`` when its images are made, not acquired.

    ``modalities`` says what kind of images the model is for.
    """

    name: str
    title: str
    intended_use: str = ""
    modalities: tuple[str, ...] = ()
    contraindications: tuple[str, ...] = ()
    limitations: tuple[str, ...] = ()
    synthetic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """The judged model; a study of imported predictions has none. ``recipe`` is the model card's, if it has one.

    ``folds_recipe`` is that of cross-validation, empty when the folds were trained as the model was.
    """

    name: str
    version: str = ""
    sha256: str = ""
    card: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    folds_recipe: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for recipe in (self.recipe, self.folds_recipe):
            for key, kind in RECIPE.items():
                value = recipe.get(key)
                fits = _is_number(value) if kind is float else isinstance(value, kind)
                if value is not None and not fits:
                    raise InputError(f"model: {key} of the recipe is {value!r}; expected {NAMES[kind]}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFacts:
    """The data set: ``name`` is part of every case id, ``columns`` are the further ones of its table of cases."""

    name: str
    licence: str = ""
    source_url: str = ""
    citation: str = ""
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_names(self.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Confidences at which the tiers begin, high and review, the sensitivity aimed at, and a margin for comparisons.

    ``non_inferiority_margin`` is by how much a rate may be lower than that of another model and still be called not
    inferior; 0 when none was fixed.
    """

    high_confidence: float = 0.90
    review: float = 0.80
    target_sensitivity: float = 0.98
    non_inferiority_margin: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.review <= self.high_confidence <= 1 or not 0 < self.target_sensitivity <= 1:
            raise InputError("thresholds: expected 0 < review <= high_confidence <= 1 and 0 < target_sensitivity <= 1.")
        if not 0 <= self.non_inferiority_margin < 1:
            margin = f"non_inferiority_margin is {self.non_inferiority_margin:g}"
            raise InputError(f"thresholds: {margin}; expected from 0 to below 1, such as 0.02.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What a confusion means for the patient, in words a clinician has read."""

    reference: str
    predicted: str
    text: str
    next_step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRead:
    """One reading of the test split. ``at`` is a UTC time, ISO 8601."""

    at: str
    model_sha256: str
    accuracy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything ``study.toml`` says. ``files`` maps each table's file name to its sha256."""

    about: About
    classes: ClassOrder
    data: DataFacts
    model: ModelFacts | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)
    harm: tuple[tuple[float, ...], ...] = ()
    impacts: tuple[Impact, ...] = ()
    acceptance: tuple[Acceptance, ...] = ()
    test_reads: tuple[TestRead, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        k = len(self.classes)
        if self.harm and (
            len(self.harm) != k
            or any(len(row) != k or row[i] != 0 for i, row in enumerate(self.harm))
            or not all(0 <= cost < math.inf for row in self.harm for cost in row)
        ):
            raise InputError(f"harm.matrix: expected {k} x {k} costs of 0 or more, with 0 on the diagonal.")
        for impact in self.impacts:
            for name in (impact.reference, impact.predicted):
                if name not in self.classes.names:
                    raise InputError(f"impact: {name!r} is not a class; expected one of {list(self.classes.names)}.")
        subjects = [*(("any_tumour",) if self.classes.negative is not None else ()), *self.classes.names]
        for criterion in self.acceptance:
            if criterion.subject and criterion.subject not in subjects:
                raise InputError(
                    f"acceptance: {criterion.metric!r} is of {criterion.subject!r}; expected overall or one of "
                    f"{subjects}."
                )

    @property
    def criteria_set(self) -> date | None:
        """The day on which criteria were put into a study that had its results; none where that did not happen."""
        try:
            return datetime.fromisoformat(str(self.provenance[CRITERIA_SET])).date()
        except (KeyError, ValueError):
            return None

    def impact(self, reference: str, predicted: str) -> Impact | None:
        impacts = (i for i in self.impacts if (i.reference, i.predicted) == (reference, predicted))
        return next(impacts, None)


def to_document(manifest: Manifest) -> dict[str, Any]:
    """Return the manifest as the nested tables of ``study.toml``."""
    document: dict[str, Any] = {
        "study": {"schema": SCHEMA_VERSION, **_plain(manifest.about)},
        "classes": manifest.classes.as_table(),
        "data": _plain(manifest.data),
        "thresholds": _plain(manifest.thresholds),
        "harm": {"matrix": [list(row) for row in manifest.harm]},
        "impact": [_plain(impact) for impact in manifest.impacts],
        "acceptance": [_criterion(criterion) for criterion in manifest.acceptance],
        "test_reads": [_plain(reading) for reading in manifest.test_reads],
        "files": dict(sorted(manifest.files.items())),
        "provenance": dict(manifest.provenance),
    }
    if not manifest.about.modalities:  # studies from before this key keep their fingerprint
        del document["study"]["modalities"]
    if not manifest.thresholds.non_inferiority_margin:
        del document["thresholds"]["non_inferiority_margin"]
    if not manifest.data.columns:
        del document["data"]["columns"]
    if manifest.model is not None:
        document["model"] = _plain(manifest.model)
        if not manifest.model.folds_recipe:
            del document["model"]["folds_recipe"]
    return document


def _criterion(criterion: Acceptance) -> dict[str, Any]:
    """Return a criterion; studies from before subgroups keep their fingerprint."""
    return {key: value for key, value in _plain(criterion).items() if value or key not in ("subgroup", "each")}


def from_document(document: Mapping[str, Any]) -> Manifest:
    """Return the manifest of a parsed ``study.toml``; ``ContractError`` names the table and key that is wrong."""
    about = dict(_table(document, "study"))
    version = about.pop("schema", None)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ContractError(f"{STUDY_FILE}: [study] schema is {version!r}, expected {SCHEMA_VERSION}.")
    if version > SCHEMA_VERSION:
        raise ContractError(
            f"{STUDY_FILE}: schema {version} is newer than this program reads ({SCHEMA_VERSION}); update NeuroVal."
        )
    if unknown := sorted(set(document) - set(TABLES)):
        raise ContractError(f"{STUDY_FILE}: unknown {unknown}; expected tables of {list(TABLES)}.")
    try:
        return Manifest(
            about=_build(About, about, "study"),
            classes=ClassOrder.from_table(document.get("classes"), where=STUDY_FILE),
            data=_build(DataFacts, _table(document, "data"), "data"),
            model=_build(ModelFacts, document["model"], "model") if "model" in document else None,
            thresholds=_build(Thresholds, document.get("thresholds", {}), "thresholds"),
            harm=_harm(document),
            impacts=tuple(_build(Impact, row, "impact") for row in _rows(document, "impact")),
            acceptance=tuple(_build(Acceptance, row, "acceptance") for row in _rows(document, "acceptance")),
            test_reads=tuple(_build(TestRead, row, "test_reads") for row in _rows(document, "test_reads")),
            files=_files(document),
            provenance=_provenance(document),
        )
    except InputError as error:
        raise ContractError(f"{STUDY_FILE}: {str(error).removeprefix(f'{STUDY_FILE}: ')}") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise ContractError(f"{STUDY_FILE}: a value has the wrong type ({error}).") from None


def with_criteria(manifest: Manifest, document: Mapping[str, Any], *, where: str) -> Manifest:
    """Return a manifest with the ``[[acceptance]]`` tables of a document in the place of its own.

    Raises ``InputError``, which begins with ``where``, for anything else in the document, none, or one that is wrong.
    """
    if others := sorted(set(document) - {"acceptance"}):
        raise InputError(f"{where}: unknown {others}; expected [[acceptance]] tables and nothing else.")
    try:
        acceptance = tuple(_build(Acceptance, row, "acceptance") for row in _rows(document, "acceptance"))
        if not acceptance:
            raise InputError("no [[acceptance]] table; expected one or more, with metric and at_least.")
        about_own = {key: value for key, value in manifest.provenance.items() if key != CRITERIA_SET}
        return dataclasses.replace(manifest, acceptance=acceptance, provenance=about_own)
    except InputError as error:
        raise InputError(f"{where}: {str(error).removeprefix(f'{STUDY_FILE}: ')}") from None


def fingerprint(manifest: Manifest) -> str:
    """Return the sha256 over everything the study says, through the hashes of its files.

    Left out are ``[provenance]`` and the time of each test reading: when is not what.
    """
    document = to_document(manifest)
    del document["provenance"]
    for reading in document["test_reads"]:
        del reading["at"]
    canonical = json.dumps(document, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


T = TypeVar("T")


def _plain(value: Any) -> dict[str, Any]:
    return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(value).items()}


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _rows(document: Mapping[str, Any], name: str) -> list[Any]:
    rows = document.get(name, [])
    if not isinstance(rows, list):
        raise ContractError(f"{STUDY_FILE}: {name} is {rows!r}, expected [[{name}]].")
    return rows


def _files(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the hashes of the files; each lies in the folder itself."""
    files = dict(_table(document, "files")) if "files" in document else {}
    for name, content in files.items():
        if not isinstance(content, str):
            raise ContractError(f"{STUDY_FILE}: [files] {name} is {content!r}, expected its sha256.")
        if not stays_inside(name) or set(name) & set("/\\"):
            raise ContractError(f"{STUDY_FILE}: [files] names {name!r}; expected the name of a file in the study.")
    return files


def _harm(document: Mapping[str, Any]) -> tuple[tuple[float, ...], ...]:
    matrix = dict(_table(document, "harm")).get("matrix", []) if "harm" in document else []
    if not isinstance(matrix, list) or not all(isinstance(row, list) and all(map(_is_number, row)) for row in matrix):
        raise ContractError(f"{STUDY_FILE}: [harm] matrix is {matrix!r}, expected rows of costs of 0 or more.")
    return tuple(tuple(map(float, row)) for row in matrix)


def _provenance(document: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(_table(document, "provenance")) if "provenance" in document else {}
    for key, kind in PROVENANCE.items():
        if key in made and not isinstance(made[key], kind):
            raise ContractError(f"{STUDY_FILE}: [provenance] {key} is {made[key]!r}, expected {NAMES[kind]}.")
    return made


def _table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = document.get(name)
    if not isinstance(table, dict):
        raise ContractError(f"{STUDY_FILE}: table [{name}] is missing.")
    return table


def _build(kind: type[T], table: Any, name: str) -> T:
    if not isinstance(table, dict):
        raise ContractError(f"{STUDY_FILE}: [{name}] is not a table.")
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise ContractError(f"{STUDY_FILE}: [{name}] has the unknown key {unknown[0]!r}; expected {sorted(known)}.")
    for key, value in table.items():
        expected = known[key].type
        if expected == tuple[str, ...] and (not isinstance(value, list) or not all(isinstance(v, str) for v in value)):
            raise ContractError(f"{STUDY_FILE}: [{name}] {key} is {value!r}, expected a list of texts.")
        if expected == Mapping[str, Any] and not isinstance(value, dict):
            raise ContractError(f"{STUDY_FILE}: [{name}] {key} is {value!r}, expected a table.")
        if (expected is str and not isinstance(value, str)) or (expected is bool and not isinstance(value, bool)):
            raise ContractError(f"{STUDY_FILE}: [{name}] {key} is {value!r}, expected {expected.__name__}.")
        if expected is float and not _is_number(value):
            raise ContractError(f"{STUDY_FILE}: [{name}] {key} is {value!r}, expected a finite number.")
    try:
        return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in table.items()})
    except TypeError as error:
        missing = str(error).split("argument")[-1].lstrip("s: ")
        raise ContractError(f"{STUDY_FILE}: [{name}] lacks {missing}.") from None
