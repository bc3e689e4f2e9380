"""Every sentence about training and cross-validation."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from neuroval.analysis.performance.comparison import ComparedNumber
from neuroval.analysis.performance.folds import OverFolds
from neuroval.analysis.performance.training_course import Run
from neuroval.analysis.study.results import CrossValidation
from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.words.formats import counted, full, number, points
from neuroval.dashboard.words.general import mix, patients, spoken
from neuroval.data.classes import ClassOrder
from neuroval.data.study.manifest import Manifest, TestRead

NO_HISTORY = "This study holds no training history."
NO_FOLDS = "This study holds no cross-validation."
HOW_TO_FOLD = (
    "Cross-validation trains the network anew on parts of the scans and has each scan predicted by one that has seen "
    "neither its patient nor a copy of it.\n\n`neuroval cross-validate --model MODEL --images FOLDER` does it; the "
    "next `neuroval evaluate` of the model takes the result into the study."
)
NO_UNGROUPED = (
    "Ungrouped cross-validation is not part of this study: how much patients and copies on both sides would add is "
    "not measured."
)
BOTH_SIDES = "Scans of one patient or copies of one image are then on both sides."
CURVES = "Both splits of the final run. Train is measured during the epoch, on changed images: it may lie below tuning."
DOTS = (
    "A dot is a fold, the bar their mean; the line is the corrected 95% interval of the mean, which grows with their "
    "spread. The interval of all folds pooled counts scans and groups. The verdict takes the lower bound of both."
)
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
NAMES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "any_tumour.sensitivity": "Sensitivity, any tumour",
    "any_tumour.specificity": "Specificity, any tumour",
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
    known = evidence.results.leakage.overall.group
    of_tuning, of_test = _sharing(seen), _sharing((known.count or 0) if known.defined else None)
    return (
        f"Of the tuning scans{of_tuning}, the network as it is served calls {full(tuning)} rightly. Of the "
        f"{evidence.split} scans{of_test}, it calls "
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
        for key, value in recipe.items()
        if value != [] and (key in FIRST or not first)
    ]


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
    if isinstance(value, (list, tuple)):
        return ", ".join(f"{len(list(same))} x {value_of_run}" for value_of_run, same in itertools.groupby(value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def cross_validation(grouped: CrossValidation, ungrouped: CrossValidation, added: ComparedNumber | None) -> str:
    """Return the answer of the page: the pooled accuracy, its spread over the folds, and what leaks add."""
    shown = grouped if grouped.performance is not None else ungrouped
    if shown.performance is None:
        return NO_FOLDS
    name = "Grouped by patient and copy" if shown is grouped else "Not grouped"
    values = [value.value for value in number_of(shown, "accuracy").values if value.value is not None]
    text = (
        f"{name}, accuracy is {full(shown.performance.overall.accuracy.headline)}, pooled over "
        f"{counted(shown.folds, 'fold')}; by fold it lies between {number(min(values))} and {number(max(values))}."
    )
    if shown is ungrouped:
        return f"{text} Grouped cross-validation is not part of this study."
    return f"{text} {NO_UNGROUPED if added is None else f'{like_for_like(added)} {BOTH_SIDES}'}"


def like_for_like(added: ComparedNumber) -> str:
    """Return what leaks add to accuracy: folds that are not grouped against folds that are, on the same scans."""
    with_leaks, without, difference = added.a.headline, added.b.headline, added.difference.headline
    if with_leaks.value is None or without.value is None or difference.low is None or difference.high is None:
        return NO_UNGROUPED
    share = with_leaks.value - without.value
    changes = "raises" if share > 0 else "lowers"
    bounds = sorted((difference.low, difference.high), key=abs) if difference.low * difference.high > 0 else None
    between = (
        f"{points(difference.low)} to {points(difference.high)}"
        if bounds is None
        else " to ".join(points(abs(bound)) for bound in bounds)
    )
    return (
        f"Letting the same patient into training and test {changes} it from {number(without.value)} to "
        f"{number(with_leaks.value)} on the same {added.counts.n:,} scans: by {points(abs(share))} percentage points "
        f"(95% interval {between})."
    )


def lighter(manifest: Manifest) -> str:
    """Return how the recipe of the folds differs from the model's; empty where it does not, or is not known."""
    if manifest.model is None or not manifest.model.folds_recipe:
        return ""
    ours, theirs = manifest.model.folds_recipe, manifest.model.recipe
    changed = [
        f"{key.replace('_', ' ')} {_value(ours[key])} in place of {_value(theirs[key])}"
        for key in ours
        if key in theirs and ours[key] != theirs[key]
    ]
    return (
        f"The folds were trained with another recipe than the model: {', '.join(changed)}. They say how the method "
        "does on new patients, not this network."
    )


def basis(cross_validation: CrossValidation, classes: ClassOrder) -> str:
    """Return what grouped cross-validation rests on; empty without it."""
    if cross_validation.performance is None:
        return ""
    left = (
        f"{counted(cross_validation.left_out, 'scan')} left out: a patient or copy is in another fold. "
        if cross_validation.left_out
        else ""
    )
    return (
        f"{counted(cross_validation.performance.matrix.n, 'scan')} in {counted(cross_validation.folds, 'fold')}: "
        f"{mix(cross_validation.performance, classes)}. {left}"
        f"{patients(cross_validation.known_patient, classes)}{_negatives(cross_validation, classes)}"
    ).strip()


def _negatives(cross_validation: CrossValidation, classes: ClassOrder) -> str:
    """Return that specificity is not grouped by patient where the negatives have no patient ids."""
    known = None if classes.negative is None else cross_validation.known_patient.get(classes.negative)
    if classes.negative is None or known is None or not known.n or known.count:
        return ""
    return f" Scans of {spoken(classes.negative, classes)} carry no patient ids: specificity is not grouped by patient."


def fold_rows(grouped: CrossValidation, ungrouped: CrossValidation, classes: ClassOrder) -> list[dict[str, str]]:
    """Return each number with mean, corrected interval and standard deviation as table rows."""
    parts = {"Grouped": grouped, "Not grouped": ungrouped}
    shown = {label: part for label, part in parts.items() if part.performance is not None}
    names = [measure.name for measure in next(iter(shown.values())).numbers] if shown else []
    rows = []
    for name in names:
        row = {"Number": number_name(name, classes)}
        for label, part in shown.items():
            measure = number_of(part, name)
            mean = full(measure.mean).removesuffix(f", n = {measure.mean.n}")
            row[f"{label}: mean, SD"] = mean if measure.sd is None else f"{mean}, {number(measure.sd)}"
        rows.append(row)
    return rows


def number_name(name: str, classes: ClassOrder) -> str:
    """Return how a number over folds is called."""
    subject, _, rate = name.rpartition(".")
    return NAMES.get(name) or f"{rate.capitalize()}, {spoken(subject, classes)}"


def number_of(cross_validation: CrossValidation, name: str) -> OverFolds:
    """Return one number over the folds."""
    return next(number for number in cross_validation.numbers if number.name == name)
