"""Who takes part in a trial: hosts in turn, alike and of the same plane; a sample stratified by class."""

from collections import Counter
from pathlib import Path

import numpy as np

from neuroval.model.evaluation.trial_plan import HEALTHY, Scan, _sample, _with_hosts


def scan(name: str, label: str = "notumor", *, look: float = 0.0, plane: str | None = None, group: str = "") -> Scan:
    return Scan(
        case_id=name,
        label=label,
        split="test",
        group=group or name,
        plane=plane,
        image=Path(name),
        outline=None,
        look=np.array([look, -look]),
        content=name,
    )


def chance() -> np.random.Generator:
    return np.random.default_rng(7)


def test_hosts_are_used_in_turn_and_each_is_a_control_once() -> None:
    tumours = [scan(f"t{number}", "glioma", look=number) for number in range(10)]
    hosts = [scan(f"h{number}", look=number) for number in range(4)]
    units = _with_hosts(tumours, hosts, move=True, rng=chance())
    moved = [unit for unit in units if unit.kind == "move"]
    assert [unit.scan.case_id for unit in sorted(moved, key=lambda unit: unit.scan.case_id)] == [
        f"t{number}" for number in range(10)
    ]
    uses = Counter(unit.host.case_id for unit in moved if unit.host)
    assert sorted(uses.values()) == [2, 2, 3, 3]
    healthy = [unit for unit in units if unit.kind == HEALTHY]
    assert sorted(unit.host.case_id for unit in healthy if unit.host) == ["h0", "h1", "h2", "h3"]
    for unit in healthy:
        assert unit.donor is not None
        assert unit.host is not None
        assert unit.donor.case_id != unit.host.case_id
    assert [u.scan.case_id for u in _with_hosts(tumours, hosts, move=True, rng=chance())] == [
        u.scan.case_id for u in units
    ]


def test_a_host_is_alike_of_the_same_plane_and_of_another_patient() -> None:
    tumour = scan("t", "glioma", look=1.0, plane="axial", group="p")
    hosts = [
        scan("same patient", look=1.0, plane="axial", group="p"),
        scan("other plane", look=1.0, plane="coronal"),
        scan("unlike", look=9.0, plane="axial"),
        scan("alike", look=1.5),
    ]
    (unit,) = [unit for unit in _with_hosts([tumour], hosts, move=True, rng=chance()) if unit.kind == "move"]
    assert unit.host is not None
    assert unit.host.case_id == "alike"


def test_without_a_host_nothing_is_moved() -> None:
    tumour = scan("t", "glioma", group="p")
    assert _with_hosts([tumour], [], move=True, rng=chance()) == []
    assert _with_hosts([tumour], [scan("h", group="p")], move=True, rng=chance()) == []


def test_the_sample_has_each_class_in_its_share() -> None:
    scans = [scan(f"a{number}", "glioma") for number in range(60)] + [scan(f"b{number}") for number in range(40)]
    chosen = _sample(scans, size=11, splits=("test",), rng=chance())
    assert Counter(taken.label for taken in chosen) == {"glioma": 7, "notumor": 4}
    assert len({taken.case_id for taken in chosen}) == 11
    assert [again.case_id for again in _sample(scans, size=11, splits=("test",), rng=chance())] == [
        taken.case_id for taken in chosen
    ]
    assert _sample(scans, size=100, splits=("test",), rng=chance()) == scans
