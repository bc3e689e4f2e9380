"""Every sentence about the numbers and their clinical meaning, in one place for a clinician to review."""

import shlex
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.metrics import COUNTED
from neuroval.analysis.data_audit.composition import Dataset
from neuroval.analysis.data_audit.confounders import Confounding
from neuroval.analysis.data_audit.training_overlap import Leakage, against_of
from neuroval.analysis.data_audit.twins import TwinKind
from neuroval.analysis.performance.error_pairs import ConfusionPair
from neuroval.analysis.performance.per_class import Performance
from neuroval.analysis.performance.ranked_errors import Errors
from neuroval.dashboard.cases.evaluated_case import Case
from neuroval.dashboard.words.formats import (
    ARROW,
    NOT_ESTIMABLE,
    at_most,
    counted,
    counts,
    full,
    percent,
    sentence_case,
    short,
)
from neuroval.dashboard.words.interval_methods import by
from neuroval.dashboard.words.reasons import why
from neuroval.data.classes import ClassOrder
from neuroval.data.images.linking import LinkedImages
from neuroval.data.study.manifest import Manifest

RESEARCH = "Research use only. Not a medical device."
SYNTHETIC = ":orange-badge[Synthetic] The images are drawn by a program and show no patient."
NO_STUDY = "There is no study on this machine yet. Make one with `neuroval demo` or `neuroval import FILE --out NAME`."
BROKEN = "This study cannot be opened"
BROKEN_HELP = "Choose another study at the left, or write this one again."
NO_IMAGE = "The image of this case is not in the linked folder."
OTHER_ENCODING = "This image has another encoding than the one that was judged: predictions may differ slightly."
OTHER_STUDY = "The address names a study that is not on this machine. Another one is shown; choose at the left."
NO_SUCH_CASE = "The address names a case that this study does not list. The gallery is shown."
OUTLINE = "The white line is the outline of the tumour in the reference standard."
NO_CAM = "This study holds no Grad-CAM."
NO_FACTOR = "No source, site, plane, file format or size has two known values: confounding cannot be looked for."

ORDER = "Ordered by harm times the upper limit of the rate: what may cost most, as far as these scans tell."
ORDER_WITHOUT_HARM = "Ordered by number, then by the upper limit of the rate: this study gives no weights of harm."
TILE = "Left the scan, right the Grad-CAM of the predicted class."
IMBALANCED = 1.5  # largest class over smallest, from which accuracy is said to lean
BALANCED = "The classes weigh about alike in accuracy."
LEANS = "Accuracy leans towards the large classes; balanced accuracy weighs all alike."

TIERS = {"high": "high confidence", "review": "review", "expert": "refer to an expert"}
KINDS = {
    "exact": "Exact copy",
    "reencoded": "Saved again",
    "mirrored": "Mirrored copy",
    "cropped": "Cropped copy",
}
SHOWN_FILES = 10
SEEN = 24  # letters of a title that the sidebar has room for
LINES = "Lines: 95% intervals, allowing for several scans of one patient."
RATES = tuple(metric for metric in COUNTED if metric.shown == "rates")


def fitted_on(split: str) -> str:
    """Return which scans count as training when those of a split are judged; see ``against_of``."""
    return " or ".join({"train": "training"}.get(name, name) for name in against_of(split))


def told_apart(titles: Mapping[str, str]) -> dict[str, str]:
    """Return by name how studies are listed: by title, the name before it where titles begin alike and are cut off."""
    begins = {name: title[:SEEN].casefold() for name, title in titles.items()}
    number = Counter(begins.values())
    return {name: title if number[begins[name]] == 1 else f"{name}: {title}" for name, title in titles.items()}


def no_images(data_name: str) -> str:
    """Return how the images of a data set are linked."""
    command = f"neuroval data link FOLDER --data {shlex.quote(data_name)}"
    return f"No images are linked on this machine: ``{command}`` uses a copy of the data set on disk."


def class_name(name: str, classes: ClassOrder) -> str:
    """Return how a class, or any tumour, is written."""
    if name.replace("_", " ") == "any tumour" or name == "any_tumour":
        return "any tumour"
    return classes.display.get(name, "" if name == "overall" else name)


def row_name(name: str, classes: ClassOrder) -> str:
    """Return how a row is called: a class as the study writes it, any tumour with a capital."""
    return classes.display.get(name) or sentence_case(class_name(name, classes))


def missed(judged: Performance) -> str:
    """Return how many tumours are missed, with sensitivity."""
    tumour = judged.any_tumour
    if tumour is None:
        return f"Accuracy {full(judged.overall.accuracy.headline)}."
    if not tumour.support:
        return f"No scan shows a tumour: sensitivity is {NOT_ESTIMABLE}."
    lost = {0: "none was", 1: "1 was"}.get(tumour.counts.fn, f"{tumour.counts.fn:,} were")
    return (
        f"Of {counted(tumour.support, 'scan')} with a tumour, {lost} called no tumour: "
        f"sensitivity {full(tumour.sensitivity.headline)}."
    )


def patients(known: Mapping[str, Estimate], classes: ClassOrder) -> str:
    """Return of how many scans of each class the patient is known, where only copies can be told of the others.

    Nothing when all are known.
    """
    shares = [(name, share) for name, share in known.items() if share.n]
    if all(share.count == share.n for _, share in shares):
        return ""
    parts = [f"{counts(share)} {spoken(name, classes)}" for name, share in shares]
    return f"Scans with a patient id: {', '.join(parts)}. For scans without one we can only detect copied images."


def spoken(name: str, classes: ClassOrder) -> str:
    """Return a class as it stands within a sentence; an abbreviation keeps its capitals."""
    shown = classes.display[name]
    return shown.lower() if shown[1:].islower() else shown


def mix(judged: Performance, classes: ClassOrder) -> str:
    """Return the scans of each class."""
    return ", ".join(f"{n:,} {spoken(name, classes)}" for name, n in by_class(judged, classes))


def by_class(judged: Performance, classes: ClassOrder) -> list[tuple[str, int]]:
    """Return the classes with their number of scans."""
    return list(zip(classes.names, judged.matrix.support, strict=True))


def on_a_part(
    metric: str,
    estimate: Estimate,
    part: Performance,
    *,
    result: Performance,
    classes: ClassOrder,
    show: Callable[[Estimate], str] = full,
) -> str:
    """Return a number on a part of the scans; the count alone where a class that the number is of is missing there.

    A rate of ten meningiomas is no sensitivity to tumours of three kinds, however high it is.
    """
    lacking = [spoken(name, classes) for name in lacking_in(part, metric, result=result, classes=classes)]
    if not lacking or estimate.count is None or not estimate.n:
        return show(estimate)
    return f"{counts(estimate)}, not comparable: no {listed(lacking, 'or')}"


def lacking_in(part: Performance, metric: str, *, result: Performance, classes: ClassOrder) -> list[str]:
    """Return the classes that a number is of and that a part of the scans has none of, though the whole has."""
    about = set(classes.names)
    if metric.startswith("any_tumour."):
        about = {name for name in about if (name == classes.negative) is metric.endswith("specificity")}
    there = dict(by_class(result, classes))
    return [name for name, n in by_class(part, classes) if name in about and not n and there[name]]


def listed(names: Sequence[str], word: str) -> str:
    """Return ``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def data_set(dataset: Dataset, leakage: Leakage, classes: ClassOrder) -> str:
    """Return the answer of the data set page."""
    parts = ", ".join(f"{split.n:,} {split.name}" for split in dataset.splits)
    text = f"{counted(dataset.n, 'scan')} ({parts}) in {counted(dataset.groups, 'group')}. "
    overall, known = leakage.overall, {row.name: row.known_patient for row in leakage.classes}
    group, patient = overall.group, overall.patient
    if leakage.reason is not None:
        return f"{text}Sharing with training is {NOT_ESTIMABLE}: {why(leakage.reason)}."
    scans, verb = counted(overall.n, f"{leakage.split} scan"), "shares" if group.count == 1 else "share"
    if group.count and group.value is None:
        text += (
            f"At least {group.count:,} of {scans} {verb} a patient or a copy of the image with the training data. How "
            f"many do is {NOT_ESTIMABLE}: {counted(overall.n - (overall.compared.count or 0), 'scan')} cannot be "
            "compared with it."
        )
    elif group.value is None:
        text += f"Sharing with training is {NOT_ESTIMABLE}: {why(group.reason)}."
    elif group.count:
        text += (
            f"{percent(group.value)} of {scans} {verb} a patient or a copy of the image with the training data: "
            f"{full(group)}."
        )
    elif patient.defined:
        text += f"No {leakage.split} scan shares a patient or a copy with the training data, as far as is known."
    else:
        text += (
            f"No {leakage.split} scan is a copy of one in the training data. Whether patients are shared is "
            f"{NOT_ESTIMABLE}: {why(patient.reason)}."
        )
    return f"{text} {patients(known, classes)}".strip()


def linked(images: LinkedImages) -> str:
    """Return what is to be known about the linked images; nothing when each is the one that was judged."""
    parts = []
    if other := len(images.other_encoding):
        parts.append(f"{counted(other, 'linked image')}: other encoding, predictions may differ slightly.")
    if refused := len(images.refused):
        verb = "looks different and is" if refused == 1 else "look different and are"
        parts.append(f"{counted(refused, 'linked image')} {verb} not shown.")
    return " ".join(parts)


def imbalance(dataset: Dataset, split: str) -> str:
    """Return the imbalance of the evaluated split."""
    for content in dataset.splits:
        if content.name == split:
            ratio = content.imbalance_ratio
            if ratio.value is None:
                return f"Imbalance in {split}: {NOT_ESTIMABLE} ({why(ratio.reason)})."
            means = BALANCED if ratio.value < IMBALANCED else LEANS
            times = f"the largest class has {ratio.value:.1f} times the scans of the smallest"
            return f"Imbalance in {split}: {times}. {means}"
    return f"The {split} split holds no scans."


def twins(kinds: Sequence[TwinKind]) -> list[dict[str, str]]:
    """Return the kinds of copies across splits as table rows."""
    return [
        {
            "Copy": KINDS[metric.kind],
            "Scans": f"{metric.cases:,}",
            "Pairs": f"{metric.pairs:,}",
            "With two labels": f"{metric.conflicts:,}",
        }
        for metric in kinds
    ]


def twin(metric: TwinKind, classes: ClassOrder, split: str) -> str:
    """Return what an example of two copies shows."""
    left, right = (spoken(name, classes) for name in metric.labels)
    return f"{KINDS[metric.kind]}: {left} in {split}, {right} in {fitted_on(split)}"


def rejected(files: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the files that could not be used as table rows, the first ones of many."""
    rows = [{"File": path, "Why": reason} for path, reason in list(files.items())[:SHOWN_FILES]]
    more = len(files) - len(rows)
    return [*rows, {"File": f"{counted(more, 'more file')}", "Why": ""}] if more else rows


def confounding(factors: Sequence[Confounding]) -> list[dict[str, str]]:
    """Return for each factor how far it alone answers "any tumour?", as table rows."""
    return [
        {
            "Factor": factor.factor.replace("_", " ").capitalize(),
            "Answer given away": f"{percent(factor.share.value or 0.0)}, {factor.share.count:,}/{factor.share.n:,}",
            "Guessed right by it": percent(factor.accuracy),
            "Always the same guess": percent(factor.base_rate),
        }
        for factor in factors
    ]


def per_class(judged: Performance, classes: ClassOrder) -> str:
    """Return the answer of the page: the weakest class, then the tumours missed."""
    known = [(rates.name, rates.sensitivity.headline) for rates in judged.classes if rates.sensitivity.headline.defined]
    empty = [classes.display[rates.name] for rates in judged.classes if not rates.support]
    name, estimate = min(known, key=lambda pair: pair[1].value or 0.0)
    text = f"The weakest class is {classes.display[name]}: sensitivity {full(estimate)}. {missed(judged)}"
    return f"{text} No scans of {', '.join(empty)}: its sensitivity is {NOT_ESTIMABLE}." if empty else text


def confusion(pairs: Sequence[ConfusionPair], classes: ClassOrder, n: int) -> str:
    """Return the answer of the confusion page."""
    seen = [pair for pair in pairs if pair.count]
    if not seen:
        return f"Nothing was mistaken in {counted(n, 'scan')}."
    total = sum(pair.count for pair in seen)
    return (
        f"{counted(total, 'error')} in {counted(n, 'scan')}. Most often {arrow(seen[0], classes)}: "
        f"{full(seen[0].rate.headline)} of the {classes.display[seen[0].reference]} scans."
    )


def matrix_rows(matrix: ConfusionMatrix, classes: ClassOrder) -> list[dict[str, str]]:
    """Return the confusion matrix as rows for download: a row a reference class, a column a predicted one."""
    shown = [classes.display[name] for name in matrix.classes]
    numbers = matrix.counts.tolist()
    return [
        {"Reference": name, **{f"Predicted {called}": str(n) for called, n in zip(shown, row, strict=True)}}
        for name, row in zip(shown, numbers, strict=True)
    ]


def arrow(pair: ConfusionPair | Case, classes: ClassOrder) -> str:
    """Return ``Glioma -> Meningioma`` with an arrow."""
    return arrow_of(pair.reference, pair.predicted, classes)


def arrow_of(reference: str, predicted: str, classes: ClassOrder) -> str:
    """Return two classes with an arrow between them."""
    return f"{classes.display[reference]} {ARROW} {classes.display[predicted]}"


def caption(case: Case, classes: ClassOrder) -> str:
    """Return ``Glioma -> Meningioma`` with an arrow; a correct case names its class once."""
    return classes.display[case.reference] if case.correct else arrow(case, classes)


def confidence(case: Case) -> str:
    """Return the confidence and what it means; red for an error made with high confidence."""
    line = f"{case.confidence:.2f} {TIERS[case.tier]}"
    if case.copies > 1:
        line += f", {counted(case.copies, 'copy', 'copies')}"
    return f":small[:red[{line}]]" if case.tier == "high" and not case.correct else f":small[:gray[{line}]]"


def pair_cost(pair: ConfusionPair, manifest: Manifest) -> str:
    """Return how often an error occurs and its harm, in one line."""
    harm = harm_of(pair, manifest)
    rate = full(pair.rate.headline)
    return rate if harm is None else f"{rate}, harm {harm:g}"


def pair_row(pair: ConfusionPair, manifest: Manifest) -> dict[str, str]:
    """Return one kind of error as a row for download."""
    classes, impact = manifest.classes, manifest.impact(pair.reference, pair.predicted)
    harm = harm_of(pair, manifest)
    return {
        "Error": arrow(pair, classes),
        "Rate": full(pair.rate.headline),
        "Method": by(pair.rate.headline.method),
        "Harm": "" if harm is None else f"{harm:g}",
        "What it means": impact.text if impact else "",
        "Next step": impact.next_step if impact else "",
    }


def harm_of(pair: ConfusionPair, manifest: Manifest) -> float | None:
    """Return the study's weight of an error; none when it gives none."""
    if not manifest.harm:
        return None
    classes = manifest.classes
    return manifest.harm[classes.index(pair.reference)][classes.index(pair.predicted)]


def errors(rates: Errors) -> str:
    """Return the answer of the errors page."""
    rate = rates.rate.headline
    if not rates.count:
        limit = at_most(1.0 if rate.high is None else rate.high)
        return f"No errors in {counted(rates.n, 'scan')}: an error rate up to {limit} is still compatible with this."
    return (
        f"{counted(rates.count, 'error')} in {counted(rates.n, 'scan')}: rate {full(rate)}. "
        f"{rates.high_confidence_count:,} of them {'has' if rates.high_confidence_count == 1 else 'have'} a confidence "
        f"of {rates.high:g} or more."
    )


def alt(case: Case, classes: ClassOrder, *, with_map: str | None = None) -> str:
    """Return what a picture shows, for those who cannot see it."""
    text = f"Scan with reference {classes.display[case.reference]}, predicted {classes.display[case.predicted]}"
    return f"{text}, Grad-CAM for {classes.display[with_map]}" if with_map else text


def plain_and_clustered(plain: Estimate, clustered: Estimate | None) -> tuple[str, str]:
    """Return the two intervals of a rate as table cells."""
    return full(plain), "as plain: groups of one" if clustered is None and plain.defined else short(clustered or plain)
