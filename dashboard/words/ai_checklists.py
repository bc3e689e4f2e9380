"""The reporting checklists for artificial intelligence in our own words, and where the report answers each item.

TRIPOD+AI 2024: Collins et al., BMJ 2024;385:e078378. STARD-AI 2025: Sounderajah et al., Nat Med 2025, of which the
topics that it adds to STARD 2015 are listed, each at the item of STARD 2015 that it belongs to.
"""

from typing import Final

from neuroval.dashboard.words.checklists import FILES_ONLY, GROUPS_ONLY, LABELS_ONLY, entry

TRIPOD_AI: Final = (
    "TRIPOD+AI 2024: prediction models, with regression or machine learning (Collins et al., BMJ 2024;385:e078378), "
    "items in our words."
)
STARD_AI: Final = (
    "After STARD-AI 2025 (Sounderajah et al., Nat Med 2025): topics that it adds to STARD 2015, in our words. Each "
    "stands at the item of STARD 2015 that it belongs to, not under a number of its own; the list is not complete."
)
ONLY_CRITERIA: Final = "Acceptance criteria only"

TRIPOD_AI_ITEMS: Final = (
    entry("1", "Title", "Development or evaluation of a prediction model, its population and outcome", "summary"),
    entry("2", "Abstract", "Summary as TRIPOD+AI for abstracts has it", "summary", remaining="Not in that form"),
    entry("3a", "Background", "Clinical context, and why the model was made or evaluated", "intended-use"),
    entry("3b", "Background", "For whom and for which users the model is meant", "intended-use"),
    entry("3c", "Background", "Known inequalities in health between groups of people"),
    entry("4", "Objectives", "Aims: development, evaluation, or both", "criteria", remaining=ONLY_CRITERIA),
    entry("5a", "Data", "Sources of the data, why these, how representative", "data-source", "sources"),
    entry("5b", "Data", "Dates at which people entered, and of follow-up"),
    entry(
        "6a", "Participants", "Setting, number and place of the centres", "sources", remaining="Names of sources only"
    ),
    entry("6b", "Participants", "Who could take part"),
    entry("6c", "Participants", "Treatments received"),
    entry("7", "Data", "Preparation and quality checks, alike for all groups of people", "rejected", "recipe"),
    entry("8a", "Outcome", "What is predicted and how it was established", "reference-standard", remaining=LABELS_ONLY),
    entry(
        "8b", "Outcome", "Qualification of who judged it, where it takes judgement", "readers", remaining="Reviews only"
    ),
    entry("8c", "Outcome", "Whether it was judged blind to the predictors"),
    entry("9a", "Predictors", "How predictors were chosen", "model-name", remaining="The image only"),
    entry("9b", "Predictors", "What they are and how they were measured", "acquisition", remaining=FILES_ONLY),
    entry("9c", "Predictors", "Qualification of who judged them, where it takes judgement"),
    entry("10", "Sample size", "How the size was reached, and whether it is enough", "sample-size"),
    entry("11", "Missing data", "How missing data were handled", "missing-data", "no-result"),
    entry("12a", "Analysis", "How the data were used: for development, for evaluation", "splits", "groups", "shared"),
    entry("12b", "Analysis", "How predictors enter the model", "recipe"),
    entry("12c", "Analysis", "Kind of model, how it was built, internal validation", "model", "training", "over-folds"),
    entry("12d", "Analysis", "Heterogeneity between clusters such as hospitals", "fold-dots", "subgroups"),
    entry("12e", "Analysis", "Measures of discrimination, calibration and clinical use", "statistics", "formulas"),
    entry("12f", "Analysis", "Updating of the model after evaluation"),
    entry("12g", "Analysis", "How predictions were computed for the evaluation", "call-rule", "software"),
    entry("13", "Class imbalance", "Methods against imbalance, and recalibration after them", "recipe"),
    entry(
        "14",
        "Fairness",
        "Approaches to fairness between groups of people",
        "subgroups",
        remaining="Rates by group only",
    ),
    entry("15", "Output", "What the model gives, and thresholds with their reasons", "cut-offs", "risk-control"),
    entry("16", "Differences", "How the data of development and evaluation differ", "shared", "steps", "distance"),
    entry("17", "Ethics", "Approval, and consent or its waiver"),
    entry("18a", "Open science", "Source of funding and part of the funders"),
    entry("18b", "Open science", "Conflicts of interest of all authors"),
    entry("18c", "Open science", "Where the protocol is"),
    entry("18d", "Open science", "Whether it is registered, and where"),
    entry("18e", "Open science", "Where the data are", "licence", "data-source"),
    entry("18f", "Open science", "Where the code of the analysis is", "software", remaining="Name and version"),
    entry("19", "Involvement", "How patients and the public took part"),
    entry("20a", "Results", "Flow of people, with and without the outcome", "flow"),
    entry("20b", "Results", "What the people are like, by source", "composition", "sources", remaining=GROUPS_ONLY),
    entry("20c", "Results", "Predictors of the evaluation beside those of the development", "distance"),
    entry("21", "Results", "People and outcomes in each analysis", "splits", "two-by-two"),
    entry("22", "Results", "The whole model, or how to get at its predictions", "model", "licence"),
    entry("23a", "Results", "Performance with intervals, in subgroups too", "rates", "scores", "subgroups"),
    entry("23b", "Results", "Heterogeneity of performance between clusters", "fold-dots", "subgroups"),
    entry("24", "Results", "Results of updating the model"),
    entry("25", "Discussion", "What the results mean, fairness included", "summary", "criteria"),
    entry(
        "26", "Discussion", "Limits: samples that are not representative, size, missing data", "limitations", "audit"
    ),
    entry("27a", "Use", "What to do with input that is poor or missing", "no-result", "corruptions"),
    entry("27b", "Use", "What users have to do, and what they have to know", "intended-use"),
    entry("27c", "Use", "Next steps of research, and to whom results apply", "limitations"),
)

STARD_AI_ITEMS: Final = (
    entry("to 3", "Introduction", "Where in care the AI test stands, and who uses its output", "intended-use"),
    entry("to 7", "Data set", "Where the data come from and how they were collected", "data-source", "sources"),
    entry("to 8", "Data set", "Devices and settings that took the images", "acquisition", remaining=FILES_ONLY),
    entry("to 10a", "AI test", "Name, version and kind of model", "model-name", "model"),
    entry(
        "to 10a", "AI test", "How images are prepared before the model sees them", "recipe", remaining="Input size only"
    ),
    entry("to 10a", "AI test", "How the data were parted for training, tuning and test", "splits", "groups"),
    entry("to 10a", "AI test", "Whether the test data are independent of the training data", "shared", "steps"),
    entry("to 10a", "AI test", "What the output is and how it becomes a call", "call-rule", "cut-offs"),
    entry("to 10b", "Reference", "How, by whom and with what agreement labels were made", "agreement", "suspects"),
    entry("to 14", "Analysis", "How explanations of single calls were evaluated", "saliency", "maps"),
    entry("to 16", "Analysis", "Images of poor quality and failed reads", "no-result", "rejected"),
    entry("to 17", "Analysis", "Bias and fairness: performance in groups of people", "subgroups"),
    entry("to 24", "Results", "Performance on data of other places", "external"),
    entry("to 24", "Results", "Errors, with what may explain them", "errors", "pairs", "factors"),
    entry("to 26", "Discussion", "Algorithmic bias, and to whom results apply", "limitations", "audit"),
    entry("to 30", "Other", "Commercial interests in the AI test"),
    entry("to 30", "Other", "Where data, code and model are", "licence", "attachments"),
    entry("to 30", "Other", "Whether others have audited the outputs", "reviews", remaining="Reviews of labels only"),
)
