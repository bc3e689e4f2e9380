"""What is judged: which bases a study offers, and with which it opens."""

from collections.abc import Collection, Mapping
from typing import Final

from neuroval.data.study.evaluated_cases import NEW_PATIENTS, PREFERRED

BASES: Final = (NEW_PATIENTS, *PREFERRED)  # in the order in which they are offered
WITHOUT_LEAKS: Final = ("external", *PREFERRED)  # an external split is evidence of its own


def bases(new_patients: int, splits: Mapping[str, int]) -> dict[str, int]:
    """Return the number of cases of each basis that there is; ``splits`` are the evaluated ones with their cases."""
    held = {NEW_PATIENTS: new_patients} if new_patients else {}
    return held | {split: splits[split] for split in PREFERRED if split in splits}


def default_basis(held: Collection[str], *, shared: bool) -> str:
    """Return new patients where cases of the published split are ``shared`` with training, else external, test, tuning.

    A split that shares patients or copies with training says how well a network remembers, not how well it judges.
    """
    if shared and NEW_PATIENTS in held:
        return NEW_PATIENTS
    return next(split for split in WITHOUT_LEAKS if split in held)
