"""Every sentence about cross-validation: how stable it is, what leaks add, what the folds rest on."""

from neuroval.analysis.performance.comparison import ComparedNumber
from neuroval.analysis.performance.folds import OverFolds
from neuroval.analysis.study.whole_study import CrossValidation
from neuroval.dashboard.words.formats import counted, full, number, points
from neuroval.dashboard.words.general import mix, patients, spoken
from neuroval.dashboard.words.training import _value
from neuroval.data.classes import ClassOrder
from neuroval.data.study.manifest import Manifest

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
DOTS = (
    "A dot is a fold, the bar their mean; the line is the corrected 95% interval of the mean, which grows with their "
    "spread. The interval of all folds pooled counts scans and groups. The verdict takes the lower bound of both."
)
NAMES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "any_tumour.sensitivity": "Sensitivity, any tumour",
    "any_tumour.specificity": "Specificity, any tumour",
}


def answer(grouped: CrossValidation, ungrouped: CrossValidation, added: ComparedNumber | None) -> str:
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
    return (
        f" The {spoken(classes.negative, classes)} scans carry no patient ids: specificity is not grouped by patient."
    )


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
