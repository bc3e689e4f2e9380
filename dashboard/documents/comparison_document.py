"""Two studies compared as one plain document, and as text for a person: what ``neuroval compare`` prints."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from neuroval.analysis.performance.comparison import ComparedNumber
from neuroval.analysis.study.comparison import ComparedAuc, Comparisons, Discordant
from neuroval.dashboard.documents.plain_values import measured, plain
from neuroval.dashboard.documents.study_document import SCHEMA, cut
from neuroval.dashboard.words import comparison as text
from neuroval.data.study.folder import Study

SHOWN: Final = 20  # cases of each side in the text


def document_of(found: Comparisons, *, everything: bool = False) -> dict[str, Any]:
    """Return the comparison as a document of plain values, ready for JSON.

    ``{"schema": 1, "studies": {"a": {...}, "b": {...}}, "split", "classes", "negative_class", "verdict", "sections":
    {"cases", "numbers", "aucs", "discordant"}}``. Estimates and cut lists are as in ``sections``; a difference is that
    of ``a`` less that of ``b``.
    """
    classes = found.matched.classes
    document = {
        "schema": SCHEMA,
        "studies": {"a": _study(found.a), "b": _study(found.b)},
        "split": found.split,
        "classes": list(classes.names),
        "negative_class": classes.negative,
        "verdict": text.answer(found),
        "sections": {
            "cases": _cases(found),
            "numbers": [_number(one) for one in found.rates.numbers],
            "aucs": [_auc(one) for one in found.aucs],
            "discordant": {side: [asdict(case) for case in getattr(found, side)] for side in ("only_a", "only_b")},
        },
    }
    return document if everything else cut(document)


def _study(study: Study) -> dict[str, Any]:
    about, model = study.manifest.about, study.manifest.model
    return {
        "name": study.path.name,
        "title": about.title,
        "fingerprint": study.fingerprint,
        "synthetic": about.synthetic,
        "data": study.manifest.data.name,
        "model": None if model is None else {"name": model.name, "version": model.version, "sha256": model.sha256},
    }


def _cases(found: Comparisons) -> dict[str, Any]:
    common = found.matched
    counts = ("by_case_id", "by_content", "confirmed", "other_bytes", "only_a", "only_b")
    return {
        "common": common.n,
        **{name: getattr(common, name) for name in counts},
        "groups": found.rates.groups,
        "tests": found.tests,
        "seen_by_both": found.seen_by_both,
        "shared_with_training": {name: asdict(one) for name, one in zip("ab", found.shared, strict=True)},
        "other_labels": [asdict(case) for case in common.other_labels],
    }


def _number(one: ComparedNumber) -> dict[str, Any]:
    return {
        "name": one.name,
        **plain(one.counts),
        **measured("a", one.a),
        **measured("b", one.b),
        **measured("difference", one.difference),
        "mcnemar": plain(one.test),
    }


def _auc(one: ComparedAuc) -> dict[str, Any]:
    found = one.found
    document = {"name": one.name, **measured("a", found.a), **measured("b", found.b)}
    document |= measured("difference", found.difference)
    document["p_value"] = plain(found.p_value)
    if found.clustered_p_value is not None:
        document["p_value_clustered"] = plain(found.clustered_p_value)
    return document


def as_text(found: Comparisons, *, everything: bool = False) -> str:
    """Return the comparison for a person: the answer, how scans were matched, every number, who is wrong where."""
    classes, (rates, aucs) = found.matched.classes, found.distinct
    lines = [
        *(f"{name}  {_described(study)}" for name, study in (("A", found.a), ("B", found.b))),
        "",
        *(text.training(found), text.answer(found)),
        "",
        *(text.matching(found), text.multiplicity(found)),
        "",
        *_table([text.rate_row(one, classes) for one in rates]),
        "",
        *_table([text.auc_row(one, classes) for one in aucs]),
    ]
    for a_is_right, cases in ((True, found.only_a), (False, found.only_b)):
        lines += ["", text.discordant(found, a_is_right=a_is_right), *_listed(cases, found, everything=everything)]
    if found.matched.other_labels:
        rows = text.label_rows(found.matched.other_labels, classes)
        lines += ["", "Left out: another label", *_table(rows)]
    return "\n".join(lines)


def _described(study: Study) -> str:
    synthetic = ", synthetic" if study.manifest.about.synthetic else ""
    return f"{study.manifest.about.title} ({study.path.name}){synthetic}, fingerprint {study.fingerprint[:12]}"


def _listed(cases: Sequence[Discordant], found: Comparisons, *, everything: bool) -> list[str]:
    shown = cases if everything else cases[:SHOWN]
    rows = [text.discordant_row(case, found.matched.classes) for case in shown]
    more = [f"  ... {len(cases):,} in all; --all lists them"] if len(shown) < len(cases) else []
    return [*_table(rows, without="Right"), *more] if rows else ["  none"]


def _table(rows: Sequence[dict[str, str]], *, without: str = "") -> list[str]:
    """Return rows as lines of columns that stand under each other."""
    names = [name for name in rows[0] if name != without]
    cells = [names, *([row[name] for name in names] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(names))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    ]
