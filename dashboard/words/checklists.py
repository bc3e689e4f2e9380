"""The reporting checklists in our own words, and where in the report each item is answered.

STARD 2015: Bossuyt et al., BMJ 2015;351:h5527. CLAIM 2024: Tejani et al., Radiol Artif Intell 2024;6(4):e240300.
"""

from dataclasses import dataclass

NOT_REPORTED = "Not reported"
LEFT_OUT = "Section left out of this report"
PAGE = "Page"
STARD = "STARD 2015: reporting of diagnostic accuracy studies (Bossuyt et al., BMJ 2015;351:h5527), items in our words."
CLAIM = (
    "CLAIM 2024: artificial intelligence in medical imaging (Tejani et al., Radiol Artif Intell 2024;6:e240300), items "
    "in our words."
)
HOW = (
    "Page numbers lead to where an item is answered, as far as the study answers it. Not reported: the study holds no "
    "answer. The person who files this report adds what is known from elsewhere."
)
LABELS_ONLY = "The labels of the data set; how they were made is not recorded"
GROUPS_ONLY = "Classes, sources and groups; age, sex and symptoms are not recorded"
FILES_ONLY = "Image files; scanner and sequence are not recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item: number, topic, what is asked, the labels of its answers, and what remains open."""

    number: str
    topic: str
    asked: str
    labels: tuple[str, ...] = ()
    open: str = ""


def entry(number: str, topic: str, asked: str, *labels: str, remaining: str = "") -> Item:
    """Return an item; ``labels`` are those of its answers in the report, ``remaining`` what they leave open."""
    return Item(number=number, topic=topic, asked=asked, labels=labels, open=remaining)


STARD_ITEMS = (
    entry("1", "Title", "Named as a study of diagnostic accuracy, with a measure of it", "summary"),
    entry("2", "Abstract", "Structured summary of design, methods, results and conclusions", "summary"),
    entry("3", "Introduction", "Background, intended use and clinical role of the index test", "intended-use"),
    entry("4", "Introduction", "Objectives and hypotheses", "criteria", remaining="Acceptance criteria only"),
    entry("5", "Design", "Data collected before or after the index test and the reference standard were planned"),
    entry("6", "Participants", "Criteria of eligibility"),
    entry(
        "7",
        "Participants",
        "On what basis they were identified",
        "data-source",
        remaining="Only the source of the data",
    ),
    entry("8", "Participants", "Where and when they were identified"),
    entry("9", "Participants", "Consecutive, random or convenience series"),
    entry("10a", "Test methods", "Index test, so that it can be repeated", "model-name", "model", "recipe"),
    entry(
        "10b",
        "Test methods",
        "Reference standard, so that it can be repeated",
        "reference-standard",
        remaining=LABELS_ONLY,
    ),
    entry("11", "Test methods", "Why this reference standard was chosen"),
    entry(
        "12a",
        "Test methods",
        "Cut-offs and categories of the index test, set before or explored",
        "cut-offs",
        "settings",
    ),
    entry("12b", "Test methods", "Cut-offs and categories of the reference standard, set before or explored"),
    entry("13a", "Test methods", "What the readers of the index test knew", "model-name", remaining="The image only"),
    entry("13b", "Test methods", "What the assessors of the reference standard knew"),
    entry("14", "Analysis", "Methods to estimate or compare accuracy", "statistics", "formulas"),
    entry("15", "Analysis", "How indeterminate results were handled", "call-rule", "missing-data", "no-result"),
    entry("16", "Analysis", "How missing data were handled", "missing-data", "no-result"),
    entry("17", "Analysis", "Variability of accuracy, planned or explored", "fold-dots", "steps", "factors"),
    entry(
        "18",
        "Analysis",
        "Intended sample size and how it was chosen",
        "sample-size",
        remaining="Only what it would take",
    ),
    entry("19", "Results", "Flow of participants, as a diagram", "flow"),
    entry("20", "Results", "Demographic and clinical characteristics", "composition", remaining=GROUPS_ONLY),
    entry("21a", "Results", "Distribution of severity among those with the condition"),
    entry(
        "21b", "Results", "Distribution of other diagnoses among those without it", "splits", remaining="By class only"
    ),
    entry("22", "Results", "Time and treatment between index test and reference standard"),
    entry("23", "Results", "Cross tabulation of index test against reference standard", "matrix", "two-by-two"),
    entry("24", "Results", "Accuracy with its precision, such as 95% intervals", "rates", "ratios", "overall"),
    entry("25", "Results", "Adverse events from either test"),
    entry("26", "Discussion", "Limitations: bias, uncertainty, to whom it applies", "limitations", "audit"),
    entry("27", "Discussion", "What it means for practice, and the role of the index test", "intended-use", "pairs"),
    entry("28", "Other", "Registration number and registry"),
    entry("29", "Other", "Where the full protocol can be read"),
    entry("30", "Other", "Funding and the role of funders"),
)

CLAIM_ITEMS = (
    entry(
        "1", "Title", "Named as a study of artificial intelligence, with the kind of method", "summary", "model-name"
    ),
    entry("2", "Abstract", "Summary of design, methods, results and conclusions", "summary"),
    entry("3", "Introduction", "Background, intended use and role of the method", "intended-use"),
    entry("4", "Introduction", "Aims, objectives and hypotheses", "criteria", remaining="Acceptance criteria only"),
    entry("5", "Design", "Prospective or retrospective"),
    entry("6", "Design", "Goal of the study", "criteria", "intended-use"),
    entry("7", "Data", "Sources of the data", "data-source", "sources"),
    entry("8", "Data", "Criteria of inclusion and exclusion"),
    entry("9", "Data", "Preprocessing", "recipe", remaining="Input size only"),
    entry("10", "Data", "Selection of subsets", "flow"),
    entry("11", "Data", "De-identification"),
    entry("12", "Data", "How missing data were handled", "missing-data", "rejected"),
    entry("13", "Data", "Image acquisition", "acquisition", remaining=FILES_ONLY),
    entry("14", "Reference standard", "How it was obtained", "reference-standard", remaining=LABELS_ONLY),
    entry("15", "Reference standard", "Why it was chosen"),
    entry("16", "Reference standard", "Who annotated, and how qualified they were"),
    entry("17", "Reference standard", "How the test set was annotated"),
    entry(
        "18",
        "Reference standard",
        "Agreement between and within annotators",
        "agreement",
        "odd-labels",
        remaining="Copies only",
    ),
    entry("19", "Partitions", "How data were assigned to partitions", "splits", "groups"),
    entry("20", "Partitions", "Level at which partitions are disjoint: image, patient, site", "shared", "audit"),
    entry("21", "Partitions", "Intended size of the test set", "sample-size", remaining="Only what it would take"),
    entry("22", "Model", "Description of the model, with inputs and outputs", "model-name", "model", "recipe"),
    entry("23", "Model", "Software and its versions", "software", "provenance"),
    entry("24", "Model", "How parameters were initialised", "recipe"),
    entry("25", "Training", "How it was trained", "training", "recipe"),
    entry("26", "Training", "How the final model was chosen", "training", "readings"),
    entry("27", "Training", "Ensembles, where used"),
    entry("28", "Evaluation", "Metrics of performance", "formulas", "statistics"),
    entry("29", "Evaluation", "Significance and uncertainty", "uncertainty", "statistics"),
    entry("30", "Evaluation", "Robustness or sensitivity", "steps", "factors", "fold-dots"),
    entry("31", "Evaluation", "How results are explained", "high-confidence", "saliency"),
    entry("32", "Evaluation", "Evaluation on internal data", "rates", "over-folds"),
    entry("33", "Evaluation", "Test on external data", "external"),
    entry("34", "Evaluation", "Registration of the trial"),
    entry("35", "Results", "Numbers included and excluded", "flow", "rejected"),
    entry("36", "Results", "Characteristics of the cases of each partition", "splits", remaining=GROUPS_ONLY),
    entry("37", "Results", "Performance with its uncertainty", "rates", "overall", "scores"),
    entry("38", "Results", "Diagnostic accuracy with its precision", "rates", "roc", "ratios"),
    entry("39", "Results", "Analysis of wrongly classified cases", "pairs", "errors"),
    entry("40", "Discussion", "Limitations", "limitations"),
    entry("41", "Discussion", "What it means for practice", "intended-use", "prevalence", "referral"),
    entry("42", "Other", "Full protocol or further technical detail", "provenance", remaining="Technical detail only"),
    entry("43", "Other", "Availability of software, model and data", "licence", "attachments"),
    entry("44", "Other", "Funding and the role of funders"),
)
