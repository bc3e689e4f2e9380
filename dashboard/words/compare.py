"""Every sentence about two models on the same scans. A is the study that is open, B the one it is compared with."""

import shlex
from collections.abc import Mapping, Sequence

from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.performance.comparison import ComparedNumber
from neuroval.analysis.performance.patients import ComparedPatients
from neuroval.analysis.study.comparison import (
    ComparedAuc,
    ComparedNetBenefit,
    Comparisons,
    Discordant,
    SharedWithTraining,
)
from neuroval.dashboard.words.basis import LABELS, kind
from neuroval.dashboard.words.formats import (
    NOT_ESTIMABLE,
    area,
    below_1,
    counted,
    full,
    p_value,
    points,
    sentence_case,
    short,
)
from neuroval.dashboard.words.general import listed, told_apart
from neuroval.dashboard.words.interval_methods import by
from neuroval.dashboard.words.reasons import why
from neuroval.data.classes import ClassOrder
from neuroval.data.study.common_cases import Matched, OtherLabel
from neuroval.data.study.evaluated_cases import NEW_PATIENTS
from neuroval.data.study.gradcam import GRADCAM
from neuroval.data.study.manifest import About, Manifest

CHOOSE = "Choose a study"
CANNOT = "These two studies cannot be compared"
SAME_STUDY = "The address names one study twice. Choose another one to compare it with."
NOT_COMPARABLE = "The address names a study that is not on this machine or has other classes."
FIGURES = (
    "A minus B: right of the line A is higher. Lines: 95% intervals, allowing for several scans of one patient. "
    "At the right of the rates: the scans that only A and that only B calls rightly."
)
MAPS = "The map beside a scan is the {maps} of the model so marked, for the class that it says."
SHOWN_LABELS = 10
BY_RULE = {"any_slice": "Any slice", "majority": "Most slices", "mean_probability": "Mean probability"}
PATIENT_NUMBERS = {"sensitivity": "sensitivity", "specificity": "specificity", "accuracy": "accuracy of the class"}
NUMBERS = {"sensitivity": "sensitivity", "specificity": "specificity", "auc": "AUC"}


def no_other(data_name: str) -> str:
    """Return what a comparison needs, where no other study has the same classes."""
    return f"There is no other study with these classes on this machine. {_needed(data_name)}"


def no_choice(data_name: str) -> str:
    """Return what a comparison needs, where the other studies are of other data sets."""
    return (
        "No other study on this machine is of the same data set. Choose one that holds some of the same image files, "
        f"or make one. {_needed(data_name)}"
    )


def _needed(data_name: str) -> str:
    data = shlex.quote(data_name)
    return (
        "A comparison needs another model's predictions of the same scans: ``neuroval evaluate --model MODEL --images "
        f"FOLDER --data {data} --out NAME`` or ``neuroval import FILE --data {data} --out NAME``."
    )


def title(name: str, about: About, others: Mapping[str, Manifest]) -> str:
    """Return how a study is called; with its folder where the title of another one begins alike."""
    return told_apart({**{key: other.about.title for key, other in others.items()}, name: about.title})[name]


def answer(comparisons: Comparisons) -> str:
    """Return which model is right where the other is wrong, how far apart they are, and what that is worth."""
    return f"{verdict(comparisons)} {worth(comparisons.accuracy.difference.headline)}"


def verdict(comparisons: Comparisons) -> str:
    """Return the comparison in a sentence."""
    accuracy = comparisons.accuracy
    scans = counted(accuracy.counts.n, "common scan")
    if not accuracy.counts.discordant:
        apart = f"A and B are right and wrong on the same scans of {scans}"
    else:
        apart = (
            f"Of {scans}, A is right on {accuracy.counts.only_a:,} that B calls wrongly, B on "
            f"{accuracy.counts.only_b:,} that A calls wrongly"
        )
    return f"{apart}; {_higher(accuracy.difference.headline)}."


def _higher(difference: Estimate) -> str:
    value, low, high = difference.value or 0.0, difference.low, difference.high
    if value < 0 and low is not None and high is not None:
        low, high = -high, -low
    bounds = "" if low is None or high is None else f" ({points(low)} to {points(high)})"
    if value == 0:
        return f"the accuracy is the same{bounds and f' (difference {bounds[2:-1]} percentage points)'}"
    return f"the accuracy of {'A' if value > 0 else 'B'} is {points(abs(value))} percentage points higher{bounds}"


def worth(difference: Estimate) -> str:
    """Return what the interval says about which model is better."""
    if difference.low is None or difference.high is None:
        return f"An interval is {NOT_ESTIMABLE}: {why(difference.reason)}."
    if difference.low <= 0 <= difference.high:
        return "The interval holds 0: these scans do not show which of the two is right more often."
    return "The interval leaves out 0; whether a difference of this size matters is a clinical question."


def other_basis(comparisons: Comparisons, wanted: str) -> str:
    """Return that another basis is compared than the reader has chosen; nothing where it is that one."""
    if comparisons.basis == wanted:
        return ""
    return f"B has nothing on “{LABELS[wanted]}”. Compared on: {LABELS[comparisons.basis]}."


def matching(comparisons: Comparisons) -> str:
    """Return how the scans were matched, and what was left out."""
    common = comparisons.matched
    parts = [f"{counted(common.n, f'{kind(comparisons.basis)} scan')} in common: {_how(common)}."]
    if common.only_a or common.only_b:
        parts.append(f"Left out: {common.only_a:,} only in A, {common.only_b:,} only in B.")
    else:
        parts.append("No scan is in one study alone.")
    for letter, results in (("A", comparisons.of_a), ("B", comparisons.of_b)):
        if results.no_result is not None:
            scans = counted(results.no_result.count, "scan")
            parts.append(f"{letter} has no result for {scans}, left out too: it may be worse than it looks here.")
    if common.other_labels:
        parts.append(f"Also left out: {counted(len(common.other_labels), 'scan')} whose label differs between A and B.")
    if common.other_bytes:
        what = "has other bytes" if common.other_bytes == 1 else "have other bytes"
        parts.append(
            f"{common.other_bytes:,} of the scans matched by id {what} in B: another encoding, or another image."
        )
    unknown = common.by_case_id - common.confirmed - common.other_bytes
    if unknown:
        parts.append(
            f"For {unknown:,} the id alone says that they are the same: no hash of the image is known on both sides."
        )
    return " ".join(parts)


def _how(common: Matched) -> str:
    if not common.by_content:
        return "matched by case id"
    if not common.by_case_id:
        return "matched by identical bytes, the ids differ"
    return f"{common.by_case_id:,} matched by case id, {common.by_content:,} by identical bytes"


def training(comparisons: Comparisons) -> str:
    """Return what both models have seen of the common scans, and what that leaves of the comparison."""
    n, both, (a, b) = comparisons.matched.n, comparisons.seen_by_both, comparisons.shared
    if comparisons.basis == NEW_PATIENTS:
        return (
            f"Each of these {counted(n, 'scan')} is called by networks of cross-validation, of A and of B, that had "
            "seen neither its patient nor a copy of it, as far as is known."
        )
    if a == b and a.known == n and both == a.count:
        if not both:
            scans = counted(n, "scan")
            return f"Neither model was trained on a patient or an image of these {scans}, as far as is known."
        sentence = f"Both models have seen the patient or the image of {both:,} of these {counted(n, 'scan')}"
        return f"{sentence}: this does not show which is better on new patients."
    each = " ".join(_seen(name, shared, n) for name, shared in zip("AB", comparisons.shared, strict=True))
    together = f" Both have seen {both:,}." if both else ""
    limit = " What a model has seen in training says little about new patients." if a.count or b.count else ""
    return f"{each}{together}{limit}"


def _seen(name: str, shared: SharedWithTraining, n: int) -> str:
    """Return of how many scans a model has seen the patient or the image; the least where that is not known of all."""
    if shared.known < n and not shared.count:
        return f"Whether {name} has seen these scans in training is not known."
    least = "at least " if shared.known < n else ""
    return f"{name} has seen the patient or the image of {least}{shared.count:,} of these {counted(n, 'scan')}."


def against_margin(comparisons: Comparisons) -> str:
    """Return what is shown of accuracy, and of any tumour, with the margin that was fixed; nothing without one."""
    classes = comparisons.matched.classes
    shown = [number for number in comparisons.against_margin if number.name.split(".")[0] in ("accuracy", "any_tumour")]
    if not shown:
        return ""
    sides = {
        (True, True): "the two are equivalent in",
        (True, False): "A is not inferior in",
        (False, True): "B is not inferior in",
        (False, False): "nothing is shown for",
    }
    by_side: dict[tuple[bool, bool], list[str]] = {}
    for number in shown:
        bounds = short(number.difference)
        name = label(number.name, classes)
        name = name[:1].lower() + name[1:]
        by_side.setdefault((number.a_not_inferior, number.b_not_inferior), []).append(f"{name} {bounds}")
    said = "; ".join(f"{sides[side]} {listed(names, 'and')}" for side, names in by_side.items())
    return f"With the margin of {points(comparisons.margin)} percentage points that the study fixes, {said} (A less B)."


def multiplicity(comparisons: Comparisons) -> str:
    """Return what many p-values are worth."""
    text = (
        f"{counted(comparisons.tests, 'test')}: between equally good models, one test in twenty falls below 0.05 "
        "by chance. No p-value here names a winner: read the differences with their intervals."
    )
    groups = comparisons.rates.groups
    if groups is not None and groups < comparisons.matched.n:
        text += (
            f" The scans come in {counted(groups, 'group')} (patients, copies); McNemar's test takes them as "
            "independent, so its p-values can be too small: the download has those between groups, and Holm's."
        )
    return text


def label(name: str, classes: ClassOrder) -> str:
    """Return how a number is called: ``Glioma sensitivity``."""
    subject, _, number = name.rpartition(".")
    if not subject:
        return sentence_case(name)
    shown = "Any tumour" if subject == "any_tumour" else classes.display[subject]
    return f"{shown} {NUMBERS[number]}"


def subject(name: str) -> str:
    """Return the class a number is about, or ``any_tumour``; empty for accuracy."""
    return name.rpartition(".")[0]


def beside(compared: ComparedNumber) -> str:
    """Return on how many scans only A and only B is right."""
    return f"{compared.counts.only_a:,} : {compared.counts.only_b:,}"


def both_aucs(compared: ComparedAuc) -> str:
    """Return the AUCs of A and B."""
    values = [measure.headline.value for measure in (compared.areas.a, compared.areas.b)]
    return ", ".join(NOT_ESTIMABLE if value is None else below_1(value) for value in values)


def rate_row(compared: ComparedNumber, classes: ClassOrder) -> dict[str, str]:
    """Return a rate of both models as a table row."""
    return {"Number": label(compared.name, classes), **_both(compared)}


def _both(compared: ComparedNumber) -> dict[str, str]:
    return {
        "A": full(compared.a.headline),
        "B": full(compared.b.headline),
        "A minus B": short(compared.difference.headline),
        "Only A right": f"{compared.counts.only_a:,}",
        "Only B right": f"{compared.counts.only_b:,}",
        "p, exact": "" if compared.test is None else p_value(compared.test.exact),
        "p, mid-p": "" if compared.test is None else p_value(compared.test.mid_p),
    }


def auc_row(compared: ComparedAuc, classes: ClassOrder) -> dict[str, str]:
    """Return an AUC of both models as a table row."""
    tested = compared.areas.headline_p_value
    return {
        "Number": label(compared.name, classes),
        "A": area(compared.areas.a.headline),
        "B": area(compared.areas.b.headline),
        "A minus B": short(compared.areas.difference.headline),
        "p": f"{NOT_ESTIMABLE} ({why(tested.reason)})" if tested.value is None else p_value(tested.value),
    }


def patients(compared: ComparedPatients) -> str:
    """Return which patients both models are compared on, and what is left out."""
    if not compared.n:
        return "By patient: not estimable, as no common scan has a patient id."
    left = []
    if compared.without_id:
        left.append(f"{counted(compared.without_id, 'scan')} without a patient id")
    if compared.mixed:
        left.append(f"{counted(compared.mixed, 'patient')} without a single class (for the class only)")
    told = f" Left out: {', '.join(left)}." if left else ""
    return (
        f"By patient: one answer of each model for each of {counted(compared.n, 'patient')}. Sensitivity and "
        f"specificity are of any tumour.{told}"
    )


def net_benefit(compared: Sequence[ComparedNetBenefit]) -> list[str]:
    """Return at which thresholds on P(any tumour) the net benefit of the two models differs; empty without any."""
    if not compared:
        return []
    ends = [(number.threshold, number.difference.headline) for number in compared]
    better = {
        "A": [f"{at:.0%}" for at, number in ends if number.low is not None and number.low > 0],
        "B": [f"{at:.0%}" for at, number in ends if number.high is not None and number.high < 0],
    }
    told = [f"{name} is above the other at {', '.join(limits)}" for name, limits in better.items() if limits]
    tried = f"of the thresholds {', '.join(f'{at:.0%}' for at, _ in ends)} on P(any tumour)"
    if not told:
        return [f"Net benefit: at none {tried} does the interval of the difference leave out 0."]
    return [f"Net benefit: {'; '.join(told)}, {tried}, by the interval of the difference."]


def patient_rows(compared: ComparedPatients) -> list[dict[str, str]]:
    """Return the numbers of both models by patient as table rows, without those that no patient stands behind."""
    rows = []
    for number in compared.numbers:
        rule, _, name = number.name.partition(".")
        if number.counts.n:
            rows.append({"Number": f"{BY_RULE[rule]}, {PATIENT_NUMBERS[name]}", **_both(number)})
    return rows


def download_rows(comparisons: Comparisons) -> list[dict[str, str]]:
    """Return every rate and AUC as a row for download, plain and cluster-adjusted."""
    classes, (rates, aucs) = comparisons.matched.classes, comparisons.distinct
    rows = []
    for rate in rates:
        row = {"Number": label(rate.name, classes), **_measures(rate.a, rate.b, rate.difference)}
        row |= {"Only A right": str(rate.counts.only_a), "Only B right": str(rate.counts.only_b)}
        tests = {} if rate.test is None else {"p, McNemar exact": rate.test.exact, "p, McNemar mid-p": rate.test.mid_p}
        tests |= {} if rate.test is None else {"p, McNemar asymptotic": rate.test.asymptotic}
        tests |= {} if rate.clustered_p_value is None else {"p, between groups": rate.clustered_p_value}
        tests |= {"p, Holm": comparisons.holm[rate.name]} if rate.name in comparisons.holm else {}
        rows.append(row | {name: f"{value:.6g}" for name, value in tests.items()})
    for ranked in aucs:
        row = {
            "Number": label(ranked.name, classes),
            **_measures(ranked.areas.a, ranked.areas.b, ranked.areas.difference),
        }
        p_values = {"p, DeLong": ranked.areas.p_value, "p, Obuchowski": ranked.areas.clustered_p_value}
        row |= {
            name: f"{p_value.value:.6g}" for name, p_value in p_values.items() if p_value and p_value.value is not None
        }
        rows.append(
            row | ({"p, Holm": f"{comparisons.holm[ranked.name]:.6g}"} if ranked.name in comparisons.holm else {})
        )
    columns = dict.fromkeys(name for row in rows for name in row)
    return [{name: row.get(name, "") for name in columns} for row in rows]


def _measures(a: Measure, b: Measure, difference: Measure) -> dict[str, str]:
    row: dict[str, str] = {}
    for name, estimate in (("A", a), ("B", b), ("A minus B", difference)):
        row |= {
            name: full(estimate.headline),
            f"{name}, method": by(estimate.headline.method),
            f"{name}, plain": full(estimate.plain),
        }
    return row


def discordant(comparisons: Comparisons, *, a_is_right: bool) -> str:
    """Return the heading of the cases that one model calls rightly and the other wrongly."""
    right, wrong, cases = ("A", "B", comparisons.only_a) if a_is_right else ("B", "A", comparisons.only_b)
    return f"{right} right, {wrong} wrong: {counted(len(cases), 'scan')}"


def called(name: str, predicted: str, confidence: float, classes: ClassOrder, *, map_shown: bool) -> str:
    """Return what a model says of a case, and whether the map beside the scan is its own."""
    return f"{name}: {classes.display[predicted]} {confidence:.2f}{' (map)' if map_shown else ''}"


def discordant_row(case: Discordant, classes: ClassOrder) -> dict[str, str]:
    """Return a case on which the models disagree as a row for download."""
    return {
        "Right": "A" if case.a_is_right else "B",
        "Case in A": case.case_a,
        "Case in B": case.case_b,
        "Reference": classes.display[case.reference],
        "A says": classes.display[case.predicted_a],
        "B says": classes.display[case.predicted_b],
        "Confidence of A": f"{case.confidence_a:.6g}",
        "Confidence of B": f"{case.confidence_b:.6g}",
    }


def label_rows(cases: Sequence[OtherLabel], classes: ClassOrder) -> list[dict[str, str]]:
    """Return the cases whose label differs as table rows, the first ones of many."""
    rows = [
        {
            "Case in A": case.case_a,
            "Case in B": case.case_b,
            "Label in A": classes.display[case.label_a],
            "Label in B": classes.display[case.label_b],
        }
        for case in cases[:SHOWN_LABELS]
    ]
    more = len(cases) - len(rows)
    blank = dict.fromkeys(rows[0], "") if rows else {}
    return [*rows, {**blank, "Case in A": f"{counted(more, 'more case')}"}] if more else rows


def alt(case: Discordant, classes: ClassOrder, *, with_map: str | None = None, maps: str = GRADCAM) -> str:
    """Return what a picture shows, for those who cannot see it."""
    text = (
        f"Scan with reference {classes.display[case.reference]}, A says {classes.display[case.predicted_a]}, B says "
        f"{classes.display[case.predicted_b]}"
    )
    return f"{text}, {maps} for {with_map}" if with_map else text
