"""Two studies compared as one plain document, and as text for a person: what ``neuroval compare`` prints."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from neuroval.analysis.performance.comparison import ComparedNumber
from neuroval.analysis.study.comparison import ComparedAuc, Comparisons, Discordant
from neuroval.dashboard.documents.plain_values import measured, plain
from neuroval.dashboard.documents.study_document import SCHEMA, cut
from neuroval.dashboard.words import compare as text
from neuroval.data.study.folder import Study

SHOWN: Final = 20  # cases of each side in the text


def document_of(comparisons: Comparisons, *, everything: bool = False) -> dict[str, Any]:
    """Return the comparison as a document of plain values, ready for JSON.

    ``{"schema": 1, "studies": {"a": {...}, "b": {...}}, "basis", "classes", "negative_class", "verdict", "sections":
    {"cases", "numbers", "aucs", "non_inferiority", "patients",
    "net_benefit", "discordant"}}``. Estimates and cut lists are as in ``sections``; a difference is that
    of ``a`` less that of ``b``.
    """
    classes = comparisons.matched.classes
    document = {
        "schema": SCHEMA,
        "studies": {"a": _study(comparisons.a), "b": _study(comparisons.b)},
        "basis": comparisons.basis,
        "classes": list(classes.names),
        "negative_class": classes.negative,
        "verdict": text.answer(comparisons),
        "sections": {
            "cases": _cases(comparisons),
            "numbers": [
                {**_number(number), "p_holm": comparisons.holm.get(number.name)} for number in comparisons.rates.numbers
            ],
            "aucs": [{**_auc(auc), "p_holm": comparisons.holm.get(auc.name)} for auc in comparisons.aucs],
            "non_inferiority": {
                "margin": comparisons.margin or None,
                "numbers": [
                    {**plain(number), "equivalent": number.equivalent} for number in comparisons.against_margin
                ],
            },
            "patients": _patients(comparisons),
            "net_benefit": [
                {"threshold": net_benefit.threshold, **measured("difference", net_benefit.difference)}
                for net_benefit in comparisons.net_benefit
            ],
            "discordant": {
                side: [asdict(case) for case in getattr(comparisons, side)] for side in ("only_a", "only_b")
            },
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


def _cases(comparisons: Comparisons) -> dict[str, Any]:
    common = comparisons.matched
    counts = ("by_case_id", "by_content", "confirmed", "other_bytes", "only_a", "only_b")
    return {
        "common": common.n,
        **{name: getattr(common, name) for name in counts},
        "groups": comparisons.rates.groups,
        "tests": comparisons.tests,
        "seen_by_both": comparisons.seen_by_both,
        "shared_with_training": {name: asdict(shared) for name, shared in zip("ab", comparisons.shared, strict=True)},
        "other_labels": [asdict(case) for case in common.other_labels],
    }


def _number(compared: ComparedNumber) -> dict[str, Any]:
    return {
        "name": compared.name,
        **plain(compared.counts),
        **measured("a", compared.a),
        **measured("b", compared.b),
        **measured("difference", compared.difference),
        "mcnemar": plain(compared.test),
        "p_clustered": compared.clustered_p_value,
    }


def _patients(comparisons: Comparisons) -> dict[str, Any]:
    judged = comparisons.by_patient
    left_out = {"without_id": judged.without_id, "mixed": judged.mixed}
    return {"n": judged.n, **left_out, "numbers": [_number(number) for number in judged.numbers]}


def _auc(compared: ComparedAuc) -> dict[str, Any]:
    auc = compared.areas
    document = {"name": compared.name, **measured("a", auc.a), **measured("b", auc.b)}
    document |= measured("difference", auc.difference)
    document["p_value"] = plain(auc.p_value)
    if auc.clustered_p_value is not None:
        document["p_value_clustered"] = plain(auc.clustered_p_value)
    return document


def as_text(comparisons: Comparisons, *, everything: bool = False) -> str:
    """Return the comparison for a person: the answer, how scans were matched, every number, who is wrong where."""
    classes, (rates, aucs) = comparisons.matched.classes, comparisons.distinct
    lines = [
        *(f"{name}  {_described(study)}" for name, study in (("A", comparisons.a), ("B", comparisons.b))),
        "",
        *(text.training(comparisons), text.answer(comparisons)),
        "",
        *(text.matching(comparisons), text.multiplicity(comparisons)),
        "",
        *_table([text.rate_row(rate, classes) for rate in rates]),
        "",
        *_table([text.auc_row(auc, classes) for auc in aucs]),
        "",
        *text.net_benefit(comparisons.net_benefit),
        text.patients(comparisons.by_patient),
        *_table(text.patient_rows(comparisons.by_patient)),
    ]
    for a_is_right, cases in ((True, comparisons.only_a), (False, comparisons.only_b)):
        lines += [
            "",
            text.discordant(comparisons, a_is_right=a_is_right),
            *_listed(cases, comparisons, everything=everything),
        ]
    if comparisons.matched.other_labels:
        rows = text.label_rows(comparisons.matched.other_labels, classes)
        lines += ["", "Left out: another label", *_table(rows)]
    return "\n".join(lines)


def _described(study: Study) -> str:
    synthetic = ", synthetic" if study.manifest.about.synthetic else ""
    return f"{study.manifest.about.title} ({study.path.name}){synthetic}, fingerprint {study.fingerprint[:12]}"


def _listed(cases: Sequence[Discordant], comparisons: Comparisons, *, everything: bool) -> list[str]:
    shown = cases if everything else cases[:SHOWN]
    rows = [text.discordant_row(case, comparisons.matched.classes) for case in shown]
    more = [f"  ... {len(cases):,} in all; --all lists them"] if len(shown) < len(cases) else []
    return [*_table(rows, without="Right"), *more] if rows else ["  none"]


def _table(rows: Sequence[dict[str, str]], *, without: str = "") -> list[str]:
    """Return rows as lines of columns that stand under each other; no line without rows."""
    if not rows:
        return []
    names = [name for name in rows[0] if name != without]
    cells = [names, *([row[name] for name in names] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(names))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    ]
