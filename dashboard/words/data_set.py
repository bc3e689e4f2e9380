"""Sentences and rows about the images of a data set: size, format, grey values, what is not recorded, who is in it."""

from collections.abc import Mapping, Sequence

import pandas as pd

from neuroval.analysis.data_audit.composition import Dataset
from neuroval.analysis.data_audit.confounders import Confounding
from neuroval.analysis.data_audit.image_contents import ImageContent, Images, MissingColumn, Spread
from neuroval.analysis.data_audit.training_overlap import Leakage
from neuroval.analysis.data_audit.twins import TwinKind
from neuroval.dashboard.words.formats import DASH, NOT_ESTIMABLE, counted, full, percent
from neuroval.dashboard.words.general import KINDS, fitted_on, listed, patients, spoken
from neuroval.dashboard.words.reasons import why
from neuroval.data.classes import ClassOrder
from neuroval.data.images.linking import LinkedImages

NO_FACTOR = "No source, site, plane, file format or size has two known values: confounding cannot be looked for."
IMBALANCED = 1.5  # largest class over smallest, from which accuracy is said to lean
BALANCED = "The classes weigh about alike in accuracy."
LEANS = "Accuracy leans towards the large classes; balanced accuracy weighs all alike."
SHOWN_FILES = 10

SPREADS = "Median over the scans with the quartiles; grey values are means and standard deviations within a scan."
COPIES_SOUGHT = (
    "Copies were looked for in any orientation (mirrored, turned), at another scale, cropped by up to a tenth of each "
    "side, with a border, and with other grey values (contrast, gamma, sharpening, blur, equalisation, inversion)."
)
COPIES_NOT_SOUGHT = (
    "Not looked for: other slices of the same head, copies cut by more, bent, drawn over, or filtered until little "
    "structure is left."
)
COPIES_UNSOUGHT = "Copies were not looked for: this study was made without its images."
NO_TURNED_OR_FILTERED = (
    "No turned or filtered copy is recorded; earlier versions of this program did not look for these in a study."
)
UNKNOWN = {
    "image_path": "image file",
    "patient_id": "patient",
    "mean_intensity": "mean grey value",
    "sd_intensity": "spread of grey values",
    "sha256": "content hash",
    "phash": "perceptual hash",
    "file_bytes": "file size",
}


def class_rows(dataset: Dataset, classes: ClassOrder) -> list[dict[str, str]]:
    """Return scans, share, groups and patients of each class over all splits, as table rows."""
    return [
        {
            "Class": classes.display[content.name],
            "Scans": f"{content.n:,}",
            "Share": NOT_ESTIMABLE if content.share.value is None else percent(content.share.value),
            "Groups": f"{content.groups:,}",
            "Patients known": f"{content.patients:,}",
        }
        for content in dataset.classes
    ]


def source_rows(dataset: Dataset, classes: ClassOrder) -> list[dict[str, str]]:
    """Return how many scans of each class come from each source, as table rows; classes as rows fit a phone."""
    return [
        {
            "Class": classes.display[name],
            **{source: f"{n:,}" for source, n in zip(dataset.sources, counts, strict=True)},
        }
        for name, counts in zip(classes.names, dataset.source_counts.T.tolist(), strict=True)
    ]


def copies_sought(cases: pd.DataFrame, pairs: pd.DataFrame) -> str:
    """Return which copies were looked for and which not, by the cases and pairs of a study."""
    if pairs.empty and cases["phash"].isna().all():
        return COPIES_UNSOUGHT
    recorded = set(pairs["kind"]) & {"turned", "filtered"}
    return " ".join([COPIES_SOUGHT, COPIES_NOT_SOUGHT, *([] if recorded else [NO_TURNED_OR_FILTERED])])


def copies_counted(pairs: pd.DataFrame) -> str:
    """Return how many pairs of copies of each kind there are."""
    counts = pairs["kind"].value_counts()
    kinds = [f"{KINDS[kind].lower()} {counts[kind]:,}" for kind in KINDS if kind in counts]
    return f"{counted(len(pairs), 'pair')} of copies{': ' if kinds else ''}{', '.join(kinds)}."


def greys(images: Images, classes: ClassOrder) -> str:
    """Return how bright the images of the darkest and of the brightest class are; nothing when it is not recorded."""
    known = [
        (content.mean_intensity.median, content.name)
        for content in images.classes
        if content.mean_intensity.median is not None
    ]
    if len(known) < 2:
        return ""
    (low, dark), (high, bright) = min(known), max(known)
    return (
        f"Brightness, the median of the mean grey value of a scan: from {low:.1f} ({classes.display[dark]}) to "
        f"{high:.1f} ({classes.display[bright]}). What differs between classes besides the disease can be learnt "
        "instead of it."
    )


def image_rows(contents: Sequence[ImageContent], first: str, classes: ClassOrder) -> list[dict[str, str]]:
    """Return size, format and grey values of each class or source as table rows."""
    return [
        {
            first: classes.display.get(content.name, content.name) if first == "Class" else content.name,
            "Scans": f"{content.n:,}",
            "Width": spread(content.width),
            "Height": spread(content.height),
            "Format": ", ".join(f"{kind.name} {kind.n:,}" for kind in content.formats) or "not recorded",
            "File size, kB": spread(content.file_bytes, unit=1000, decimals=1),
            "Mean grey value": spread(content.mean_intensity, decimals=1),
            "Spread of grey values": spread(content.sd_intensity, decimals=1),
        }
        for content in contents
    ]


def spread(spread: Spread, *, unit: float = 1, decimals: int = 0) -> str:
    """Return ``median (lower quartile - upper quartile)``; one number when all are equal, else why there is none."""
    if spread.median is None or spread.lower_quartile is None or spread.upper_quartile is None:
        return why(spread.reason) or NOT_ESTIMABLE
    middle, low, high = (
        f"{value / unit:,.{decimals}f}" for value in (spread.median, spread.lower_quartile, spread.upper_quartile)
    )
    tail = "" if spread.known == spread.n else f", {spread.known:,} known"
    return f"{middle}{tail}" if spread.smallest == spread.largest else f"{middle} ({low}{DASH}{high}){tail}"


def column(name: str) -> str:
    """Return what a metadata column is called."""
    return UNKNOWN.get(name, name.replace("_", " "))


def missing(images: Images) -> str:
    """Return what is recorded of no scan, and what of some only."""
    nothing = [column(gap.name) for gap in images.missing if gap.share.count == images.n]
    some = [gap for gap in images.missing if gap.share.count and gap.share.count < images.n]
    parts = []
    if nothing:
        parts.append(f"Recorded of no scan: {listed(nothing, 'and')}.")
    if some:
        parts.append(f"Missing for some: {', '.join(f'{column(gap.name)} ({_share(gap)})' for gap in some)}.")
    return " ".join(parts) or "Everything that a study can hold of a scan is recorded."


def missing_rows(images: Images, classes: ClassOrder) -> list[dict[str, str]]:
    """Return for each metadata column that is incomplete how many scans of each class lack it, as table rows."""
    return [
        {
            "Not recorded": column(gap.name),
            "Scans": _share(gap),
            "By class": ", ".join(
                f"{classes.display[name]} {n:,}" for name, n in zip(classes.names, gap.by_class, strict=True)
            ),
        }
        for gap in images.missing
        if gap.share.count
    ]


def _share(column: MissingColumn) -> str:
    return f"{column.share.count or 0:,} of {column.share.n or 0:,}"


def answer(dataset: Dataset, leakage: Leakage, classes: ClassOrder) -> str:
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
