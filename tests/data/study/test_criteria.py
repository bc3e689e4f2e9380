"""Criteria are checked when a study is read: a name, a bound or a limit that no number has would never fail."""

from collections.abc import Callable
from pathlib import Path

import pytest
import tomli_w

from neuroval.data.exceptions import ContractError, InputError
from neuroval.data.study.criteria import Acceptance
from neuroval.data.study.folder import Study, read_manifest
from neuroval.data.study.manifest import Manifest, from_document, to_document

WRONG = {
    "a percentage": ({"at_least": 90}, "at_least is 90; expected a number from 0 to 1"),
    "below 0": ({"at_least": -0.1}, "expected a number from 0 to 1"),
    "no number": ({"at_least": float("nan")}, "at_least is nan"),
    "mcc above 1": ({"metric": "overall.mcc", "at_least": 2}, "expected a number from -1 to 1"),
    "a number that is none": (
        {"metric": "overall.accuracyy"},
        "'overall.accuracyy' is no metric; of all classes there are",
    ),
    "of a class": ({"metric": "glioma.acuracy"}, "of a class or any tumour there are"),
    "all classes have no sensitivity": ({"metric": "overall.sensitivity"}, "'balanced_accuracy'"),
    "an unknown class": ({"metric": "gliom.ppv"}, "is of 'gliom'; expected overall or one of ['any_tumour', 'glioma'"),
    "an unknown class among classes": ({"metric": "classes.gliom.ppv"}, "is of 'gliom'"),
    "an unknown bound": ({"bound": "lower"}, "has the bound 'lower'; expected one of ['low', 'value', 'high']"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_criterion_that_no_number_can_meet_is_refused_in_one_line(write: Callable[..., Study], case: str) -> None:
    changed, expected = WRONG[case]
    study = write()
    document = to_document(read_manifest(study.path))
    document["acceptance"] = [{"metric": "any_tumour.sensitivity", "at_least": 0.98, "bound": "low", **changed}]
    (study.path / "study.toml").write_bytes(tomli_w.dumps(document).encode())
    with pytest.raises(ContractError) as refused:
        read_manifest(study.path)
    assert expected in str(refused.value)
    assert str(Path("study.toml")) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "metric", ["accuracy", "overall.kappa", "glioma.sensitivity", "classes.notumor.npv", "any_tumour.specificity"]
)
def test_what_there_is_may_be_named(manifest: Manifest, metric: str) -> None:
    document = {**to_document(manifest), "acceptance": [{"metric": metric, "at_least": 1, "bound": "value"}]}
    assert from_document(document).acceptance == (Acceptance(metric=metric, at_least=1, bound="value"),)


def test_without_a_negative_class_there_is_no_tumour_to_ask_for(manifest: Manifest) -> None:
    document = {**to_document(manifest), "acceptance": [{"metric": "any_tumour.sensitivity", "at_least": 0.9}]}
    del document["classes"]["negative_class"]
    with pytest.raises(ContractError, match="is of 'any_tumour'; expected overall or one of"):
        from_document(document)


def test_a_harm_that_is_no_number_is_refused(manifest: Manifest) -> None:
    document = {**to_document(manifest), "harm": {"matrix": [[0.0, float("nan")], [1.0, 0.0]]}}
    with pytest.raises(InputError, match="costs of 0 or more"):
        from_document(document)
