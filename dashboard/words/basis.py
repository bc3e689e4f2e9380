"""What is judged, in words: the choice in the sidebar, the line under each title, and how its scans are called."""

from typing import Final

from neuroval.analysis.performance.no_result import NoResult
from neuroval.analysis.study.results import Results
from neuroval.dashboard.words.formats import counted
from neuroval.data.study.evaluated_cases import NEW_PATIENTS

LABEL: Final = "Judged on"
HELP: Final = (
    "New patients: each scan is called by a network of cross-validation that has seen neither its patient nor a copy "
    "of it. The other choices are splits, called by the network itself."
)
LABELS: Final = {
    NEW_PATIENTS: "New patients (cross-validated)",
    "test": "Test split",
    "external": "External data",
    "tuning": "Tuning split",
}
CHOSE_WEIGHTS: Final = "The tuning split chose the weights of the network: numbers on it are too good."
WITHOUT_MAPS: Final = "The study keeps no Grad-CAM of the networks of cross-validation."


def kind(basis: str) -> str:
    """Return what the scans of a basis are called before the noun: ``test`` scans, ``cross-validated`` scans."""
    return "cross-validated" if basis == NEW_PATIENTS else basis


def of_scans(n: int, basis: str) -> str:
    """Return how many scans a number, a table or a figure is of."""
    return f"n = {n:,} {kind(basis)} scans."


def line(results: Results) -> str:
    """Return in one line what the numbers of a page are of, and how many scans are missing from them."""
    return f"{_line(results)}{_left_out(results.no_result)}"


def _left_out(numbers: NoResult | None) -> str:
    if numbers is None:
        return ""
    are = "is" if numbers.count == 1 else "are"
    return f" {counted(numbers.count, f'{numbers.basis} scan')} without a result {are} left out."


def _line(results: Results) -> str:
    n, label = results.evaluated.n, LABELS[results.basis]
    if results.basis == NEW_PATIENTS:
        folds = results.whole.grouped.folds
        return (
            f"{label}: {counted(n, 'scan')}, each called by one of {folds} networks that had seen neither its patient "
            "nor a copy of it, as far as is known."
        )
    scans = f"{label}: {counted(n, 'scan')}, called by the network itself"
    if results.basis == "tuning":
        return f"{scans}. {CHOSE_WEIGHTS}"
    shared = results.audit.leakage.overall.group
    if shared.count:
        least = "" if shared.defined else "at least "
        return f"{scans}; {least}{shared.count:,} of them share a patient or a copy with training."
    known = "none shares" if shared.defined else "it is not known which share"
    return f"{scans}; {known} a patient or a copy with training."
