"""Maps of a trial in the study folder: they come back in order, the fingerprint covers them, a wrong table is named."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from neuroval.data.exceptions import ContractError
from neuroval.data.study.folder import Study, add_trial, read_study
from neuroval.data.study.trial import Trial, TrialFacts
from neuroval.data.study.trial_maps import CURVES, STEPS, VARIANTS, MapFacts, TrialMaps, from_arrow, to_arrow

FACTS = MapFacts(seed=1, sample=2, version=1)
COLUMNS = ["case_id", "network", "intervention", "level", "control", "host_case_id", "prob_glioma", "prob_notumor"]


def trial() -> Trial:
    facts = TrialFacts(seed=1, sample=2, splits=("test",), kinds=("maps",), version=1)
    return Trial(table=pd.DataFrame([("t1", "final", "none", 0, "", None, 0.25, 0.75)], columns=COLUMNS), facts=facts)


def maps(**changed: object) -> TrialMaps:
    rng = np.random.default_rng(7)
    made = TrialMaps(
        case_ids=pd.Index(["t1", "b2"]),
        called=np.array([1, 0]),
        maps=rng.random((2, len(VARIANTS), 3, 4)).astype(np.float16),
        curves=rng.random((2, len(CURVES), STEPS + 1)).astype(np.float32),
        facts=FACTS,
    )
    return dataclasses.replace(made, **changed)  # type: ignore[arg-type]


def test_maps_come_back_in_order_of_case_id_to_the_bit(write: Callable[..., Study]) -> None:
    before, made = write(), maps()
    after = add_trial(before.path, trial(), maps=made)
    assert after.manifest.files.keys() - before.manifest.files.keys() == {"trial.parquet", "trial_maps.parquet"}
    again = read_study(before.path).trial_maps
    assert again is not None
    assert (again.case_ids.tolist(), again.called.tolist(), again.facts) == (["b2", "t1"], [0, 1], FACTS)
    np.testing.assert_array_equal(again.maps, made.maps[::-1])
    np.testing.assert_array_equal(again.curves, made.curves[::-1])
    np.testing.assert_array_equal(again.of_change("all_2"), made.maps[::-1, VARIANTS.index("all_2")])
    np.testing.assert_array_equal(again.curve("insertion"), made.curves[::-1, 1].astype(np.float64))
    with pytest.raises(ValueError, match="read-only"):
        again.maps[0] = 0


def test_the_fingerprint_covers_them_and_a_trial_without_maps_takes_them_away(write: Callable[..., Study]) -> None:
    path = write().path
    first = add_trial(path, trial(), maps=maps())
    other = add_trial(path, trial(), maps=maps(facts=dataclasses.replace(FACTS, seed=2)))
    assert first.fingerprint != other.fingerprint
    bare = add_trial(path, trial())
    assert bare.trial_maps is None
    assert "trial_maps.parquet" not in bare.manifest.files
    assert add_trial(path, trial(), maps=maps()).fingerprint == first.fingerprint


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"case_ids": pd.Index(["t1", "nobody"])}, "case_id"),
        ({"case_ids": pd.Index(["t1", "t1"])}, "case_id"),
        ({"maps": np.full((2, len(VARIANTS), 3, 4), 2, np.float16)}, "outside 0 to 1"),
        ({"curves": np.full((2, len(CURVES), STEPS + 1), np.nan, np.float32)}, "outside 0 to 1"),
    ],
)
def test_what_does_not_fit_is_named(write: Callable[..., Study], changed: dict[str, object], said: str) -> None:
    study = write()
    table = to_arrow(maps(**changed), study.classes)
    with pytest.raises(ContractError, match=rf"trial_maps\.parquet.*{said}"):
        from_arrow(table, study.classes, study.cases)


def test_metadata_and_classes_are_checked(write: Callable[..., Study]) -> None:
    study = write()
    table = to_arrow(maps(), study.classes)
    with pytest.raises(ContractError, match="grid is None"):
        from_arrow(table.replace_schema_metadata(None), study.classes, study.cases)
    kept = table.schema.metadata[b"neuroval"].replace(b'"maps"', b'"mops"')
    with pytest.raises(ContractError, match=r"says of the maps None; expected \['seed', 'sample', 'version'\]"):
        from_arrow(table.replace_schema_metadata({b"neuroval": kept}), study.classes, study.cases)
    unknown = table.set_column(1, "called", pa.array(["glioma", "sarcoma"]))
    with pytest.raises(ContractError, match="'sarcoma'"):
        from_arrow(unknown.replace_schema_metadata(table.schema.metadata), study.classes, study.cases)
