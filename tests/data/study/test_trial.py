"""Trials in the study folder: they come back in order, the fingerprint covers them, and a wrong table is named."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from neuroval.data.exceptions import ContractError
from neuroval.data.storage.home import DESCRIPTIONS
from neuroval.data.study.folder import Study, add_claims, add_trial, read_study
from neuroval.data.study.trial import Trial, TrialFacts, from_arrow, to_arrow

FACTS = TrialFacts(seed=1, sample=2, splits=("test",), kinds=("remove", "corrupt"), version=1)
ROWS = [
    # case_id, network, intervention, level, control, host_case_id, prob_glioma, prob_notumor
    ("t1", "final", "blur", 2, "", None, 0.25, 0.75),
    ("b2", "final", "remove_telea", 0, "healthy", "t1", 0.5, 0.5),
    ("b2", "final", "remove_telea", 0, "", None, 0.875, 0.125),
    ("b2", "final", "none", 0, "", None, 1.0, 0.0),
]
COLUMNS = [
    *("case_id", "network", "intervention", "level", "control", "host_case_id"),
    *("prob_glioma", "prob_notumor"),
]


def trial(**changed: object) -> Trial:
    """A trial with other values in its first row."""
    table = pd.DataFrame(ROWS, columns=COLUMNS)
    for column, value in changed.items():
        table.loc[0, column] = value
    return Trial(table=table, facts=FACTS)


def test_a_trial_comes_back_in_order_with_what_it_was_made_by(write: Callable[..., Study]) -> None:
    before = write()
    after = add_trial(before.path, trial(), provenance={"job": "j"})
    assert after.fingerprint != before.fingerprint
    assert after.manifest.files.keys() - before.manifest.files.keys() == {"trial.parquet"}
    assert after.manifest.provenance["trial"] == {"job": "j"}
    again = read_study(before.path).trial
    assert before.trial is None
    assert again is not None
    assert again.facts == FACTS
    assert again.table["intervention"].tolist() == ["none", "remove_telea", "remove_telea", "blur"]
    assert again.table["control"].tolist() == ["", "", "healthy", ""]
    assert again.table["host_case_id"].notna().tolist() == [False, False, True, False]
    assert (str(again.table["level"].dtype), str(again.table["prob_glioma"].dtype)) == ("int16", "float64")


def test_equal_trials_are_equal_studies_and_the_other_tables_stay(write: Callable[..., Study], tmp_path: Path) -> None:
    path = write().path
    shutil.copytree(path, tmp_path / "other")
    first = add_trial(path, trial(), provenance={"job": "one day"})
    second = add_trial(tmp_path / "other", Trial(table=trial().table[::-1], facts=FACTS), provenance={"job": "another"})
    assert first.fingerprint == second.fingerprint
    again = add_trial(path, trial(), provenance={})
    assert again.fingerprint == first.fingerprint
    assert again.predictions.equals(first.predictions)


def test_claims_leave_a_trial_where_it_is(write: Callable[..., Study]) -> None:
    path = add_trial(write().path, trial()).path
    assert add_claims(path, DESCRIPTIONS / "brain-tumor-readme-claims.toml").trial is not None


def test_a_changed_trial_is_noticed(write: Callable[..., Study]) -> None:
    path = add_trial(write().path, trial()).path
    (path / "trial.parquet").write_bytes((path / "trial.parquet").read_bytes()[:-1] + b"x")
    with pytest.raises(ContractError, match=r"trial.parquet: content differs from the hash"):
        read_study(path)


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"case_id": "zz"}, r"'case_id', row 0 is 'zz'; expected a case_id of cases.parquet"),
        ({"host_case_id": "zz"}, r"'host_case_id', row 0 is 'zz'; expected a case_id of cases.parquet"),
        ({"intervention": "sepia"}, r"'intervention', row 0 is 'sepia'; expected one of \['none'"),
        ({"control": "here"}, r"'control', row 0 is 'here'; expected one of \['', 'elsewhere', 'healthy'\]"),
        ({"level": 0}, r"'level', row 0 is 0; expected 1 to 5 for corruptions and repeats, 0 for others"),
        ({"level": 6}, r"'level', row 0 is 6"),
        ({"intervention": "remove_telea"}, r"'level', row 0 is 2"),
        ({"prob_glioma": 1.5}, r"'prob_glioma', row 0 is 1.5; expected a probability from 0 to 1"),
        ({"case_id": "b2", "intervention": "none", "level": 0}, r"'case_id', row 3 is 'b2'; expected each case_id"),
    ],
)
def test_a_wrong_row_is_named(
    changed: dict[str, object], what: str, cases: pd.DataFrame, write: Callable[..., Study]
) -> None:
    table = to_arrow(Trial(table=pd.DataFrame(ROWS, columns=COLUMNS), facts=FACTS), write().classes)
    rows = trial(**changed).table.astype({"level": "int16"})
    unsorted = type(table).from_pandas(rows, preserve_index=False)
    with pytest.raises(ContractError, match=f"trial.parquet: column {what}"):
        from_arrow(unsorted, write().classes, cases, facts=FACTS.to_document())


def test_a_trial_that_does_not_say_how_it_was_made_is_refused(cases: pd.DataFrame, write: Callable[..., Study]) -> None:
    classes = write().classes
    with pytest.raises(ContractError, match=r"trial.parquet: its metadata says of the trial None; expected \['seed'"):
        from_arrow(to_arrow(trial(), classes), classes, cases, facts=None)
