"""Trials made by hand and by simulation, without a network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from neuroval.analysis.trial.answers import Answers, answers_of

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
SURE = 0.9  # the probability of what is called


@dataclass(slots=True)
class Script:
    """A trial written line by line: what each case is called under each intervention."""

    reference: Sequence[str]
    groups: Sequence[int] | None = None
    classes: Sequence[str] = CLASSES
    negative: str | None = "notumor"
    lines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        return [f"{place:016x}" for place in range(len(self.reference))]

    def add(
        self,
        intervention: str,
        called: dict[int, str],
        *,
        control: str = "",
        level: int = 0,
        hosts: dict[int, int] | None = None,
        network: str = "final",
        sure: float = SURE,
        unlike: Sequence[int] | None = None,
    ) -> "Script":
        """Add what cases, by their place, are called; ``hosts`` are the healthy scans, by the place of the case.

        ``unlike`` are those that are flagged as unlike the training images; none where the model does not say.
        """
        for case, name in called.items():
            chances = dict.fromkeys(self.classes, (1 - sure) / (len(self.classes) - 1)) | {name: sure}
            self.lines.append(
                {
                    "case_id": self.ids[case],
                    "network": network,
                    "intervention": intervention,
                    "level": level,
                    "control": control,
                    "host_case_id": None if hosts is None else self.ids[hosts[case]],
                    "unlike": None if unlike is None else case in unlike,
                    **{f"prob_{key}": value for key, value in chances.items()},
                }
            )
        return self

    def table(self) -> pd.DataFrame:
        return pd.DataFrame(self.lines).astype({"host_case_id": "str"})

    def answers(self, judged: Sequence[bool] | None = None, untouched: Sequence[int] | None = None) -> Answers | None:
        m = len(self.reference)
        return answers_of(
            self.table(),
            case_ids=pd.Series(self.ids, dtype="str"),
            reference=np.array([list(self.classes).index(name) for name in self.reference]),
            groups=np.array(list(range(m)) if self.groups is None else self.groups),
            judged=np.ones(m, dtype=np.bool_) if judged is None else np.array(judged),
            untouched=np.full(m, -1) if untouched is None else np.array(untouched),
            classes=self.classes,
            negative=self.negative,
        )


@pytest.fixture
def script() -> type[Script]:
    return Script


@pytest.fixture
def hand(script: type[Script]) -> Answers:
    """Ten scans worked by hand: 0 to 3 glioma, 4 and 5 meningioma, 6 to 9 healthy; 3 is called wrongly as it is.

    Filled by Telea: 0 and 1 stay glioma, 2 becomes meningioma, 4 goes away, 5 stays. Harmonic: only 0 stays. With the
    hole elsewhere every call stays, but that of 5 under Telea goes away. The hemisphere is put over 0 alone.
    """
    trial = script(["glioma"] * 4 + ["meningioma"] * 2 + ["notumor"] * 4)
    trial.add("none", {0: "glioma", 1: "glioma", 2: "glioma", 3: "notumor", 4: "meningioma", 5: "meningioma"})
    trial.add("none", {6: "notumor", 7: "notumor", 8: "glioma", 9: "notumor"})
    trial.add(
        "remove_telea",
        {0: "glioma", 1: "glioma", 2: "meningioma", 3: "glioma", 4: "notumor", 5: "meningioma"},
        sure=0.8,
    )
    trial.add(
        "remove_telea",
        {0: "glioma", 1: "glioma", 2: "glioma", 3: "glioma", 4: "meningioma", 5: "notumor"},
        control="elsewhere",
    )
    gone = dict.fromkeys((1, 2, 3, 4, 5), "notumor")
    trial.add("remove_harmonic", {0: "glioma", **gone}, sure=0.7)
    stays = {0: "glioma", 1: "glioma", 2: "glioma", 3: "notumor", 4: "meningioma", 5: "meningioma"}
    trial.add("remove_harmonic", stays, control="elsewhere")
    trial.add("remove_hemisphere", {0: "notumor"})
    hosts = {0: 6, 1: 7, 2: 8, 4: 9, 5: 6}
    trial.add(
        "remove_telea",
        {0: "notumor", 1: "glioma", 2: "glioma", 4: "notumor", 5: "notumor"},
        control="healthy",
        hosts=hosts,
    )
    trial.add("move", {0: "glioma", 1: "meningioma", 2: "glioma", 4: "notumor", 5: "meningioma"}, hosts=hosts)
    trial.add(
        "move",
        {0: "notumor", 1: "notumor", 2: "glioma", 4: "notumor", 5: "meningioma"},
        control="healthy",
        hosts=hosts,
    )
    trial.add("keep_only", {0: "glioma", 1: "meningioma", 2: "notumor", 3: "glioma", 4: "meningioma"})
    made = trial.answers()
    assert made is not None
    return made


Simulated = Callable[..., Answers]


@pytest.fixture
def simulated() -> Simulated:
    """A cohort of patients whose calls rest on a shortcut with a chosen strength."""
    return simulate


def simulate(
    rng: np.random.Generator,
    *,
    shortcut: float,
    patients: int = 60,
    slices: int = 3,
    alike: float = 0.3,
    filling: float = 0.02,
    filling_alone: float | None = None,
) -> Answers:
    """Return a trial of ``patients`` with a tumour (three classes in turn) and half as many without.

    A call rests on the shortcut with probability ``shortcut``, and then stays when the tumour goes; ``alike`` is how
    often a slice takes over what its patient's other slices do. ``filling`` is how often filling by itself moves a
    call: away from a tumour with the hole elsewhere, towards one in a healthy scan. ``filling_alone`` is how often a
    filled hole is taken for a tumour where that differs.
    """
    traces_of_filling = filling if filling_alone is None else filling_alone
    patient = np.repeat(np.arange(patients), slices)
    n = len(patient)
    healthy = n // 2
    reference = np.concatenate([np.array([0, 1, 3])[patient % 3], np.full(healthy, 2)])
    groups = np.concatenate([patient, patients + np.arange(healthy)])

    def shared(rate: float) -> NDArray[np.bool_]:
        together = rng.random(patients) < rate
        single = rng.random(n) < rate
        return np.where(rng.random(n) < alike, together[patient], single)

    rows: list[tuple[NDArray[np.int64], NDArray[np.int64], str, str, NDArray[np.int64]]] = []
    tumours, nobody = np.arange(n), np.full(n, -1)
    everything = np.arange(n + healthy)
    rows.append((everything, reference, "none", "", np.full(n + healthy, -1)))
    hosts = n + rng.integers(healthy, size=n)
    rests = shared(shortcut)
    for method in ("remove_telea", "remove_harmonic"):
        traces = rng.random(n) < traces_of_filling
        rows.append((tumours, np.where(rests | traces, reference[:n], 2), method, "", nobody))
        rows.append((tumours, np.where(shared(filling), 2, reference[:n]), method, "elsewhere", nobody))
        rows.append((tumours, np.where(rng.random(n) < traces_of_filling, 0, 2), method, "healthy", hosts))
    case, called, intervention, control, host = (
        np.concatenate([np.broadcast_to(np.asarray(row[part], dtype=object), len(row[0])) for row in rows])
        for part in range(5)
    )
    calls = called.astype(np.int64)
    return Answers(
        case=case.astype(np.int64),
        host=host.astype(np.int64),
        intervention=intervention,
        level=np.zeros(len(case), dtype=np.int64),
        control=control,
        probabilities=np.eye(4)[calls] * 0.8 + 0.05,
        reference=reference,
        groups=groups,
        untouched=reference,
        judged=np.ones(len(reference), dtype=np.bool_),
        classes=CLASSES,
        negative=2,
    )
