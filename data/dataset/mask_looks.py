"""Telling outlines from scans by their grey values: an outline is black and white, and no scan is."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

from neuroval.data.images.decoding import FileFacts

NAMED_ALIKE: Final = "black and white only, as an outline is, beside a scan of that name; call it <scan>_mask to use it"
WHITE: Final = (1, 255)  # how outlines are written
ENOUGH: Final = 0.97  # of the largest variance: JPEG adds greys at the edges
GAPS: Final = " _-.("


def is_black_and_white(facts: FileFacts) -> bool:
    """Whether an image holds hardly more than black and white.

    Values between 0 and v with the mean m have a variance of at most m (v - m), which 0 and v alone reach (Bhatia and
    Davis 2000, "A better bound on the variance").
    """
    variance, mean = facts.sd_intensity**2, facts.mean_intensity
    return any(0 < mean < white and variance >= ENOUGH * mean * (white - mean) for white in WHITE)


def beside_their_scan(facts: Mapping[str, FileFacts]) -> list[str]:
    """Return which of the images, by path, are black and white beside one that is not, whose name theirs begins with.

    ``7_tumor.png`` is, beside ``7.png``.
    """
    suspects = {path for path, fact in facts.items() if is_black_and_white(fact)}
    scans = {PurePosixPath(path).with_suffix("").as_posix() for path in facts if path not in suspects}
    return [path for path in facts if path in suspects and not scans.isdisjoint(_beginnings(path))]


def _beginnings(path: str) -> set[str]:
    """Return what a path begins with up to each gap in the name."""
    stem = PurePosixPath(path).with_suffix("")
    ends = (place for place, letter in enumerate(stem.name) if letter in GAPS and place)
    return {stem.with_name(stem.name[:end]).as_posix() for end in ends}
