"""The phantom cohort: synthetic head MRI drawn from a brain template, with flaws planted on purpose."""

from collections.abc import Iterable
from typing import Any

from neuroval.data.storage.home import PHANTOM

NAME = PHANTOM
VERSION = 1  # of the generator: raised when the same seed gives other images
SEED, PATIENTS, DIFFICULTY = 20, 184, 0.05
FACTS = "phantom.toml"  # how a cohort was made, in its folder


def facts(
    *,
    flaws: Iterable[str],
    seed: int = SEED,
    patients: int = PATIENTS,
    difficulty: float = DIFFICULTY,
) -> dict[str, Any]:
    """Return what determines a cohort: equal facts, equal images."""
    return {
        "version": VERSION,
        "seed": seed,
        "patients": patients,
        "difficulty": difficulty,
        "flaws": sorted(flaws),
    }
