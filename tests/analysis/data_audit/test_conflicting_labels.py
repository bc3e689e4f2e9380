from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroval.analysis.data_audit.composition import LabelConflict, describe
from neuroval.analysis.data_audit.conflicting_labels import OddLabels, SecondOpinion, odd_labels
from neuroval.data.exceptions import InputError

CLASSES = ("glioma", "meningioma", "notumor")


def conflict(**labels: str) -> LabelConflict:
    return LabelConflict(case_ids=tuple(labels), labels=tuple(labels.values()))


def predicted(**probabilities: tuple[float, float, float]) -> pd.DataFrame:
    table = pd.DataFrame(probabilities.values(), columns=[f"prob_{name}" for name in CLASSES], dtype=float)
    table.insert(0, "case_id", list(probabilities))
    return table


def judged(*conflicts: LabelConflict, predictions: pd.DataFrame | None = None) -> tuple[OddLabels, ...]:
    return odd_labels(conflicts, classes=CLASSES, predictions=predictions)


def test_the_minority_is_the_odd_one() -> None:
    (found,) = judged(conflict(a="glioma", b="meningioma", c="glioma"))
    assert (found.majority, found.odd, found.tie) == ("glioma", ("b",), False)
    assert found.votes == (("glioma", 2), ("meningioma", 1))
    assert (found.case_ids, found.labels) == (("a", "b", "c"), ("glioma", "meningioma", "glioma"))
    assert (found.opinion, found.agree) == (None, None)


def test_several_may_be_odd() -> None:
    (found,) = judged(conflict(a="notumor", b="meningioma", c="glioma", d="glioma"))
    assert (found.majority, found.odd) == ("glioma", ("a", "b"))
    assert found.votes == (("glioma", 2), ("meningioma", 1), ("notumor", 1))


@pytest.mark.parametrize(
    "labels",
    [
        {"a": "glioma", "b": "meningioma"},
        {"a": "glioma", "b": "meningioma", "c": "meningioma", "d": "glioma", "e": "notumor"},
    ],
)
def test_with_a_tie_none_can_be_named(labels: dict[str, str]) -> None:
    (found,) = judged(conflict(**labels))
    assert (found.majority, found.odd, found.tie, found.agree) == (None, (), True, None)


def test_the_model_is_a_second_opinion_from_the_mean_over_copies() -> None:
    table = predicted(a=(0.6, 0.3, 0.1), b=(0.0, 0.9, 0.1), elsewhere=(1, 0, 0))
    (found,) = judged(conflict(a="glioma", b="meningioma", c="glioma"), predictions=table)
    opinion = found.opinion
    assert (opinion.label, opinion.n, opinion.odd) == ("meningioma", 2, ("a", "c"))
    assert opinion.probability == pytest.approx(0.6)
    assert (found.majority, found.agree) == ("glioma", False)


def test_the_mean_counts_and_not_the_median() -> None:
    """Glioma 1.7 / 3 by mean and 0.4 by median, meningioma 1.1 / 3 and 0.5."""
    table = predicted(a=(0.9, 0.1, 0.0), b=(0.4, 0.5, 0.1), c=(0.4, 0.5, 0.1))
    (found,) = judged(conflict(a="glioma", b="meningioma", c="glioma"), predictions=table)
    assert (found.opinion.label, found.opinion.n) == ("glioma", 3)
    assert found.opinion.probability == pytest.approx(1.7 / 3)


def test_the_model_may_name_the_odd_one_where_counting_cannot() -> None:
    (found,) = judged(conflict(a="glioma", b="meningioma"), predictions=predicted(b=(0.8, 0.1, 0.1)))
    assert found.tie
    assert found.opinion == SecondOpinion(label="glioma", probability=0.8, n=1, odd=("b",))
    assert found.agree is None


def test_the_model_may_contradict_all_copies_or_agree() -> None:
    (against,) = judged(conflict(a="glioma", b="meningioma"), predictions=predicted(a=(0.1, 0.1, 0.8)))
    assert against.opinion.odd == ("a", "b")
    (agreed,) = judged(conflict(a="glioma", b="meningioma", c="glioma"), predictions=predicted(a=(0.8, 0.1, 0.1)))
    assert agreed.agree is True


def test_equal_means_go_to_the_lower_index() -> None:
    (found,) = judged(conflict(a="glioma", b="meningioma"), predictions=predicted(a=(0.0, 0.5, 0.5)))
    assert found.opinion.label == "meningioma"


def test_sets_without_a_prediction_have_no_opinion_and_keep_their_place() -> None:
    conflicts = [
        conflict(a="glioma", b="notumor"),
        conflict(c="glioma", d="notumor"),
        conflict(e="glioma", f="notumor"),
    ]
    found = judged(*conflicts, predictions=predicted(f=(0.2, 0.2, 0.6), a=(0.7, 0.2, 0.1)))
    assert [one.opinion and one.opinion.label for one in found] == ["glioma", None, "notumor"]
    assert [one.case_ids for one in found] == [("a", "b"), ("c", "d"), ("e", "f")]


def test_predictions_of_other_cases_only_are_no_opinion() -> None:
    (found,) = judged(conflict(a="glioma", b="notumor"), predictions=predicted(z=(0.2, 0.2, 0.6)))
    assert found.opinion is None
    (found,) = judged(conflict(a="glioma", b="notumor"), predictions=predicted())
    assert found.opinion is None


def test_no_conflicts() -> None:
    assert judged() == ()
    assert judged(predictions=predicted(a=(1, 0, 0))) == ()


def test_a_missing_column_is_named() -> None:
    table = predicted(a=(1, 0, 0)).drop(columns="prob_notumor")
    with pytest.raises(InputError, match=r"columns \['prob_notumor'\] are missing"):
        judged(conflict(a="glioma", b="notumor"), predictions=table)


def test_the_conflicts_of_a_data_set_are_judged(study_cases: pd.DataFrame) -> None:
    pairs = pd.DataFrame({"case_a": ["r3"], "case_b": ["t5"], "kind": ["mirrored"], "score": [0.99]})
    conflicts = describe(study_cases, classes=("glioma", "notumor"), pairs=pairs).label_conflicts
    (found,) = odd_labels(conflicts, classes=("glioma", "notumor"))
    assert (found.majority, found.odd) == ("notumor", ("t3",))


@given(st.lists(st.sampled_from(CLASSES), min_size=2, max_size=12), st.randoms())
def test_the_odd_ones_are_fewer_than_each_rival_and_order_does_not_matter(labels: list[str], random: Any) -> None:
    rows = [(f"c{row:02d}", label) for row, label in enumerate(labels)]
    shuffled = random.sample(rows, len(rows))
    one, other = (judged(conflict(**dict(part)))[0] for part in (rows, shuffled))
    assert (one.majority, one.votes, set(one.odd)) == (other.majority, other.votes, set(other.odd))
    assert sum(number for _, number in one.votes) == len(labels)
    if one.majority is None:
        assert one.odd == ()
    else:
        assert all(labels.count(one.majority) > labels.count(label) for label in set(labels) - {one.majority})
        assert len(one.odd) == len(labels) - labels.count(one.majority)
