"""Every sentence about the numbers and their clinical meaning, in one place for a clinician to review."""

import shlex
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.data_audit.training_overlap import against_of
from neuroval.analysis.performance.error_pairs import ConfusionPair
from neuroval.analysis.performance.per_class import Performance
from neuroval.dashboard.cases.evaluated_case import Case
from neuroval.dashboard.words.formats import (
    ARROW,
    NOT_ESTIMABLE,
    counted,
    counts,
    full,
    sentence_case,
)
from neuroval.data.classes import ClassOrder

RESEARCH = "Research use only. Not a medical device."


def foot(title: str, fingerprint: str) -> str:
    """Return the last line of a page, which stands on a print too: which study it is of."""
    return f"{title}, fingerprint {fingerprint[:12]}. {RESEARCH}"


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


TIERS = {"high": "high confidence", "review": "review", "expert": "refer to an expert"}
KINDS = {
    "exact": "Exact copy",
    "reencoded": "Saved again",
    "mirrored": "Mirrored copy",
    "turned": "Turned copy",
    "cropped": "Cropped copy",
    "filtered": "Filtered copy",
}
SEEN = 24  # letters of a title that the sidebar has room for
LINES = "Lines: 95% intervals, allowing for several scans of one patient."


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


def arrow(pair: ConfusionPair | Case, classes: ClassOrder) -> str:
    """Return ``Glioma -> Meningioma`` with an arrow."""
    return arrow_of(pair.reference, pair.predicted, classes)


def arrow_of(reference: str, predicted: str, classes: ClassOrder) -> str:
    """Return two classes with an arrow between them."""
    return f"{classes.display[reference]} {ARROW} {classes.display[predicted]}"


CSV_HELP = "A cell that a spreadsheet would run as a formula has an apostrophe before it; numbers are as they are."
