"""The tidy table: each number of the JSON once, under the key that criteria use, with the wider interval."""

import io

import pandas as pd
import pytest

from neuroval.analysis.core.metrics import measure
from neuroval.analysis.study.results import Results, results_of
from neuroval.dashboard.documents.study_document import document_of
from neuroval.dashboard.documents.table import COLUMNS, as_csv, tidy_table
from neuroval.data.storage.home import SHIPPED_STUDIES
from neuroval.data.study.evaluated_cases import NEW_PATIENTS
from neuroval.data.study.folder import read_study


@pytest.fixture(scope="module")
def found() -> Results:
    return results_of(read_study(SHIPPED_STUDIES / "brain-tumor-mri"))


def farthest(section: dict[str, dict[str, object]], key: str) -> tuple[object, object, object]:
    """The value of a key of the JSON with the lowest low and the highest high; none where an interval is missing."""
    both = [section[name] for name in (key, f"{key}_clustered") if name in section]
    lows, highs = [one["low"] for one in both], [one["high"] for one in both]
    if None in lows:
        return both[0]["value"], None, None
    return both[0]["value"], min(lows), max(highs)  # type: ignore[type-var]


def test_each_number_stands_once(found: Results) -> None:
    shown = tidy_table(found)
    assert list(shown) == list(COLUMNS)
    assert not shown.duplicated(["metric", "subject", "basis", "subgroup"]).any()
    assert set(shown["basis"]) == {NEW_PATIENTS, "test", "new_to_the_model", "folds_ungrouped"}


@pytest.mark.parametrize("subject", ["overall", "any_tumour", "glioma", "notumor"])
def test_the_numbers_are_those_of_the_json(found: Results, subject: str) -> None:
    document = document_of(found, names=["per-class"])["sections"]["per-class"]
    section = document[subject] if subject in document else document["classes"][subject]
    shown = tidy_table(found)
    whole = shown["subgroup"].isna()
    rows = shown[(shown["subject"] == subject) & (shown["basis"] == NEW_PATIENTS) & whole].set_index("metric")
    keys = [key for key in section if isinstance(section[key], dict) and "method" in section[key]]
    assert set(rows.index) == {key for key in keys if not key.endswith("_clustered")}
    for key, row in rows.iterrows():
        shown_ends = tuple(None if pd.isna(row[name]) else row[name] for name in ("value", "low", "high"))
        assert shown_ends == farthest(section, str(key))


def test_subject_and_metric_are_the_key_of_a_criterion(found: Results) -> None:
    published, tried = found.published.performance, found.tried_numbers
    shown = tidy_table(found)
    no_criteria = (shown["subject"] == "maps") | shown["metric"].isin(["still_called", "called_when_moved"])
    for row in shown[(shown["basis"] == "test") & ~no_criteria].itertuples():
        key = f"{row.subject}.{row.metric}"
        named = tried[key] if key in tried else measure(key, published)
        assert named is not None, key
        assert named.headline.value == row.value


def test_subgroups_stand_beside_the_whole(found: Results) -> None:
    shown = tidy_table(found)
    axial = shown[(shown["subgroup"] == "plane=axial") & (shown["subject"] == "any_tumour")].set_index("metric")
    table = found.subgroups.by(("plane",))
    (level,) = [level for level in table.levels if level.values == ("axial",)]
    number = level.numbers["any_tumour.sensitivity"]
    assert axial.loc["sensitivity", "low"] == number.rate.headline.low
    assert axial.loc["sensitivity.difference_to_rest", "value"] == number.difference.headline.value


def test_the_csv_reads_back_to_the_last_digit(found: Results) -> None:
    back = pd.read_csv(io.StringIO(as_csv(found)), dtype={"n": "Int64", "count": "Int64"})
    pd.testing.assert_series_equal(back["low"], tidy_table(found)["low"], check_exact=True)
    assert back["n"].tolist() == tidy_table(found)["n"].tolist()


def test_what_cannot_be_estimated_has_its_reason_and_no_number(found: Results) -> None:
    shown = tidy_table(found)
    row = shown[(shown["basis"] == "new_to_the_model") & (shown["metric"] == "balanced_accuracy")].iloc[0]
    assert pd.isna(row["value"])
    assert pd.isna(row["low"])
    assert row["reason"].startswith("no reference cases of ")
