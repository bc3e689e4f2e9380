"""Sentences are written from the numbers, and claim no more than these say."""

import dataclasses

import numpy as np
import pytest

from analysis.confusion import confusion_matrix, confusion_pairs
from analysis.findings import Finding
from analysis.proportions import proportion
from dashboard import text
from dashboard.compute import Evidence, evidence, study
from dashboard.sections import Criterion
from data.classes import BRAIN_TUMOR
from data.home import LinkedImages
from data.manifest import About, Acceptance, DataFacts, Manifest

G, M, N, P = range(4)


def manifest(harm: tuple[tuple[float, ...], ...] = ()) -> Manifest:
    return Manifest(about=About(name="s", title="S"), classes=BRAIN_TUMOR, data=DataFacts(name="d"), harm=harm)


def pairs_of(*errors: tuple[int, int]) -> list[tuple[str, str]]:
    """The pairs of a matrix of ten correct cases a class and the named errors, as ranked without harm."""
    return [(pair.reference, pair.predicted) for pair in text.ranked(_pairs(*errors), manifest())]


def _pairs(*errors: tuple[int, int]):  # type: ignore[no-untyped-def]
    reference = np.array([index for index in range(4) for _ in range(10)] + [row for row, _ in errors])
    predicted = np.array([index for index in range(4) for _ in range(10)] + [column for _, column in errors])
    return confusion_pairs(confusion_matrix(reference, predicted, classes=BRAIN_TUMOR.names))


def test_an_error_without_harm_ranks_last_however_often_it_happens() -> None:
    harm = ((0, 0, 1, 1), (1, 0, 1, 1), (1, 1, 0, 1), (1, 1, 1, 0))
    ranked = text.ranked(_pairs((G, M), (G, M), (G, M), (P, N)), manifest(harm))
    assert [(pair.reference, pair.predicted) for pair in (ranked[0], ranked[-1])] == [
        ("pituitary", "notumor"),
        ("glioma", "meningioma"),
    ]


def test_a_rare_grave_error_ranks_above_a_frequent_light_one() -> None:
    harm = ((0, 1, 9, 1), (1, 0, 1, 1), (1, 1, 0, 1), (1, 1, 1, 0))
    assert text.ranked(_pairs((G, M), (G, M), (G, N)), manifest(harm))[0].predicted == "notumor"


def test_without_harm_the_number_of_errors_ranks() -> None:
    assert pairs_of((G, N), (P, M), (P, M))[:2] == [("pituitary", "meningioma"), ("glioma", "notumor")]


@pytest.mark.parametrize(
    ("met", "title"),
    [((), "Not decidable"), ((True, None), "Not decidable"), ((True, False, None), "Fails"), ((True, True), "Passes")],
)
def test_the_verdict_is_that_of_the_weakest_criterion(met: tuple[bool | None, ...], title: str) -> None:
    assert text.verdict_title(_criteria(*met))[0] == title


def test_the_reason_says_what_is_recorded_and_what_limits_it() -> None:
    critical = Finding(severity="critical", code="c", count=1, n=2, text="", page=None)
    reason = text.verdict_reason(_criteria(True, False), [critical], readings=2)
    assert reason.startswith("1 of 2 criteria met. The study records 2 readings of the test split, and not when ")
    assert "1 critical finding below limits what this is worth." in reason
    assert "nothing to pass or to fail" in text.verdict_reason((), (), readings=1)


def _criteria(*met: bool | None) -> tuple[Criterion, ...]:
    criterion, estimate = Acceptance(metric="overall.accuracy", at_least=0.9), proportion(9, 10)
    return tuple(Criterion(criterion=criterion, estimate=estimate, met=one, reason=None) for one in met)


@pytest.fixture
def normal(studies_at_home: object) -> Evidence:  # noqa: ARG001
    return evidence(study("normal"))


def test_a_mix_that_is_the_same_is_not_called_different(normal: Evidence) -> None:
    # One case of each class is shared with training, of ten each.
    assert normal.unseen.matrix.support == (9, 9, 9, 9)
    assert text.class_mix(normal, BRAIN_TUMOR) == ""
    assert "mix" not in text.gap(normal, BRAIN_TUMOR)


def test_a_mix_that_differs_is_named(normal: Evidence) -> None:
    matrix = dataclasses.replace(normal.unseen.matrix, counts=np.diag([9, 9, 0, 18]))
    other = dataclasses.replace(normal, unseen=dataclasses.replace(normal.unseen, matrix=matrix))
    assert text.gap(other, BRAIN_TUMOR).endswith(
        "The mix of classes differs: No tumour 0% instead of 25%, Pituitary 50% instead of 25%. "
        "Read it with the numbers per class."
    )


def test_linked_images_that_differ_are_counted(tmp_path: object) -> None:
    images = LinkedImages(folder=tmp_path, other_encoding=frozenset("a"), refused=frozenset("bc"))  # type: ignore[arg-type]
    assert text.linked(images) == (
        "1 linked image: other encoding, predictions may differ slightly. "
        "2 linked images look different and are not shown."
    )
