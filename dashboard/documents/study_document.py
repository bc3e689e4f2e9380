"""Every number of the dashboard as one plain document: what ``neuroval analyze`` prints."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, fields
from operator import attrgetter
from typing import Any, Final, TypeVar

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.finding import Finding
from neuroval.analysis.core.metrics import (
    COUNTED,
    COUNTED_OVERALL,
    FURTHER,
    OF_MAPS,
    OF_SUBGROUP,
    RANKED_OVERALL,
    TRIED,
    Metric,
    measure,
    read,
)
from neuroval.analysis.decisions.acceptance import Judged
from neuroval.analysis.performance.per_class import ANY_TUMOUR, Performance
from neuroval.analysis.performance.ranked_errors import ErrorCase
from neuroval.analysis.performance.subgroup_columns import column_names
from neuroval.analysis.performance.subgroups import SubgroupNumber, Subgroups
from neuroval.analysis.performance.training_course import CURVES
from neuroval.analysis.study.results import Results, results_of
from neuroval.analysis.study.two_class_questions import RARE, at_prevalence, shifted
from neuroval.analysis.study.whole_study import CrossValidation
from neuroval.dashboard.documents import reviews_document
from neuroval.dashboard.documents.plain_values import measured, plain
from neuroval.dashboard.words import claims as text_claims
from neuroval.dashboard.words import findings as text_findings
from neuroval.dashboard.words import subgroups as text_subgroups
from neuroval.dashboard.words.formats import fraction, number, span
from neuroval.data.classes import ISOLATE, isolated
from neuroval.data.exceptions import InputError
from neuroval.data.study.folder import Study

T = TypeVar("T")

SCHEMA: Final = 1
LONGEST: Final = 1000
PART: Final = ("subgroup", "each")  # of a criterion that is not of all cases
ACROSS: Final = {"patients_across_splits": "patient", "twins_across_splits": "copy"}  # by which these are told
SHOWN: Final = 10  # plain values of a list in the text

WITHOUT_LEAKS: Final = ("overall.accuracy", "overall.balanced_accuracy")
WITHOUT_LEAKS_ANY: Final = ("any_tumour.sensitivity", "any_tumour.specificity")


def sections(
    study: Study, *, basis: str | None = None, names: Collection[str] | None = None, everything: bool = False
) -> dict[str, Any]:
    """Return the numbers of a study on a basis as a document of plain values, ready for JSON.

    ``{"schema": 1, "study": {"title", "fingerprint", "synthetic", "basis", "split", "n"}, "sections": {<name>: ...}}``
    with the sections ``names``, by default all. An estimate has eight keys (``value``, ``low``, ``high``, ``level``,
    ``method``, ``n``, ``count``, ``reason``). Where cases come in groups the cluster-adjusted estimate stands beside
    the plain one as ``<key>_clustered``; ``acceptance`` and ``without_leaks`` hold the headline of the two.

    A list of more than 1,000 entries is cut, unless ``everything`` is asked for: it holds the first 1,000 and one
    last entry ``{"cut": true, "total": <number of all>}``. Raises ``InputError`` for an unknown section and for a
    basis without predictions, naming what there is. ``split`` is the one that the data set's audit is of.
    """
    return document_of(results_of(study, basis=basis), names=names, everything=everything)


def document_of(
    source: Results,
    *,
    names: Collection[str] | None = None,
    everything: bool = False,
    by: Sequence[tuple[str, ...]] | None = None,
) -> dict[str, Any]:
    """Return results as the document of ``sections``; the section of subgroups has a table for each of ``by``."""
    wanted = list(SECTIONS) if names is None else list(names)
    for name in wanted:
        if name not in SECTIONS:
            raise InputError(f"section: {name!r} is not known; expected one of {list(SECTIONS)}.")
    study = source.study
    document = {
        "schema": SCHEMA,
        "study": {
            "title": study.manifest.about.title,
            "fingerprint": study.fingerprint,
            "synthetic": study.manifest.about.synthetic,
            "basis": source.basis,
            "split": source.published.basis,
            "n": source.evaluated.n,
            **({} if (day := study.manifest.criteria_set) is None else {"criteria_set": day.isoformat()}),
        },
        "sections": {
            name: _subgroups(source, by) if name == "subgroups" else SECTIONS[name](source)
            for name in SECTIONS
            if name in wanted
        },
    }
    return document if everything else cut(document)


def _dataset(source: Results) -> dict[str, Any]:
    names = source.study.classes.names
    facts = source.whole.dataset
    sizes = facts.sizes
    extent = ("smallest", "median", "largest")
    return {
        "n": facts.n,
        "rejected": facts.rejected,
        "groups": facts.groups,
        "patients": facts.patients,
        "splits": [
            {
                "name": split.name,
                "n": split.n,
                "counts": dict(zip(names, split.counts, strict=True)),
                "shares": {name: plain(share) for name, share in zip(names, split.shares, strict=True)},
                "imbalance_ratio": plain(split.imbalance_ratio),
            }
            for split in facts.splits
        ],
        "classes": {
            content.name: {
                "n": content.n,
                "share": plain(content.share),
                "groups": content.groups,
                "patients": content.patients,
            }
            for content in facts.classes
        },
        "sources": [
            {"name": name, "counts": dict(zip(names, counts, strict=True))}
            for name, counts in zip(facts.sources, facts.source_counts.tolist(), strict=True)
        ],
        "images": plain(source.whole.images),
        "sizes": None
        if sizes is None
        else {
            "known": sizes.known,
            "distinct": sizes.distinct,
            "width": dict(zip(extent, sizes.width, strict=True)),
            "height": dict(zip(extent, sizes.height, strict=True)),
        },
    }


def _per_class(source: Results) -> dict[str, Any]:
    document = _performance(source.performance)
    document["overall"] |= _measures(source.aucs, RANKED_OVERALL)
    for name, question in source.questions.items():
        drawn = source.curves[name]
        subject = document["any_tumour"] if name == ANY_TUMOUR else document["classes"][name]
        subject |= {
            **_measures(source.subjects[name], FURTHER),
            "at_prevalence": plain(at_prevalence(question, question.prevalence)),
            "where_rare": plain(at_prevalence(question, None if question.prevalence is None else RARE)),
            **({"recalibrated": plain(shifted(question, RARE))} if name == ANY_TUMOUR else {}),
            "roc": plain(drawn.roc),
            "precision_recall": plain(drawn.precision_recall),
        }
    return {**document, "patients": plain(source.patients), "no_result": plain(source.no_result)}


def _performance(result: Performance) -> dict[str, Any]:
    document: dict[str, Any] = {"overall": _measures(result.overall, COUNTED_OVERALL)}
    if result.any_tumour is not None:
        document["any_tumour"] = _measures(result.any_tumour, COUNTED)
    document["classes"] = {rates.name: _measures(rates, COUNTED) for rates in result.classes}
    return document


def _measures(subject: T, metrics: Sequence[Metric[T]]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for metric, value in read(metrics, subject):
        document |= measured(metric.key, value)
    return document


def _confusion(source: Results) -> dict[str, Any]:
    matrix = source.performance.matrix
    pairs = [
        {
            "reference": pair.reference,
            "predicted": pair.predicted,
            "count": pair.count,
            **measured("rate", pair.rate),
        }
        for pair in source.pairs
    ]
    decisions = source.decisions
    return {
        "classes": list(matrix.classes),
        "matrix": matrix.counts.tolist(),
        "pairs": pairs,
        "expected_harm": plain(decisions.harm),
        "net_benefit": plain(decisions.net_benefit),
        "operating_point": plain(decisions.operating_point),
        "no_operating_point": plain(decisions.no_operating_point),
        "risk_control": plain(decisions.risk_control),
    }


def _errors(source: Results) -> list[dict[str, Any]]:
    names = [field.name for field in fields(ErrorCase)]
    values = attrgetter(*names)  # a million cases have many errors: asdict would copy each
    return [dict(zip(names, values(case), strict=True)) for case in source.errors.cases]


def _error_rates(source: Results) -> dict[str, Any]:
    errors = source.errors
    rates = measured("rate", errors.rate) | measured("high_confidence_rate", errors.high_confidence_rate)
    return {"n": errors.n, "count": errors.count, "high_confidence_count": errors.high_confidence_count, **rates}


def _suspects(source: Results) -> list[dict[str, Any]]:
    return [] if source.whole.suspects is None else plain(source.whole.suspects.cases)


def _label_noise(source: Results) -> dict[str, Any]:
    suspects = source.whole.suspects
    if suspects is None:
        return {"reason": plain(source.whole.grouped.reason)}
    rates = {
        "any_tumour" if name == ANY_TUMOUR else name: plain(result)
        for name, result in source.imperfect_reference.items()
    }
    noise = {
        noise.name: {"threshold": plain(noise.threshold), "wrong": plain(noise.wrong)} for noise in suspects.classes
    }
    joint = {"confident_joint": plain(suspects.confident_joint), "agreeing": suspects.agreeing}
    return {"reason": None, "n": suspects.n, "wrong": plain(suspects.wrong), "classes": noise, "rates": rates, **joint}


def _confidence(source: Results) -> dict[str, Any]:
    confidence = source.confidence
    smooth = plain(confidence.smooth)
    distances = {
        f"{prefix}{name}": smooth[question].pop(name)
        for question, prefix in (("any_tumour", ""), ("top_label", "top_label_"))
        if smooth[question] is not None
        for name in ("ici", "e50", "e90")
    }
    return {
        **measured("log_loss", confidence.log_loss),
        **measured("brier", confidence.brier.score),
        **plain(confidence.errors),
        **{
            f"{question}{name}": value
            for question, recalibration in (
                ("", confidence.recalibration.any_tumour),
                ("top_label_", confidence.recalibration.top_label),
            )
            if recalibration is not None
            for name, value in plain(recalibration).items()
        },
        **distances,
        "brier_parts": plain(confidence.brier),
        "tiers": plain(confidence.tiers),
        "risk_coverage": plain(confidence.risk_coverage),
        "referral": plain(confidence.referral),
        "reliability": plain(confidence.reliability),
        "smooth": smooth,
        "prediction_sets": plain(confidence.sets),
        "no_prediction_sets": plain(confidence.no_sets),
    }


def _folds(source: Results) -> dict[str, Any]:
    document = _cross_validation(source, source.whole.grouped)
    added = source.whole.grouping
    return {
        **document,
        "ungrouped": _cross_validation(source, source.whole.ungrouped),
        "ungrouped_less_grouped": None if added is None else {"accuracy": plain(added)},
    }


def _cross_validation(source: Results, cross_validation: CrossValidation) -> dict[str, Any]:
    if cross_validation.performance is None:
        return {"reason": plain(cross_validation.reason)}
    return {
        "reason": None,
        "folds": cross_validation.folds,
        "n": cross_validation.performance.matrix.n,
        "left_out": cross_validation.left_out,
        "counts": _support(source, cross_validation.performance),
        "known_patient": {name: plain(share) for name, share in cross_validation.known_patient.items()},
        "by_fold": {
            number.name: {
                "values": [plain(value) for value in number.values],
                "mean": plain(number.mean),
                "sd": number.sd,
            }
            for number in cross_validation.numbers
        },
        **_performance(cross_validation.performance),
    }


def _training(source: Results) -> dict[str, Any]:
    manifest = source.study.manifest
    return {
        "recipe": {} if manifest.model is None else dict(manifest.model.recipe),
        "folds_recipe": {} if manifest.model is None else dict(manifest.model.folds_recipe),
        "test_reads": [asdict(read) for read in manifest.test_reads],
        "runs": [
            {
                "run": run.run,
                "fold": run.fold,
                "chosen_epoch": run.chosen,
                "epochs": [
                    dict(zip(("epoch", *CURVES), row, strict=True))
                    for row in zip(run.epoch.tolist(), *(getattr(run, key).tolist() for key in CURVES), strict=True)
                ],
            }
            for run in source.whole.training
        ],
    }


def _audit(source: Results) -> dict[str, Any]:
    shared = source.audit.leakage
    remaining = source.audit.unseen.performance
    return {
        "new_to_the_model": {
            "n": None if remaining is None else remaining.matrix.n,
            "counts": None if remaining is None else _support(source, remaining),
            "reason": plain(source.audit.unseen.reason),
        },
        "without_leaks": _without_leaks(source),
        "steps": _steps(source),
        "by_distance": plain(source.audit.by_distance),
        "shared": {
            row.name: {
                key: plain(getattr(row, key)) for key in ("group", "patient", "copy", "known_patient", "compared")
            }
            for row in (shared.overall, *shared.classes)
        },
        "confounding": [
            {
                "factor": factor.factor,
                "share": plain(factor.share),
                "accuracy": factor.accuracy,
                "base_rate": factor.base_rate,
                "levels": [asdict(level) for level in factor.levels],
            }
            for factor in source.whole.confounding
        ],
        "findings": [_finding(finding) for finding in source.findings],
        "twins_across_splits": [
            {"test": test, "train": train, "kind": kind} for test, train, kind in source.audit.twins
        ],
        "patients_across_splits": [
            {"patient_id": name, "test": test, "train": train} for name, test, train in source.audit.patients_across
        ],
        "label_conflicts": [
            {**plain(conflict), "tie": conflict.tie, "agree": conflict.agree} for conflict in source.whole.odd_labels
        ],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    document = {"severity": finding.severity, "code": finding.code, "count": finding.count, "n": finding.n}
    return {**document, "text": text_findings.text(finding), "page": finding.page}


def _steps(source: Results) -> list[dict[str, Any]]:
    names = source.study.classes.names
    steps = []
    for step, left in source.audit.at_steps:
        counts = dict(zip(names, step.counts, strict=True))
        facts = {"name": step.name, "n": step.n, "counts": counts, "removed": step.removed}
        steps.append({**facts, "reason": plain(step.reason), **({} if left is None else _performance(left))})
    return steps


def _support(source: Results, result: Performance) -> dict[str, int]:
    return dict(zip(source.study.classes.names, result.matrix.support, strict=True))


def _without_leaks(source: Results) -> list[dict[str, Any]]:
    metrics = WITHOUT_LEAKS + (WITHOUT_LEAKS_ANY if source.study.classes.negative is not None else ())
    rows = []
    for metric in metrics:
        row = {"metric": metric, "all": plain(_headline(metric, source.published.performance, None))}
        row["without"] = plain(_headline(metric, source.audit.unseen.performance, source.audit.unseen.reason))
        row["folds"] = plain(_headline(metric, source.whole.grouped.performance, source.whole.grouped.reason))
        rows.append(row)
    return rows


def _headline(metric: str, result: Performance | None, reason: Reason | None) -> Estimate:
    value = None if result is None else measure(metric, result)
    return Estimate.undefined(reason=reason or Reason("not_known")) if value is None else value.headline


def _acceptance(source: Results) -> list[dict[str, Any]]:
    return [
        {
            **{key: value for key, value in asdict(criterion.criterion).items() if value or key not in PART},
            **_judged(criterion.on_all),
            "without_leaks": None
            if criterion.unleaked is None
            else {"basis": criterion.unleaked.basis, **_judged(criterion.unleaked)},
            "met_on_all": criterion.on_all.met,
            "met": criterion.met,
            "reason": plain(criterion.decisive.reason),
            "shown_below": criterion.decisive.shown_below,
            **({"worst": list(criterion.decisive.values)} if criterion.criterion.columns else {}),
        }
        for criterion in source.criteria
    ]


def _judged(judged: Judged) -> dict[str, Any]:
    return {
        "estimate": plain(judged.estimate),
        "met": judged.met,
        "reason": plain(judged.reason),
        "shown_below": judged.shown_below,
        "required_cases": plain(judged.required),
        "over_folds": plain(judged.over_folds),
    }


def _saliency(source: Results) -> dict[str, Any]:
    mapped = source.mapped
    return {
        "basis": mapped.basis,
        "pointing_game": {
            hits.name: {
                "correct": plain(hits.correct.headline),
                "wrong": plain(hits.wrong.headline),
                "without_evidence": hits.without_evidence,
            }
            for hits in mapped.saliency
        },
        "evidence_inside": {share.name: plain(share) for share in mapped.evidence_share},
    }


def _claims(source: Results) -> list[dict[str, Any]]:
    told = source.study.claims
    if told is None:
        return []
    return [
        {
            "id": claim.claim.id,
            "verdict": claim.verdict,
            "arithmetic": [text_claims.line(line) for line in claim.arithmetic],
            "text": claim.claim.text,
            "source": told.source.title,
            "where": told.source.where,
            "split": claim.claim.split,
            "decisive": " ".join(text_claims.decisive(claim)),
            "against": plain(claim.against),
            "published": None if claim.published is None else dict(zip(("count", "n"), claim.published, strict=True)),
            "ours": plain(claim.ours),
            "difference": plain(claim.difference),
        }
        for claim in source.claims
    ]


def _trial(source: Results) -> dict[str, Any]:
    """Return need and sufficiency by subject, the controls, the corruptions, the maps, the cases whose call stays."""
    trial = source.trial
    if trial is None:
        return {"reason": plain(Reason("no_trial"))}
    return {
        "reason": None,
        "out_of_fold": trial.out_of_fold,
        "subjects": {
            name: {
                **_measures(subject, TRIED),
                "removals": plain(subject.need_row),
                "moved": plain(subject.sufficiency_row),
            }
            for name, subject in trial.subjects.items()
        },
        "healthy_holes": plain(trial.healthy_holes),
        "alone": plain(trial.alone),
        "corruptions": plain(trial.corruptions),
        "repeats": plain(trial.repeats),
        "maps": None
        if trial.maps is None
        else {
            **_measures(trial.maps, OF_MAPS),
            "worthless": trial.maps.worthless,
            **plain(trial.maps),
        },
        "kept_calls": plain(trial.kept),
    }


def _subgroups(source: Results, by: Sequence[tuple[str, ...]] | None = None) -> dict[str, Any]:
    """Return the recorded columns, and the rates by the levels of each, or of those and crossed ones ``by``."""
    wanted = [(name,) for name in source.subgroups.columns] if by is None else list(by)
    tables = [source.subgroups.by(columns) for columns in wanted]
    return {
        "columns": {name: list(source.subgroups.column(name).levels) for name in column_names(source.study)},
        "tables": [_subgroup_table(table) for table in tables],
    }


def _subgroup_table(table: Subgroups) -> dict[str, Any]:
    levels = [
        {
            "values": dict(zip(table.by, level.values, strict=True)),
            "n": level.n,
            "groups": level.groups,
            "patients": level.patients,
            "numbers": {key: _subgroup_number(number) for key, number in level.numbers.items()},
        }
        for level in table.levels
    ]
    tests = {
        key: {**plain(test), "p_value": test.p_value, "adjusted_p_value": table.adjusted.get(key)}
        for key, test in table.tests.items()
    }
    return {
        "by": list(table.by),
        "n": table.n,
        "unknown": table.unknown,
        "left_out": table.left_out,
        "compared": table.compared,
        "whole": plain(table.whole),
        "levels": levels,
        "heterogeneity": tests,
    }


def _subgroup_number(number: SubgroupNumber) -> dict[str, Any]:
    values = [document for metric, value in read(OF_SUBGROUP, number) for document in [measured(metric.key, value)]]
    together = {key: value for document in values for key, value in document.items()}
    return {**together, "p_value": number.p_value, "adjusted_p_value": number.adjusted, "differs": number.differs}


def _baselines(source: Results) -> dict[str, Any]:
    judged = source.whole.baselines
    return {} if judged is None else plain(judged)


SECTIONS: Final[Mapping[str, Callable[[Results], Any]]] = {
    "dataset": _dataset,
    "training": _training,
    "per-class": _per_class,
    "confusion": _confusion,
    "errors": _errors,
    "error-rates": _error_rates,
    "suspects": _suspects,
    "label-noise": _label_noise,
    "confidence": _confidence,
    "saliency": _saliency,
    "folds": _folds,
    "audit": _audit,
    "acceptance": _acceptance,
    "claims": _claims,
    "trial": _trial,
    "baselines": _baselines,
    "subgroups": _subgroups,
    "reviews": reviews_document.section,
}


def cut(value: Any) -> Any:
    """Return a document whose lists hold at most 1,000 entries, a last one saying how many there are."""
    if isinstance(value, dict):
        return {key: cut(inner) for key, inner in value.items()}
    if not isinstance(value, list):
        return value
    entries = [cut(inner) for inner in value[:LONGEST]]
    return entries if len(value) <= LONGEST else [*entries, {"cut": True, "total": len(value)}]


def as_text(document: Mapping[str, Any]) -> str:
    """Return a document of ``sections`` as short lines for a person, estimates with the wider interval."""
    study = document["study"]
    lines = [
        f"{_marked(study['title'])}, judged on {study['basis']}, {study['n']:,} cases",
        f"fingerprint {study['fingerprint']}",
    ]
    if study["synthetic"]:
        lines.append("synthetic: the images are drawn by a program and show no patient")
    for name, content in document["sections"].items():
        if name == "subgroups":
            told = text_subgroups.lines(content, estimate_as_text)
        elif name == "claims":
            told = text_claims.lines(content)
        else:
            told = _lines(_told(content) if name == "audit" else content)
        lines += ["", name, *(f"  {line}".rstrip() for line in told)]
    return "\n".join(lines)


def estimate_as_text(estimate: Mapping[str, Any]) -> str:
    """Return an estimate as it is printed: ``0.967 (0.938-0.982), 263/272`` with an en dash."""
    value, low, high, count, n = (estimate[key] for key in ("value", "low", "high", "count", "n"))
    if value is None:
        return f"not estimable: {estimate['reason']}"
    if low is None or high is None:
        return f"{number(value)} (no interval: {estimate['reason']})"
    return f"{number(value)} ({span(low, high)}){'' if count is None else f', {fraction(count, n)}'}"


def _told(audit: Mapping[str, Any]) -> dict[str, Any]:
    """Return the audit in which a list that is empty because nothing could be compared is not estimable, not none."""
    known = {key: audit["shared"]["all"][shared_by] for key, shared_by in ACROSS.items()}
    return {**audit, **{key: share for key, share in known.items() if not audit[key] and share["value"] is None}}


def _lines(content: Any) -> list[str]:
    if isinstance(content, list):
        return [_entry(entry) for entry in content] or ["none"]
    lines = []
    for key, value in content.items():
        if key.endswith("_clustered") or value is None:
            continue
        shown = _wider(value, content.get(f"{key}_clustered"))
        if _is_flat(shown):
            lines.append(f"{_marked(key)}: {_entry(shown)}")
        else:
            lines += [f"{_marked(key)}:", *(f"  {line}" for line in _lines(shown))]
    return lines


def _entry(value: Any) -> str:
    if isinstance(value, dict):
        if _is_estimate(value):
            return estimate_as_text(value)
        if value.get("cut"):
            return f"... {value['total']:,} in all"
        return ", ".join(f"{_marked(key)} {_entry(inner)}" for key, inner in value.items() if inner is not None)
    if isinstance(value, list):
        shown = " ".join(_entry(inner) for inner in value[:SHOWN])
        return shown if len(value) <= SHOWN else f"{shown} ... {len(value):,} in all"
    if isinstance(value, float):
        return number(value)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else _marked(str(value))


def _marked(text: str) -> str:
    """Return a name that runs from right to left between marks, so that numbers beside it stay where they are."""
    return text if ISOLATE in text else isolated(text)


def _is_estimate(value: Any) -> bool:
    return isinstance(value, dict) and "method" in value and "value" in value


def _is_flat(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and not any(isinstance(inner, (dict, list)) for inner in value)
    return not isinstance(value, dict) or _is_estimate(value)


def _wider(plain: Any, clustered: Any) -> Any:
    if not _is_estimate(plain) or not _is_estimate(clustered) or plain["low"] is None:
        return plain
    if clustered["low"] is None:
        return clustered
    return clustered if clustered["high"] - clustered["low"] > plain["high"] - plain["low"] else plain
