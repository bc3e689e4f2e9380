"""A study as the first version shipped it, cut to 56 cases, opens and is analysed: its files miss what came later.

Whoever changes the schema keeps this test, and adds a study of the version before.
"""

import json
import tomllib
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from neuroval.analysis.study.results import results_of
from neuroval.dashboard.documents.study_document import document_of
from neuroval.data import schema
from neuroval.data.study.folder import Study, read_study

FOLDER = Path(__file__).parents[1] / "golden" / "first-shipped-study"


@pytest.fixture(scope="module")
def study() -> Study:
    return read_study(FOLDER)


def test_it_misses_what_came_later() -> None:
    assert tomllib.loads((FOLDER / "study.toml").read_text())["study"]["schema"] == 1
    assert "tuning_scaled_loss" in schema.HISTORY.names
    assert "tuning_scaled_loss" not in pq.read_schema(FOLDER / "history.parquet").names
    for later in ("embeddings", "folds", "folds_ungrouped"):
        assert not (FOLDER / f"{later}.parquet").exists()


def test_what_came_later_is_not_known(study: Study) -> None:
    assert len(study.cases) == 56
    assert study.history is not None
    assert study.history["tuning_scaled_loss"].isna().all()
    assert study.embeddings is None


def test_every_number_is_made_of_it(study: Study) -> None:
    document = document_of(results_of(study), everything=True)
    json.dumps(document, allow_nan=False)
    assert document["study"]["n"] == 24
    accuracy = document["sections"]["per-class"]["overall"]["accuracy"]
    assert accuracy["n"] == 24
    right = [row.label == row.called for row in _called(study).itertuples()]
    assert accuracy["count"] == sum(right)
    assert accuracy["value"] == sum(right) / 24


def _called(study: Study) -> pd.DataFrame:
    table = study.predictions.merge(study.cases[["case_id", "split", "label"]], on="case_id")
    table = table[table["split"] == "test"]
    names = [f"prob_{name}" for name in study.classes.names]
    return table.assign(called=table[names].idxmax(axis="columns").str.removeprefix("prob_"))
