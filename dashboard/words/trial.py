"""Sentences and rows about trials: whether the model needs the tumour, and what breaks it."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Final

from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.data_audit.baselines import TOGETHER, Baselines
from neuroval.analysis.study.trial import TrialResults
from neuroval.analysis.trial.findings import NEEDED, needs_no_tumour
from neuroval.analysis.trial.need import KeptCall, Removal
from neuroval.analysis.trial.robustness import MARGIN, MILD, Corruption, Limit, Repeat, hardest, lowest_hold
from neuroval.dashboard.cases.changed_scans import Said, Worsening
from neuroval.dashboard.words.formats import NOT_ESTIMABLE, area, counted, counts, full, number, sentence_case, short
from neuroval.dashboard.words.general import listed, row_name, spoken
from neuroval.dashboard.words.trial_names import BASELINES, CORRUPTIONS, FILLED, PICTURES, REPEATS, within
from neuroval.data.classes import ClassOrder
from neuroval.data.study.folder import Study

STRONGEST: Final = 5
SURE: Final = 0.8  # of the need, at its lower bound: from there on the answer is a plain yes
MODEL: Final = "The model, which sees the scan"
GAP: Final = (
    "Squares: the tumour removed, or moved into a healthy scan. Grey: the control, a hole of the same shape elsewhere, "
    "or a healthy patch. The distance between the two is the number at the right. Lines are 95% intervals."
)
LIMITS: Final = (
    "Filling a hole leaves traces; the controls measure them. An outline leaves out oedema and mass effect, and a "
    "removed tumour is not one that was never there."
)
BASELINE_TITLE: Final = "What can be had without looking"
NO_BASELINES: Final = "This study records nothing about its images that could answer for the model."
CURVES: Final = (
    "Squares on a solid line: sensitivity. Circles on a dashed line: specificity, any tumour against none. Bands are "
    "95% intervals; a rate holds while its band stays above the dotted line of its colour."
)
ACCURACY_CURVES: Final = (
    "Squares: accuracy. Bands are 95% intervals; it holds while its band stays above the dotted line."
)
NOTICE_TABLE: Final = "Whether it notices"
NOTICE: Final = (
    "As they are, then at the highest severity. Flagged: called unlike the training images, as on Try a scan. Of "
    "tuning scans, 1 in 20 is flagged by design."
)
CAUGHT: Final = 0.5  # of the scans: from there on a flag catches a corruption
NOT_TRIED: Final = "Nothing of the kind was tried on these scans."


def no_trial(study: Study) -> str:
    """Return how a trial of the study is made, in one line."""
    command = f"neuroval trial {shlex.quote(study.path.name)}"
    return f"No trial of this study yet: ``{command}`` removes and moves its tumours, and makes its scans worse."


# Need and sufficiency ------------------------------------------------------------------------------------------------


def answer(trial: TrialResults, classes: ClassOrder) -> str:
    """Return whether the model needs the tumour, and how often it is still called without it."""
    need = next(iter(trial.needs), None)
    worst = None if need is None else need.worst
    if need is None or worst is None:
        return f"Whether it needs the tumour is {NOT_ESTIMABLE}: no tumour was removed together with its control."
    still, elsewhere = worst.still.plain, worst.elsewhere.plain
    kept = _kept_as(worst, need.subject, classes)
    difference = worst.need.difference.headline
    return (
        f"{_verdict(trial, difference)} With the tumour removed, {counts_of(still)} are still {kept}; "
        f"with a hole of the same shape elsewhere, {fraction_of(elsewhere)}. "
        f"Need: {short(difference)}, where 1 means that every call rests on the tumour."
    )


def _verdict(trial: TrialResults, need: Estimate) -> str:
    accused = needs_no_tumour(trial.needs, trial.healthy_holes)
    if need.low is None or need.high is None:
        return "These scans cannot say."
    if accused is not None and not accused.facts["subject"]:
        return "No."
    if need.low >= SURE:
        return "Yes."
    if need.high < NEEDED:
        return "These scans cannot say: filling alone turns too many healthy scans into tumours."
    return "Mostly." if need.low >= NEEDED else "These scans cannot say for sure."


def _kept_as(removal: Removal, subject: str, classes: ClassOrder) -> str:
    if removal.still_tumour is not None:
        return "called a tumour"
    return f"called {spoken(subject, classes)}"


def fraction_of(share: Estimate) -> str:
    """Return ``87 of 90``."""
    return f"{share.count or 0:,} of {share.n or 0:,}"


def counts_of(share: Estimate) -> str:
    """Return ``87 of 90 scans``."""
    return f"{share.count or 0:,} of {counted(share.n or 0, 'scan')}"


def moved(trial: TrialResults) -> str:
    """Return how often a moved tumour is called, and how often a tumour alone is."""
    parts = []
    if trial.sufficiencies:
        row = trial.sufficiencies[0]
        with_patch = row.sufficiency.b.plain
        control = f"; a healthy patch in its place, in {fraction_of(with_patch)}" if with_patch.n else ""
        parts.append(f"Moved into a healthy scan, the tumour is called in {counts_of(row.called.plain)}{control}.")
    if trial.alone:
        parts.append(f"With nothing but the tumour left, {counts_of(trial.alone[0].still.plain)} keep their call.")
    return " ".join(parts)


def healthy(trial: TrialResults) -> str:
    """Return how often healthy scans stay healthy with the same holes; nothing where that was not tried."""
    counted_holes = [hole for hole in trial.healthy_holes if hole.still_negative.plain.n]
    if not counted_holes:
        return ""
    least = min(counted_holes, key=lambda hole: hole.still_negative.plain.value or 0.0)
    return f"Healthy scans with holes of the same shapes stay healthy in {counts_of(least.still_negative.plain)}."


def of_what(trial: TrialResults, split: str) -> str:
    """Return which scans the need is of, and by which network."""
    need = next(iter(trial.needs), None)
    if need is None:
        return ""
    network = "the networks that had not seen the patient" if trial.out_of_fold else "the network of this study"
    left_out = f"; {need.wrong:,} called wrongly as they are do not count" if need.wrong else ""
    return f"{counted(need.n, f'{split} tumour')} with an outline, judged by {network}{left_out}."


def need_rows(trial: TrialResults, classes: ClassOrder) -> list[dict[str, str]]:
    """Return each class and way of filling as table rows."""
    return [
        {
            "Class": row_name(need.subject, classes),
            "Filled": FILLED[removal.method] + ("" if removal.counted else ", not counted"),
            "Still a tumour": _share(removal.still_tumour),
            "Still its class": full(removal.still_class.headline),
            "With a hole elsewhere": full(removal.elsewhere.headline),
            "Need": short(removal.need.difference.headline),
        }
        for need in trial.needs
        for removal in need.removals
    ]


def sufficiency_rows(trial: TrialResults, classes: ClassOrder) -> list[dict[str, str]]:
    """Return what moved tumours are called, by class, as table rows."""
    return [
        {
            "Class": row_name(row.subject, classes),
            "Called a tumour": _share(row.called_tumour),
            "Called its class": full(row.called_class.headline),
            "A healthy patch": full(row.sufficiency.b.headline),
            "Sufficiency": short(row.sufficiency.difference.headline),
        }
        for row in trial.sufficiencies
    ]


def _share(share: Measure | None) -> str:
    return "not asked" if share is None else full(share.headline)


def kept(number_kept: int, trial: TrialResults) -> str:
    """Return how many scans keep their call under every way of filling."""
    if not trial.needs:
        return ""
    if not number_kept:
        return "No scan keeps its call under every way of filling the hole."
    verb = "keeps" if number_kept == 1 else "keep"
    return (
        f"{counted(number_kept, 'scan')} {verb} the call under every way of filling the hole, the surest first. Below "
        "each: what it is called without its tumour, and the lowest P(any tumour)."
    )


def kept_note(call: KeptCall, classes: ClassOrder) -> str:
    """Return what a scan is called without its tumour."""
    return f"{spoken(call.called, classes)}\n{call.probability:.2f}"


def kept_records(calls: Sequence[KeptCall]) -> list[dict[str, str]]:
    """Return the scans that keep their call, for download."""
    return [
        {
            "case_id": call.case_id,
            "reference": call.reference,
            "called_without_tumour": call.called,
            "probability": repr(call.probability),
        }
        for call in calls
    ]


# Without looking -----------------------------------------------------------------------------------------------------


def without_looking(judged: Baselines) -> str:
    """Return how far the file alone answers "any tumour?", beside the model."""
    best = judged.together or max(judged.baselines, key=lambda row: row.accuracy.plain.value or 0.0)
    alone = "Its grey values, file size and coarse pattern" if best.name == TOGETHER else BASELINES[best.name]
    verb = "answer" if best.name == TOGETHER else "answers"
    right = best.accuracy.plain
    first, model, constant = (
        f"{share.value or 0:.1%}" for share in (right, judged.model_accuracy.plain, judged.constant.plain)
    )
    return (
        f"{alone} alone {verb} 'any tumour?' correctly for {counts_of(right)} ({first}). The model is right for "
        f"{model}, always giving the same answer for {constant}."
    )


def baseline_rows(judged: Baselines) -> list[dict[str, str]]:
    """Return what each kind of knowledge answers, the model first, as table rows."""
    first = {"Known of a scan": MODEL, "AUC": area(judged.model_auc.headline)}
    rows = [{**first, "Accuracy": full(judged.model_accuracy.headline)}]
    rows += [
        {
            "Known of a scan": BASELINES[row.name],
            "AUC": area(row.auc.headline),
            "Accuracy": full(row.accuracy.headline),
        }
        for row in judged.baselines
    ]
    return [*rows, {"Known of a scan": "Nothing: always the same answer", "AUC": "", "Accuracy": _constant(judged)}]


def _constant(judged: Baselines) -> str:
    return full(judged.constant.headline)


def judged_on(judged: Baselines) -> str:
    """Return on which scans the baselines were judged."""
    folds = "the folds of this study" if judged.own_folds else "five parts of whole groups"
    return (
        "A logistic regression on these numbers alone, each scan judged by one that had not seen its patient or "
        f"copies: n = {judged.n:,}, {folds}."
    )


# Robustness ----------------------------------------------------------------------------------------------------------


def what_breaks(corrupted: Sequence[Corruption]) -> str:
    """Return what breaks the model first, and what does not at all."""
    if not corrupted:
        return f"What breaks it is {NOT_ESTIMABLE}: no scan was made worse."
    first = hardest(corrupted)[0]
    whole = [row for row in corrupted if holds(row)]
    kinds = counted(len(corrupted), "way", "ways")
    if len(whole) == len(corrupted):
        return f"Nothing that was tried: sensitivity and specificity hold at every severity of {kinds} to spoil a scan."
    return (
        f"{CORRUPTIONS[first.name]} breaks it first: {_rates_of(first)} {_until(first)}. Of {kinds} to spoil a "
        f"scan, {len(whole):,} {'breaks' if len(whole) == 1 else 'break'} nothing at any severity."
    )


def _rates_of(corruption: Corruption) -> str:
    lowest = lowest_hold(corruption)
    rates = [
        rate for rate, severity in corruption.holds_until.items() if (-1 if severity is None else severity) == lowest
    ]
    text = listed(rates, "and")
    return f"{text} {'hold' if len(rates) > 1 else 'holds'}"


def _until(corruption: Corruption) -> str:
    lowest = lowest_hold(corruption)
    if lowest < 0:
        return "up to a severity that these scans cannot tell"
    return f"only up to severity {lowest} of {STRONGEST}" if lowest else "at no severity"


def holds(corruption: Corruption) -> bool:
    """Return whether all rates hold at every severity that was made."""
    return lowest_hold(corruption) >= corruption.severities[-1].severity


def hold_throughout(number_whole: int) -> str:
    """Return the heading of what breaks nothing."""
    return f"What breaks nothing ({number_whole:,})"


def held(corruption: Corruption) -> str:
    """Return up to which severity a corruption leaves each rate."""
    strongest = corruption.severities[-1].severity
    lowest = lowest_hold(corruption)
    if lowest < 0:
        return "cannot be told"
    if lowest >= strongest:
        return "holds at every severity"
    return f"holds until {lowest} of {STRONGEST}"


def corruption_rows(corrupted: Sequence[Corruption]) -> list[dict[str, str]]:
    """Return the corruptions, hardest first, with each rate at mild severity, as table rows.

    How far the rates hold is one column: five do not fit a phone.
    """
    rows = []
    for row in hardest(corrupted):
        mild = next((step for step in row.severities if step.severity == MILD), row.severities[-1])
        rates = {
            f"{rate.capitalize()} at {mild.severity} of {STRONGEST}": full(measure.headline)
            for rate, measure in mild.rates.items()
        }
        until = "; ".join(f"{rate} {_severity(severity)}" for rate, severity in row.holds_until.items())
        rows.append({"Spoilt by": CORRUPTIONS[row.name], "Holds until": sentence_case(until), **rates})
    return rows


def _severity(severity: int | None) -> str:
    return NOT_ESTIMABLE if severity is None else "0, as it is" if not severity else str(severity)


def limits(held_to: Mapping[str, Limit]) -> str:
    """Return what a rate has to hold, and whether that is a criterion of the study."""
    parts = []
    for limit in held_to.values():
        below = f"{MARGIN:g} below the lower bound as they are"
        if limit.missed:
            below += f", which does not reach the criterion {number(limit.criterion or 0.0)}"
        source = below if limit.criterion is None or limit.missed else "the criterion of this study"
        parts.append(f"{limit.rate} {number(limit.at_least)} ({source})")
    return f"Limits: {'; '.join(parts)}."


def notices(corrupted: Sequence[Corruption]) -> str:
    """Return whether the confidence falls where the accuracy does."""
    fallen = [row for row in corrupted if row.notices is not None]
    if not fallen:
        return "At no severity does accuracy fall by 5 points or more, so there is nothing to notice."
    blind = [within(CORRUPTIONS[row.name]) for row in fallen if row.notices is False]
    if not blind:
        return "Where accuracy falls, confidence falls with it: the model notices."
    worst = max(
        (row for row in fallen if not row.notices),
        key=lambda row: _value(row, 0, "accuracy") - _value(row, -1, "accuracy"),
    )
    return (
        f"It does not notice {listed(blind, 'or')}: with {within(CORRUPTIONS[worst.name])} at severity "
        f"{worst.severities[-1].severity}, {100 * _value(worst, -1, 'accuracy'):.0f}% are right (from "
        f"{100 * _value(worst, 0, 'accuracy'):.0f}%) and the mean confidence is "
        f"{_value(worst, -1, 'confidence'):.2f} (from {_value(worst, 0, 'confidence'):.2f})."
    )


def flags(corrupted: Sequence[Corruption]) -> str:
    """Return whether scans are flagged as unlike training where the accuracy falls; nothing where that is not told."""
    shares = {
        within(CORRUPTIONS[row.name]): flagged.plain.value
        for row in corrupted
        if row.notices is not None and (flagged := row.severities[-1].flagged) is not None
    }
    caught = [name for name, share in shares.items() if share is not None and share >= CAUGHT]
    missed = {name: share for name, share in shares.items() if share is not None and share < CAUGHT}
    if not caught and not missed:
        return ""
    parts = [f"The check for scans unlike training flags most scans with {listed(caught, 'and')}"] if caught else []
    if missed:
        told = listed([f"{name} ({100 * share:.0f}%)" for name, share in missed.items()], "and")
        parts.append(f"but few with {told}" if caught else f"The check for scans unlike training flags few with {told}")
    return f"{', '.join(parts)}."


def notice_rows(corrupted: Sequence[Corruption]) -> list[dict[str, str]]:
    """Return accuracy, mean confidence and the share that is flagged, before and at the highest severity, as rows."""
    return [
        {
            "Spoilt by": CORRUPTIONS[row.name],
            "Right": _before_and_after(row.severities[0].accuracy, row.severities[-1].accuracy),
            "Mean confidence": _before_and_after(row.severities[0].confidence, row.severities[-1].confidence),
            "Flagged": _before_and_after(row.severities[0].flagged, row.severities[-1].flagged),
        }
        for row in hardest(corrupted)
    ]


def _before_and_after(before: Measure | None, after: Measure | None) -> str:
    if before is None or after is None:
        return "not recorded"
    first = before.headline.value
    return f"{'-' if first is None else f'{first:.2f}'}, then {short(after.headline)}"


def _value(corruption: Corruption, place: int, name: str) -> float:
    value: float | None = getattr(corruption.severities[place], name).plain.value
    return value or 0.0


def repeated(repeats: Sequence[Repeat]) -> str:
    """Return how often a change that should change nothing leaves the call as it was."""
    return " ".join(
        f"{REPEATS[row.name].capitalize()}, {short(row.unchanged.headline)} of the calls stay "
        f"({counts(row.unchanged.plain)}, {counted(row.scans, 'scan')})."
        for row in repeats
    )


def sampled(corrupted: Sequence[Corruption], split: str) -> str:
    """Return of how many scans the curves are."""
    n = max((row.severities[0].n for row in corrupted), default=0)
    return f"n = {n:,} {split} scans, the same at every severity."


def severity_label(severity: int) -> str:
    """Return how a severity is called."""
    return "as it is" if not severity else f"severity {severity} of {STRONGEST}"


# One scan ------------------------------------------------------------------------------------------------------------


def picture(told: Said) -> str:
    """Return what was done to the scan of a picture."""
    return PICTURES[told.change]


def picture_says(told: Said, classes: ClassOrder) -> str:
    """Return what the model says of a picture."""
    return f"{spoken(told.called, classes)}, {told.confidence:.2f}"


def picture_alt(told: Said, classes: ClassOrder) -> str:
    """Return a picture in words."""
    return f"{PICTURES[told.change]}: the model says {picture_says(told, classes)}"


def step(scan: Worsening, told: Said, classes: ClassOrder) -> str:
    """Return what a scan is called at one severity."""
    return (
        f"A {spoken(scan.reference, classes)} scan, {severity_label(told.level)}: called "
        f"{spoken(told.called, classes)} with confidence {told.confidence:.2f}."
    )


def step_rows(scan: Worsening, classes: ClassOrder) -> list[dict[str, str]]:
    """Return what a scan is called at each severity, as table rows."""
    return [
        {
            "Severity": severity_label(told.level).capitalize(),
            "Called": classes.display[told.called],
            "Confidence": f"{told.confidence:.2f}",
        }
        for told in scan.steps
    ]
