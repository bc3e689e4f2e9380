"""The planted flaws: one table of what is wrong with the phantom cohort on purpose, and who must notice.

The truth about each cohort is in its ``planted.csv``, which the product never reads.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from neuroval.data.exceptions import InputError

PLANTED_COLUMNS = ("image_path", "flaw", "of")
CONFOUNDED_SITE = "west"
COPIES = ("exact_copy", "mirrored_copy", "reencoded_copy", "cropped_copy", "turned_copy", "filtered_copy")
NOT_SHIPPED = ("turned_copy", "filtered_copy")  # the shipped network was trained on a cohort without these
CORRUPTIONS = ("text", "truncated", "empty")
MARK_GREY = 46  # faint on black, 0 to 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One flaw: ``what`` is planted, what ``of`` means in ``planted.csv``, and which analysis must find it."""

    name: str
    what: str
    of: str
    found_by: str


FLAWS = (
    Flaw(
        name="exact_copy",
        what="Training images lie in the test split too, byte for byte, without patient id.",
        of="the original",
        found_by="neuroval.data.images.duplicates, audit: twins across splits, kind exact (Data set)",
    ),
    Flaw(
        name="mirrored_copy",
        what="Training images lie in the test split too, left and right exchanged, without patient id.",
        of="the original",
        found_by="neuroval.data.images.duplicates, audit: twins across splits, kind mirrored (Data set)",
    ),
    Flaw(
        name="reencoded_copy",
        what="Training images lie in the test split too, saved again as JPEG of lower quality, without patient id.",
        of="the original",
        found_by="neuroval.data.images.duplicates, audit: twins across splits, kind reencoded (Data set)",
    ),
    Flaw(
        name="cropped_copy",
        what="Training images lie in the test split too, cut by some pixels at each edge, without patient id.",
        of="the original",
        found_by="neuroval.data.images.duplicates, audit: twins across splits, kind cropped (Data set)",
    ),
    Flaw(
        name="turned_copy",
        what="Training images lie in the test split too, turned by quarters or by 12 degrees, without patient id.",
        of="the original",
        found_by="neuroval.data.images.duplicates, audit: twins across splits, kind turned (Data set)",
    ),
    Flaw(
        name="filtered_copy",
        what="Training images lie in the test split too, equalised, sharpened, blurred or with more contrast, without "
        "patient id.",
        of="the original",
        found_by="neuroval.data.images.duplicates, audit: twins across splits, kind filtered (Data set)",
    ),
    Flaw(
        name="shared_patient",
        what="Patients have some of their slices in training, the others in test.",
        of="the patient id",
        found_by="audit: patients across splits; results without leaks (Data set)",
    ),
    Flaw(
        name="wrong_label",
        what="Single images carry another class than the one that is drawn.",
        of="the true class",
        found_by="suspects: confident disagreement; one patient with two labels (Errors)",
    ),
    Flaw(
        name="overconfident_class",
        what="Gliomas that look like meningiomas are kept out of training and are common in test, and meningiomas in "
        "training are large and clear: the network is sure of a meningioma more often than it is right.",
        of="the class that is over-confident",
        found_by="calibration by class; high-confidence errors (Confidence, Errors)",
    ),
    Flaw(
        name="confounded_site",
        what=f"One site, {CONFOUNDED_SITE!r}, sends only notumor, and its images carry a faint mark in a corner: a "
        "network can read the mark instead of the brain.",
        of="the site",
        found_by="audit: confounding of class and site (Data set); Grad-CAM in the corner (Errors)",
    ),
    Flaw(
        name="corrupt_file",
        what="Files with an image's name that hold text, half an image, or nothing.",
        of="text, truncated or empty",
        found_by="neuroval.data.dataset.folder: rejected files with their reason (Data set)",
    ),
)
ALL_FLAWS = frozenset(flaw.name for flaw in FLAWS)
SHIPPED_FLAWS = ALL_FLAWS.difference(NOT_SHIPPED)


def check_flaws(names: Iterable[str]) -> frozenset[str]:
    """Return the names of flaws as a set; ``InputError`` names one that is not in the table."""
    chosen = frozenset(names)
    unknown = sorted(chosen - ALL_FLAWS)
    if unknown:
        raise InputError(f"phantom: no flaw {unknown[0]!r}; expected some of {sorted(ALL_FLAWS)}.")
    return chosen


def marked(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an image, (h, w), with the faint mark of the confounded site: a small frame near a corner."""
    made = pixels.copy()
    frame = np.zeros((9, 13), dtype=bool)
    frame[[0, 8], :] = frame[:, [0, 12]] = frame[4, 3:10] = True
    corner = made[7:16, 8:21]
    corner[frame] = np.maximum(corner[frame], MARK_GREY)
    return made


def cropped(pixels: NDArray[np.uint8], *, margins: tuple[int, int, int, int], smooth: bool) -> NDArray[np.uint8]:
    """Return an image without so many pixels at its left, top, right and bottom edge, in its former size.

    ``smooth`` interpolates, as images need and masks do not.
    """
    left, top, right, bottom = margins
    height, width = pixels.shape
    box = (left, top, width - right, height - bottom)
    how = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(pixels).resize((width, height), resample=how, box=box))


def turned(pixels: NDArray[np.uint8], *, choice: int, smooth: bool) -> NDArray[np.uint8]:
    """Return a square image turned by the chosen one of three quarters and 12 degrees; ``smooth`` as for a crop."""
    degrees = (90, 180, 270, 12)[choice]
    how = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(pixels).rotate(degrees, resample=how))


def filtered(pixels: NDArray[np.uint8], *, choice: int) -> NDArray[np.uint8]:
    """Return an image equalised, sharpened, blurred or with more contrast, as chosen."""
    image = Image.fromarray(pixels)
    filters: tuple[Callable[[Image.Image], Image.Image], ...] = (
        ImageOps.equalize,
        lambda it: it.filter(ImageFilter.UnsharpMask(radius=2, percent=150, threshold=0)),
        lambda it: it.filter(ImageFilter.GaussianBlur(2)),
        lambda it: ImageEnhance.Contrast(it).enhance(1.4),
    )
    return np.asarray(filters[choice](image))


def corrupted(content: bytes, *, kind: str) -> bytes:
    """Return an image file's bytes, spoilt: ``text`` instead, ``truncated`` in the middle, or ``empty``."""
    spoilt = {"text": b"export failed: series not found\n", "truncated": content[: len(content) // 2], "empty": b""}
    return spoilt[kind]
