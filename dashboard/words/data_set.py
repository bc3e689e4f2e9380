"""Sentences and rows about the images of a data set: size, format, grey values, what is not recorded, who is in it."""

from collections.abc import Sequence

from neuroval.analysis.data_audit.composition import Dataset
from neuroval.analysis.data_audit.image_contents import ImageContent, Images, MissingColumn, Spread
from neuroval.dashboard.words.formats import DASH, NOT_ESTIMABLE, percent
from neuroval.dashboard.words.general import listed
from neuroval.dashboard.words.reasons import why
from neuroval.data.classes import ClassOrder

SPREADS = "Median over the scans with the quartiles; grey values are means and standard deviations within a scan."
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
