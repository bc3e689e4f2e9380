"""Each metric in one plain sentence with its formula. TP, FN, FP, TN: one class against all others."""

from neuroval.dashboard.words.formats import MINUS

METRICS = {
    "Accuracy": "the share of all scans that are called rightly: right / all.",
    "Balanced accuracy": "the mean of the sensitivities of all classes, so that a small class weighs as much as a "
    "large one.",
    "Sensitivity": "of the scans that have it, the share that is called so: TP / (TP + FN).",
    "Specificity": "of the scans that do not have it, the share that is not called so: TN / (TN + FP).",
    "PPV": "of the scans that are called so, the share that has it: TP / (TP + FP).",
    "NPV": "of the scans that are not called so, the share that does not have it: TN / (TN + FN).",
    "AUC": "the chance that a scan that has it gets a higher score than one that does not; 0.5 is guessing, 1 is "
    "perfect. Over all classes: the mean of each against the rest, or of all pairs of classes (Hand and Till).",
    "LR+": f"how many times likelier the call is when it is there than when it is not: sensitivity / (1 {MINUS} "
    "specificity).",
    f"LR{MINUS}": f"how many times likelier no call is when it is there than when it is not: (1 {MINUS} sensitivity) / "
    "specificity.",
    "Diagnostic odds ratio": f"how far the two likelihood ratios are apart, LR+ / LR{MINUS}; 1 tells nothing.",
    "Youden's index": f"sensitivity + specificity {MINUS} 1; 0 is guessing, 1 is perfect.",
    "Macro PPV": "the mean of the PPVs of all classes.",
    "Macro F1": "the mean over the classes of F1 = 2 TP / (2 TP + FP + FN), which is high only where few are "
    "missed and few calls are wrong.",
    "F1 weighted by cases": "the same mean, each class weighted by its number of scans.",
    "Matthews correlation coefficient": f"the correlation of call and reference, (c s {MINUS} Σ p t) / √((s² {MINUS} "
    f"Σ p²)(s² {MINUS} Σ t²)) with s scans, c of them right, p called a class and t of that class; 0 is chance.",
    "Cohen's kappa": f"agreement beyond chance, (observed {MINUS} expected) / (1 {MINUS} expected); 0 is chance.",
    "ECE": "the mean distance of confidence and accuracy over bins, weighted by scans: Σ n / N |accuracy "
    f"{MINUS} confidence|. Top label: of the class that is called. Class by class: of each class's probability, the "
    "mean over the classes; with bins of equal size, each bin holds as many scans.",
    "Brier score": "the mean over the scans of Σ (p "
    f"{MINUS} y)² over the classes: the squared distance of the probabilities from the outcome.",
    "Log-loss": f"the mean of {MINUS}ln p of the reference class: a confident error costs most. Nothing is clipped.",
    "Calibration slope": "how much the log-odds have to be stretched to fit the outcomes, b in logit(y) = a + b "
    "logit(p).",
    "Calibration intercept": "how far they then have to be shifted, a in the same line.",
    "Calibration in the large": "the shift alone, a in logit(y) = a + logit(p): whether the probabilities are too high "
    "or too low on the whole.",
    "Loss": f"what training makes small: the mean of {MINUS}ln p of the reference class, and what the settings add.",
    "SD": "the standard deviation over the folds.",
}
_RATES = ("Sensitivity", "Specificity", "PPV", "NPV")
SHOWN = {
    "overview": ("Accuracy", "Balanced accuracy", *_RATES[:2]),
    "training": ("Loss", "Accuracy"),
    "cross_validation": ("Accuracy", "Balanced accuracy", *_RATES[:2], "SD"),
    "per_class": (
        *_RATES,
        "AUC",
        "LR+",
        f"LR{MINUS}",
        "Diagnostic odds ratio",
        "Youden's index",
        "Accuracy",
        "Balanced accuracy",
        "Macro PPV",
        "Macro F1",
        "F1 weighted by cases",
        "Matthews correlation coefficient",
        "Cohen's kappa",
    ),
    "confidence": (
        "Accuracy",
        "ECE",
        "Brier score",
        "Log-loss",
        "Calibration slope",
        "Calibration intercept",
        "Calibration in the large",
    ),
    "claims": ("Accuracy", *_RATES, "AUC"),
    "compare": ("Accuracy", *_RATES[:2], "AUC"),
}


def explained(page: str) -> str:
    """Return what the metrics of a page mean, as a Markdown list; empty where it shows none."""
    return "\n".join(f"- **{name}**: {METRICS[name]}" for name in SHOWN.get(page, ()))


def help_on(name: str) -> str:
    """Return what one metric means, as a sentence of its own."""
    return METRICS[name][:1].upper() + METRICS[name][1:]
