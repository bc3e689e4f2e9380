import pandas as pd
import pytest

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.proportions import proportion
from neuroval.analysis.data_audit.composition import LabelConflict, Sizes, describe

CLASSES = ("glioma", "notumor")


def test_splits_by_hand(study_cases: pd.DataFrame) -> None:
    content = describe(study_cases, classes=CLASSES)
    assert [(split.name, split.n, split.counts) for split in content.splits] == [
        ("train", 3, (2, 1)),
        ("tuning", 2, (1, 1)),
        ("test", 5, (3, 2)),
    ]
    assert content.splits[2].shares == (proportion(3, 5), proportion(2, 5))
    assert [split.imbalance_ratio.value for split in content.splits] == [2.0, 1.0, 1.5]


def test_classes_groups_and_patients_by_hand(study_cases: pd.DataFrame) -> None:
    content = describe(study_cases, classes=CLASSES, rejected=4)
    assert (content.n, content.rejected, content.groups, content.patients) == (10, 4, 6, 3)
    glioma, notumor = content.classes
    assert (glioma.n, glioma.groups, glioma.patients, glioma.share) == (6, 3, 1, proportion(6, 10))
    assert (notumor.n, notumor.groups, notumor.patients) == (4, 4, 2)


def test_sources_by_class_with_the_unknown_named(study_cases: pd.DataFrame) -> None:
    content = describe(study_cases, classes=CLASSES)
    assert content.sources == ("unknown", "x", "y")
    assert content.source_counts.tolist() == [[1, 0], [4, 0], [1, 4]]
    assert content.source_counts.sum() == content.n
    with pytest.raises(ValueError, match="read-only"):
        content.source_counts[0, 0] = 7


def test_sizes_are_of_the_cases_that_have_one(study_cases: pd.DataFrame) -> None:
    sizes = describe(study_cases, classes=CLASSES).sizes
    assert sizes == Sizes(known=9, distinct=3, width=(224, 224, 512), height=(200, 224, 512))
    assert describe(study_cases.assign(width=None, height=None), classes=CLASSES).sizes is None


def test_copies_with_different_labels_are_conflicts(study_cases: pd.DataFrame) -> None:
    assert describe(study_cases, classes=CLASSES).label_conflicts == (
        LabelConflict(case_ids=("r3", "t3"), labels=("notumor", "glioma")),
    )


def test_copies_with_one_label_and_unknown_hashes_are_no_conflict(study_cases: pd.DataFrame) -> None:
    agreed = study_cases.assign(label="glioma")
    unknown = study_cases.assign(sha256=None)
    assert describe(agreed, classes=CLASSES).label_conflicts == ()
    assert describe(unknown, classes=CLASSES).label_conflicts == ()


def test_an_empty_class_has_no_imbalance_ratio(study_cases: pd.DataFrame) -> None:
    train = describe(study_cases, classes=("glioma", "notumor", "pituitary")).splits[0]
    assert train.counts == (2, 1, 0)
    assert train.imbalance_ratio.reason == Reason("no_cases_of", of=("pituitary",))


def test_classes_stay_in_their_given_order(study_cases: pd.DataFrame) -> None:
    content = describe(study_cases, classes=("notumor", "glioma"))
    assert [one.name for one in content.classes] == ["notumor", "glioma"]
    assert content.splits[0].counts == (1, 2)


def test_no_cases_at_all(study_cases: pd.DataFrame) -> None:
    content = describe(study_cases.iloc[:0], classes=CLASSES)
    assert (content.n, content.splits, content.sources) == (0, (), ())
    assert content.classes[0].share.reason == Reason("no_cases")


def test_near_duplicates_with_different_labels_are_conflicts(study_cases: pd.DataFrame) -> None:
    pairs = pd.DataFrame({"case_a": ["r1"], "case_b": ["t4"], "kind": ["mirrored"], "score": [0.99]})
    conflicts = describe(study_cases, classes=CLASSES, pairs=pairs).label_conflicts
    assert LabelConflict(case_ids=("r1", "t4"), labels=("glioma", "notumor")) in conflicts
    assert len(conflicts) == 2
