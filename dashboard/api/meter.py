"""What the API counts of itself, for Prometheus and for the answer of ``performance``; of a request nothing is kept."""

import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from neuroval.dashboard.scans.prediction import Prediction

RECENT: Final = 1000  # predictions that percentiles are of
BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Meter:
    """Counts and times since the server started."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    since: float = field(default_factory=time.time)
    requests: Counter = field(init=False)
    seconds: Histogram = field(init=False)
    predictions: Counter = field(init=False)
    refused: Counter = field(init=False)
    under_way: Gauge = field(init=False)

    def __post_init__(self) -> None:
        registry = self.registry
        made = {
            "requests": Counter(
                "neuroval_requests", "Requests answered", ["method", "route", "status"], registry=registry
            ),
            "seconds": Histogram(
                "neuroval_request_seconds", "Time to the answer", ["route"], buckets=BUCKETS, registry=registry
            ),
            "predictions": Counter(
                "neuroval_predictions", "Scans read", ["called", "tier", "in_distribution"], registry=registry
            ),
            "refused": Counter("neuroval_refused", "Requests turned away, all places being taken", registry=registry),
            "under_way": Gauge("neuroval_under_way", "Requests being answered", registry=registry),
        }
        for name, metric in made.items():
            object.__setattr__(self, name, metric)
        ProcessCollector(registry=self.registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def predicted(self, prediction: Prediction, seconds: float) -> None:
        """Count a scan, with the time from its bytes to its answer."""
        known = {True: "yes", False: "no", None: "unknown"}[prediction.in_distribution]
        self.predictions.labels(prediction.called, prediction.tier, known).inc()
        self.recent.append(seconds)

    @property
    def number(self) -> int:
        """How many scans were read."""
        counted = (sample for metric in self.predictions.collect() for sample in metric.samples)
        return int(sum(sample.value for sample in counted if sample.name.endswith("_total")))

    def as_text(self) -> bytes:
        """Return everything in the form that Prometheus reads."""
        return generate_latest(self.registry)


def memory() -> int | None:
    """Return the bytes that this process holds; none where the system does not say."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.is_file() else []
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), None)
