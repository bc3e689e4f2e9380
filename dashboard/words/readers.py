"""Every sentence of the page Readers about numbers: whether people agree, and how they compare with the model."""

from collections.abc import Callable, Mapping
from typing import Final

from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.readers.blind import Against, BlindNumbers
from neuroval.analysis.readers.lists import Read
from neuroval.dashboard.words.formats import counted, full, short
from neuroval.dashboard.words.general import listed
from neuroval.dashboard.words.how_computed import BOTH, RAO_SCOTT, WILSON
from neuroval.dashboard.words.reading import answer as answer_of
from neuroval.dashboard.words.reviews import AGREEMENT
from neuroval.data.classes import ClassOrder

NOBODY: Final = "No scan has been read blind yet. Make a reading list below: readers see the scan alone."
AWAY: Final = "The record of reviews cannot be read, so nothing can be said."
OPEN, OPEN_NONE = "Open disagreements", "On no scan that all have read is a disagreement open."
RATES, REFERENCE, ADJUDICATED, MODEL = (
    "Readers and model",
    "Against the label",
    "Against the adjudicated label",
    "Model",
)
ALT: Final = "How often each reader and the model give the label, and the adjudicated label, with intervals"
OF_SCANS: Final = (
    "These rates are of the scans on the lists, not of all scans: a list with many errors makes the model look worse "
    "than it is."
)
OF_LIST: Final = f"{OF_SCANS} Lines: 95% intervals, allowing for several scans of one patient."
LESS: Final = "Less the model: the reader's rate less the model's, on the same scans, against the label."
CIRCULAR: Final = (
    "Where nobody decided, the adjudicated label is the class that all readers gave: there each of them is right."
)
AGREE, AGREE_ALT = "Agreement of the readers", "Agreement of the readers on the class, with intervals"
ONE_READER: Final = "Agreement needs two readers of the same scans."
HELP, HELP_ALT = "With and without the model's help", "Each reader blind and with model and label in sight"
HELP_CAPTION: Final = (
    "The same reader on the same scans: blind, and with the model's call in sight. The label was in sight too, so this "
    "is no clean measure of what the model helps."
)
HELP_NONE: Final = "No reader has read the same scan both blind and with the model in sight."
CORRECTED: Final = "Accuracy with the adjudicated labels"
SEEN_BEFORE: Final = "had judged the scan with its label in sight before"
OPEN_MOST: Final = 20
LATER: Final = "You have scans left to read. How readers and model compare is shown to you after that."


def answer(numbers: BlindNumbers) -> str:
    """Return in two sentences how far readers agree."""
    if not numbers.readers:
        return NOBODY
    read = f"{counted(len(numbers.readers), 'reader')} read {counted(numbers.cases, 'scan')} blind."
    if numbers.agreement is None or numbers.agreement.observed.headline.value is None:
        return f"{read} {ONE_READER}"
    observed, kappa = numbers.agreement.observed.headline, numbers.agreement.fleiss_kappa.headline
    left = len(numbers.labels.open)
    rest = f"{counted(left, 'disagreement')} {'is' if left == 1 else 'are'} open" if left else "No disagreement is open"
    scans = counted(numbers.agreement.cases, "scan")
    return (
        f"{read} Two readers of the same scan agree in {short(observed)} of {scans}, beyond chance in {short(kappa)} "
        f"(Fleiss' kappa). {rest}, {numbers.labels.decided:,} decided."
    )


def seen_before(numbers: BlindNumbers) -> str:
    """Return whose reads were not quite blind; empty where all were."""
    known = [f"{times.who} ({times.seen:,} of {times.reads:,})" for times in numbers.times if times.seen]
    return f"Not quite blind: {listed(known, 'and')} {SEEN_BEFORE}." if known else ""


def reader_rows(numbers: BlindNumbers) -> list[dict[str, str]]:
    """Return a row a reader: reads, time, and how much oftener than the model the reader gives the label."""
    against = numbers.against_reference
    rates = {} if against is None else {rate.who: rate for rate in against.readers}
    return [
        {
            "Reader": times.who,
            "Read": f"{times.reads:,}",
            "Median time": "" if times.median is None else f"{times.median:,.0f} s",
            "Less the model": ""
            if times.who not in rates
            else short(rates[times.who].against_model.difference.headline),
        }
        for times in numbers.times
    ]


def sections(numbers: BlindNumbers) -> list[tuple[str, Against]]:
    """Return what readers and model are held against."""
    both = ((REFERENCE, numbers.against_reference), (ADJUDICATED, numbers.against_adjudicated))
    return [(title, against) for title, against in both if against is not None]


def agreement_rows(numbers: BlindNumbers) -> list[dict[str, str]]:
    """Return a row a coefficient."""
    if numbers.agreement is None:
        return []
    values = {label: getattr(numbers.agreement, name) for name, label in AGREEMENT.items()}
    return [
        {"Agreement": label, "Value": short(value.headline)} for label, value in values.items() if value is not None
    ]


def help_rows(numbers: BlindNumbers) -> list[dict[str, str]]:
    """Return a row a reader who read the same scans both ways."""
    return [
        {
            "Reader": helped.who,
            "Scans": f"{helped.n:,}",
            "Blind": short(helped.compared.b.headline),
            "With the model": short(helped.compared.a.headline),
            "Difference": short(helped.compared.difference.headline),
        }
        for helped in numbers.helped
    ]


def corrected(numbers: BlindNumbers, write: Callable[[Estimate], str] = full) -> str:
    """Return how accuracy would stand with the adjudicated labels; empty where there are none."""
    told = numbers.with_adjudicated
    if told is None:
        return ""
    before, least, most = (write(value.headline) for value in (told.before, told.least, told.most))
    changed = counted(told.changed, "label") if told.changed else "no label"
    words = f"Accuracy on all scans: {before} with the labels of the study. With {changed} changed"
    words += f" and {counted(told.left_out, 'scan')} left out" if told.left_out else ""
    if told.open:
        return f"{words}, and {counted(told.open, 'scan')} still open, between {least} and {most}."
    return f"{words}: {least}. The numbers of the study stay as they are."


def disagreement(reads: Mapping[str, Read], classes: ClassOrder) -> str:
    """Return who gives which class to a scan."""
    return "; ".join(f"{who}: {answer_of(read, classes)}" for who, read in sorted(reads.items()))


def in_sight(number: int) -> str:
    """Return on how many scans readers differ who saw the label."""
    return f"{counted(number, 'scan')} on which readers differ about the label, with it in sight"


def first_open(shown: int, total: int) -> str:
    """Return how many of the open disagreements are shown."""
    return "" if shown == total else f"The first {shown:,} of {total:,}."


METHODS: Final = f"""
A reading list, a blind read, its correction and a decision are events of the store of reviews; nothing of them is kept
elsewhere. Each reader sees the scans of a list in a different order, drawn from the list and the reader's name. The
picture of a blind read comes from an address that says nothing of the scan. The time runs from when the scan is first
shown in this browser until the read is saved. A correction made when model and label could be seen is not blind and
does not count as a blind read.

Agreement: Fleiss' kappa (Psychol Bull 1971;76:378-382), Gwet's AC1 (Br J Math Stat Psychol 2008;61:29-48),
Krippendorff's alpha, and Cohen's kappa for two readers (Educ Psychol Meas 1960;20:37-46). Interval: percentile
bootstrap over scans and over patients or images, 1,000 resamples, the wider counts. Where all give the same class,
chance alone would agree as often and the coefficient is not estimable.

Each reader and the model are compared on the same scans, with Newcombe's paired interval on n / design effect. The
adjudicated label is what was decided; where nobody decided, the class that all readers of the scan gave, two or more.
Accuracy with these labels stands beside that of the study, as a range where scans are open: all open scans count as
wrong, then as right. Intervals take the labels as known. Other rates: {BOTH}, {WILSON}, and {RAO_SCOTT}.
"""
