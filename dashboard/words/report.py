"""Every sentence that only the validation report says."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.finding import Finding
from neuroval.analysis.core.metrics import read
from neuroval.analysis.data_audit.training_overlap import Leakage
from neuroval.analysis.data_audit.twins import TwinKind
from neuroval.analysis.decisions.acceptance import Criterion
from neuroval.analysis.performance.per_class import ClassPerformance
from neuroval.analysis.study.results import LEVEL
from neuroval.dashboard.cases.evaluated_case import Case
from neuroval.dashboard.words.basis import LABELS as BASIS_LABELS
from neuroval.dashboard.words.basis import kind
from neuroval.dashboard.words.cases import case_facts
from neuroval.dashboard.words.formats import (
    NOT_ESTIMABLE,
    counted,
    counts,
    full,
    percent,
    probability,
    sentence_case,
    short,
)
from neuroval.dashboard.words.general import RESEARCH, TIERS, fitted_on, listed, row_name
from neuroval.dashboard.words.overview import verdict_title
from neuroval.dashboard.words.per_class import RATES
from neuroval.dashboard.words.reasons import why
from neuroval.data.classes import ClassOrder
from neuroval.data.images.linking import LinkedImages
from neuroval.data.study.evaluated_cases import NEW_PATIENTS
from neuroval.data.study.manifest import DataFacts, Manifest, ModelFacts

if TYPE_CHECKING:
    from neuroval.dashboard.report.options import Options

TITLE = "Validation report"
NOT_REPORTED = "not reported"
POST_HOC = "Post hoc"
REVIEWER, SITE = "Reviewer", "Site"
SECTIONS_SHOWN = "Sections"
ALWAYS_SHOWN = "Verdict, summary with findings, limitations, settings, provenance and sign-off are always part of it."
EVERY_ERROR = "Every error, not a sample of those without high confidence"
SETTINGS_POST_HOC = "Settings other than the study's"
POST_HOC_MEANS = "The report marks each of these as post hoc. They do not change the verdict."
LEVEL_LABEL = "Level of the intervals"
PREVALENCE_LABEL = "Prevalence for PPV and NPV, in percent"
THRESHOLD_LABEL = "Threshold on P(any tumour)"
MAKE, MAKING, DOWNLOAD = "Make the report", "Making the report", "Download the report"
NOT_IN_FILE = f"Your changes are not in the report yet. Press **{MAKE}**."
PREVIEW_ALT = "Preview of the validation report"
SYNTHETIC = "Synthetic: the images are drawn by a program and show no patient."
VERDICT = "Verdict against the acceptance criteria of the study"
LABELS = {
    "data": "What was tested, and on whom",
    "methods": "Methods",
    "per-class": "Performance by class",
    "subgroups": "Subgroups",
    "confusion": "Confusions and what they cost",
    "confidence": "Confidence",
    "folds": "Cross-validation",
    "audit": "Audit of the data",
    "trial": "On trial",
    "claims": "Published claims",
    "errors": "Errors, case by case",
    "model": "Model card",
    "checklists": "Reporting checklists",
}
SUMMARY, FINDINGS, REMARKS = "Summary", "Findings", "Remarks of the reviewer"
LIMITATIONS, SETTINGS, PROVENANCE, SIGN_OFF = "Limitations", "Settings of this report", "Provenance", "Sign-off"
NO_FINDINGS = "None."
AREA_ONLY = "Area is the number of scans."
AREA = "Area is the number of scans, colour the harm that the study gives to the error."
FLOW_ALT = (
    "Flow of scans from the files of the data set to the calls of the model, with the counts printed in the boxes"
)
PROTOCOL_LEVEL = "The verdict and the claims are judged at 95%."

REFERENCE_STANDARD = (
    "The reference standard is the label that the data set gives to each scan. How it was obtained, by whom, and "
    "whether they knew the answer of the model is not part of the study."
)
INDEX_TEST = (
    "The index test is the classifier below. It gives a probability for each class. A scan is called the class with "
    "the largest probability; of equal ones the first in the order of the classes counts. Probabilities are used as "
    "the model gives them, never renormalised."
)
IMPORTED = "The study holds imported predictions and no model: how they were made is not part of it."
ANY = "Any tumour: a tumour of one kind that is taken for another counts as found."
WIDER = (
    "Scans of one patient, and copies of one image, are not independent. Beside each interval that takes scans as "
    "independent the report computes one that takes account of the groups, and prints the lower low and the "
    "higher high."
)
RATE_INTERVALS = "Intervals: Wilson, allowing for several scans of one patient."
UNDEFINED = (
    'What cannot be estimated is printed as "not estimable" with the reason, never as 0. Nothing is imputed: a file '
    "that cannot be read is listed and left out, a scan without a value is left out of the numbers that need it."
)
FORMULAS = "What each number is. TP, FN, FP, TN: one class against all others."
ONE_INTERVAL = "Every scan is a group of its own: the two intervals are one."
SAMPLE_SIZE = "The study does not say how its number of scans was chosen."
AUDIT = (
    "A scan that shares a patient or a copy of its image with the data that the model was fitted on is partly known to "
    "it. Numbers on such scans are too good for new patients. The steps below take these scans out one kind after the "
    "other; what is left is often small and of other classes, so that accuracy is not comparable and the intervals are "
    "wide."
)
NO_COPIES = "No scan has a copy in the training data, as far as is known."
NO_ODD_LABELS = "No image has copies with different labels, as far as is known."
CONFOUNDING = (
    "A factor other than the disease that answers the question can be learnt instead of it: good numbers then say "
    "nothing about hospitals where the factor differs."
)
NO_MAPS = "This study holds no Grad-CAM."
NO_IMAGES = (
    "The images of this data set are not linked on this machine. The errors are listed without image and Grad-CAM; "
    "neuroval data link FOLDER uses a copy on disk."
)
NO_PICTURE = "image not in the linked folder"
NOTHING_HIGH = "No error was made with high confidence."
NOTHING_LOW = "No other error was made."
PAIRED = (
    "Left the scan, right the same scan with the {maps} of the class that was called; a white line is the outline of "
    "the tumour in the reference standard. Bars are the probabilities of the classes."
)
ALL_PROTOCOL = "Every setting is that of the study; nothing in this report is post hoc."
SOME_POST_HOC = (
    "What is post hoc was chosen for this report and not by the study; what follows from it is exploratory, because "
    "the results were known."
)
NO_LIMITATIONS = "The study names no limitations."
RECOMPUTE = (
    "Three files are attached to this PDF. With them each number can be computed again: predictions and labels of "
    "every evaluated scan, and every number of the report with its interval, level, method and counts."
)
SIGN = (
    "I have read this report, its findings and its limitations. The judgement below concerns the use named under "
    "intended use, and no other."
)
CHOICES = (
    "The evidence is sufficient for the intended use",
    "The evidence is sufficient under the conditions in the remarks",
    "The evidence is not sufficient",
)
STAND_INS = "The fonts of this report do not have these characters; each is printed as its code point:"


def document_title(title: str) -> str:
    """Return what the PDF is called."""
    return f"{TITLE}: {title}"


def foot(*, synthetic: bool) -> str:
    """Return what stands at the foot of each page."""
    return f"{SYNTHETIC} {RESEARCH}" if synthetic else RESEARCH


def intervals(level: float) -> str:
    """Return what the lines in a figure are."""
    return f"Lines: {level_of(level)} intervals, allowing for several scans of one patient."


def model_line(model: ModelFacts | None) -> str:
    """Return the model in one line."""
    if model is None:
        return "imported predictions"
    return f"{model.name}, version {model.version}" if model.version else model.name


FOLD_NETWORKS = "the networks of cross-validation"
FOLDS_NOT_NETWORK = (
    "The numbers are of networks that were trained in the same way on other parts of the data, not of the network "
    "itself."
)


def reported(value: str) -> str:
    """Return what the study says, or that it says nothing."""
    return value or sentence_case(NOT_REPORTED)


def flow(
    manifest: Manifest, *, files: int, rejected: int, splits: Mapping[str, int], basis: str, n: int
) -> list[dict[str, list[str]]]:
    """Return the steps of the flow of scans: what is there, and what leaves at the side."""
    steps: list[dict[str, list[str]]] = []
    if rejected:
        steps.append(
            {
                "lines": ["Files of the data set", f"n = {files + rejected:,}"],
                "aside": ["Could not be used", f"n = {rejected:,}"],
            }
        )
    others = [f"{name.capitalize()}: n = {count:,}" for name, count in splits.items() if name != basis]
    aside = ["Other splits, not part of the numbers", *others] if others and basis != NEW_PATIENTS else []
    steps.append({"lines": ["Scans with a reference standard", f"n = {files:,}"], "aside": aside})
    here, scans = files if basis == NEW_PATIENTS else splits.get(basis, n), f"{kind(basis).capitalize()} scans"
    missing = [] if here == n else ["No prediction", f"n = {here - n:,}"]
    if missing:
        steps.append({"lines": [scans, f"n = {here:,}"], "aside": missing})
    called = FOLD_NETWORKS if basis == NEW_PATIENTS else model_line(manifest.model)
    steps.append({"lines": [f"{scans} read by the model", called, f"n = {n:,}"], "aside": []})
    return steps


def flow_results(
    matrix: ConfusionMatrix, tumour: ClassPerformance | None, classes: ClassOrder, *, most: int
) -> list[list[str]]:
    """Return what was called, and what the reference standard says: by class, or by any tumour for many classes."""
    counts = matrix.counts.tolist()
    if len(classes) > most and tumour is not None:
        two = tumour.counts
        negative = classes.display[classes.negative or ""]
        return [
            [
                f"Called a tumour: n = {tumour.predicted:,}",
                f"Reference any tumour: {two.tp:,}",
                f"Reference {negative}: {two.fp:,}",
            ],
            [
                f"Called {negative}: n = {matrix.n - tumour.predicted:,}",
                f"Reference any tumour: {two.fn:,}",
                f"Reference {negative}: {two.tn:,}",
            ],
        ]
    if len(classes) > most:
        right = sum(counts[index][index] for index in range(len(classes)))
        return [[f"Called rightly: n = {right:,}"], [f"Called wrongly: n = {matrix.n - right:,}"]]
    return [
        [
            f"Called {classes.display[name]}",
            f"n = {sum(row[column] for row in counts):,}",
            "Reference:",
            *[f"{classes.display[other]}: {counts[row][column]:,}" for row, other in enumerate(classes.names)],
        ]
        for column, name in enumerate(classes.names)
    ]


def two_lines(estimate: Estimate) -> str:
    """Return an estimate with its counts in a second line, for a narrow column."""
    return "\n".join(filter(None, (short(estimate), counts(estimate) if estimate.defined else "")))


def two_by_two_rows(judged: Sequence[ClassPerformance], classes: ClassOrder) -> list[dict[str, str]]:
    """Return the counts of each class against the rest as table rows."""
    return [
        {
            "Class": row_name(rates.name, classes),
            "TP": f"{rates.counts.tp:,}",
            "FN": f"{rates.counts.fn:,}",
            "FP": f"{rates.counts.fp:,}",
            "TN": f"{rates.counts.tn:,}",
        }
        for rates in judged
    ]


def rate_table(judged: Sequence[ClassPerformance], classes: ClassOrder) -> list[dict[str, str]]:
    """Return the rates of each class as table rows, with the interval that is shown first."""
    return [
        {
            "Class": row_name(rates.name, classes),
            **{metric.label: two_lines(rate.headline) for metric, rate in read(RATES, rates)},
        }
        for rates in judged
    ]


def prevalence_note(value: float | None) -> str:
    """Return at which prevalence PPV and NPV are given."""
    if value is None:
        return "PPV and NPV hold where the share of each class is that in these scans."
    return f"PPV and NPV where {percent(value)} of the scans have it; sensitivity and specificity as in these scans."


def shared_rows(shared: Sequence[object], classes: ClassOrder) -> list[dict[str, str]]:
    """Return what the evaluated scans share with training as table rows."""
    labels = {"group": "Patient or copy", "copy": "Copy", "patient": "Patient", "known_patient": "Patient known"}
    return [
        {
            "Class": classes.display.get(row.name, "All"),  # type: ignore[attr-defined]
            **{label: two_lines(getattr(row, key)) for key, label in labels.items()},
        }
        for row in shared
    ]


def copies(kinds: Sequence[TwinKind], patients: int, leakage: Leakage) -> str:
    """Return how many copies and patients lie on both sides, or why that cannot be told."""
    split, seen = leakage.split, leakage.overall
    text = "" if kinds else f"{NO_COPIES} "
    if not kinds and not seen.copy.defined:
        text = f"Whether scans are copies of training scans is {NOT_ESTIMABLE}: {seen.copy.reason or leakage.reason}. "
    if not patients and not seen.patient.defined:
        sides = f"{split} and in {fitted_on(split)}"
        return f"{text}Whether patients have scans in {sides} is {NOT_ESTIMABLE}: {seen.patient.reason}."
    if not patients:
        return f"{text}No patient has scans in {split} and in {fitted_on(split)}, as far as is known."
    verb = "has" if patients == 1 else "have"
    return f"{text}{counted(patients, 'patient')} {verb} scans in {split} and in {fitted_on(split)}."


def shown_errors(shown: int, total: int, *, what: str) -> str:
    """Return how many of the errors are shown, and where the others are."""
    if shown == total:
        return f"All {counted(total, what)}, the most confident first."
    return f"{shown:,} of {counted(total, what)}. The others are in the attached file of cases."


def sampled(shown: int, total: int) -> str:
    """Return how a sample of the other errors was taken."""
    if shown == total:
        return shown_errors(shown, total, what="other error")
    return (
        f"A sample of {shown:,} of {counted(total, 'other error')}: every one at equal steps in the order of "
        "confidence. The others are in the attached file of cases."
    )


def bounded(most: int) -> str:
    """Return that no more cases are shown."""
    return f"A report shows {most:,} cases at most."


def encodings(images: LinkedImages) -> str:
    """Return that linked images differ from those that were judged; nothing when none does."""
    if not images.other_encoding:
        return ""
    return (
        f"{counted(len(images.other_encoding), 'linked image')} of the data set: other encoding than the one that was "
        "judged, so what is shown may differ slightly."
    )


def card_confidence(case: Case) -> str:
    """Return the confidence and its tier."""
    return f"{probability(case.confidence)}, {TIERS[case.tier]}"


def card_facts(case: Case) -> str:
    """Return what is known of a case, in one line."""
    return ". ".join(f"{row['Fact']}: {row['Value']}" for row in case_facts(case) if row["Value"] != "not recorded")


def error_row(case: Case, classes: ClassOrder) -> dict[str, str]:
    """Return an error as a table row."""
    return {
        "Case": case.case_id,
        "Reference": classes.display[case.reference],
        "Called": classes.display[case.predicted],
        "Confidence": probability(case.confidence),
        "Reference class": probability(case.probabilities[case.reference]),
    }


def setting_rows(options: "Options", *, basis: str, usual: str) -> list[dict[str, str]]:
    """Return every setting beside that of the study's protocol as table rows, marked where they differ."""
    pairs = {
        "Judged on": (BASIS_LABELS[usual], BASIS_LABELS[basis]),
        "Level of the intervals": (level_of(LEVEL), level_of(options.level)),
        "Prevalence for PPV and NPV": (prevalence_of(None), prevalence_of(options.prevalence)),
        "A scan is called a tumour by": (threshold_of(None), threshold_of(options.threshold)),
    }
    return [
        {
            "Setting": name,
            "Protocol of the study": protocol,
            "This report": here,
            "": "" if protocol == here else POST_HOC,
        }
        for name, (protocol, here) in pairs.items()
    ]


def changed(options: "Options", *, basis: str, usual: str) -> list[str]:
    """Return the settings that differ from the protocol, each with its value here."""
    rows = setting_rows(options, basis=basis, usual=usual)
    return [f"{row['Setting']}: {row['This report']}" for row in rows if row[""]]


def chosen_here(changes: Sequence[str]) -> str:
    """Return that settings were chosen for this report and not by the study."""
    return f"{'. '.join(changes)}. {PROTOCOL_LEVEL} {SOME_POST_HOC}"


def level_of(value: float) -> str:
    """Return a confidence level."""
    return f"{100 * value:g}%"


def threshold_of(value: float | None) -> str:
    """Return the rule for a call."""
    return "largest probability" if value is None else f"also P(any tumour) from {probability(value)}"


def prevalence_of(value: float | None) -> str:
    """Return the prevalence for PPV and NPV."""
    return "as in these scans" if value is None else f"{value:g}"


def own_threshold(value: float) -> str:
    """Return what a threshold of one's own is called."""
    return f"P(any tumour) from {probability(value)}, set for this report"


def derived_limitations(
    manifest: Manifest,
    *,
    split: str,
    basis: str,
    shared: Estimate,
    reason: Reason | None,
    unknown_patients: bool,
    grouped: bool,
    empty: Sequence[str],
    site_known: bool,
    reads: int,
) -> list[str]:
    """Return the limitations that follow from the study itself, in the order of their weight."""
    sentences = []
    if manifest.about.synthetic:
        sentences.append("The images are synthetic. Nothing here says how a model does on patients.")
    if reason is not None:
        sentences.append(f"Whether scans are shared with training is {NOT_ESTIMABLE}: {why(reason)}.")
    elif shared.count:
        sentences.append(
            f"{full(shared)} of the {split} scans share a patient or a copy with the data that the model was fitted on."
        )
    if not grouped:
        sentences.append("There is no grouped cross-validation: how the method does on new patients is not measured.")
    if unknown_patients:
        sentences.append("The patient of some scans is not known: they are grouped by copies only.")
    if empty:
        sentences.append(f"No scan of {listed(list(empty), 'or')}: sensitivity for it is {NOT_ESTIMABLE}.")
    if basis == NEW_PATIENTS:
        sentences.append(FOLDS_NOT_NETWORK)
    if basis == "tuning":
        sentences.append("The numbers are on the tuning split, which chose the weights: they are too good.")
    if reads > 1:
        sentences.append(
            f"The test split was read {reads:,} times; what was changed in between may have been chosen by it."
        )
    if not site_known:
        sentences.append("The site of the scans is not recorded: how the model does elsewhere is not measured.")
    sentences.append("No reader read the same scans: the model is compared with labels, not with clinicians.")
    return sentences


def data_line(data: DataFacts) -> str:
    """Return where the data come from."""
    return ". ".join(part for part in (data.citation, data.source_url) if part)


def impact_cell(text: str, next_step: str) -> str:
    """Return what an error means and what to do."""
    return f"{text} Next step: {next_step}" if text else ""


def thresholds_text(manifest: Manifest) -> str:
    """Return the tiers of confidence and the sensitivity aimed at, as the study sets them."""
    limits = manifest.thresholds
    return (
        f"Confidence is the largest probability. Tiers: high from {limits.high_confidence:g}, review from "
        f"{limits.review:g}, below that refer to an expert. The sensitivity aimed at is {limits.target_sensitivity:g}."
    )


def subtitle(basis: str, n: int, *, synthetic: bool) -> str:
    """Return what the report rests on."""
    text = f"{counted(n, f'{kind(basis)} scan')}"
    return f"{text}. {SYNTHETIC}" if synthetic else text


def description(fingerprint: str) -> str:
    """Return what the PDF says of itself."""
    return f"Validation report of the study with fingerprint {fingerprint}. {RESEARCH}"


def study_made(day: str) -> str:
    """Return when the study was made."""
    return f"Study made {day}" if day else "Study not dated"


def answer(criteria: Sequence[Criterion], findings: Sequence[Finding]) -> str:
    """Return the answer of the page: the verdict that the report files, and what comes with it."""
    word, _ = verdict_title(criteria, findings)
    return (
        f"Verdict: {word.lower()}. The report holds it with the numbers behind it, their intervals and counts, the "
        "errors, the limitations, and three attached files from which each number can be computed again."
    )


def made_for(options: "Options") -> str:
    """Return which choices the report at hand was made with."""
    named = {REVIEWER: options.reviewer, SITE: options.site}
    lines = [f"{label}: {value or 'not named'}" for label, value in named.items()]
    lines.append(f"{SECTIONS_SHOWN}: {len(options.sections)} of {len(LABELS)}")
    if options.remarks.strip():
        lines.append("with remarks")
    return f"In this file: {', '.join(lines)}."


def size(content: int) -> str:
    """Return how large the report is, and what kind of PDF."""
    return f"PDF/A-3a and PDF/UA-1, {content / 1e6:.1f} MB. The same study with the same choices gives the same bytes."
