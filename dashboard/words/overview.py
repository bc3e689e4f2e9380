"""Every sentence of the overview: the verdict and why, the two headline numbers, and the gap between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.finding import Finding
from neuroval.analysis.core.metrics import METRICS, measure
from neuroval.analysis.decisions.acceptance import WORST_FIRST, Basis, Criterion, Judged
from neuroval.analysis.performance.per_class import Performance
from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.words.basis import kind
from neuroval.dashboard.words.cross_validation import basis, lighter, like_for_like
from neuroval.dashboard.words.formats import NOT_ESTIMABLE, counted, escaped, full, sentence_case, short
from neuroval.dashboard.words.general import (
    LINES,
    by_class,
    class_name,
    missed,
    mix,
    on_a_part,
    patients,
    spoken,
)
from neuroval.dashboard.words.reasons import why
from neuroval.dashboard.words.subgroups import criterion as criterion_of
from neuroval.data.classes import ClassOrder
from neuroval.data.study.evaluated_cases import NEW_PATIENTS
from neuroval.data.study.manifest import Manifest

DRAWN_FOLDS = (
    "Grouped folds: all scans of grouped cross-validation together. The interval of the mean over the folds can be "
    "wider; the verdict counts it too."
)
ANY_TUMOUR_KEY = "any_tumour"
UNKNOWN = Reason("not_known")
COMPLETE_ONLY = "complete_cases_only"
NO_GROUPED = "Grouped cross-validation: not available in this study."
SPLIT_NAMES = {
    NEW_PATIENTS: "new patients",
    "test": "test split",
    "external": "external data",
    "tuning": "tuning split",
}
BASES = {"all": "all scans", "new_to_the_model": "new to the model", "folds": "grouped cross-validation"}
IN = {"all": "on all scans", "new_to_the_model": "on those new to the model", "folds": "in grouped cross-validation"}
HEADLINES = {
    "overall.accuracy": "Accuracy",
    "overall.balanced_accuracy": "Balanced accuracy",
    "any_tumour.sensitivity": "Sensitivity, any tumour",
    "any_tumour.specificity": "Specificity, any tumour",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A criterion as a figure draws it: name, whether it is met, its number, its limit, and the outcome in words."""

    label: str
    met: bool | None
    estimate: Estimate
    at_least: float
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """One of the two numbers of the overview, what it is of, and what it rests on."""

    label: str
    estimate: Estimate
    note: str


def verdict_title(criteria: Sequence[Criterion], findings: Sequence[Finding] = ()) -> tuple[str, str]:
    """Return the word for the verdict and its colour name: passes only when every criterion does."""
    if any(criterion.met is False for criterion in criteria):
        return "Fails", "red"
    if not criteria or any(criterion.met is None for criterion in criteria):
        return "Not decidable", "gray"
    if any(finding.severity == "critical" for finding in findings):
        return "Passes, with critical findings open", "orange"
    return "Passes", "green"


def verdict_sentence(criteria: Sequence[Criterion], findings: Sequence[Finding], classes: ClassOrder) -> str:
    """Return in at most twelve words whether to rely on the model, and why not."""
    failed = [criterion for criterion in criteria if criterion.met is False]
    undecided = sum(criterion.met is None for criterion in criteria)
    critical = sum(finding.severity == "critical" for finding in findings)
    if any(finding.code == "needs_no_tumour" for finding in findings):
        return "Do not rely on it: it does not need the tumour"
    whom = " for new patients" if any(criterion.decisive.basis != "all" for criterion in failed) else ""
    if len(failed) > 1:
        return f"Do not rely on it{whom}: {len(failed)} criteria fail"
    if failed:
        subject, _, rate = failed[0].criterion.metric.rpartition(".")
        of_class = class_name(subject.removeprefix("classes."), classes) if subject.startswith("classes.") else ""
        name = f"{of_class} {_rate_name(rate)}".strip().lower()
        return f"Do not rely on it{whom}: {name} {'too low' if failed[0].decisive.shown_below else 'not shown'}"
    if not criteria:
        return "No acceptance criteria are set, so nothing can pass"
    if undecided:
        undecided_criteria = counted(undecided, "criterion", "criteria")
        return f"Whether to rely on it cannot be decided: {undecided_criteria} undecided"
    if critical:
        speak = "speaks" if critical == 1 else "speak"
        return f"Criteria met, but {counted(critical, 'serious finding')} {speak} against relying on it"
    return f"All {len(criteria)} criteria are met" if len(criteria) > 1 else "The criterion is met"


def limit_rows(criteria: Sequence[Criterion], classes: ClassOrder) -> list[Limit]:
    """Return the criteria as a figure draws them, those that fail first: each with the interval that decides it."""
    rows = []
    for judged in hardest_first(criteria):
        subject, _, rate = judged.criterion.metric.rpartition(".")
        of_class = "" if subject == ANY_TUMOUR_KEY else class_name(subject.removeprefix("classes."), classes)
        name = f"{of_class} {_rate_name(rate)}".strip().lower().capitalize()
        asked, decisive = judged.criterion, judged.decisive
        whom = criterion_of(asked.columns, each=bool(asked.each), values=decisive.values)
        word = {True: "passes", False: "fails", None: "undecided"}[decisive.met]
        rows.append(
            Limit(
                label=f"{name}{whom}",
                met=decisive.met,
                estimate=_lower(decisive),
                at_least=asked.at_least,
                outcome=f"{word}, limit {asked.at_least:g}",
            )
        )
    return rows


def _lower(judged: Judged) -> Estimate:
    """Return the estimate that decides: the mean over the folds where its interval reaches lower."""
    mean = judged.over_folds
    if mean is None or mean.low is None or judged.estimate.low is None or mean.low >= judged.estimate.low:
        return judged.estimate
    return mean


def named(manifest: Manifest) -> str:
    """Return study and model by name, as Markdown."""
    model = "" if manifest.model is None else f", model {escaped(manifest.model.name)}"
    return f"**{escaped(manifest.about.title)}**{model}"


def verdict_limit(findings: Sequence[Finding], *, where: str = "below") -> str:
    """Return how many critical findings limit what the verdict is worth; nothing without any."""
    critical = sum(finding.severity == "critical" for finding in findings)
    if not critical:
        return ""
    verb = "weakens" if critical == 1 else "weaken"
    return f"{counted(critical, 'serious problem')} ({where}) {verb} these results."


def set_late(day: date | None) -> str:
    """Return that criteria were set when the results were known; nothing where that did not happen."""
    return (
        "" if day is None else f"The criteria were set on {day.day} {day:%B %Y}, when the results were already known."
    )


def verdict_basis(criteria: Sequence[Criterion], *, readings: int, late: date | None = None) -> str:
    """Return how many criteria are met and what they were judged on, plain text; ``late`` as for ``set_late``."""
    if not criteria:
        return "This study names no acceptance criteria, so there is nothing to pass or to fail."
    n = len(criteria)
    met = f"{sum(criterion.met is True for criterion in criteria)} of {counted(n, 'criterion', 'criteria')} met"
    first = [criterion.on_all for criterion in criteria]
    twice = [criterion.unleaked for criterion in criteria if criterion.unleaked is not None]
    if twice:
        where = " or ".join(sorted({IN[criterion.basis] for criterion in twice}))
        here, unleaked = (_met([criterion.met for criterion in judged]) for judged in (first, twice))
        met += f": {here} {IN[_basis_of(first)]}, {unleaked} {where}. The stricter result counts"
    elif _basis_of(first) != "all":
        met += f" {IN[_basis_of(first)]}"
    when = set_late(late) or "Whether the criteria were fixed before is not recorded."
    return f"{met}.{_undecided(criteria)} {_used(readings)} {when}"


def _basis_of(judged: Sequence[Judged]) -> Basis:
    """Return what criteria were judged on first; those on a trial are judged on all its scans."""
    return next((criterion.basis for criterion in judged if criterion.basis != "all"), "all")


def _used(readings: int) -> str:
    times = {1: "once", 2: "twice"}.get(readings, f"{readings:,} times")
    return f"The test scans were used {times}." if readings else "How often the test scans were used is not recorded."


def _met(judged: Sequence[bool | None]) -> str:
    """Return how many of all are met, and how many cannot be decided."""
    undecided = sum(criterion is None for criterion in judged)
    met = f"{sum(criterion is True for criterion in judged)} of {len(judged):,}"
    return f"{met} ({undecided} cannot be decided)" if undecided else met


def _undecided(criteria: Sequence[Criterion]) -> str:
    """Return why the first criterion that cannot be decided cannot be, unless another one fails."""
    first = next((criterion for criterion in criteria if criterion.met is None), None)
    if first is None or any(criterion.met is False for criterion in criteria):
        return ""
    name = HEADLINES.get(first.criterion.metric, first.criterion.metric)
    where = "" if first.decisive.basis == "all" else f" ({BASES[first.decisive.basis]})"
    return f" {name}{where}: {why(first.decisive.reason or UNKNOWN)}."


def hardest_first(criteria: Sequence[Criterion]) -> list[Criterion]:
    """Return the criteria, those that fail first and those that are met last."""
    return sorted(criteria, key=lambda criterion: WORST_FIRST[criterion.met])


def criterion_lines(judged: Criterion, classes: ClassOrder) -> tuple[str, str]:
    """Return one criterion with its outcome, and what was found: as lines, since a table would not fit a phone."""
    subject, _, rate = judged.criterion.metric.rpartition(".")
    name = subject.removeprefix("classes.")
    what = ", ".join(filter(None, (_rate_name(rate), class_name(name, classes))))
    asked = judged.criterion
    whom = criterion_of(asked.columns, each=bool(asked.each), values=judged.decisive.values)
    bound = {"low": "lower bound", "high": "upper bound"}.get(judged.criterion.bound, judged.criterion.bound)
    symbol = {True: "\u2713", False: "\u00d7", None: "?"}[judged.decisive.met]
    lines = {}
    for on_basis in filter(None, (judged.on_all, judged.unleaked)):
        lines[BASES[on_basis.basis].capitalize()] = full(on_basis.estimate)
        if (mean := on_basis.over_folds) is not None:
            lines[f"Averaged over the {mean.n} parts (wider, because they differ)"] = short(mean)
    if needed := required(judged):
        lines["Scans it would take"] = needed
    return (
        f"{symbol} {what}{whom}, {bound} at least {judged.criterion.at_least:g}: {_outcome(judged)}",
        ". ".join(f"{basis}: {numbers}" for basis, numbers in lines.items()) + ".",
    )


def _rate_name(key: str) -> str:
    return next((metric.label for metric in METRICS if metric.key == key), key.replace("_", " ").capitalize())


def required(judged: Criterion) -> str:
    """Return how many cases the bound that decides would take at the observed rate; nothing once it is reached."""
    decisive = judged.decisive
    if decisive.met or not decisive.estimate.defined:
        return ""
    if decisive.over_folds is not None and decisive.required is None:
        return f"more would not settle this, the {decisive.over_folds.n} parts differ too much"
    needed, n = decisive.required, decisive.estimate.n or 0
    if needed is None:
        return f"{NOT_ESTIMABLE}: no rate of cases" if judged.criterion.bound == "low" else ""
    if needed.n is None:
        limit, rate = judged.criterion.at_least, needed.rate or 0.0
        return f"at {rate:.3f} no number of scans would reach {limit:g}" if rate <= limit else why(needed.reason)
    likely = "" if needed.chance is None else f" (chance of passing {needed.chance:.0%})"
    planned = [(name, cases) for name, cases in (("80%", needed.for_80), ("90%", needed.for_90)) if cases is not None]
    more = "".join(f", {cases:,} for {name}" for name, cases in planned)
    return f"about {needed.n:,} at this rate{likely}{more}; {n:,} are there"


def _outcome(judged: Criterion) -> str:
    decisive = judged.decisive
    where = "" if decisive.basis == "all" else f" ({BASES[decisive.basis]})"
    if decisive.met is None:
        return f"not decidable{where}: {why(decisive.reason)}"
    if decisive.met:
        return f"passes{where}"
    if decisive.reason is not None and decisive.reason.code == COMPLETE_ONLY:
        return f"fails{where}, not shown to reach it: {why(decisive.reason)}"
    return f"fails{where}, {'shown to be below' if decisive.shown_below else 'not shown to reach it'}"


def split_name(split: str, manifest: Manifest) -> str:
    """Return what a split is called; published only where the data set comes from a publisher with its test part."""
    published = manifest.model is not None and manifest.data.source_url and not manifest.about.synthetic
    return "published split" if split == "test" and published else SPLIT_NAMES[split]


def answer(evidence: Evidence) -> str:
    """Return the answer of the overview."""
    judged = evidence.results.performance
    errors, high = evidence.results.errors, evidence.results.errors.high_confidence_count
    wrong = {0: "none is", 1: "1 is"}.get(errors.count, f"{errors.count:,} are")
    text = f"Of {counted(judged.matrix.n, f'{kind(evidence.basis)} scan')}, {wrong} called wrongly"
    text += f", {high:,} of them with high confidence. " if errors.count > 1 else ". "
    return f"{text}{missed(judged)} {_missed_without_leaks(evidence)}".strip()


def _missed_without_leaks(evidence: Evidence) -> str:
    """Return how many scans training has seen, and the sensitivity without them; nothing when it has seen none."""
    known = evidence.results.audit.leakage.overall.group.count
    if not known or evidence.basis == NEW_PATIENTS:
        return ""
    verb = "shares" if known == 1 else "share"
    least = "" if evidence.results.audit.leakage.overall.group.defined else "At least "
    seen = f"{least}{known:,} of the {evidence.results.evaluated.n:,} scans {verb} a patient or a copy with training."
    grouped = evidence.results.whole.grouped.performance
    judged = evidence.results.audit.unseen.performance if grouped is None else grouped
    if judged is None or judged.any_tumour is None:
        return seen
    where = "On scans new to the model" if grouped is None else "In grouped cross-validation"
    sensitivity = judged.any_tumour.sensitivity.headline
    classes = evidence.study.classes
    rate = on_a_part(
        "any_tumour.sensitivity", sensitivity, judged, result=evidence.results.performance, classes=classes
    )
    return f"{seen} {where} the sensitivity is {rate}."


def headlines(evidence: Evidence, manifest: Manifest) -> tuple[Headline, Headline]:
    """Return the same number twice: on the split as it is, and on what the model has not seen.

    That is accuracy where the study has grouped cross-validation. Else it is balanced accuracy: the scans that are new
    to the model may be of few classes, and their accuracy would say so and nothing else.
    """
    classes, grouped, all_of = manifest.classes, evidence.results.whole.grouped, evidence.results.performance
    named = split_name(evidence.basis, manifest)
    scans = "All {} scans" if evidence.results.no_result is None else "The {} scans with a result"
    note = f"{scans.format(evidence.basis)}, as the data set is split: {mix(all_of, classes)}."
    if grouped.performance is None:
        return (
            Headline(
                label=f"Balanced accuracy, {named}", estimate=all_of.overall.balanced_accuracy.headline, note=note
            ),
            Headline(
                label="Balanced accuracy, new to the model",
                estimate=_new_balanced_accuracy(evidence, classes),
                note=f"{new_cases(evidence, classes)} {NO_GROUPED}".strip(),
            ),
        )
    return (
        Headline(label=f"Accuracy, {named}", estimate=all_of.overall.accuracy.headline, note=note),
        Headline(
            label="Accuracy, grouped cross-validation",
            estimate=grouped.performance.overall.accuracy.headline,
            note=f"{basis(grouped, classes)} {lighter(manifest)}".strip(),
        ),
    )


def _new_balanced_accuracy(evidence: Evidence, classes: ClassOrder) -> Estimate:
    unseen = evidence.results.audit.unseen.performance
    if unseen is None:
        return Estimate.undefined(reason=evidence.results.audit.unseen.reason or UNKNOWN)
    balanced = unseen.overall.balanced_accuracy.headline
    return balanced if balanced.defined else Estimate.undefined(reason=nothing_new_of(unseen, classes), n=balanced.n)


def nothing_new_of(unseen: Performance, classes: ClassOrder) -> Reason:
    """Return which classes have no new scan, as a reason."""
    empty = tuple(spoken(name, classes) for name, n in by_class(unseen, classes) if not n)
    if not unseen.matrix.n:
        return Reason("nothing_new")
    return Reason("nothing_new_of", of=empty, n=unseen.matrix.n)


def new_cases(evidence: Evidence, classes: ClassOrder) -> str:
    """Return what the numbers on new scans rest on; nothing when it is not known which are new."""
    unseen = evidence.results.audit.unseen.performance
    if unseen is None:
        return ""
    n, all_n = unseen.matrix.n, evidence.results.performance.matrix.n
    scans, patient = counted(all_n, f"{evidence.basis} scan"), evidence.results.audit.leakage.overall.patient
    if not patient.defined and patient.n:
        return (
            f"{n:,} of {scans} {'is no copy' if n == 1 else 'are no copies'} of scans in training or tuning: "
            f"{mix(unseen, classes)}. Whether patients are shared is {NOT_ESTIMABLE}: {why(patient.reason)}."
        )
    verb = "shares" if n == 1 else "share"
    known = {row.name: row.known_patient for row in evidence.results.audit.leakage.classes}
    return (
        f"{n:,} of {scans} {verb} no patient and no copy with training or tuning, "
        f"as far as is known: {mix(unseen, classes)}. {patients(known, classes)}"
    ).strip()


def sentence(reason: Reason | None) -> str:
    """Return a reason as a sentence."""
    return "" if reason is None else f"{sentence_case(why(reason))}."


def comparison(evidence: Evidence, manifest: Manifest) -> list[dict[str, str]]:
    """Return the numbers with and without what training has seen as table rows."""
    grouped = evidence.results.whole.grouped.performance
    rows = []
    for metric, label in HEADLINES.items():
        published = measure(metric, evidence.results.performance)
        if published is None:
            continue
        split = split_name(evidence.basis, manifest).capitalize()
        row = {
            "Number": label,
            split: full(published.headline),
            "New to the model": _on_new(metric, evidence, manifest),
        }
        if grouped is not None and (published := measure(metric, grouped)) is not None:
            row["Grouped cross-validation"] = full(published.headline)
        rows.append(row)
    return rows


def headline_metric(evidence: Evidence) -> str:
    """Return the number that is shown twice; see ``headlines``."""
    return "overall.balanced_accuracy" if evidence.results.whole.grouped.performance is None else "overall.accuracy"


def bases(evidence: Evidence, manifest: Manifest) -> dict[str, Performance]:
    """Return what the two headlines are of, by a name that is short enough for a figure."""
    shown = {split_name(evidence.basis, manifest).capitalize(): evidence.results.performance}
    if evidence.results.whole.grouped.performance is not None:
        shown["Grouped folds"] = evidence.results.whole.grouped.performance
    elif evidence.results.audit.unseen.performance is not None:
        shown["New to the model"] = evidence.results.audit.unseen.performance
    return shown


def _on_new(metric: str, evidence: Evidence, manifest: Manifest) -> str:
    """Return a number on the scans that are new to the model."""
    unseen = evidence.results.audit.unseen.performance
    value = None if unseen is None else measure(metric, unseen)
    if unseen is None or value is None:
        return f"{NOT_ESTIMABLE} ({why(evidence.results.audit.unseen.reason)})"
    return on_a_part(metric, value.headline, unseen, result=evidence.results.performance, classes=manifest.classes)


def drawn(evidence: Evidence) -> str:
    """Return what the lines of the figure are."""
    return LINES if evidence.results.whole.grouped.performance is None else f"{LINES} {DRAWN_FOLDS}"


def compared_on(evidence: Evidence, manifest: Manifest) -> str:
    """Return which scans are new to the model where no headline says it already."""
    return "" if evidence.results.whole.grouped.performance is None else new_cases(evidence, manifest.classes)


def gap(evidence: Evidence, manifest: Manifest) -> str:
    """Return the difference between the two headline numbers, or why there is none."""
    if evidence.results.audit.unseen.reason is not None and evidence.results.whole.grouped.performance is None:
        return f"The gap between the two is {NOT_ESTIMABLE}: {why(evidence.results.audit.unseen.reason)}."
    first, second = headlines(evidence, manifest)
    if first.estimate.value is None or second.estimate.value is None:
        lacking = min(first.estimate, second.estimate, key=lambda estimate: estimate.defined)
        return f"The gap between the two is {NOT_ESTIMABLE}: {why(lacking.reason)}."
    unseen = evidence.results.audit.unseen.performance
    if (
        evidence.results.whole.grouped.performance is None
        and unseen
        and unseen.matrix.n == evidence.results.performance.matrix.n
    ):
        patient = evidence.results.audit.leakage.overall.patient
        told = "new to the model, as far as is known" if patient.defined else "no copies of training scans"
        return f"All scans are {told}: the two are the same number."
    points = (first.estimate.value - second.estimate.value) * 100
    if abs(points) < 0.05:
        return "The two do not differ by as much as 0.1 percentage points."
    metric = second.label.partition(",")[0]
    where = (
        "on scans that are new to the model"
        if evidence.results.whole.grouped.performance is None
        else "in grouped cross-validation"
    )
    text = f"{metric} is {abs(points):.1f} percentage points {'lower' if points > 0 else 'higher'} {where}."
    if evidence.results.whole.grouping is None:
        return text
    recipe = " The folds differ from the model in their recipe too." if lighter(manifest) else ""
    return f"{text}{recipe} {like_for_like(evidence.results.whole.grouping)}"
