"""Every sentence on what a model says of one scan without a region."""

from collections.abc import Mapping, Sequence
from typing import Final

from neuroval.dashboard.words.formats import probability
from neuroval.dashboard.words.trial_names import FILLED
from neuroval.data.classes import ClassOrder

TITLE: Final = "What it says without this region"
OUTLINE: Final = "The region is the outline of the tumour in the reference standard, and a rim around it."
EVIDENCE: Final = (
    "The region is where the evidence for the predicted class is at least this share of its peak, and a rim around it. "
    "Move the slider until it covers what you mean."
)
SHARE: Final = "Evidence from"
NO_REGION: Final = "The map is empty: there is no region to take out."
NO_MODEL: Final = "The model of this study is not on this machine, so it cannot be asked."
NETWORK: Final = "The network itself is asked; it may have seen this scan in training."
REGION_ALT: Final = "The scan with the region outlined"
MEANS: Final = (
    "A call that stays although the region is gone does not rest on it. A filling leaves traces, and what lies around "
    "a tumour may tell of it too: one scan proves nothing, a trial over many does (page Shortcuts)."
)


def answer(before: str, after: Sequence[str], classes: ClassOrder) -> str:
    """Return in a sentence whether the call goes with the region; ``after`` are the calls by way of filling."""
    name = classes.display[before]
    kept = sum(call == before for call in after)
    if kept == len(after):
        return f"It still says {name} once the region is gone."
    if not kept:
        others = " or ".join(dict.fromkeys(classes.display[call] for call in after))
        return f"Once the region is gone it says {others}, no longer {name}."
    return f"Once the region is gone it says {name} with one filling and something else with the other."


def filled(way: str, called: str, chances: Mapping[str, float], before: str, classes: ClassOrder) -> str:
    """Return how the region was filled and what the model says then."""
    text = f"{FILLED[way]}: {classes.display[called]}, {probability(chances[called])}"
    return text if called == before else f"{text}; {classes.display[before]}, {probability(chances[before])}"


def alt(way: str) -> str:
    """Return what a picture shows, for those who cannot see it."""
    return f"The scan without the region. Filled: {FILLED[way]}"
