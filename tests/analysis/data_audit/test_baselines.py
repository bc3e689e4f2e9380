"""What can be had without looking, against scikit-learn and against made tables."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.data_audit.baselines import (
    Baseline,
    Baselines,
    baselines_of,
    held_out_scores,
    ridge_logistic,
    shortcut_baseline,
)
from neuroval.data.exceptions import InputError


def cases_of(tumour: np.ndarray, *, grey: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """Cases whose mean grey is higher by ``grey`` standard deviations where there is a tumour."""
    rng = np.random.default_rng(seed)
    n = len(tumour)
    return pd.DataFrame(
        {
            "mean_intensity": rng.normal(size=n) + grey * tumour,
            "sd_intensity": rng.normal(size=n),
            "file_bytes": rng.integers(5000, 20000, size=n),
            "width": 224,
            "height": 224,
            "phash": [f"{value:016x}" for value in rng.integers(2**63, size=n)],
            "source": np.where(rng.random(n) < 0.5, "a", "b"),
            "plane": None,
        }
    )


def judged(cases: pd.DataFrame, tumour: np.ndarray, *, fold: np.ndarray | None = None) -> Baselines:
    made = baselines_of(
        cases,
        tumour,
        groups=np.arange(len(tumour)) // 2,
        fold=fold,
        called_tumour=tumour,
        tumour_score=tumour.astype(float),
        seed=0,
    )
    assert made is not None
    return made


def by_name(made: Baselines) -> dict[str, Baseline]:
    return {row.name: row for row in made.baselines}


@pytest.mark.parametrize("columns", [1, 5, 40])
def test_the_regression_is_that_of_scikit_learn(columns: int) -> None:
    rng = np.random.default_rng(columns)
    x = rng.normal(size=(200, columns))
    y = rng.random(200) < 1 / (1 + np.exp(-2 * x[:, 0] - 0.5))
    theirs = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(x, y)
    ours = ridge_logistic(x, y)
    assert ours[0] == pytest.approx(theirs.intercept_[0], abs=1e-4)
    assert ours[1:] == pytest.approx(theirs.coef_[0], abs=1e-4)


def test_perfect_separation_has_an_answer_too() -> None:
    x = np.concatenate([np.full((50, 1), -1.0), np.full((50, 1), 1.0)])
    weights = ridge_logistic(x, np.arange(100) >= 50)
    assert np.isfinite(weights).all()
    assert weights[1] > 2


def test_each_case_is_judged_by_a_regression_that_was_not_fitted_on_it() -> None:
    """One column names each fold's own answer: fitted on the others it says nothing, fitted on all it says it all."""
    fold = np.repeat(np.arange(4), 25)
    positive = np.tile(np.arange(25) % 2 == 0, 4)
    own_answer = np.eye(4)[fold] * np.where(positive, 1.0, -1.0)[:, None]
    scores = held_out_scores(own_answer, positive, fold=fold, rng=np.random.default_rng(0))
    for part in range(4):
        held = fold == part
        assert np.ptp(scores[held & positive]) == 0
    inside = ridge_logistic(own_answer, positive)
    assert ((inside[0] + own_answer @ inside[1:] > 0) == positive).all()
    assert not ((scores > 0) == positive).all()


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(InputError, match="found 3, 2 and 3 cases"):
        held_out_scores(np.zeros((3, 1)), np.zeros(2, dtype=bool), fold=np.zeros(3), rng=np.random.default_rng(0))


def test_a_grey_level_that_goes_with_the_tumour_is_seen_and_a_size_that_never_varies_is_not() -> None:
    tumour = np.arange(600) % 3 > 0
    found = by_name(judged(cases_of(tumour, grey=2.0), tumour))
    assert set(found) == {"grey", "file", "pattern", "together", "source"}  # all of one size, and no plane recorded
    assert found["grey"].auc.headline.value == pytest.approx(0.92, abs=0.03)  # Phi(2 / sqrt 2)
    assert (found["file"].auc.headline.low or 1) < 0.5 < (found["file"].auc.headline.high or 0)
    assert found["pattern"].columns == 63  # the first bit never varies
    assert [row.name for row in judged(cases_of(tumour), tumour).baselines if not row.about_file] == ["source"]


def test_always_the_same_answer_is_the_more_frequent_one() -> None:
    tumour = np.arange(90) % 3 > 0
    made = judged(cases_of(tumour), tumour)
    assert (made.constant.plain.count, made.n) == (60, 90)
    assert judged(cases_of(tumour), ~tumour).constant.plain.count == 60
    assert made.model_accuracy.plain.value == 1
    assert made.model_auc.headline.value == 1


def test_the_folds_of_the_study_are_taken_where_it_has_them() -> None:
    tumour = np.arange(120) % 2 == 0
    fold = np.arange(120) // 40
    own = judged(cases_of(tumour, grey=1.0), tumour, fold=fold)
    assert own.own_folds
    assert not judged(cases_of(tumour, grey=1.0), tumour).own_folds
    columns = cases_of(tumour, grey=1.0)[["mean_intensity", "sd_intensity"]].to_numpy()
    scores = held_out_scores(columns, tumour, fold=fold, rng=np.random.default_rng(0))
    assert by_name(own)["grey"].accuracy.plain.count == int(((scores > 0) == tumour).sum())


def test_a_missing_number_is_the_mean_of_the_others() -> None:
    tumour = np.arange(200) % 2 == 0
    cases = cases_of(tumour, grey=2.0)
    whole = by_name(judged(cases, tumour))["grey"].auc.headline.value
    cases.loc[:19, "mean_intensity"] = None
    some = by_name(judged(cases, tumour))["grey"].auc.headline.value
    assert whole is not None
    assert some is not None
    assert 0.5 < some < whole


def test_nothing_recorded_and_one_answer_only_are_no_baselines() -> None:
    tumour = np.arange(20) % 2 == 0
    empty = pd.DataFrame({"source": [None] * 20, "phash": ["no hash"] * 20})
    assert _made(empty, tumour) is None
    assert _made(cases_of(tumour), np.ones(20, dtype=bool)) is None


def _made(cases: pd.DataFrame, tumour: np.ndarray) -> Baselines | None:
    score = tumour.astype(float)
    groups = np.arange(len(tumour))
    return baselines_of(cases, tumour, groups=groups, fold=None, called_tumour=tumour, tumour_score=score, seed=0)


def test_the_warning_needs_the_lower_bound_of_all_numbers_of_the_file_above_0_8() -> None:
    tumour = np.arange(600) % 3 > 0
    strong, weak = (judged(cases_of(tumour, grey=grey), tumour) for grey in (2.5, 1.2))
    finding = shortcut_baseline(strong)
    assert finding is not None
    together = strong.together
    assert together is not None
    assert (together.auc.headline.low or 0) > 0.8
    assert (finding.severity, finding.count, finding.n) == ("warning", together.accuracy.plain.count, 600)
    assert finding.facts["constant"] == pytest.approx(400 / 600)
    assert (by_name(weak)["together"].auc.headline.low or 1) <= 0.8
    assert shortcut_baseline(weak) is None
    assert shortcut_baseline(None) is None


def test_a_recorded_source_alone_is_no_matter_of_this_warning() -> None:
    tumour = np.arange(200) % 2 == 0
    made = judged(pd.DataFrame({"source": np.where(tumour, "a", "b")}), tumour)
    assert by_name(made)["source"].accuracy.plain.value == 1
    assert shortcut_baseline(made) is None


def test_an_estimate_of_a_baseline_allows_for_groups() -> None:
    tumour = np.arange(120) % 2 == 0
    measure: Measure = by_name(judged(cases_of(tumour, grey=1.0), tumour))["grey"].accuracy
    assert isinstance(measure.clustered, Estimate)
