"""The model folder: what the model is (``model.onnx``, ``card.toml``) and how it came to be (history, folds)."""

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, TypeAlias

from neuroval.data.classes import ClassOrder
from neuroval.data.exceptions import InputError
from neuroval.data.storage.atomic import recover
from neuroval.data.storage.files import file_sha256
from neuroval.data.storage.home import DESCRIPTIONS, SHIPPED_MODELS
from neuroval.data.storage.toml import as_toml, read_toml
from neuroval.data.study.gradcam import GRADCAM

REGULATORY = (
    "Research use only. Not a medical device: without CE mark, and not cleared by the FDA or another authority. "
    "A radiologist confirms every call."
)
GRAPH, CARD, HISTORY = "model.onnx", "card.toml", "history.parquet"
PAGE = "README.md"
FOLDS, FOLDS_UNGROUPED = "folds.parquet", "folds_ungrouped.parquet"
GRADCAM_FOLDS = "gradcam_folds.parquet"
REFERENCE = "reference.npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What ``card.toml`` says. ``grid`` is the size of the Grad-CAM maps; ``split`` names how cases were held out.

    ``folds`` holds the recipe of its out-of-fold predictions where that is another than ``recipe``. ``source`` says of
    a model that was made elsewhere which file it comes from, how pixels become its input, and what its maps are.
    """

    name: str
    version: str
    classes: ClassOrder
    input_size: int
    grid: tuple[int, int]
    sha256: str
    temperature: float = 1.0
    recipe: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    split: Mapping[str, Any] = field(default_factory=dict)
    folds: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    source: Mapping[str, Any] = field(default_factory=dict)
    limitations: tuple[str, ...] = ()

    @property
    def maps(self) -> str:
        """What its maps are called: Grad-CAM, unless it says otherwise."""
        return str(self.source.get("maps", GRADCAM))


def read_card(folder: Path) -> ModelCard:
    """Return the card of a model folder, its graph's hash checked. Raises ``InputError`` naming what is wrong."""
    recover(folder)
    path = folder / CARD
    if not path.is_file() or not (folder / GRAPH).is_file():
        raise InputError(f"{folder}: not a model folder; expected {GRAPH} and {CARD}.")
    card = card_from(read_toml(path), where=str(path))
    actual = file_sha256(folder / GRAPH)
    if actual != card.sha256:
        raise InputError(f"{folder / GRAPH}: hash {actual[:12]} differs from the card's {card.sha256[:12]}.")
    return card


def card_from(document: Mapping[str, Any], *, where: str) -> ModelCard:
    """Return the card that a document holds. Raises ``InputError`` naming the key that is wrong."""
    known = {f.name: f for f in fields(ModelCard)}
    given = dict(document)
    classes = ClassOrder.from_table(given.pop("classes", None), where=where)
    for key, value in given.items():
        if key not in known:
            raise InputError(f"{where}: unknown key {key!r}; expected some of {sorted(known)}.")
        fits, expected = KINDS[key]
        if not fits(value):
            raise InputError(f"{where}: {key} is {value!r}, expected {expected}.")
    missing = [f.name for f in fields(ModelCard) if f.default is MISSING and f.default_factory is MISSING]
    if lacking := [name for name in missing if name not in given and name != "classes"]:
        raise InputError(f"{where}: not a model card ({lacking[0]} is missing).")
    for table, key, fits, expected in INNER:
        value = given.get(table, {}).get(key)
        if value is not None and not fits(value):
            raise InputError(f"{where}: [{table}] {key} is {value!r}, expected {expected}.")
    if given.get("split") and (lacking := [key for key in SPLIT if key not in given["split"]]):
        raise InputError(f"{where}: [split] lacks {lacking[0]}.")
    for key in {"grid", "limitations"} & set(given):
        given[key] = tuple(given[key])
    return ModelCard(classes=classes, **given)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_count(value: object) -> bool:
    return type(value) is int and 0 < value <= LARGEST_SIDE


def _is_whole(value: object) -> bool:
    return type(value) is int and value >= 0


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def _is_grid(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_count, value))


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _is_positive(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < math.inf


Check: TypeAlias = Callable[[object], bool]

LARGEST_SIDE: Final = 4096
KINDS: Final[Mapping[str, tuple[Check, str]]] = {
    "name": (_is_text, "a text"),
    "version": (lambda value: isinstance(value, str), "a text"),
    "input_size": (_is_count, f"a number of pixels up to {LARGEST_SIDE}"),
    "grid": (_is_grid, "two numbers of cells"),
    "sha256": (lambda value: isinstance(value, str), "a text"),
    "temperature": (_is_positive, "a number above 0"),
    "limitations": (_are_texts, "a list of texts"),
    "recipe": (_is_table, "a table"),
    "data": (_is_table, "a table"),
    "split": (_is_table, "a table"),
    "folds": (_is_table, "a table"),
    "metrics": (_is_table, "a table"),
    "source": (_is_table, "a table"),
}
SPLIT: Final = ("parts", "seed", "pairs", "sha256")
INNER: Final[tuple[tuple[str, str, Check, str], ...]] = (
    ("data", "name", _is_text, "a text"),
    ("split", "parts", _is_count, "a number of parts"),
    ("split", "seed", _is_whole, "a whole number"),
    ("split", "pairs", _are_texts, "a list of texts"),
    ("split", "sha256", _is_text, "a text"),
    ("folds", "recipe", _is_table, "a table"),
    ("source", "maps", _is_text, "a text"),
    ("source", "layout", lambda value: value in ("nhwc", "nchw"), "nhwc or nchw"),
    ("source", "scale", _is_positive, "a number above 0"),
)


def stated_sha256(folder: Path) -> str | None:
    """Return the hash that a model's card states, unchecked; none when there is no card that can be read."""
    try:
        stated = read_toml(folder / CARD).get("sha256")
    except InputError:
        return None
    return stated if isinstance(stated, str) else None


def write_card(folder: Path, card: ModelCard) -> None:
    """Write ``card.toml``, and beside it the same as a page to read."""
    document: dict[str, Any] = {f.name: getattr(card, f.name) for f in fields(card)}
    document["grid"], document["limitations"] = list(card.grid), list(card.limitations)
    for table in ("folds", "source"):
        if not document[table]:
            del document[table]
    document["classes"] = card.classes.as_table()
    (folder / CARD).write_text(as_toml(document), encoding="utf-8")
    (folder / PAGE).write_text(as_markdown(card), encoding="utf-8")


def as_markdown(card: ModelCard) -> str:
    """Return the card as a page to read, in the order of Mitchell et al., Model cards for model reporting, 2019."""
    height, width = card.grid
    maps = "a Grad-CAM map" if card.maps == GRADCAM else f"an {card.maps}"
    lines = [
        f"# Model {card.name}, version {card.version}",
        "",
        REGULATORY,
        "",
        f"An image classifier of {len(card.classes)} classes: {', '.join(card.classes.display.values())}. It takes RGB "
        f"images of {card.input_size} x {card.input_size} pixels and gives class probabilities, scaled by temperature "
        f"{card.temperature:.3g}, and {maps} of {height} x {width} cells for each class.",
    ]
    use = intended(card)
    if use:
        lines += ["", "## Intended use", "", str(use["intended_use"])]
    for title, key in (("Not for", "contraindications"), ("Modalities", "modalities")):
        if use.get(key):
            lines += ["", f"## {title}", "", *(f"- {text}" for text in use[key])]
    if card.limitations:
        lines += ["", "## Limitations", "", *(f"- {text}" for text in card.limitations)]
    tables = {
        "Source": card.source,
        "Metrics": card.metrics,
        "Data": card.data,
        "Split": card.split,
        "Recipe": card.recipe,
    }
    tables["Recipe of the folds"] = card.folds.get("recipe", {})
    for title, table in tables.items():
        if table:
            rows = [f"| {key.replace('_', ' ')} | {_written(value)} |" for key, value in table.items()]
            lines += ["", f"## {title}", "", "| | |", "|---|---|", *rows]
    return "\n".join([*lines, "", f"sha256 of `{GRAPH}`: `{card.sha256}`", ""])


def intended(card: ModelCard) -> Mapping[str, Any]:
    """Return what is written of a shipped model: intended use, contraindications, modalities; else nothing."""
    file = wording(card)
    return {} if file is None else dict(read_toml(file).get("study", {}))


def wording(card: ModelCard) -> Path | None:
    """Return the file of what is written about a shipped model, which is known by its graph; none for any other."""
    file = DESCRIPTIONS / f"{card.data.get('name')}.toml"
    shipped = {stated_sha256(folder) for folder in SHIPPED_MODELS.iterdir()}
    return file if card.sha256 in shipped and file.is_file() and file.parent == DESCRIPTIONS else None


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_written(inner)}" for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_written, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def record_sha256(folder: Path) -> str:
    """Return the sha256 over all that a study takes from a model folder: graph, card, history, folds, reference."""
    names = (GRAPH, CARD, HISTORY, FOLDS, FOLDS_UNGROUPED, GRADCAM_FOLDS, REFERENCE)
    present = [folder / name for name in names if (folder / name).is_file()]
    lines = [f"{path.name} {file_sha256(path)}" for path in present]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
