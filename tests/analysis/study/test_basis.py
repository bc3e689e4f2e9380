"""With what a study opens."""

import pytest

from neuroval.analysis.study.basis import BASES, bases, default_basis
from neuroval.analysis.study.results import StudyResults, results_of
from neuroval.data.exceptions import InputError
from neuroval.data.storage.home import SHIPPED_STUDIES
from neuroval.data.study.folder import read_study


@pytest.mark.parametrize(
    ("held", "shared", "opens_with"),
    [
        (("new-patients", "test", "tuning"), True, "new-patients"),
        (("new-patients", "test", "tuning"), False, "test"),
        (("test", "external"), True, "external"),  # without folds the rest is what there is
        (("new-patients", "test", "external"), False, "external"),
        (("tuning",), False, "tuning"),
    ],
)
def test_the_default_never_rests_on_a_leak_where_there_is_another(
    held: tuple[str, ...], shared: bool, opens_with: str
) -> None:
    assert default_basis(held, shared=shared) == opens_with


def test_the_bases_of_a_study_come_in_one_order() -> None:
    assert list(bases(3, {"tuning": 1, "external": 2, "test": 4})) == list(BASES)
    assert bases(0, {"test": 4}) == {"test": 4}


def test_the_shipped_study_opens_with_new_patients_whose_networks_had_not_seen_them() -> None:
    study = StudyResults(study=read_study(SHIPPED_STUDIES / "brain-tumor-mri"))
    judged = study.on()
    assert (judged.basis, judged.evaluated.n, judged.published.basis) == ("new-patients", 7019, "test")
    wrong = int((judged.predicted != judged.evaluated.reference).sum())
    assert (wrong, judged.performance.overall.accuracy.plain.count) == (356, 7019 - 356)
    assert judged.performance is judged.whole.grouped.performance
    known, shared = judged.compared
    assert known.all()
    assert not shared.any()
    assert not judged.has_twin.any()
    assert judged.audit.leakage.split == "test"
    assert (judged.tuning, judged.maps) == (None, None)
    assert study.on("test").published is study.on("test")
    assert judged.claims is study.on("test").claims  # they are about the network itself


def test_a_basis_that_is_not_there_is_named() -> None:
    study = read_study(SHIPPED_STUDIES / "brain-tumor-mri-b3")
    with pytest.raises(
        InputError, match=r"basis 'new-patients' has no predictions; evaluated are: test \(1,311 cases\)"
    ):
        results_of(study, basis="new-patients")


def test_rates_of_new_patients_by_plane_and_source_agree_with_a_hand_count() -> None:
    judged = results_of(read_study(SHIPPED_STUDIES / "brain-tumor-mri"))
    wrong = judged.predicted != judged.evaluated.reference
    cases = judged.evaluated.cases
    for column in ("plane", "source"):
        by_hand = {value: (int(wrong[rows].sum()), len(rows)) for value, rows in cases.groupby(column).indices.items()}
        shown = {
            level.values[0]: (level.n - (level.numbers["overall.accuracy"].rate.plain.count or 0), level.n)
            for level in judged.subgroups.by((column,)).levels
        }
        assert {name: shown[name] for name in shown if name in by_hand} == {
            name: by_hand[name] for name in shown if name in by_hand
        }
        assert len(set(shown) & set(by_hand)) >= 3
