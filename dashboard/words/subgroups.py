"""Every sentence and label about subgroups: whom the averages hide."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.finding import Finding
from neuroval.analysis.core.metrics import ANY_TUMOUR, OVERALL, split_key
from neuroval.analysis.performance.heterogeneity import Heterogeneity
from neuroval.analysis.performance.subgroups import Level, SubgroupNumber, Subgroups
from neuroval.dashboard.words.basis import kind
from neuroval.dashboard.words.formats import (
    NOT_ESTIMABLE,
    counted,
    counts,
    fraction,
    full,
    number,
    p_value,
    points,
    sentence_case,
    short,
)
from neuroval.dashboard.words.general import class_name, listed, spoken
from neuroval.dashboard.words.reasons import why
from neuroval.data.classes import ClassOrder

COLUMNS = {"image_size": "Image size", "file_format": "File format", "tumour_size": "Tumour size"}
NOTHING = (
    "Nothing is recorded that divides these scans into two groups of 20 or more. Columns such as sex, age or site are "
    "kept at import; they are text of few values, or numbers."
)
CHOOSE, CROSS, NUMBER, ALONE = "By", "Crossed with", "Number", "nothing"
TABLE, OPEN = "All numbers", "Scans of"
ALT = "Rate of each subgroup and its difference to the rest, with intervals"
DRAWN = (
    "Drawn is the rate less that of all other scans; lines: 95% intervals, allowing for several scans of one patient. "
    "A diamond in colour: chance is ruled out (p after Holm below 0.05)."
)
REPORTED = (
    "A rate of fewer than 20 scans, or of fewer than 10 patients or images with several scans each, is not given. One "
    "marked with * is told from that of the rest: p below 0.05 after Holm over all numbers and subgroups of its table."
)
MAIN = ("overall.accuracy", "any_tumour.sensitivity", "any_tumour.specificity")
CLICK = "Click a row, or choose one below, to see its scans."


def column(name: str) -> str:
    """Return how a column is headed."""
    return COLUMNS.get(name, sentence_case(name.replace("_", " ")))


def columns(by: Sequence[str], word: str = "and") -> str:
    """Return how one column or two crossed ones are called within a sentence."""
    return listed([_within(column(name)) for name in by], word)


def _within(label: str) -> str:
    return label[0].lower() + label[1:] if label[1:].islower() else label


def subgroup(by: Sequence[str], values: Sequence[str]) -> str:
    """Return how a subgroup is called within a sentence: ``site north, sex F``."""
    return ", ".join(f"{_within(column(name))} {value}" for name, value in zip(by, values, strict=True))


def row(values: Sequence[str]) -> str:
    """Return how a subgroup is called where its columns are named beside it."""
    return " \N{MIDDLE DOT} ".join(values)


def rate(key: str, classes: ClassOrder) -> str:
    """Return how a number is called within a sentence."""
    subject, name = split_key(key)
    if subject == OVERALL:
        return name
    if subject == ANY_TUMOUR:
        return f"{name}, any tumour"
    return f"{name}, {class_name(subject, classes)}"


def label(key: str, classes: ClassOrder) -> str:
    """Return how a number is headed."""
    return sentence_case(rate(key, classes))


def answer(table: Subgroups, key: str, classes: ClassOrder) -> str:
    """Return the worst subgroup that is large enough to say so, or that none is told from the others."""
    name = _short(key, classes)
    known = [level for level in table.levels if level.numbers[key].rate.plain.defined]
    if not known:
        return f"No subgroup by {columns(table.by)} is large enough to say anything of its {name}."
    worse = [level for level in known if level.numbers[key].differs and _difference(level, key) < 0]
    worst = min(worse or known, key=lambda level: (_high if worse else _value)(level, key))
    judged = worst.numbers[key]
    who = sentence_case(subgroup(table.by, worst.values))
    if not worse:
        tail = _compatible(judged)
        return (
            f"No subgroup by {columns(table.by)} is surely worse than the rest. The lowest {name} is that of "
            f"{subgroup(table.by, worst.values)}: {full(judged.rate.headline)}.{tail}"
        )
    others = len(worse) - 1
    also = (
        f" {sentence_case(counted(others, 'other subgroup'))} {'does' if others == 1 else 'do'} too." if others else ""
    )
    difference = judged.difference.headline
    return (
        f"{who} fares worse: {name} {full(judged.rate.headline)}, in the rest {full(judged.rest.headline)}. That is "
        f"{points(-_difference(worst, key))} percentage points less{_points_span(difference)}.{also}"
    )


def _compatible(judged: SubgroupNumber) -> str:
    low = judged.difference.headline.low
    if low is None or low >= 0:
        return ""
    return f" It may still be up to {points(-low)} percentage points below the rest."


def _points_span(difference: Estimate) -> str:
    if difference.low is None or difference.high is None:
        return ""
    return f" (95% interval {points(-difference.high)} to {points(-difference.low)})"


def _short(key: str, classes: ClassOrder) -> str:
    subject, name = split_key(key)
    return name if subject in (OVERALL, ANY_TUMOUR) else f"{name} for {spoken(subject, classes)}"


def _value(level: Level, key: str) -> float:
    value = level.numbers[key].rate.plain.value
    return 1.0 if value is None else value


def _difference(level: Level, key: str) -> float:
    return level.numbers[key].difference.headline.value or 0.0


def _high(level: Level, key: str) -> float:
    return level.numbers[key].difference.headline.high or 0.0


def of_what(table: Subgroups, basis: str) -> str:
    """Return what the table is of, and what it leaves out."""
    parts = [f"{counted(table.n, f'{kind(basis)} scan')}."]
    if table.unknown:
        verb = "is" if table.unknown == 1 else "are"
        parts.append(
            f"{counted(table.unknown, 'further scan')} {verb} left out: {columns(table.by, 'or')} is not recorded."
        )
    if table.left_out:
        parts.append(f"The {counted(table.left_out, 'smallest subgroup')} have no row.")
    return " ".join(parts)


def test(table: Subgroups, key: str, classes: ClassOrder) -> str:
    """Return whether a number differs between the subgroups at all."""
    result, name = table.tests[key], _short(key, classes)
    if result.p_value is None:
        return f"Whether {name} differs between the subgroups cannot be tested: {why(result.reason)}."
    adjusted = table.adjusted[key]
    verdict = "differs between" if adjusted < 0.05 else "is not shown to differ between"
    return (
        f"{sentence_case(name)} {verdict} the {result.levels:,} subgroups that are large enough "
        f"(p {_p(result.p_value)}; after Holm over {counted(len(table.adjusted), 'number')} p {_p(adjusted)}; "
        f"{_how(result)})."
    )


def _how(result: Heterogeneity) -> str:
    drawn = ", tables drawn as counts are small" if result.exact else ""
    clustered = "" if result.clustered is None else f", design effect {result.design_effect:.2f}"
    return f"Pearson's chi-square{', Rao-Scott' if clustered else ''}{clustered}{drawn}"


def _p(value: float) -> str:
    shown = p_value(value)
    return shown if shown.startswith("<") else f"= {shown}"


def rows(table: Subgroups, key: str, classes: ClassOrder) -> list[dict[str, str]]:
    """Return the subgroups as table rows with one number; the scans stand beside the name, as much as fits a phone."""
    return [
        {
            ", ".join(map(column, table.by)): f"{row(level.values)}, n = {level.n:,}",
            "Patients or images": f"{level.groups:,}",
            label(key, classes): full(level.numbers[key].rate.headline),
            "Difference to the rest": short(level.numbers[key].difference.headline),
            "p after Holm": _adjusted(level.numbers[key]),
        }
        for level in table.levels
    ]


def main_numbers(table: Subgroups) -> list[str]:
    """Return the numbers that a report says a sentence about: of any tumour where it is asked for, else accuracy."""
    tumour = [key for key in MAIN[1:] if key in table.whole]
    return tumour or [MAIN[0]]


def main_rows(table: Subgroups, classes: ClassOrder) -> list[dict[str, str]]:
    """Return the subgroups as table rows with the main numbers, those that differ marked with a star."""
    shown = [key for key in MAIN if key in table.whole]
    return [
        {
            ", ".join(map(column, table.by)): row(level.values),
            "Scans": f"{level.n:,}",
            "Patients or images": f"{level.groups:,}",
            **{label(key, classes).partition(",")[0]: _starred(level.numbers[key]) for key in shown},
        }
        for level in table.levels
    ]


def _starred(judged: SubgroupNumber) -> str:
    if not judged.rate.plain.defined:
        return too_few(judged)
    return f"{full(judged.rate.headline)}{' *' if judged.differs else ''}"


def all_rows(table: Subgroups, classes: ClassOrder) -> list[dict[str, str]]:
    """Return every number of every subgroup as table rows, for download."""
    return [
        {
            **{column(name): value for name, value in zip(table.by, level.values, strict=True)},
            "Scans": f"{level.n}",
            "Patients": f"{level.patients}",
            "Groups": f"{level.groups}",
            "Number": label(key, classes),
            "Rate": full(judged.rate.headline),
            "Rest": full(judged.rest.headline),
            "Difference to the rest": short(judged.difference.headline),
            "p": "" if judged.p_value is None else f"{judged.p_value:.3g}",
            "p after Holm": "" if judged.adjusted is None else f"{judged.adjusted:.3g}",
        }
        for level in table.levels
        for key, judged in level.numbers.items()
    ]


def lines(content: Mapping[str, Any], estimate: Callable[[Mapping[str, Any]], str]) -> list[str]:
    """Return the section of subgroups as lines for a person; ``estimate`` writes an estimate of the document."""
    told = []
    for table in content["tables"]:
        told.append(f"by {', '.join(table['by'])}: {table['n']:,} cases, {table['unknown']:,} without it")
        for level in table["levels"]:
            told.append(f"  {', '.join(level['values'].values())}: {level['n']:,} cases, {level['groups']:,} groups")
            for key, judged in level["numbers"].items():
                p = (
                    ""
                    if judged["adjusted_p_value"] is None
                    else f", p after Holm {p_value(judged['adjusted_p_value'])}"
                )
                rate, difference = (_wider(judged, name, estimate) for name in ("rate", "difference_to_rest"))
                told.append(f"    {key}: {rate}; difference to the rest {difference}{p}")
    return told or ["nothing is recorded"]


def _wider(judged: Mapping[str, Any], name: str, estimate: Callable[[Mapping[str, Any]], str]) -> str:
    plain, clustered = judged[name], judged.get(f"{name}_clustered")
    if clustered is None or plain["low"] is None or clustered["low"] is None:
        return estimate(plain)
    low, high = min(plain["low"], clustered["low"]), max(plain["high"], clustered["high"])
    return estimate({**plain, "low": low, "high": high})


def _adjusted(judged: SubgroupNumber) -> str:
    return "" if judged.adjusted is None else p_value(judged.adjusted)


def beside_rate(judged: SubgroupNumber) -> str:
    """Return what stands beside a rate in the figure."""
    estimate = judged.rate.headline
    if estimate.value is None:
        return too_few(judged)
    return f"{number(estimate.value)}, {counts(estimate)}"


def too_few(judged: SubgroupNumber) -> str:
    """Return of how few scans, or of how few patients, a rate would be that is not given."""
    reason = judged.rate.plain.reason
    if reason is not None and reason.code == "few_groups_in_subgroup":
        return f"too few ({counted(int(str(dict(reason.facts)['groups'])), 'patient')})"
    return f"too few ({judged.rate.plain.n:,})" if judged.rate.plain.n else "none"


def hover(judged: SubgroupNumber) -> str:
    """Return what is said of a subgroup that is pointed at."""
    return f"{full(judged.rate.headline)}; difference {short(judged.difference.headline)}"


def scans_and_errors(number_of: int, errors: int) -> str:
    """Return how many scans a subgroup has and how many of them are called wrongly."""
    wrong = {0: "none called wrongly", 1: "1 called wrongly, first below"}.get(
        errors, f"{errors:,} called wrongly, those first"
    )
    return f"{counted(number_of, 'scan')}: {wrong}."


def filtered(by: Sequence[str], values: Sequence[str]) -> str:
    """Return the words of the chip that a gallery of one subgroup has."""
    return sentence_case(subgroup(by, values))


def surely_below(level: Level, key: str) -> float:
    """Return where the interval of the difference ends, to order subgroups by: the surely worst first."""
    high = level.numbers[key].difference.headline.high
    return 1.0 if high is None else high


def worse(
    finding: Finding,
    *,
    by: tuple[str, ...],
    values: tuple[str, ...],
    key: str,
    rest: tuple[int, int],
    difference: Estimate,
    others: int,
    compared: int,
) -> str:
    """Return the finding that a subgroup is worse than the rest."""
    name = _of_finding(key)
    lower = points(-(difference.value or 0.0))
    also = f" {counted(others, 'other subgroup')} {'is' if others == 1 else 'are'} surely worse too." if others else ""
    here, there = _share(finding.count, finding.n or 0), _share(*rest)
    return (
        f"{sentence_case(subgroup(by, values))} fares worse than the rest: {name} {here} against {there}, {lower} "
        f"percentage points lower. Chance is ruled out among {compared:,} comparisons.{also}"
    )


def misses_criterion(
    finding: Finding, *, by: tuple[str, ...], values: tuple[str, ...], key: str, at_least: float, others: int
) -> str:
    """Return the finding that a subgroup misses a criterion which all scans together meet."""
    also = f" So {'does' if others == 1 else 'do'} {counted(others, 'other subgroup')}." if others else ""
    return (
        f"All scans together meet the criterion on {_of_finding(key)}, at least {at_least:g}; {subgroup(by, values)} "
        f"surely misses it: {_share(finding.count, finding.n or 0)}.{also}"
    )


def _of_finding(key: str) -> str:
    subject, name = split_key(key)
    return name if subject in (OVERALL, ANY_TUMOUR) else f"{name} for {subject}"


def _share(count: int, n: int) -> str:
    return f"{number(count / n)} ({fraction(count, n)})" if n else NOT_ESTIMABLE


def criterion(by: Sequence[str], *, each: bool, values: Sequence[str]) -> str:
    """Return of whom a criterion is, after its number: of a subgroup, or of each level of a column."""
    if not by:
        return ""
    if not each:
        return f", {subgroup(by, values)}"
    worst = f"; the worst is {subgroup(by, values)}" if values else ""
    return f", in each subgroup by {columns(by)}{worst}"
