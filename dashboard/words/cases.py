"""Every sentence about cases: the gallery and its filters, one case in full, and cases that belong together."""

from collections.abc import Mapping, Sequence
from typing import Any

from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.data_audit.confident_learning import Suspect, Suspects
from neuroval.analysis.data_audit.conflicting_labels import OddLabels
from neuroval.dashboard.cases.any_case import ListedCase
from neuroval.dashboard.cases.evaluated_case import ByCase, Case
from neuroval.dashboard.cases.selection import edges
from neuroval.dashboard.cases.similar_cases import Lookalike
from neuroval.dashboard.words.basis import WITHOUT_MAPS, kind
from neuroval.dashboard.words.formats import DASH, NOT_ESTIMABLE, counted, full, number, percent, sentence_case
from neuroval.dashboard.words.general import KINDS, TIERS, arrow_of, fitted_on, listed, spoken
from neuroval.data.classes import ClassOrder
from neuroval.data.study.gradcam import GRADCAM

FILTERS = {
    "reference": "Reference",
    "predicted": "Predicted",
    "confidence": "Confidence",
    "bin": "Bin of confidence",
    "plane": "Plane",
    "source": "Source",
    "site": "Site",
    "evidence": "Strongest evidence",
    "shared": "Shared with training",
    "twin": "Copy in training",
    "patient": "Patient",
}
FILTER_VALUES = {
    "high": "High",
    "review": "Review",
    "expert": "Refer to an expert",
    "on": "On the tumour",
    "off": "Off the tumour",
    "yes": "Yes",
    "no": "No",
    "unknown": "Not known",
}
GALLERIES = {"errors": "Errors", "all": "All scans"}
FACTS = {"patient_id": "Patient", "plane": "Plane", "source": "Source", "site": "Site", "split": "Split"}
SMALLEST = 0.005  # below, a distance is called so and not 0

NO_EMBEDDINGS = (
    "This study holds no embeddings, so similar training scans cannot be looked for. "
    "`neuroval evaluate` writes them with a study."
)
NO_EMBEDDING = "There is no embedding of this scan."
NO_TRAINING = "The study lists no training scans to compare with."
SIMILAR = (
    "What looks alike to the network, nearest first; the number is the distance, where 0 is the same image to it and 1 "
    "the typical distance to a training scan."
)
NOT_EVALUATED = "This scan was not evaluated: it has no prediction and no Grad-CAM in this study."
TRAINED_ON = "The model was fitted on this scan: it has no prediction and no Grad-CAM in this study."
SUSPECTS = (
    "Confident learning compares the label with what a network says that has not seen the scan or its group. "
    "It names scans to look at again and proves no label wrong."
)
ODD = "At least one label of each image is wrong."
TAKE_AWAY = "List as CSV"
ACROSS = "Left the evaluated scan, right one that the model was fitted on."
PAIRS = {
    "across": "Copies across splits",
    "labels": "Copies with different labels",
    "patients": "Patients across splits",
}
PAIRS_TITLE = "Which scans belong together?"
SEE_SCANS = "See the scans"
COUNTED_PAIRS = {
    "across": ("pair of copies across splits", "pairs of copies across splits"),
    "labels": ("image with copies of different labels", "images with copies of different labels"),
    "patients": ("patient across splits", "patients across splits"),
}
NOUNS = {"across": "pair", "labels": "image", "patients": "patient"}
NO_PAIRS = "No copies and no patients lie across splits, as far as is known, and no copies carry different labels."


def filter_value(key: str, value: str, classes: ClassOrder) -> str:
    """Return how a value of a filter is written."""
    if value == "all":
        return "All"
    if key == "bin":
        return between(value)
    return classes.display[value] if key in ("reference", "predicted") else FILTER_VALUES.get(value, value)


def between(number_of_bin: str) -> str:
    """Return the confidence between which a bin lies."""
    low, high = edges(number_of_bin)
    return f"{low:.2f} to {high:.2f}"


TAKE_OFF = "Take this filter off"
TAKE_ALL_OFF = "Take all off"


def chip(key: str, value: str, classes: ClassOrder) -> str:
    """Return a filter that is set."""
    return f"{FILTERS[key]}: {filter_value(key, value, classes)}"


def spoken_filter(key: str, value: str, classes: ClassOrder) -> str:
    """Return a filter that is set, within a sentence."""
    return f"{FILTERS[key].lower()} {filter_value(key, value, classes)}"


def filtered(rate: Estimate, wanted: Sequence[str]) -> str:
    """Return how often the model is wrong on the scans that pass the filters, each in words."""
    chosen = listed(list(wanted), "and")
    if not rate.n:
        return f"No scan matches {chosen}."
    verb = "is an error" if rate.count == 1 else "are errors"
    return f"Of {counted(rate.n, 'scan')} with {chosen}, {rate.count or 0:,} {verb}: rate {full(rate)}."


def shown(first: int, last: int, filtered: int, total: int, *, noun: str = "error") -> str:
    """Return which part of the cases is on the page."""
    if not filtered:
        return f"None of {counted(total, noun)} matches."
    return f"{first:,}{DASH}{last:,} of {filtered:,} shown, {counted(total, noun)} in all"


def selected_csv(number: int) -> str:
    """Return the button that downloads the cases that are selected."""
    return f"CSV of {number:,} selected"


COPY = "Copy of this scan"


def neighbour(split: str, label: str, classes: ClassOrder) -> str:
    """Return what another scan of the same image or patient is."""
    return f"{classes.display[label]}, {split}"


def lookalike(lookalike: Lookalike, label: str, classes: ClassOrder) -> str:
    """Return what a similar training scan is: class and distance."""
    return f"{classes.display[label]}, {distance(lookalike.distance)}"


def tie(*, copy: bool, same_patient: bool) -> str:
    """Return how a similar scan is tied to the case; nothing when it is not, as far as is known."""
    return "copy" if copy else "same patient" if same_patient else ""


def distance(value: float) -> str:
    """Return a distance; one that is not 0 is not written as 0."""
    return f"under {SMALLEST:g}" if 0 < value < SMALLEST else f"{value:.2f}"


def agreement(labels: Sequence[str], reference: str, classes: ClassOrder) -> str:
    """Return how many of the similar scans carry a case's own label."""
    same = sum(label == reference for label in labels)
    verb = "carries" if same == 1 else "carry"
    return f"{same} of {counted(len(labels), 'scan')} {verb} the label {classes.display[reference]}."


def no_map(case: Case | None, *, others: str | None = None) -> str:
    """Return why a scan is shown without a map in a study that has maps; nothing where it was not evaluated.

    ``others`` is what the maps are called that other scans on the same basis have, none where none has any.
    """
    if case is None:
        return ""
    return WITHOUT_MAPS if others is None else f"{others[:1].upper()}{others[1:]} of this scan: not given."


def case_title(case: Case, classes: ClassOrder) -> str:
    """Return the heading of one case."""
    if case.correct:
        return f"{classes.display[case.reference]}, called correctly"
    return f"{classes.display[case.reference]} called {classes.display[case.predicted]}"


def listed_title(case: ListedCase, classes: ClassOrder) -> str:
    """Return the heading of a case that was not evaluated."""
    return f"{classes.display[case.label]}, {case.facts['split']}"


def case_answer(case: Case, classes: ClassOrder) -> str:
    """Return one case in a sentence."""
    tail = "" if case.correct else f" The reference class gets {number(case.probabilities[case.reference])}."
    return (
        f"The model says {classes.display[case.predicted]} with {number(case.confidence)} ({TIERS[case.tier]}).{tail}"
    )


def listed_answer(case: ListedCase) -> str:
    """Return why a case has no prediction."""
    return TRAINED_ON if case.facts["split"] == "train" else NOT_EVALUATED


def out_of_fold(case: ListedCase, classes: ClassOrder) -> str:
    """Return what cross-validation says of a case; nothing where it says nothing."""
    called = case.out_of_fold_class
    if case.out_of_fold is None or called is None:
        return ""
    chances = case.out_of_fold
    tail = (
        ""
        if called == case.label
        else f", and {classes.display[case.label]}, its label, with {number(chances[case.label])}"
    )
    return (
        "In cross-validation a network that has not seen this scan or its group says "
        f"{classes.display[called]} with {number(chances[called])}{tail}."
    )


def case_facts(case: Case) -> list[dict[str, str]]:
    """Return what is known of a case as table rows."""
    rows = _recorded(case.facts, case.group_size)
    rows.append({"Fact": "Shared with training", "Value": {True: "yes", False: "no", None: "not known"}[case.shared]})
    rows.append({"Fact": "Copy in training", "Value": "yes" if case.twin else "no"})
    if case.on_target is not None:
        rows.append({"Fact": "Strongest evidence", "Value": f"{'on' if case.on_target else 'off'} the tumour"})
    return [*rows, {"Fact": "Case", "Value": case.case_id}]


def listed_facts(case: ListedCase) -> list[dict[str, str]]:
    """Return what is known of a case that was not evaluated as table rows."""
    return [*_recorded(case.facts, case.group_size), {"Fact": "Case", "Value": case.case_id}]


def _recorded(facts: Mapping[str, str], group_size: int) -> list[dict[str, str]]:
    rows = [{"Fact": label, "Value": facts.get(key, "not recorded")} for key, label in FACTS.items()]
    return [*rows, {"Fact": "Group", "Value": counted(group_size, "scan")}]


def similar(place: int) -> str:
    """Return what a training scan is called that looks like the case; the nearest is 1."""
    return f"Similar scan {place}"


def map_button(class_name: str, role: str) -> str:
    """Return the button that shows the map of a class."""
    return f"{class_name} ({role})"


def panel(class_name: str, role: str, peak: float, maps: str = GRADCAM) -> str:
    """Return what a picture with a map shows; ``peak`` is its strongest evidence as a share of the case's."""
    label = f"{maps[:1].upper()}{maps[1:]} for {class_name} ({role})"
    if not peak:
        return f"{label}: no positive evidence"
    return label if peak == 1 else f"{label}: at most {percent(peak)} of the strongest evidence"


def not_given(names: Sequence[str], classes: ClassOrder, *, maps: str) -> str:
    """Return of which classes a case has no map."""
    return f"{maps[:1].upper()}{maps[1:]} for {' and '.join(classes.display[name] for name in names)}: not given."


def grid(height: int, width: int, *, cells: bool, brought: bool = False) -> str:
    """Return how coarse the maps are, and whether they are smoothed."""
    sees = f"The map has {height} x {width} cells" if brought else f"The network sees {height} x {width} cells"
    return f"{sees}." if cells else f"{sees}; between them the map is smoothed."


def behind(value: str, tiers: Mapping[str, float]) -> str:
    """Return what a tier or a bin of confidence is called; ``tiers`` are where they begin."""
    kind, _, name = value.partition("-")
    if kind == "bin":
        return f"Confidence {between(name)}"
    begin = tiers[name]
    return sentence_case(TIERS[name]) + (f", from {begin:g}" if begin else "")


def scans_behind(n: int, wrong: int) -> str:
    """Return how many scans are behind a number, and how many of them are errors."""
    return f"{counted(n, 'scan')}, {counted(wrong, 'error')}. Errors come first, then the most confident."


def scans_of(value: str, number: int, basis: str) -> str:
    """Return what leads to the scans of a source, a site or a plane."""
    return f"{value}: {counted(number, f'{kind(basis)} scan')}"


def errors_of(number: int, key: str, name: str, classes: ClassOrder) -> str:
    """Return what leads to the errors on a class, or to the scans wrongly called it."""
    if key == "reference":
        return f"{classes.display[name]}: {number:,} missed"
    return f"{number:,} of other classes called {spoken(name, classes)}"


def see_all(number: int) -> str:
    """Return what leads to all scans behind a number."""
    return f"See {'the scan' if number == 1 else f'all {number:,} scans'} in the gallery"


def suspects(suspects: Suspects) -> str:
    """Return how many labels are contradicted, and what share of labels may be wrong."""
    rate = (
        NOT_ESTIMABLE
        if suspects.wrong.value is None
        else f"{number(suspects.wrong.value)} (no interval is known for it)"
    )
    verb = "is" if len(suspects.cases) == 1 else "are"
    return (
        f"{counted(len(suspects.cases), 'label')} of {suspects.n:,} {verb} contradicted with confidence. "
        f"Estimated share of wrong labels: {rate}."
    )


def suspect(suspect: Suspect, classes: ClassOrder) -> str:
    """Return a suspect label: what it is and what is suggested."""
    return arrow_of(suspect.label, suspect.suggested, classes)


def suspect_note(suspect: Suspect, *, copies: int = 1) -> str:
    """Return the rank of a suspect label, how sure the network is of the suggested class, and how many copies agree."""
    more = f"\n{copies:,} copies" if copies > 1 else ""
    return f"Rank {suspect.rank:,}, an independent network: {suspect.suggested_probability:.2f}{more}"


def suspect_row(suspect: Suspect, split: str, classes: ClassOrder) -> dict[str, str]:
    """Return a suspect label as a row for download."""
    return {
        "Rank": str(suspect.rank),
        "Case": suspect.case_id,
        "Split": split,
        "Label": classes.display[suspect.label],
        "Suggested": classes.display[suspect.suggested],
        "Probability of the label": number(suspect.self_confidence),
        "Probability of the suggested": number(suspect.suggested_probability),
    }


def pair_kind(kind: str, labels: Sequence[str]) -> str:
    """Return what two copies are, and that their labels differ if they do."""
    return KINDS[kind] if len(set(labels)) == 1 else f"{KINDS[kind]}, two labels"


def votes(odd: OddLabels, classes: ClassOrder) -> str:
    """Return the labels of one image's copies, and which is the odd one."""
    times = {1: "once", 2: "twice"}
    counts = listed([f"{spoken(name, classes)} {times.get(n, f'{n:,} times')}" for name, n in odd.votes], "and")
    if odd.opinion is None:
        return f"Labelled {counts}"
    opinion = f"{spoken(odd.opinion.label, classes)} ({number(odd.opinion.probability)})"
    return f"Labelled {counts}; the model says {opinion}"


def patient(name: str, evaluated: int, fitted: int, split: str) -> str:
    """Return on which sides of the split a patient is."""
    return f"Patient {name}: {counted(evaluated, 'scan')} in {split}, {counted(fitted, 'scan')} in {fitted_on(split)}"


def pair_rows(kind: str, pairs: Sequence[Any], listed_as: ByCase[tuple[str, str]], split: str) -> list[dict[str, str]]:
    """Return copies across splits, copies with different labels or patients across splits as rows for download.

    ``listed_as`` are split and label of each case.
    """
    if kind == "patients":
        trained = fitted_on(split)
        return [
            {"Patient": name, f"Scans in {split}": str(here), f"Scans in {trained}": str(there)}
            for name, here, there in pairs
        ]
    if kind == "labels":
        return [
            {"Image": str(number), "Case": case_id, "Split": listed_as[case_id][0], "Label": listed_as[case_id][1]}
            for number, pair in enumerate(pairs, start=1)
            for case_id in pair.case_ids
        ]
    return [
        {
            "Case": here,
            "Split": listed_as[here][0],
            "Label": listed_as[here][1],
            "Copy": there,
            "Split of the copy": listed_as[there][0],
            "Label of the copy": listed_as[there][1],
            "Kind": KINDS[how],
        }
        for here, there, how in pairs
    ]


def pairs_answer(counts: Mapping[str, int]) -> str:
    """Return how many of each kind of cases that belong together there are."""
    parts = [counted(n, *COUNTED_PAIRS[key]) for key, n in counts.items() if n]
    return f"{listed(parts, 'and')}." if parts else NO_PAIRS
