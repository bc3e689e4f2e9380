import numpy as np

from neuroval.analysis.performance.few_groups import FEW, few_groups
from neuroval.data.classes import ClassOrder

CLASSES = ClassOrder(names=("glioma", "notumor"), negative="notumor", display={"notumor": "No tumour"})


def test_classes_of_few_patients_are_named() -> None:
    reference = np.repeat([0, 1], [3 * FEW, 3 * (FEW - 1)])
    groups = np.repeat(np.arange(2 * FEW - 1), 3)
    found = few_groups(reference, groups, classes=CLASSES, split="test")
    assert found is not None
    assert (found.count, found.n, found.severity) == (1, 2, "warning")
    assert found.facts == {"split": "test", "names": ("No tumour",), "fewest": FEW - 1}


def test_enough_patients_and_independent_scans_are_no_finding() -> None:
    reference = np.repeat([0, 1], 3 * FEW)
    assert few_groups(reference, np.repeat(np.arange(2 * FEW), 3), classes=CLASSES, split="test") is None
    assert few_groups(np.repeat([0, 1], 5), np.arange(10), classes=CLASSES, split="test") is None
    # A class without a scan is no class of few patients.
    assert few_groups(np.zeros(3 * FEW, int), np.repeat(np.arange(FEW), 3), classes=CLASSES, split="test") is None
