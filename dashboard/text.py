"""Every sentence about the numbers and their clinical meaning, in one place for a clinician to review."""

from collections.abc import Sequence

from analysis.confusion import ConfusionPair
from analysis.dataset import UNKNOWN_SOURCE, Dataset
from analysis.errors import Errors
from analysis.estimate import Estimate
from analysis.findings import Finding
from analysis.per_class import Performance
from analysis.splits import Leakage
from dashboard.compute import Case, Evidence
from dashboard.figures.formats import ARROW, DASH, NOT_ESTIMABLE, counted, full, number, percent, short
from dashboard.sections import Criterion
from data.classes import ClassOrder
from data.home import LinkedImages
from data.manifest import Manifest

RESEARCH = "Research use only. Not a medical device."
NO_STUDY = "There is no study on this machine yet. Make one with `neuroval demo` or `neuroval import PREDICTIONS`."
BROKEN = "This study cannot be opened"
BROKEN_HELP = "Choose another study at the left, or write this one again."
NO_IMAGES = "No images are linked on this machine: `neuroval data link FOLDER` uses a copy of the data set on disk."
NO_IMAGE = "The image of this case is not in the linked folder."
OTHER_ENCODING = "This image has another encoding than the one that was judged: predictions may differ slightly."
OTHER_STUDY = "The address names a study that is not on this machine. Another one is shown; choose at the left."
NO_SUCH_CASE = "The address names a case that is not among the evaluated cases of this study. All errors are listed."
NO_CAM = "This study holds no Grad-CAM."
NO_GROUPED = "Grouped cross-validation: not part of this study."

TITLES = {
    "overview": "Can this model be trusted?",
    "data_set": "What was it tested on?",
    "per_class": "How good is it on each class?",
    "confusion": "What is mistaken for what?",
    "errors": "Where is it wrong?",
}
SPLIT_NAMES = {"test": "published split", "external": "external data", "tuning": "tuning split"}
TIERS = {"high": "high confidence", "review": "review", "expert": "refer to an expert"}
RATES = {"sensitivity": "Sensitivity", "specificity": "Specificity", "ppv": "PPV", "npv": "NPV"}
FACTS = {"patient_id": "Patient", "plane": "Plane", "source": "Source", "site": "Site", "split": "Split"}

WILSON = "Wilson score interval (Wilson, J Am Stat Assoc 1927;22:209-212)"
RAO_SCOTT = "Wilson on n divided by the design effect (Rao and Scott, Biometrics 1992;48:577-585)"
HOW = {
    "overview": f"""
Accuracy = correct / all, from the largest of the class probabilities (argmax).

The interval is the wider of two: {WILSON}, and {RAO_SCOTT}, because scans of one patient are not independent.
A criterion passes when the named bound of that interval reaches its limit.

New to the model means: no scan of the same patient and no copy of the image in the training or tuning split.
""",
    "data_set": f"""
Two scans share a group when they have the same patient, or when one is a confirmed copy of the other.
A case is shared when its group has a member in the training or tuning split. Intervals: {WILSON}.

Imbalance = largest class / smallest class.
""",
    "per_class": f"""
Sensitivity = TP / (TP + FN), specificity = TN / (TN + FP), PPV = TP / (TP + FP), NPV = TN / (TN + FN); one class
against all others, from argmax (Altman and Bland, BMJ 1994;308:1552 and 309:102). PPV and NPV hold at the share of
classes in these cases only.

Plain: {WILSON}. Cluster-adjusted: {RAO_SCOTT}. The plot shows the wider of the two.
Any tumour: a glioma taken for a meningioma counts as found.
""",
    "confusion": f"""
Rows are the reference standard, columns the largest class probability; ties go to the first class in order.
Rate = cases of the pair / cases of the reference class; {WILSON}.
Harm is a weight from the study, 0 for a correct call. Pairs are ranked by harm times the upper bound of the rate; in a
study without harm by their number.
""",
    "errors": """
An error is a case whose largest class probability is not the one of its reference standard. Confidence is that
largest probability, as the model gives it. The tiers are those of the study.

Grad-CAM (Selvaraju et al., ICCV 2017) shows where the evidence for a class lies, on the network's own coarse grid.
Colour is in proportion to the evidence, on one scale for all classes of a case; no evidence, no colour.
""",
}


def verdict_title(criteria: Sequence[Criterion]) -> tuple[str, str]:
    """Return the word for the verdict and its colour name: passes only when every criterion does."""
    if any(one.met is False for one in criteria):
        return "Fails", "red"
    if not criteria or any(one.met is None for one in criteria):
        return "Not decidable", "gray"
    return "Passes", "green"


def verdict_reason(criteria: Sequence[Criterion], findings: Sequence[Finding], *, readings: int) -> str:
    """Return why, in one line, and what limits it; ``readings`` is how often the test split was read, as recorded."""
    critical = sum(found.severity == "critical" for found in findings)
    verb = "limits" if critical == 1 else "limit"
    limit = f" :red[{counted(critical, 'critical finding')} below {verb} what this is worth.]" if critical else ""
    return _verdict_reason(criteria, readings) + limit


def _verdict_reason(criteria: Sequence[Criterion], readings: int) -> str:
    if not criteria:
        return "This study names no acceptance criteria, so there is nothing to pass or to fail."
    met = sum(one.met is True for one in criteria)
    reading = f"{counted(readings, 'reading')} of the test split" if readings else "no reading of the test split"
    return (
        f"{met} of {counted(len(criteria), 'criterion', 'criteria')} met. The study records {reading}, and not when "
        "the criteria were set."
    )


def criterion_row(judged: Criterion, classes: ClassOrder) -> dict[str, str]:
    """Return one criterion as a table row."""
    subject, _, rate = judged.criterion.metric.rpartition(".")
    name = subject.removeprefix("classes.")
    what = ", ".join(filter(None, (RATES.get(rate, rate.replace("_", " ").capitalize()), class_name(name, classes))))
    bound = {"low": "lower bound", "high": "upper bound"}.get(judged.criterion.bound, judged.criterion.bound)
    outcome = {True: "passes", False: "fails", None: f"not decidable: {judged.reason}"}[judged.met]
    return {
        "Criterion": f"{what}: {bound} at least {judged.criterion.at_least:g}",
        "Found": full(judged.estimate),
        "Outcome": outcome,
    }


def class_name(name: str, classes: ClassOrder) -> str:
    """Return how a class, or any tumour, is written."""
    if name.replace("_", " ") == "any tumour" or name == "any_tumour":
        return "any tumour"
    return classes.display.get(name, "" if name == "overall" else name)


def overview(evidence: Evidence) -> str:
    """Return the answer of the overview."""
    judged = evidence.performance
    errors, high = evidence.errors, evidence.errors.high_confidence_count
    text = f"Of {counted(judged.matrix.n, f'{evidence.split} scan')}, {errors.count:,} are called wrongly"
    text += f", {high:,} of them with high confidence. " if errors.count else ". "
    return text + missed(judged)


def missed(judged: Performance) -> str:
    """Return how many tumours are missed, with sensitivity."""
    tumour = judged.any_tumour
    if tumour is None:
        return f"Accuracy {full(judged.overall.accuracy.headline)}."
    lost = f"{tumour.counts.fn:,} {'was' if tumour.counts.fn == 1 else 'were'} called no tumour"
    return (
        f"Of {counted(tumour.support, 'scan')} with a tumour, {lost}: sensitivity {full(tumour.sensitivity.headline)}."
    )


def new_cases(evidence: Evidence, classes: ClassOrder) -> str:
    """Return what the second number of the overview rests on."""
    n, all_n = evidence.unseen.matrix.n, evidence.performance.matrix.n
    support = zip(classes.names, evidence.unseen.matrix.support, strict=True)
    mix = ", ".join(f"{cases:,} {classes.display[name]}" for name, cases in support)
    share = f"{n:,} of {all_n:,} {evidence.split} scans share no patient and no copy with training or tuning"
    return f"{share}: {mix}. {NO_GROUPED}"


def gap(evidence: Evidence, classes: ClassOrder) -> str:
    """Return the difference between the two accuracies, and the mix of classes where it differs."""
    first = evidence.performance.overall.accuracy.headline.value
    second = evidence.unseen.overall.accuracy.headline.value
    if first is None or second is None:
        return "The gap between the two is not estimable."
    points = (first - second) * 100
    side = "lower" if points > 0 else "higher"
    difference = (
        f"On scans that are new to the model, accuracy is {abs(points):.1f} percentage points {side}."
        if abs(points) >= 0.05
        else "No gap between the two."
    )
    return f"{difference} {class_mix(evidence, classes)}".strip()


def class_mix(evidence: Evidence, classes: ClassOrder) -> str:
    """Return how the new cases differ from all in their classes; nothing when no share differs by a whole percent."""
    new, everything = evidence.unseen.matrix, evidence.performance.matrix
    if not new.n or not everything.n:
        return ""
    shares = [
        (name, part / new.n, whole / everything.n)
        for name, part, whole in zip(classes.names, new.support, everything.support, strict=True)
    ]
    differing = [
        f"{classes.display[name]} {part:.0%} instead of {whole:.0%}"
        for name, part, whole in shares
        if abs(part - whole) >= 0.01
    ]
    if not differing:
        return ""
    return f"The mix of classes differs: {', '.join(differing)}. Read it with the numbers per class."


def finding(found: Finding) -> str:
    """Return a finding with its severity as a word."""
    colour = {"critical": "red", "warning": "orange", "note": "gray"}[found.severity]
    return f":{colour}-badge[{found.severity.capitalize()}] {found.text}"


def data_set(dataset: Dataset, leakage: Leakage) -> str:
    """Return the answer of the data set page."""
    parts = ", ".join(f"{split.n:,} {split.name}" for split in dataset.splits)
    text = f"{counted(dataset.n, 'scan')} ({parts}) in {counted(dataset.groups, 'group')}. "
    group = leakage.overall.group
    if group.value is None:
        return f"{text}Sharing with training is {NOT_ESTIMABLE}: {group.reason}."
    if not group.count:
        return f"{text}No {leakage.split} scan shares a patient or a copy with the training data, as far as is known."
    return (
        f"{text}{percent(group.value)} of the {leakage.split} scans share a patient or a copy of the image with the "
        f"training data: {full(group)}."
    )


def linked(images: LinkedImages) -> str:
    """Return what is to be known about the linked images; nothing when each is the one that was judged."""
    parts = []
    if other := len(images.other_encoding):
        parts.append(f"{counted(other, 'linked image')}: other encoding, predictions may differ slightly.")
    if refused := len(images.refused):
        verb = "looks different and is" if refused == 1 else "look different and are"
        parts.append(f"{counted(refused, 'linked image')} {verb} not shown.")
    return " ".join(parts)


def imbalance(dataset: Dataset, split: str) -> str:
    """Return the imbalance of the evaluated split."""
    for content in dataset.splits:
        if content.name == split:
            ratio = content.imbalance_ratio
            if ratio.value is None:
                return f"Imbalance in {split}: {NOT_ESTIMABLE} ({ratio.reason})."
            return f"Imbalance in {split}: the largest class has {ratio.value:.1f} times the scans of the smallest."
    return f"The {split} split holds no scans."


def confounding(dataset: Dataset) -> str:
    """Return whether a source stands for a class."""
    known = [row for name, row in zip(dataset.sources, dataset.source_counts, strict=True) if name != UNKNOWN_SOURCE]
    if len(known) < 2:
        return "All scans come from one source, or their source is not recorded: confounding cannot be looked for."
    one_sided = sum(int((row > 0).sum()) == 1 for row in known)
    return (
        f"{one_sided} of {counted(len(known), 'known source')} "
        f"{'holds' if one_sided == 1 else 'hold'} a single class: there the model could learn the "
        "scanner instead of the disease."
        if one_sided
        else f"Each of the {len(known)} known sources holds more than one class."
    )


def per_class(judged: Performance, classes: ClassOrder) -> str:
    """Return the answer of the page: the weakest class, then the tumours missed."""
    known = [(one.name, one.sensitivity.headline) for one in judged.classes if one.sensitivity.headline.defined]
    empty = [classes.display[one.name] for one in judged.classes if not one.support]
    name, estimate = min(known, key=lambda pair: pair[1].value or 0.0)
    text = f"The weakest class is {classes.display[name]}: sensitivity {full(estimate)}. {missed(judged)}"
    return f"{text} No scans of {', '.join(empty)}: its sensitivity is {NOT_ESTIMABLE}." if empty else text


def confusion(pairs: Sequence[ConfusionPair], classes: ClassOrder, n: int) -> str:
    """Return the answer of the confusion page."""
    seen = [pair for pair in pairs if pair.count]
    if not seen:
        return f"Nothing was mistaken in {counted(n, 'scan')}."
    total = sum(pair.count for pair in seen)
    return (
        f"{counted(total, 'error')} in {counted(n, 'scan')}. Most often {arrow(seen[0], classes)}: "
        f"{full(seen[0].rate)} of the {classes.display[seen[0].reference]} scans."
    )


def arrow(pair: ConfusionPair | Case, classes: ClassOrder) -> str:
    """Return ``Glioma -> Meningioma`` with an arrow."""
    return f"{classes.display[pair.reference]} {ARROW} {classes.display[pair.predicted]}"


def caption(case: Case, classes: ClassOrder) -> str:
    """Return ``Glioma -> Meningioma`` with an arrow; a correct case names its class once."""
    return classes.display[case.reference] if case.correct else arrow(case, classes)


def confidence(case: Case) -> str:
    """Return the confidence and what it means; red for an error made with high confidence."""
    line = f"{case.confidence:.2f} {TIERS[case.tier]}"
    return f":small[:red[{line}]]" if case.tier == "high" and not case.correct else f":small[:gray[{line}]]"


def pair_cost(pair: ConfusionPair, manifest: Manifest) -> str:
    """Return how often an error occurs and its harm, in one line."""
    harm = harm_of(pair, manifest)
    return full(pair.rate) if harm is None else f"{full(pair.rate)}, harm {harm:g}"


def pair_row(pair: ConfusionPair, manifest: Manifest) -> dict[str, str]:
    """Return one kind of error as a row for download."""
    classes, impact = manifest.classes, manifest.impact(pair.reference, pair.predicted)
    harm = harm_of(pair, manifest)
    return {
        "Error": arrow(pair, classes),
        "Rate": full(pair.rate),
        "Harm": "" if harm is None else f"{harm:g}",
        "What it means": impact.text if impact else "",
        "Next step": impact.next_step if impact else "",
    }


def harm_of(pair: ConfusionPair, manifest: Manifest) -> float | None:
    """Return the study's weight of an error; none when it gives none."""
    if not manifest.harm:
        return None
    classes = manifest.classes
    return manifest.harm[classes.index(pair.reference)][classes.index(pair.predicted)]


def ranked(pairs: Sequence[ConfusionPair], manifest: Manifest) -> list[ConfusionPair]:
    """Return the pairs by harm times the upper bound of their rate, the worst first; harm 0 comes last.

    In a study without harm by count, then by upper bound.
    """

    def cost(pair: ConfusionPair) -> tuple[float, float]:
        harm, bound = harm_of(pair, manifest), pair.rate.high or 0.0
        return (pair.count, bound) if harm is None else (harm * bound, pair.count)

    return sorted(pairs, key=cost, reverse=True)


def errors(found: Errors) -> str:
    """Return the answer of the errors page."""
    if not found.count:
        limit = found.rate.high or 1.0
        return (
            f"No errors in {counted(found.n, 'scan')}: an error rate up to {limit:.1%} is still compatible with this."
        )
    return (
        f"{counted(found.count, 'error')} in {counted(found.n, 'scan')}: rate {full(found.rate)}. "
        f"{found.high_confidence_count:,} of them {'has' if found.high_confidence_count == 1 else 'have'} a confidence "
        f"of {found.high:g} or more."
    )


def shown(first: int, last: int, filtered: int, total: int) -> str:
    """Return which part of the errors is on the page."""
    if not filtered:
        return f"None of {counted(total, 'error')} matches."
    return f"{first:,}{DASH}{last:,} of {filtered:,} shown, {counted(total, 'error')} in all"


def case_title(case: Case, classes: ClassOrder) -> str:
    """Return the heading of one case."""
    if case.correct:
        return f"{classes.display[case.reference]}, called correctly"
    return f"{classes.display[case.reference]} called {classes.display[case.predicted]}"


def case_answer(case: Case, classes: ClassOrder) -> str:
    """Return one case in a sentence."""
    tail = "" if case.correct else f" The reference class gets {number(case.probabilities[case.reference])}."
    return (
        f"The model says {classes.display[case.predicted]} with {number(case.confidence)} ({TIERS[case.tier]}).{tail}"
    )


def case_facts(case: Case) -> list[dict[str, str]]:
    """Return what is known of a case as table rows."""
    rows = [{"Fact": label, "Value": case.facts.get(key, "not recorded")} for key, label in FACTS.items()]
    rows.append({"Fact": "Group", "Value": counted(case.group_size, "scan")})
    rows.append({"Fact": "Shared with training", "Value": "yes" if case.shared else "no"})
    return [*rows, {"Fact": "Case", "Value": case.case_id}]


def alt(case: Case, classes: ClassOrder, *, with_map: str | None = None) -> str:
    """Return what a picture shows, for those who cannot see it."""
    text = f"Scan with reference {classes.display[case.reference]}, predicted {classes.display[case.predicted]}"
    return f"{text}, Grad-CAM for {classes.display[with_map]}" if with_map else text


def plain_and_clustered(plain: Estimate, clustered: Estimate | None) -> tuple[str, str]:
    """Return the two intervals of a rate as table cells."""
    return full(plain), "as plain: groups of one" if clustered is None and plain.defined else short(clustered or plain)
