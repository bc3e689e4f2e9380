"""What each finding says: one sentence by its code, with its counts."""

from collections.abc import Callable, Mapping
from typing import Final

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.finding import Finding
from neuroval.analysis.data_audit.confounders import Level
from neuroval.dashboard.words import subgroups
from neuroval.dashboard.words.basis import kind
from neuroval.dashboard.words.formats import below_1, counted, escaped, number, points
from neuroval.dashboard.words.general import listed
from neuroval.dashboard.words.reasons import why
from neuroval.dashboard.words.trial_names import CORRUPTIONS, within

LISTED: Final = 3  # levels of a factor named in a sentence
FACTORS: Final = {"size": "image size"}


def text(finding: Finding) -> str:
    """Return a finding as plain sentences."""
    return FINDINGS[finding.code](finding, **finding.facts)


def badge(finding: Finding) -> str:
    """Return a finding with its severity as a word."""
    colour = {"critical": "red", "warning": "orange", "note": "gray"}[finding.severity]
    return f":{colour}-badge[{finding.severity.capitalize()}] {escaped(text(finding))}"


def _shared_groups(finding: Finding, *, split: str, share: float | None) -> str:
    verb = "shares" if finding.count == 1 else "share"
    least, shown = ("At least ", "") if share is None else ("", f" ({share:.1%})")
    return (
        f"{least}{finding.count:,} of {counted(finding.n or 0, f'{split} case')}{shown} {verb} "
        "a patient or a copy of the image with the training data."
    )


def _no_result(
    finding: Finding, *, split: str, reasons: tuple[tuple[str, int], ...], complete: float | None, worst: float | None
) -> str:
    verb, left = ("has", "is") if finding.count == 1 else ("have", "are")
    named = [f"{reason} {count:,}" for reason, count in reasons[:LISTED]]
    if more := sum(count for _, count in reasons[LISTED:]):
        named.append(f"other reasons {more:,}")
    text = (
        f"{finding.count:,} of {counted(finding.n or 0, f'{split} scan')} {verb} no result ({', '.join(named)}) and "
        f"{left} left out of the numbers."
    )
    if complete is None or worst is None:
        return text
    them = "it" if finding.count == 1 else "all of them"
    return f"{text} With {them} taken as wrong, accuracy is {number(worst)} instead of {number(complete)}."


def _leakage_unchecked(finding: Finding, *, split: str, reason: Reason | None) -> str:
    if reason is not None:
        return f"Leakage could not be checked: {why(reason)}."
    return (
        f"Leakage could not be checked for {finding.count:,} of {counted(finding.n or 0, f'{split} case')}: nothing is "
        "known by which they could be compared with the training data."
    )


def _ids_differ_in_form(finding: Finding, *, split: str, alike: int, such_as: tuple[str, ...]) -> str:
    text = (
        f"{alike:,} patient {'ids are' if alike > 1 else 'id is'} written in more than one form, such as "
        f"{' and '.join(such_as[:LISTED])}. Each form counts as a patient of its own."
    )
    if finding.severity != "critical":
        return text
    verb = "has" if finding.count == 1 else "have"
    return (
        f"{text} {finding.count:,} of {counted(finding.n or 0, f'{split} case')} {verb} an id of which another form "
        "is in the training data: if they mean the same patients, the model has seen them."
    )


def _ids_cut_short(finding: Finding, *, such_as: str) -> str:
    verb = "is" if finding.count == 1 else "are"
    return (
        f"{counted(finding.count, 'patient id')} {verb} written as a rounded number, "
        f"such as {such_as}: the last digits are lost, and different patients may look like one."
    )


def _worse_than_chance(
    finding: Finding,
    *,
    split: str,
    expected: float,
    below: tuple[tuple[str, float], ...],
    moved: tuple[tuple[str, str], ...],
    right_then: int | None,
) -> str:
    right, n = finding.count, finding.n or 0
    verb = "is" if right == 1 else "are"
    text = f"{right:,} of {counted(n, f'{kind(split)} case')} {verb} called correctly (accuracy {right / n:.1%})"
    if below:
        text += f"; AUC {', '.join(f'{value:.2f} for {name}' for name, value in below)}"
    text += "."
    if below or right < expected:
        text = f"Worse than chance: {text} Guessing gives about {expected / n:.1%} and an AUC of 0.5."
    if not moved or right_then is None:
        return text
    return (
        f"{text} The classes look permuted: {right_then:,} ({right_then / n:.1%}) would be correct if "
        f"{', '.join(f'the column of {name} meant {fit}' for name, fit in moved)}. Check the order of the classes."
    )


def _confounding(
    finding: Finding,
    *,
    factor: str,
    share: float,
    accuracy: float,
    base_rate: float,
    pure: tuple[Level, ...],
    guessed: bool,
) -> str:
    name, n = FACTORS.get(factor, factor.replace("_", " ")), finding.n or 0
    if not guessed:
        named = "; ".join(_all_or_none(level) for level in pure[:LISTED])
        more = f"; and {len(pure) - LISTED:,} more" if len(pure) > LISTED else ""
        return (
            f"The {name} alone gives the answer away for {finding.count:,} of {counted(n, 'image')} ({share:.1%}): "
            f"{named}{more}."
        )
    return (
        f"Guessing from the {name} alone would be right for {finding.count:,} of {counted(n, 'image')} "
        f"({accuracy:.1%}); always guessing the same, for {base_rate:.1%}."
    )


def _all_or_none(level: Level) -> str:
    """Return that all images of a level show a tumour, or none does."""
    n = level.tumour + level.no_tumour
    if n == 1:
        return f"the 1 of {level.name} shows {'a' if level.tumour else 'no'} tumour"
    return (
        f"all {n:,} of {level.name} show a tumour" if level.tumour else f"none of the {n:,} of {level.name} shows one"
    )


def _label_conflicts(finding: Finding) -> str:
    verb = "appears" if finding.count == 1 else "appear"
    return (
        f"{counted(finding.count, 'image')} {verb} more than once with different "
        f"labels ({len(finding.case_ids):,} cases): at least one label of each is wrong."
    )


def _rejected_files(finding: Finding) -> str:
    verb, pronoun = ("is", "It") if finding.count == 1 else ("are", "They")
    return f"{counted(finding.count, 'file')} could not be used. {pronoun} {verb} not part of any number."


def _ties(finding: Finding) -> str:
    verb = "has" if finding.count == 1 else "have"
    return (
        f"{finding.count:,} of {counted(finding.n or 0, 'case')} {verb} several classes of the same largest "
        "probability; the first of them in the order of the study is taken as the call."
    )


def _claims(finding: Finding, *, source: str, what: str) -> str:
    whose, verb = f" of '{source}'" if source else "", "is" if finding.count == 1 else "are"
    return f"{finding.count:,} of {counted(finding.n or 0, 'published claim')}{whose} {verb} {what}."


def _contradicted(finding: Finding, *, source: str) -> str:
    text = _claims(finding, source=source, what="contradicted by other numbers in the same document")
    return f"{text} They are the claims of that document, not of this study."


def _needs_no_tumour(
    finding: Finding,
    *,
    subject: str,
    method: str,  # noqa: ARG001 - the page says how the hole was filled
    need: float,
    kept_elsewhere: tuple[int, int],
    others: tuple[str, ...],
) -> str:
    whose = f"{subject} scan" if subject else "scan"
    kept, n = kept_elsewhere
    also = f" The same is so of {listed(others, 'and')}." if others and subject else ""
    return (
        f"The model does not need the tumour: with it removed, {finding.count:,} of {counted(finding.n or 0, whose)} "
        f"are still called a tumour; with the same hole elsewhere, {kept:,} of {n:,} (need {need:.2f}).{also}"
    )


def _fragile(_: Finding, *, worst: str, rate: str, fall: float, severity: int, others: tuple[str, ...]) -> str:
    also = f" So do {listed([within(CORRUPTIONS[name]) for name in others], 'and')}." if others else ""
    if len(others) == 1:
        also = f" So does {within(CORRUPTIONS[others[0]])}."
    return (
        f"{CORRUPTIONS[worst]} breaks it while it is mild: at severity {severity} of 5, {rate} falls by {points(fall)} "
        f"percentage points.{also}"
    )


def _maps_ignore_the_network(finding: Finding, *, correlation: float) -> str:
    return (
        f"The maps do not depend on what the network has learnt: with all its weights random, {finding.count:,} of "
        f"{counted(finding.n or 0, 'scan')} keep their map (mean rank correlation {correlation:.2f}). They say nothing "
        "about why a scan is called what it is."
    )


def _shortcut_baseline(finding: Finding, *, auc: float, model_auc: float, constant: float) -> str:
    right, n = finding.count, finding.n or 0
    return (
        f"Grey values, file size and coarse pattern alone answer 'any tumour?' correctly for {right:,} of "
        f"{counted(n, 'scan')} ({right / n:.1%}; always the same answer {constant:.1%}). Their AUC is {number(auc)}, "
        f"that of the model {below_1(model_auc)}."
    )


FINDINGS: Final[Mapping[str, Callable[..., str]]] = {
    "shared_groups": _shared_groups,
    "no_result": _no_result,
    "leakage_unchecked": _leakage_unchecked,
    "confounding": _confounding,
    "label_conflicts": _label_conflicts,
    "no_cases": lambda _, split: f"No {kind(split)} case has a prediction: nothing can be estimated.",
    "one_case": lambda _, split: f"Only one {kind(split)} case has a prediction: no rate can be judged from it.",
    "empty_class": lambda _, split, names: (
        f"No {kind(split)} case of {listed(names, 'or')}: sensitivity cannot be estimated there."
    ),
    "few_groups": lambda finding, split, names, fewest: (
        f"The {kind(split)} scans of {listed(names, 'and')} come from few patients or images ({fewest:,}"
        f"{' at the fewest' if finding.count > 1 else ''}): intervals are wide, and how far patients differ is a guess."
    ),
    "never_predicted": lambda _, names, cases: f"The model never predicts {listed(names, 'or')} in {cases:,} cases.",
    "ids_differ_in_form": _ids_differ_in_form,
    "ids_cut_short": _ids_cut_short,
    "worse_than_chance": _worse_than_chance,
    "ties": _ties,
    "probability_sums": lambda finding, largest: (
        f"The class probabilities of {finding.count:,} of {counted(finding.n, 'case')} do not sum to 1 "
        f"(largest deviation {largest:.2g}); they are used as given."
    ),
    "rejected_files": _rejected_files,
    "claims_contradicted": _contradicted,
    "claims_not_reproduced": lambda finding, source: _claims(
        finding, source=source, what="not reproduced by this study"
    ),
    "test_selected": lambda finding: (
        f"The test split was read for {finding.count:,} networks. Later changes may have been tuned to the test scans."
    ),
    "needs_no_tumour": _needs_no_tumour,
    "fragile": _fragile,
    "maps_ignore_the_network": _maps_ignore_the_network,
    "shortcut_baseline": _shortcut_baseline,
    "subgroup_worse": subgroups.worse,
    "subgroup_misses_criterion": subgroups.misses_criterion,
}
