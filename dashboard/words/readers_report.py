"""Every sentence about reading lists in the report, from the reviews of a study as ``analyze`` prints them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from neuroval.dashboard.words.formats import counted, sentence_case
from neuroval.dashboard.words.general import listed
from neuroval.dashboard.words.reading import BY, CANNOT_BE_USED, CONFIDENCE, REVEALS, UNREADABLE, WHY_CHOSEN
from neuroval.data.classes import ClassOrder

Write = Callable[[Mapping[str, Any]], str]

BLIND, IN_SIGHT = "Blind reads", "Reads with the label in sight"
NOT_READ: Final = "No scan of these lists has been read yet."
LISTS_CAPTION: Final = "Reading lists. Read: how many scans each reader has read."
RATES_CAPTION: Final = (
    "Readers and model on the scans that were read. Less the model: the reader's rate less the model's, on the same "
    "scans."
)
AGREEMENT_CAPTION: Final = "Agreement of the blind readers on the class"
HELP_CAPTION: Final = "The same reader on the same scans, blind and with model and label in sight"
LABELS_CAPTION: Final = "Adjudicated labels that a decision gave, or that differ from the label of the study"
LABELS_NONE: Final = "No label was decided, and no adjudicated label differs from that of the study."
OPEN_CAPTION: Final = "Open disagreements: readers differ and nobody has decided"
OPEN_NONE: Final = "On no scan that all its readers have read is a disagreement open."
MODEL: Final = "Model"
ALL_READERS: Final = "All readers"
SIGN: Final = (
    "The reads and decisions of this chapter are complete and were made as it says. Open disagreements are named above."
)
MOST_SHOWN: Final = 40


def list_rows(lists: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return a row a reading list: how its scans were chosen, who reads it and how far they are."""
    return [
        {
            "List": each["name"],
            "Scans": f"{each['cases']:,}, {WHY_CHOSEN[each['source']]}{_seed(each)}",
            "Model and label shown": sentence_case(REVEALS[each["shown"]]),
            "Read": "\n".join(f"{reader['who']} {reader['read']:,}" for reader in each["readers"]) or "Nobody now",
            "Read by all": f"agree {each['agree']:,}, differ {each['differ']:,}, decided {each['decided']:,}",
        }
        for each in lists
    ]


def _seed(each: Mapping[str, Any]) -> str:
    return "" if each["seed"] is None else f" (seed {each['seed']})"


def summary(blind: Mapping[str, Any]) -> str:
    """Return in two sentences who read blind and what is open."""
    if not blind["readers"]:
        return NOT_READ
    read = f"{counted(len(blind['readers']), 'reader')} read {counted(blind['cases'], 'evaluated scan')} blind."
    return f"{read} {counted(blind['decided'], 'scan')} decided, {counted(len(blind['open']), 'disagreement')} open."


def rate_rows(blind: Mapping[str, Any], write: Write) -> list[dict[str, str]]:
    """Return a row a reader and one of the model, against the label and against the adjudicated label."""

    def shown(value: Mapping[str, Any] | None) -> str:
        return "" if value is None else write(value)

    readers = [
        {
            "Who": reader["who"],
            "Read": f"{reader['read']:,}",
            "Median time": "" if reader["median_seconds"] is None else f"{reader['median_seconds']:,.0f} s",
            "Against the label": shown(reader["right"]),
            "Less the model": shown(reader["less_model"]),
            "Against the adjudicated label": shown(reader["right_adjudicated"]),
        }
        for reader in blind["readers"]
    ]
    model = {
        "Who": MODEL,
        "Read": f"{blind['cases']:,}",
        "Median time": "",
        "Against the label": shown(blind["model_right"]),
        "Less the model": "",
        "Against the adjudicated label": shown(blind["model_right_adjudicated"]),
    }
    return [*readers, model]


def seen_before(blind: Mapping[str, Any]) -> str:
    """Return whose reads were not quite blind; empty where all were."""
    known = [
        f"{reader['who']} ({reader['seen_before']:,} of {reader['read']:,})"
        for reader in blind["readers"]
        if reader["seen_before"]
    ]
    return f"Had judged a scan with its label in sight before: {listed(known, 'and')}." if known else ""


def agreement_caption(agreement: Mapping[str, Any]) -> str:
    """Return what the agreement of blind readers is of."""
    return f"{AGREEMENT_CAPTION}, on {counted(agreement['cases'], 'scan')} that two or more gave a class."


def help_rows(blind: Mapping[str, Any], write: Write) -> list[dict[str, str]]:
    """Return a row a reader who read the same scans both ways."""
    return [
        {
            "Reader": each["who"],
            "Scans": f"{each['n']:,}",
            "Blind": write(each["blind"]),
            "With the model": write(each["with_model"]),
            "Difference": write(each["difference"]),
        }
        for each in blind["with_model"]
    ]


def corrected(adjudicated: Mapping[str, Any], write: Write) -> str:
    """Return how accuracy would stand with the adjudicated labels, beside that of the study and never for it."""
    before, least, most = (write(adjudicated[name]) for name in ("before", "least", "most"))
    told = f"Accuracy with the labels of the study: {before}. With {counted(adjudicated['changed'], 'label')} changed"
    told += f" and {counted(adjudicated['left_out'], 'scan')} left out" if adjudicated["left_out"] else ""
    told += " by adjudication"
    if adjudicated["open"]:
        return f"{told}, and {counted(adjudicated['open'], 'scan')} still open, it lies between {least} and {most}."
    return f"{told}: {least}."


def label_rows(labels: Sequence[Mapping[str, Any]], classes: ClassOrder) -> list[dict[str, str]]:
    """Return a row a case whose label was decided or differs from that of the study, the first ``MOST_SHOWN``."""
    return [
        {
            "Scan": each["case_id"],
            "Label": _shown(each["label"], classes),
            "Adjudicated": CANNOT_BE_USED if each["class"] is None else _shown(each["class"], classes),
            "By": ALL_READERS if each["who"] is None else f"{each['who']}, {BY[each['by']].lower()}",
            "Reason": each["reason"],
        }
        for each in told_labels(labels)[:MOST_SHOWN]
    ]


def told_labels(labels: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the adjudicated labels that the report names: decided ones, and those that differ from the label."""
    return [each for each in labels if each["who"] is not None or each["class"] != each["label"]]


def open_rows(still_open: Sequence[Mapping[str, Any]], classes: ClassOrder) -> list[dict[str, str]]:
    """Return a row a case on which readers differ and nobody has decided, the first ``MOST_SHOWN``."""
    return [
        {
            "Scan": each["case_id"],
            "Label": _shown(each["label"], classes),
            "Readers": "\n".join(f"{read['who']}: {_read(read, classes)}" for read in each["reads"]),
        }
        for each in still_open[:MOST_SHOWN]
    ]


def caption(words: str, total: int) -> str:
    """Return the caption of a table of which the first ``MOST_SHOWN`` rows are printed."""
    return f"{words}.{f' The first {MOST_SHOWN} of {total:,}.' if total > MOST_SHOWN else ''}"


def signers(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the lines to be signed: the readers, who adjudicated, date and signature."""
    blind = told["blind"] or {"readers": [], "labels": []}
    readers = sorted({reader["who"] for reader in (*told["readers"], *blind["readers"])})
    deciders = sorted({each["who"] for each in blind["labels"] if each["who"] is not None})
    names = [("Readers", ", ".join(readers)), *([("Adjudicated by", ", ".join(deciders))] if deciders else [])]
    return [*names, ("Date", ""), ("Signature", "")]


def _read(read: Mapping[str, Any], classes: ClassOrder) -> str:
    if read["class"] is None:
        return UNREADABLE
    sure = "" if read["confidence"] is None else f", {CONFIDENCE[read['confidence']].lower()}"
    return f"{_shown(read['class'], classes)}{sure}"


def _shown(name: str, classes: ClassOrder) -> str:
    return classes.display.get(name, name)
