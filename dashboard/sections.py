"""Every number of the dashboard as one plain document: what ``neuroval analyze`` prints."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis import dataset as dataset_counts
from analysis.confusion import confusion_pairs, predicted_class
from analysis.errors import Errors, rank_errors
from analysis.estimate import Estimate, Measure
from analysis.findings import Finding, find
from analysis.per_class import Performance, performance
from analysis.splits import Leakage, leakage, without_shared
from data.errors import InputError
from data.evaluated import Evaluated, evaluated
from data.manifest import Acceptance
from data.study import Study

SCHEMA: Final = 1
SEED: Final = 0  # of every bootstrap: pages, report and command line show the same digits
LONGEST: Final = 1000

OVERALL: Final = (
    "accuracy",
    "balanced_accuracy",
    "macro_sensitivity",
    "macro_ppv",
    "macro_f1",
    "weighted_f1",
    "mcc",
    "kappa",
)
PER_CLASS: Final = ("sensitivity", "specificity", "ppv", "npv", "f1")
WITHOUT_LEAKS: Final = ("overall.accuracy", "overall.balanced_accuracy")
WITHOUT_LEAKS_ANY: Final = ("any_tumour.sensitivity", "any_tumour.specificity")
BOUNDS: Final = ("low", "value", "high")


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """An acceptance criterion and whether it is met; ``met`` is none when that cannot be said, with the reason."""

    criterion: Acceptance
    estimate: Estimate
    met: bool | None
    reason: str | None


def sections(
    study: Study, *, split: str = "test", names: Collection[str] | None = None, everything: bool = False
) -> dict[str, Any]:
    """Return the numbers of a study's split as a document of plain values, ready for JSON.

    ``{"schema": 1, "study": {"title", "fingerprint", "split", "n"}, "sections": {<name>: ...}}`` with the sections
    ``names``, by default all. An estimate has eight keys (``value``, ``low``, ``high``, ``level``, ``method``, ``n``,
    ``count``, ``reason``). Where cases come in groups the cluster-adjusted estimate stands beside the plain one as
    ``<key>_clustered``; ``acceptance`` and ``without_leaks`` hold the wider of the two.

    A list of more than 1,000 entries is cut, unless ``everything`` is asked for: it holds the first 1,000 and one
    last entry ``{"cut": true, "total": <number of all>}``. Raises ``InputError`` for an unknown section and for a
    split without predictions, naming what there is.
    """
    wanted = list(SECTIONS) if names is None else list(names)
    for name in wanted:
        if name not in SECTIONS:
            raise InputError(f"section: {name!r} is not known; expected one of {list(SECTIONS)}.")
    found = evaluated(study, split)
    source = _Source(study=study, found=found, performance=performance_of(study, found))
    document = {
        "schema": SCHEMA,
        "study": {
            "title": study.manifest.about.title,
            "fingerprint": study.fingerprint,
            "split": split,
            "n": found.n,
        },
        "sections": {name: SECTIONS[name](source) for name in SECTIONS if name in wanted},
    }
    return document if everything else _cut(document)


def performance_of(study: Study, found: Evaluated) -> Performance:
    """Return the performance on evaluated cases with the study's classes and groups, and the project's seed."""
    return performance(
        found.reference,
        predicted_class(found.probabilities),
        classes=study.classes.names,
        negative=study.classes.negative,
        groups=found.cases["group_id"],
        rng=np.random.default_rng(SEED),
    )


def new_to_the_model(study: Study, found: Evaluated) -> Evaluated:
    """Return the evaluated cases whose group has no member in what the model was fitted on."""
    new = study.cases.loc[without_shared(study.cases, split=found.split), "case_id"]
    kept = found.cases["case_id"].isin(new).to_numpy(dtype=np.bool_)
    return Evaluated(
        split=found.split,
        cases=found.cases[kept],
        reference=found.reference[kept],
        probabilities=found.probabilities[kept],
    )


def errors_of(study: Study, found: Evaluated) -> Errors:
    """Return the errors among evaluated cases, ranked, with the study's thresholds."""
    thresholds = study.manifest.thresholds
    return rank_errors(
        found.cases["case_id"].to_numpy(),
        found.reference,
        found.probabilities,
        classes=study.classes.names,
        high=thresholds.high_confidence,
        review=thresholds.review,
    )


def described(study: Study) -> dataset_counts.Dataset:
    """Return the study's data set in counts."""
    return dataset_counts.describe(study.cases, classes=study.classes.names, rejected=len(study.rejected))


def leakage_of(study: Study, split: str) -> Leakage:
    """Return what the cases of a split share with those the model was fitted on."""
    return leakage(study.cases, classes=study.classes.names, split=split)


def findings_of(
    study: Study, found: Evaluated, result: Performance, *, dataset: dataset_counts.Dataset, shared: Leakage
) -> tuple[Finding, ...]:
    """Return what limits the numbers of a split, critical first."""
    return find(
        classes=study.classes,
        dataset=dataset,
        leakage=shared,
        matrix=result.matrix,
        probabilities=found.probabilities,
    )


def judge(criteria: Sequence[Acceptance], result: Performance) -> tuple[Criterion, ...]:
    """Return for each acceptance criterion whether the wider interval's bound reaches what was asked.

    A metric is ``overall.<name>``, ``any_tumour.<name>``, ``classes.<class>.<name>`` or ``<class>.<name>``; a bound
    is ``low``, ``value`` or ``high``. A metric or bound that is not known, or not estimable here, is neither met
    nor missed.
    """
    return tuple(_judged(criterion, result) for criterion in criteria)


def _judged(criterion: Acceptance, result: Performance) -> Criterion:
    measure = _measure(criterion.metric, result)
    if measure is None:
        estimate = Estimate.undefined(reason=f"no number is called {criterion.metric}")
        return Criterion(criterion=criterion, estimate=estimate, met=None, reason=estimate.reason)
    estimate = measure.headline
    if criterion.bound not in BOUNDS:
        reason = f"bound {criterion.bound!r} is not known; expected one of {list(BOUNDS)}"
        return Criterion(criterion=criterion, estimate=estimate, met=None, reason=reason)
    reached = {"low": estimate.low, "value": estimate.value, "high": estimate.high}[criterion.bound]
    if reached is None:
        return Criterion(criterion=criterion, estimate=estimate, met=None, reason=estimate.reason)
    return Criterion(criterion=criterion, estimate=estimate, met=reached >= criterion.at_least, reason=None)


def _measure(metric: str, result: Performance) -> Measure | None:
    about, _, name = metric.removeprefix("classes.").rpartition(".")
    owner: object = {one.name: one for one in result.classes}.get(about)
    known: tuple[str, ...] = PER_CLASS
    if about in ("", "overall") and not metric.startswith("classes."):
        owner, known = result.overall, OVERALL
    elif about == "any_tumour":
        owner = result.any_tumour
    found = getattr(owner, name, None) if name in known else None
    return found if isinstance(found, Measure) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    study: Study
    found: Evaluated
    performance: Performance


def _dataset(source: _Source) -> dict[str, Any]:
    names = source.study.classes.names
    facts = described(source.study)
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
                "shares": {name: share.as_dict() for name, share in zip(names, split.shares, strict=True)},
                "imbalance_ratio": split.imbalance_ratio.as_dict(),
            }
            for split in facts.splits
        ],
        "classes": {
            one.name: {"n": one.n, "share": one.share.as_dict(), "groups": one.groups, "patients": one.patients}
            for one in facts.classes
        },
        "sources": [
            {"name": name, "counts": dict(zip(names, counts, strict=True))}
            for name, counts in zip(facts.sources, facts.source_counts.tolist(), strict=True)
        ],
        "sizes": None
        if sizes is None
        else {
            "known": sizes.known,
            "distinct": sizes.distinct,
            "width": dict(zip(extent, sizes.width, strict=True)),
            "height": dict(zip(extent, sizes.height, strict=True)),
        },
    }


def _per_class(source: _Source) -> dict[str, Any]:
    result = source.performance
    document: dict[str, Any] = {"overall": _measures(result.overall, OVERALL)}
    if result.any_tumour is not None:
        document["any_tumour"] = _measures(result.any_tumour, PER_CLASS)
    document["classes"] = {one.name: _measures(one, PER_CLASS) for one in result.classes}
    return document


def _measures(owner: object, names: tuple[str, ...]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name in names:
        measure: Measure = getattr(owner, name)
        document[name] = measure.plain.as_dict()
        if measure.clustered is not None:
            document[f"{name}_clustered"] = measure.clustered.as_dict()
    return document


def _confusion(source: _Source) -> dict[str, Any]:
    matrix = source.performance.matrix
    pairs = [
        {"reference": pair.reference, "predicted": pair.predicted, "count": pair.count, "rate": pair.rate.as_dict()}
        for pair in confusion_pairs(matrix)
    ]
    return {"classes": list(matrix.classes), "matrix": matrix.counts.tolist(), "pairs": pairs}


def _errors(source: _Source) -> list[dict[str, Any]]:
    return [asdict(case) for case in errors_of(source.study, source.found).cases]


def _audit(source: _Source) -> dict[str, Any]:
    study, found = source.study, source.found
    facts, shared = described(study), leakage_of(study, found.split)
    findings = findings_of(study, found, source.performance, dataset=facts, shared=shared)
    remaining = performance_of(study, new_to_the_model(study, found))
    return {
        "new_to_the_model": {
            "n": remaining.matrix.n,
            "counts": dict(zip(study.classes.names, remaining.matrix.support, strict=True)),
        },
        "without_leaks": _without_leaks(source, remaining),
        "findings": [asdict(finding) for finding in findings],
        "twins_across_splits": _twins_across(study, split=found.split, against=shared.against),
        "patients_across_splits": _patients_across(study.cases, split=found.split, against=shared.against),
        "label_conflicts": [
            {"case_ids": list(conflict.case_ids), "labels": list(conflict.labels)} for conflict in facts.label_conflicts
        ],
    }


def _without_leaks(source: _Source, remaining: Performance) -> list[dict[str, Any]]:
    metrics = WITHOUT_LEAKS + (WITHOUT_LEAKS_ANY if source.study.classes.negative is not None else ())
    rows = []
    for metric in metrics:
        before, after = _measure(metric, source.performance), _measure(metric, remaining)
        if before is not None and after is not None:
            rows.append({"metric": metric, "all": before.headline.as_dict(), "without": after.headline.as_dict()})
    return rows


def _twins_across(study: Study, *, split: str, against: tuple[str, ...]) -> list[dict[str, str]]:
    """Pairs between the evaluated split (``test``) and what the model was fitted on (``train``)."""
    split_of = study.cases.set_index("case_id")["split"]
    turned = study.pairs.rename(columns={"case_a": "case_b", "case_b": "case_a"})
    both = pd.concat([study.pairs, turned], ignore_index=True).rename(columns={"case_a": "test", "case_b": "train"})
    both = both[["test", "train", "kind"]]
    # Copies of one content are all paired with its first case: two hops lead from any copy to any other.
    exact = both[both["kind"] == "exact"]
    evaluated_copies = exact[exact["test"].map(split_of) == split].rename(columns={"train": "first"})
    fitted_copies = exact[exact["train"].map(split_of).isin(against)].rename(columns={"test": "first"})
    hops = evaluated_copies.merge(fitted_copies, on=["first", "kind"])[["test", "train", "kind"]]
    twins = pd.concat([both, hops], ignore_index=True)
    across = twins[(twins["test"].map(split_of) == split) & twins["train"].map(split_of).isin(against)]
    across = across.drop_duplicates().sort_values(["test", "train", "kind"])
    return [
        {"test": test, "train": train, "kind": kind} for test, train, kind in across.itertuples(index=False, name=None)
    ]


def _patients_across(cases: pd.DataFrame, *, split: str, against: tuple[str, ...]) -> list[dict[str, Any]]:
    known = cases.dropna(subset="patient_id")
    test = known.loc[known["split"] == split, "patient_id"].value_counts()
    train = known.loc[known["split"].isin(against), "patient_id"].value_counts()
    shared = sorted(set(test.index) & set(train.index))
    return [{"patient_id": str(name), "test": int(test[name]), "train": int(train[name])} for name in shared]


def _acceptance(source: _Source) -> list[dict[str, Any]]:
    return [
        {
            **asdict(one.criterion),
            "estimate": one.estimate.as_dict(),
            "met": one.met,
            "reason": one.reason,
        }
        for one in judge(source.study.manifest.acceptance, source.performance)
    ]


SECTIONS: Final[Mapping[str, Callable[[_Source], Any]]] = {
    "dataset": _dataset,
    "per-class": _per_class,
    "confusion": _confusion,
    "errors": _errors,
    "audit": _audit,
    "acceptance": _acceptance,
}


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _cut(inner) for key, inner in value.items()}
    if not isinstance(value, list):
        return value
    entries = [_cut(inner) for inner in value[:LONGEST]]
    return entries if len(value) <= LONGEST else [*entries, {"cut": True, "total": len(value)}]


def as_text(document: Mapping[str, Any]) -> str:
    """Return a document of ``sections`` as short lines for a person, estimates with the wider interval."""
    study = document["study"]
    lines = [f"{study['title']}, split {study['split']}, {study['n']:,} cases", f"fingerprint {study['fingerprint']}"]
    for name, content in document["sections"].items():
        lines += ["", name, *(f"  {line}" for line in _lines(content))]
    return "\n".join(lines)


def estimate_as_text(estimate: Mapping[str, Any]) -> str:
    """Return an estimate as it is printed: ``0.967 (0.938-0.982), 263/272`` with an en dash."""
    value, low, high = estimate["value"], estimate["low"], estimate["high"]
    if value is None:
        return f"not estimable: {estimate['reason']}"
    if low is None or high is None:
        return f"{value:.3f} (no interval: {estimate['reason']})"
    counted = "" if estimate["count"] is None else f", {estimate['count']:,}/{estimate['n']:,}"
    return f"{value:.3f} ({low:.3f}\u2013{high:.3f}){counted}"


def _lines(content: Any) -> list[str]:
    if isinstance(content, list):
        return [_entry(entry) for entry in content] or ["none"]
    lines = []
    for key, value in content.items():
        if key.endswith("_clustered"):
            continue
        shown = _wider(value, content.get(f"{key}_clustered"))
        if _is_flat(shown):
            lines.append(f"{key}: {_entry(shown)}")
        else:
            lines += [f"{key}:", *(f"  {line}" for line in _lines(shown))]
    return lines


def _entry(value: Any) -> str:
    if isinstance(value, dict):
        if _is_estimate(value):
            return estimate_as_text(value)
        if value.get("cut"):
            return f"... {value['total']:,} in all"
        return ", ".join(f"{key} {_entry(inner)}" for key, inner in value.items() if inner is not None)
    if isinstance(value, list):
        return " ".join(_entry(inner) for inner in value)
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _is_estimate(value: Any) -> bool:
    return isinstance(value, dict) and "method" in value and "value" in value


def _is_flat(value: Any) -> bool:
    return not isinstance(value, (dict, list)) or _is_estimate(value)


def _wider(plain: Any, clustered: Any) -> Any:
    if not _is_estimate(plain) or not _is_estimate(clustered) or plain["low"] is None:
        return plain
    if clustered["low"] is None:
        return clustered
    return clustered if clustered["high"] - clustered["low"] > plain["high"] - plain["low"] else plain
