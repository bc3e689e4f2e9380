"""Every sentence about training and cross-validation."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from neuroval.analysis.performance.training_course import Run
from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.words.formats import full, number
from neuroval.data.study.manifest import Manifest, TestRead

NO_HISTORY = "This study holds no training history."
CURVES = "Both splits of the final run. Train is measured during the epoch, on changed images: it may lie below tuning."
FIRST = ("backbone", "weights", "input_size", "early_sizes", "epochs", "batch_size", "learning_rate", "guidance")
UNITS = {
    "rotation": ", degrees at most",
    "scale": ", share at most",
    "shift": ", share of the side at most",
    "contrast": ", share at most",
    "gamma": ", natural logarithm at most",
    "blur": ", pixels at most",
    "noise": ", grey values at most",
    "input_size": ", pixels",
    "early_sizes": ", epochs x pixels",
    "batch_size": ", scans",
    "patience": ", epochs (0: none)",
    "tuning_parts": ": one of so many is tuning",
    "tuning_log_loss_before": " scaling",
    "tuning_log_loss_after": " scaling",
}


def answer(run: Run | None, reads: Sequence[TestRead], manifest: Manifest) -> str:
    """Return the answer of the page: what chose the weights, and how often the test split was read."""
    if run is None:
        return NO_HISTORY
    here = run.at_chosen
    how = "" if manifest.model is None else manifest.model.recipe.get("chosen_by", "")
    by = f" ({how})" if how else ""
    return (
        f"The tuning split chose epoch {run.chosen} of {len(run.epoch)}{by}: accuracy "
        f"{number(float(run.tuning_accuracy[here]))} on tuning, {number(float(run.accuracy[here]))} on train. "
        f"{readings(reads)}"
    )


def tuning_and_test(evidence: Evidence) -> str:
    """Return the accuracy of the network on tuning and evaluated scans, and what each share with its training.

    The two differ most where one split holds what the network has seen. Nothing without predictions of tuning scans.
    """
    tuning, seen = evidence.results.on_tuning, evidence.results.tuning_shared
    if tuning is None or not tuning.defined:
        return ""
    known = evidence.results.audit.leakage.overall.group
    of_tuning, of_test = _sharing(seen), _sharing((known.count or 0) if known.defined else None)
    return (
        f"Of the tuning scans{of_tuning}, the network as it is served calls {full(tuning)} rightly. Of the "
        f"{evidence.basis} scans{of_test}, it calls "
        f"{full(evidence.results.performance.overall.accuracy.headline)} rightly."
    )


def _sharing(number_of_scans: int | None) -> str:
    if number_of_scans is None:
        return ""
    verb = "shares" if number_of_scans < 2 else "share"
    return (
        f", {f'{number_of_scans:,}' if number_of_scans else 'none'} of which {verb} a patient or a copy with training"
    )


def readings(reads: Sequence[TestRead]) -> str:
    """Return how often the test split was read, and for how many networks."""
    if not reads:
        return "No reading of the test split is recorded."
    times = {1: "once", 2: "twice"}.get(len(reads), f"{len(reads)} times")
    networks = len({read.model_sha256 for read in reads})
    if networks == 1:
        return f"The test split was read {times}{', for one network' if len(reads) > 1 else ''}."
    chosen = "Later changes may have been tuned to the test scans."
    return f"The test split was read {times}, for {networks} networks. {chosen}"


def reading_rows(reads: Sequence[TestRead]) -> list[dict[str, str]]:
    """Return the readings of the test split as table rows, oldest first."""
    return [
        {"When": read.at[:16].replace("T", " "), "Accuracy": number(read.accuracy), "Model": read.model_sha256[:12]}
        for read in reads
    ]


def recipe_rows(recipe: Mapping[str, Any], *, first: bool = False) -> list[dict[str, str]]:
    """Return the recipe as table rows, or only the settings that are read ``first``."""
    return [
        {"Setting": key.replace("_", " ").capitalize() + UNITS.get(key, ""), "Value": _value(value)}
        for key, value in _flat(recipe).items()
        if value != [] and (key in FIRST or not first)
    ]


def _flat(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a recipe, those of a table in it under its name and their own."""
    rows: dict[str, Any] = {}
    for key, value in recipe.items():
        inner = value if isinstance(value, Mapping) else None
        rows |= {key: value} if inner is None else {f"{key}: {name}": entry for name, entry in inner.items()}
    return rows


def curves(manifest: Manifest) -> str:
    """Return what the curves are of, and which epochs saw smaller images."""
    early = [] if manifest.model is None else manifest.model.recipe.get("early_sizes", [])
    if not early:
        return CURVES
    which = "Epoch 1" if len(early) == 1 else f"Epochs 1 to {len(early)}"
    return f"{CURVES} {which} saw smaller images and could not be chosen."


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)) and all(isinstance(entry, str) for entry in value):
        return ", ".join(entry.replace("_", " ") for entry in value)
    if isinstance(value, (list, tuple)):
        return ", ".join(f"{len(list(same))} x {value_of_run}" for value_of_run, same in itertools.groupby(value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
