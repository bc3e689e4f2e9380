"""Sentences and rows about the maps in a trial: whether they can be believed."""

from typing import Final

from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.trial.maps import IGNORES, Agreement, MapTrial, Pointing
from neuroval.dashboard.words.formats import NOT_ESTIMABLE, counted, full, short
from neuroval.data.study.trial_maps import DRAWS

TITLE: Final = "Can its maps be believed?"
WORTHLESS: Final = (
    "These maps are the same when the network has learnt nothing: they say nothing about why a scan is called what it "
    "is."
)
CHANGES: Final = {
    "head": "Last layer random",
    "upper_third": "Upper third of the layers random",
    "all": "All weights random",
    "repeat_shift": "Scan shifted by 1 to 4 pixels",
    "repeat_turn": "Scan turned by two degrees",
}
CURVES: Final = {
    "deletion": "Cells blurred, the strongest evidence first",
    "insertion": "Cells made sharp, the strongest evidence first",
}
CAPTION: Final = (
    "Correlation: Spearman's, of the cells. Similarity: structural similarity (SSIM) of the maps as pictures. With "
    "random weights both should be near 0, for a scan that is moved a little near 1."
)
TABLE_TITLE: Final = "Maps after a change, against the maps shown."
POINTING_TITLE: Final = "The call while the scan is blurred cell by cell, against orders of chance."


def answer(maps: MapTrial) -> str:
    """Return whether the maps depend on what the network has learnt, and how far they can be repeated."""
    random = maps.random.correlation.headline
    if random.value is None:
        return f"Whether its maps can be believed is {NOT_ESTIMABLE}: no scan has a map."
    return (
        f"{_verdict(maps, random)} With all weights random, the rank correlation with the maps shown is "
        f"{short(random)}, where 1 is the same map. {_repeated(maps)}"
    )


def _verdict(maps: MapTrial, random: Estimate) -> str:
    if maps.worthless:
        return "No: the maps are the same when the network has learnt nothing."
    if random.high is None or random.high >= IGNORES:
        return "These scans cannot say."
    return "The maps depend on what the network has learnt."


def _repeated(maps: MapTrial) -> str:
    shifted, turned = (f"{agreement.correlation.plain.value or 0.0:.2f}" for agreement in maps.repeated)
    return f"It is {shifted} when the scan is shifted by a few pixels and {turned} when it is turned by two degrees."


def pointing(maps: MapTrial) -> str:
    """Return in how many scans the map names what the call rests on, by deletion and by insertion."""
    deletion, insertion = (row.better.plain for row in (maps.deletion, maps.insertion))
    return (
        f"Blurring where the map is strongest lowers the probability of the call faster than an order of chance in "
        f"{_fraction(deletion)} scans; making it sharp first raises it faster in {_fraction(insertion)}."
    )


def _fraction(share: Estimate) -> str:
    return f"{share.count or 0:,} of {share.n or 0:,}"


def rows(maps: MapTrial) -> list[dict[str, str]]:
    """Return each change with how alike the maps stay, as table rows."""
    return [_row(agreement) for agreement in (*maps.shuffled, *maps.repeated)]


def _row(agreement: Agreement) -> dict[str, str]:
    return {
        "Change": CHANGES[agreement.change],
        "Correlation": short(agreement.correlation.headline),
        "Similarity": short(agreement.similarity.headline),
        f"Correlation of {IGNORES:g} or more": full(agreement.alike.headline),
    }


def pointing_rows(maps: MapTrial) -> list[dict[str, str]]:
    """Return deletion and insertion against orders of chance, as table rows."""
    return [_pointing_row(row) for row in (maps.deletion, maps.insertion)]


def _pointing_row(row: Pointing) -> dict[str, str]:
    return {
        "Order": CURVES[row.curve],
        "Faster than by chance": full(row.better.headline),
        "Difference of the areas": short(row.gain.headline),
    }


def of_what(maps: MapTrial, split: str) -> str:
    """Return which scans and how many random networks this rests on."""
    have = "has" if maps.without_evidence == 1 else "have"
    empty = f"; {maps.without_evidence:,} more {have} a map without evidence" if maps.without_evidence else ""
    return (
        f"n = {counted(maps.n, f'{split} scan')}{empty}. {DRAWS} random networks of each kind; maps of the class that "
        "a scan is called."
    )
