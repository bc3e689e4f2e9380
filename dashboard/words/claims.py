"""Every sentence about the published claims."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from neuroval.analysis.claims.audit import AuditedClaim
from neuroval.analysis.claims.statements import Line
from neuroval.dashboard.words.formats import counted, fraction, full, short
from neuroval.dashboard.words.general import listed
from neuroval.dashboard.words.interval_methods import in_words
from neuroval.data.claims.kinds import Correct, Errors, Matrix

NO_CLAIMS = (
    "This study holds no claims. A claims file holds what a paper or README says about a classifier, every number as "
    "it is printed. NeuroVal checks whether these numbers can be true together, and whether the study reproduces them."
)
NOTHING_CLAIMED = "The claims file of this study holds no claims."
NOT_SAID = (
    "Where two claims contradict each other, one of them may be right: which is wrong is not said. Consistent means "
    "that nothing that could be checked speaks against a claim. That does not prove it."
)
NONE = "\N{EN DASH}"
SHOWN = 6  # ways in which a claim cannot be true
VERDICTS: Final[Mapping[str, tuple[str, str]]] = {
    "contradicted_internally": ("\N{MULTIPLICATION SIGN}", "Contradicted"),
    "not_reproduced": ("\N{NOT EQUAL TO}", "Not reproduced"),
    "not_comparable": ("\N{WHITE CIRCLE}", "Not comparable"),
    "not_checkable": ("?", "Not checkable"),
    "consistent": ("\N{CHECK MARK}", "Consistent"),
}
COLOURS: Final = {"contradicted_internally": "red", "not_reproduced": "orange", "consistent": "green"}
COUNTED: Final = {
    "contradicted_internally": ("is contradicted", "are contradicted", " by the numbers of the same source"),
    "not_reproduced": ("is not reproduced", "are not reproduced", " by this study"),
    "not_comparable": ("is not comparable", "are not comparable", " with this study"),
    "not_checkable": ("cannot be checked", "cannot be checked", ""),
    "consistent": ("is consistent", "are consistent", " with what could be checked"),
}
MEANING: Final = {
    "contradicted_internally": "Conflicts with other numbers in the same document, or cannot be true at all.",
    "not_reproduced": "The interval of the difference from this study does not hold 0.",
    "not_comparable": "The number of this study is of another data set, split, size or kind.",
    "not_checkable": "There is nothing to check it by, or a part of it stays open.",
    "consistent": "Nothing that could be checked speaks against it. That does not prove it.",
}


def how_to_add(study: str) -> str:
    """Return how claims come into a study."""
    return f"``neuroval claims {shlex.quote(study)} FILE`` puts a claims file into it. docs/claims.md shows an example."


def claims(verdicts: Sequence[str]) -> str:
    """Return the answer of the page: how many claims have which verdict."""
    if not verdicts:
        return NOTHING_CLAIMED
    number = Counter(verdicts)
    parts = []
    for verdict, (one, many, by) in COUNTED.items():
        if count := number[verdict]:
            parts.append(f"{count:,} {one if count == 1 else many}{by}")
    return f"Of {counted(len(verdicts), 'published claim')}, {listed(parts, 'and')}."


def source(title: str, where: str) -> str:
    """Return where the claims are printed."""
    return f"Source: {title}{f' ({where})' if where else ''}."


def verdict(of: str) -> str:
    """Return a verdict as symbol and word."""
    return " ".join(VERDICTS[of])


def badge(one: AuditedClaim) -> str:
    """Return a verdict as it stands over the arithmetic, with what it means."""
    colour = COLOURS.get(one.verdict, "gray")
    return f":{colour}-badge[{verdict(one.verdict)}] {MEANING[one.verdict]}"


def claim_row(one: AuditedClaim) -> dict[str, str]:
    """Return a claim as a table row."""
    return {
        "Verdict": verdict(one.verdict),
        "Claim, as printed": one.claim.text,
        "What we get": ours(one) or NONE,
    }


def claim_export(one: AuditedClaim) -> dict[str, str]:
    """Return a claim as a row for download."""
    return {
        "Id": one.claim.id,
        **claim_row(one),
        "Published": "" if one.published is None else fraction(*one.published),
        "Published less ours": "" if one.difference is None else short(one.difference),
        "Cannot be true": against(one),
        "Arithmetic": "\n".join(map(line, one.arithmetic)),
    }


def claim_facts(one: AuditedClaim) -> list[dict[str, str]]:
    """Return what a claim is compared with as table rows."""
    facts = {
        "Published": "" if one.published is None else fraction(*one.published),
        "This study": ours(one),
        "Published less this study": "" if one.difference is None else short(one.difference),
        "Cannot be true": against(one, most=SHOWN),
    }
    return [{"Fact": fact, "Value": value} for fact, value in facts.items() if value]


def ours(one: AuditedClaim) -> str:
    """Return what this study gets, named where the claim is of several numbers; empty without such a number."""
    if one.ours is None:
        return ""
    if isinstance(one.claim, Errors) and one.ours.count is not None:
        return f"{one.ours.count:,} of {one.ours.n or 0:,}: {short(one.ours)}"
    return f"accuracy {full(one.ours)}" if isinstance(one.claim, (Correct, Matrix)) else full(one.ours)


def against(one: AuditedClaim, *, most: int | None = None) -> str:
    """Return with which other claims a claim cannot be true, all or the first ones; empty without a contradiction."""
    ways = [f"with {listed(names, 'and')}" if names else "by itself" for names in one.against]
    more = [f"{len(ways) - most:,} more"] if most is not None and len(ways) > most else []
    return "; ".join([*ways[:most], *more])


def line(worked: Line) -> str:
    """Return a line of the arithmetic in words."""
    parts = (worked,) if isinstance(worked, str) else worked
    return "".join(part if isinstance(part, str) else in_words(part) for part in parts)


def decisive(one: AuditedClaim) -> list[str]:
    """Return the lines of the arithmetic that decide."""
    return list(map(line, one.decisive))


def further(one: AuditedClaim) -> list[str]:
    """Return the other lines of the arithmetic."""
    return [line(other) for other in one.arithmetic if other not in one.decisive]


def lines(section: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the section of claims as lines for a terminal: the answer, then each claim and its arithmetic."""
    shown = [one for one in section if "cut" not in one]
    if not shown:
        return ["none"]
    said = [source(shown[0]["source"], shown[0]["where"])]
    if len(shown) == len(section):
        said.append(claims([one["verdict"] for one in shown]))
    for one in shown:
        said += ["", f"{verdict(one['verdict'])}: {one['text']} [{one['id']}]"]
        said += [f"  {told}" for told in one["arithmetic"]]
    return said if len(shown) == len(section) else [*said, f"... {section[-1]['total']:,} in all"]
