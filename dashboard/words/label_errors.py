"""What sensitivity and specificity may be when labels are wrong, in words: a range beside the headline."""

from collections.abc import Iterable
from typing import Final

from neuroval.analysis.performance.imperfect_reference import ImperfectReference, RateRange
from neuroval.dashboard.words.formats import NOT_ESTIMABLE, number
from neuroval.dashboard.words.general import row_name
from neuroval.dashboard.words.reasons import why
from neuroval.data.classes import ClassOrder

CAPTION: Final = (
    "What the rates may be with as many wrong labels as cross-validation suspects. Lowest: the model makes the same "
    "errors as the labels. Highest: it contradicts each wrong label. A class that the networks are bad at has too many "
    "suspects, so the range may be too wide."
)


def line(result: ImperfectReference) -> str:
    """Return in two sentences how far both rates of a question may be off; nothing where that is not known."""
    wrong, sensitivity, specificity = result.wrong, result.sensitivity, result.specificity
    if wrong is None or sensitivity is None or specificity is None:
        return ""
    labels = f"{wrong.positive + wrong.negative:,.0f}"
    if labels == "0":
        return "Cross-validation suspects no label of being wrong for any tumour."
    return (
        f"Cross-validation suspects that about {labels} labels are wrong for any tumour. If so, sensitivity lies "
        f"between {_span(sensitivity)}, and specificity between {_span(specificity)}."
    )


def rows(results: Iterable[ImperfectReference], classes: ClassOrder) -> list[dict[str, str]]:
    """Return each question with its wrong labels and the ranges of both rates."""
    return [_row(result, classes) for result in results]


def _row(result: ImperfectReference, classes: ClassOrder) -> dict[str, str]:
    cells = {"Class": row_name(result.name, classes)}
    wrong = result.wrong
    if wrong is None:
        nothing = f"{NOT_ESTIMABLE}: {why(result.reason)}"
        return {**cells, "Wrong labels": nothing, "Sensitivity": nothing, "Specificity": nothing}
    return {
        **cells,
        "Wrong labels": f"{wrong.positive:,.0f} of it, {wrong.negative:,.0f} of the others",
        "Sensitivity": _cell(result.sensitivity),
        "Specificity": _cell(result.specificity),
    }


def _span(rate: RateRange) -> str:
    return NOT_ESTIMABLE if rate.low is None or rate.high is None else f"{number(rate.low)} and {number(rate.high)}"


def _cell(rate: RateRange | None) -> str:
    if rate is None or rate.low is None or rate.high is None or rate.observed is None:
        return NOT_ESTIMABLE
    independent = "" if rate.independent is None else f"; {number(rate.independent)} if errors are independent"
    return f"{number(rate.observed)}, between {_span(rate)}{independent}"
