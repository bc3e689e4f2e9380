"""Every sentence of the gallery of errors: how many, and what stands under a picture. One case: ``cases``."""

from neuroval.analysis.performance.ranked_errors import Errors
from neuroval.dashboard.cases.evaluated_case import Case
from neuroval.dashboard.words.formats import (
    at_most,
    counted,
    full,
)
from neuroval.dashboard.words.general import TIERS, arrow
from neuroval.data.classes import ClassOrder
from neuroval.data.study.evaluated_cases import NEW_PATIENTS
from neuroval.data.study.gradcam import GRADCAM

BROUGHT = "The maps came with the predictions; this program did not draw them."


def tile(basis: str, maps: str = GRADCAM, *, brought: bool = False) -> str:
    """Return what stands in a tile, and which network drew it; ``maps`` is what its maps are called."""
    text = f"Left the scan, right the {maps} of the predicted class"
    if brought:
        return f"{text}. {BROUGHT}"
    return f"{text}, drawn by the network of cross-validation that called it." if basis == NEW_PATIENTS else f"{text}."


def caption(case: Case, classes: ClassOrder) -> str:
    """Return ``Glioma -> Meningioma`` with an arrow; a correct case names its class once."""
    return classes.display[case.reference] if case.correct else arrow(case, classes)


def plain_confidence(case: Case) -> str:
    """Return the confidence and what it means, and how often the scan is there."""
    line = f"{case.confidence:.2f} {TIERS[case.tier]}"
    return f"{line}, {counted(case.copies, 'copy', 'copies')}" if case.copies > 1 else line


def confidence(case: Case) -> str:
    """Return the same for a page; red for an error made with high confidence."""
    line = plain_confidence(case)
    return f":small[:red[{line}]]" if case.tier == "high" and not case.correct else f":small[:gray[{line}]]"


def answer(rates: Errors) -> str:
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


def alt(case: Case, classes: ClassOrder, *, with_map: str | None = None, maps: str = GRADCAM) -> str:
    """Return what a picture shows, for those who cannot see it."""
    text = f"Scan with reference {classes.display[case.reference]}, predicted {classes.display[case.predicted]}"
    return f"{text}, {maps} for {classes.display[with_map]}" if with_map else text
