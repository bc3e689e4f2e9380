"""Results as plain values, ready for JSON: the names of their fields are the keys."""

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.dashboard.words.interval_methods import in_words


def plain(value: Any) -> Any:
    """Return a result as dictionaries, lists and plain values.

    An estimate has its eight keys. A measure ``x`` becomes two keys: ``x``, and ``x_clustered`` where cases come in
    groups; outside a result it becomes a dictionary of ``plain`` and ``clustered``. Infinity, which JSON does not
    have, becomes null.
    """
    if isinstance(value, Estimate):
        return estimate_of(value)
    if isinstance(value, (Reason, Method)):
        return in_words(value)
    if isinstance(value, Measure):
        return {key: None if estimate is None else estimate_of(estimate) for key, estimate in _both(value).items()}
    if is_dataclass(value) and not isinstance(value, type):
        return _fields({field.name: getattr(value, field.name) for field in fields(value)})
    if isinstance(value, Mapping):
        return _fields(value)
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            return plain(value.tolist())
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def estimate_of(estimate: Estimate) -> dict[str, Any]:
    """Return the eight keys of an estimate, method and reason in words."""
    return {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "level": estimate.level,
        "method": in_words(estimate.method),
        "n": estimate.n,
        "count": estimate.count,
        "reason": None if estimate.reason is None else in_words(estimate.reason),
    }


def _fields(values: Mapping[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, value in values.items():
        document |= measured(name, value) if isinstance(value, Measure) else {name: plain(value)}
    return document


def measured(name: str, measure: Measure) -> dict[str, Any]:
    """Return a measure under its name, the cluster-adjusted estimate beside it where there is one."""
    document = {name: estimate_of(measure.plain)}
    if measure.clustered is not None:
        document[f"{name}_clustered"] = estimate_of(measure.clustered)
    return document


def _both(measure: Measure) -> dict[str, Estimate | None]:
    return {"plain": measure.plain, "clustered": measure.clustered}
