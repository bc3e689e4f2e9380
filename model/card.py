"""The model folder: what the model is (``model.onnx``, ``card.toml``) and how it came to be (history, folds)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from neuroval.data.classes import ClassOrder
from neuroval.data.exceptions import InputError
from neuroval.data.storage.atomic import recover
from neuroval.data.storage.files import file_sha256
from neuroval.data.storage.home import DESCRIPTIONS, SHIPPED_MODELS
from neuroval.data.storage.toml import as_toml, read_toml

REGULATORY = (
    "Research use only. Not a medical device: without CE mark, and not cleared by the FDA or another authority. "
    "A radiologist confirms every call."
)
GRAPH, CARD, HISTORY = "model.onnx", "card.toml", "history.parquet"
PAGE = "README.md"
FOLDS, FOLDS_UNGROUPED = "folds.parquet", "folds_ungrouped.parquet"
REFERENCE = "reference.npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What ``card.toml`` says. ``grid`` is the size of the Grad-CAM maps; ``split`` names how cases were held out.

    ``folds`` holds the recipe of its out-of-fold predictions where that is another than ``recipe``.
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
    limitations: tuple[str, ...] = ()


def read_card(folder: Path) -> ModelCard:
    """Return the card of a model folder, its graph's hash checked. Raises ``InputError`` naming what is wrong."""
    recover(folder)
    path = folder / CARD
    if not path.is_file() or not (folder / GRAPH).is_file():
        raise InputError(f"{folder}: not a model folder; expected {GRAPH} and {CARD}.")
    document = read_toml(path)
    try:
        card = ModelCard(
            classes=ClassOrder.from_table(document.pop("classes", None), where=str(path)),
            grid=tuple(document.pop("grid")),
            limitations=tuple(document.pop("limitations", ())),
            **document,
        )
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: not a model card ({error}).") from None
    actual = file_sha256(folder / GRAPH)
    if actual != card.sha256:
        raise InputError(f"{folder / GRAPH}: hash {actual[:12]} differs from the card's {card.sha256[:12]}.")
    return card


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
    if not card.folds:
        del document["folds"]
    document["classes"] = card.classes.as_table()
    (folder / CARD).write_text(as_toml(document), encoding="utf-8")
    (folder / PAGE).write_text(as_markdown(card), encoding="utf-8")


def as_markdown(card: ModelCard) -> str:
    """Return the card as a page to read, in the order of Mitchell et al., Model cards for model reporting, 2019."""
    height, width = card.grid
    lines = [
        f"# Model {card.name}, version {card.version}",
        "",
        REGULATORY,
        "",
        f"An image classifier of {len(card.classes)} classes: {', '.join(card.classes.display.values())}. It takes RGB "
        f"images of {card.input_size} x {card.input_size} pixels and gives class probabilities, scaled by temperature "
        f"{card.temperature:.3g}, and a Grad-CAM map of {height} x {width} cells for each class.",
    ]
    use = intended(card)
    if use:
        lines += ["", "## Intended use", "", str(use["intended_use"])]
    for title, key in (("Not for", "contraindications"), ("Modalities", "modalities")):
        if use.get(key):
            lines += ["", f"## {title}", "", *(f"- {text}" for text in use[key])]
    if card.limitations:
        lines += ["", "## Limitations", "", *(f"- {text}" for text in card.limitations)]
    tables = {"Metrics": card.metrics, "Data": card.data, "Split": card.split, "Recipe": card.recipe}
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
    names = (GRAPH, CARD, HISTORY, FOLDS, FOLDS_UNGROUPED, REFERENCE)
    present = [folder / name for name in names if (folder / name).is_file()]
    lines = [f"{path.name} {file_sha256(path)}" for path in present]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
