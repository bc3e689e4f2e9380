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


def answer(verdicts: Sequence[str]) -> str:
    """Return the answer of the page: how many claims have which verdict."""
    if not verdicts:
        return NOTHING_CLAIMED
    number = Counter(verdicts)
    parts = []
    for verdict, (singular, many, by) in COUNTED.items():
        if count := number[verdict]:
            parts.append(f"{count:,} {singular if count == 1 else many}{by}")
    return f"Of {counted(len(verdicts), 'published claim')}, {listed(parts, 'and')}."


def source(title: str, where: str) -> str:
    """Return where the claims are printed."""
    return f"Source: {title}{f' ({where})' if where else ''}."


def verdict(language_of: str) -> str:
    """Return a verdict as symbol and word."""
    return " ".join(VERDICTS[language_of])


def badge(audited: AuditedClaim) -> str:
    """Return a verdict as it stands over the arithmetic, with what it means."""
    colour = COLOURS.get(audited.verdict, "gray")
    return f":{colour}-badge[{verdict(audited.verdict)}] {MEANING[audited.verdict]}"


def claim_row(audited: AuditedClaim) -> dict[str, str]:
    """Return a claim as a table row."""
    return {
        "Verdict": verdict(audited.verdict),
        "Claim, as printed": audited.claim.text,
        "What we get": ours(audited) or NONE,
    }


def claim_export(audited: AuditedClaim) -> dict[str, str]:
    """Return a claim as a row for download."""
    return {
        "Id": audited.claim.id,
        **claim_row(audited),
        "Published": "" if audited.published is None else fraction(*audited.published),
        "Published less ours": "" if audited.difference is None else short(audited.difference),
        "Cannot be true": against(audited),
        "Arithmetic": "\n".join(map(line, audited.arithmetic)),
    }


def claim_facts(audited: AuditedClaim) -> list[dict[str, str]]:
    """Return what a claim is compared with as table rows."""
    facts = {
        "Published": "" if audited.published is None else fraction(*audited.published),
        "This study": ours(audited),
        "Published less this study": "" if audited.difference is None else short(audited.difference),
        "Cannot be true": against(audited, most=SHOWN),
    }
    return [{"Fact": fact, "Value": value} for fact, value in facts.items() if value]


def ours(audited: AuditedClaim) -> str:
    """Return what this study gets, named where the claim is of several numbers; empty without such a number."""
    if audited.ours is None:
        return ""
    if isinstance(audited.claim, Errors) and audited.ours.count is not None:
        return f"{audited.ours.count:,} of {audited.ours.n or 0:,}: {short(audited.ours)}"
    return f"accuracy {full(audited.ours)}" if isinstance(audited.claim, (Correct, Matrix)) else full(audited.ours)


def against(audited: AuditedClaim, *, most: int | None = None) -> str:
    """Return with which other claims a claim cannot be true, all or the first ones; empty without a contradiction."""
    ways = [f"with {listed(names, 'and')}" if names else "by itself" for names in audited.against]
    more = [f"{len(ways) - most:,} more"] if most is not None and len(ways) > most else []
    return "; ".join([*ways[:most], *more])


def line(worked: Line) -> str:
    """Return a line of the arithmetic in words."""
    parts = (worked,) if isinstance(worked, str) else worked
    return "".join(part if isinstance(part, str) else in_words(part) for part in parts)


def decisive(audited: AuditedClaim) -> list[str]:
    """Return the lines of the arithmetic that decide."""
    return list(map(line, audited.decisive))


def further(audited: AuditedClaim) -> list[str]:
    """Return the other lines of the arithmetic."""
    return [line(other) for other in audited.arithmetic if other not in audited.decisive]


def lines(section: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the section of claims as lines for a terminal: the answer, then each claim and its arithmetic."""
    shown = [line for line in section if "cut" not in line]
    if not shown:
        return ["none"]
    sentences = [source(shown[0]["source"], shown[0]["where"])]
    if len(shown) == len(section):
        sentences.append(answer([line["verdict"] for line in shown]))
    for line in shown:
        sentences += ["", f"{verdict(line['verdict'])}: {line['text']} [{line['id']}]"]
        sentences += [f"  {told}" for told in line["arithmetic"]]
    return sentences if len(shown) == len(section) else [*sentences, f"... {section[-1]['total']:,} in all"]
