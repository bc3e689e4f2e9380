"""Cross-validation: each case predicted once, by a network that has not seen its group; stopped and gone on."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from neuroval.data.classes import ClassOrder
from neuroval.data.exceptions import InputError
from neuroval.data.storage.toml import read_toml
from neuroval.data.study.gradcam import from_arrow
from neuroval.model.card import (
    CARD,
    FOLDS,
    FOLDS_UNGROUPED,
    GRADCAM_FOLDS,
    HISTORY,
    PAGE,
    ModelCard,
    card_from,
    read_card,
    write_card,
)
from neuroval.model.evaluation.to_study import evaluate
from neuroval.model.recipe import CounterfactualShares, TrainingConfig, written
from neuroval.model.training import cross_validation as keras_folds
from neuroval.model.training.cross_validation import cross_validate, recipe_of
from neuroval.model.training.loop import TrainingResult

pytestmark = pytest.mark.usefixtures("eagerly")


@pytest.fixture
def model(toy_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(toy_model, tmp_path / "toy"))


def test_each_case_is_predicted_once_and_a_stopped_run_goes_on(
    model: Path, toy_images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = []
    train = keras_folds.train

    def counting(cases: pd.DataFrame, **options: object) -> TrainingResult:
        trained.append(cases)
        if len(trained) == 2:
            raise KeyboardInterrupt
        return train(cases, **options)

    monkeypatch.setattr(keras_folds, "train", counting)
    options = {"images": toy_images, "work": tmp_path / "work", "data_name": "toys", "folds": 2}
    with pytest.raises(KeyboardInterrupt):
        cross_validate(model, **options)
    assert not (model / FOLDS).exists()
    first = (tmp_path / "work" / "grouped-1" / "predictions.parquet").read_bytes()
    table = cross_validate(model, **options)
    assert (tmp_path / "work" / "grouped-1" / "predictions.parquet").read_bytes() == first
    assert len(table) == table["case_id"].nunique() == 78
    assert set(table["fold"]) == {1, 2}
    np.testing.assert_allclose(table.filter(like="prob_").sum(axis=1), 1, atol=1e-5)
    for cases in trained:
        assert set(cases["split"]) == {"train", "tuning", "test"}
        assert (cases.groupby("group_id")["split"].nunique() == 1).all()
    maps = from_arrow(pq.read_table(model / GRADCAM_FOLDS), read_card(model).classes, file=GRADCAM_FOLDS)
    for number in (1, 2):  # each of the network that had not seen the case
        ids = pd.read_parquet(tmp_path / "work" / f"grouped-{number}" / "predictions.parquet")["case_id"]
        of_fold = np.load(tmp_path / "work" / f"grouped-{number}" / "gradcam.npy")
        assert of_fold.any()
        np.testing.assert_array_equal(maps.maps[maps.case_ids.get_indexer(pd.Index(ids))], of_fold)
    history = pd.read_parquet(model / HISTORY)
    assert history.groupby("run")["fold"].nunique().to_dict() == {"final": 0, "grouped": 2}
    study = evaluate(model, toy_images, out=tmp_path / "study", data_name="toys").study
    assert study.folds is not None
    assert len(study.folds) == 78
    assert study.gradcam_folds is not None
    assert study.gradcam_folds.case_ids.tolist() == study.folds["case_id"].tolist()
    assert study.gradcam_folds.grid == read_card(model).grid
    assert not study.gradcam_folds.has_mask.any()
    other = evaluate(model, toy_images, out=tmp_path / "other", data_name="other").study
    assert other.folds is None
    assert other.gradcam_folds is None


def test_ungrouped_folds_take_every_case_for_itself(
    model: Path, toy_images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(cases: pd.DataFrame, **_: object) -> TrainingResult:
        assert cases["group_id"].equals(cases["case_id"])
        raise KeyboardInterrupt

    monkeypatch.setattr(keras_folds, "train", refuse)
    with pytest.raises(KeyboardInterrupt):
        cross_validate(model, images=toy_images, work=tmp_path / "work", data_name="toys", grouped=False)
    assert not (model / FOLDS_UNGROUPED).exists()


def test_a_class_with_too_few_groups_is_named(model: Path, toy_images: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"class '.*' has 26 groups, at least 40 are needed"):
        cross_validate(model, images=toy_images, work=tmp_path / "work", data_name="toys", folds=40)


def test_folds_of_a_lighter_recipe_are_said_to_be(model: Path, toy_images: Path, tmp_path: Path) -> None:
    options = {"images": toy_images, "data_name": "toys", "folds": 2}
    lighter = dataclasses.replace(recipe_of(read_card(model)), epochs=1, warmup_epochs=0)
    cross_validate(model, work=tmp_path / "light", recipe=lighter, **options)
    card = read_card(model)
    assert card.folds["recipe"]["epochs"] == 1
    assert "## Recipe of the folds" in (model / PAGE).read_text()
    study = evaluate(model, toy_images, out=tmp_path / "study", data_name="toys").study
    assert study.manifest.model is not None
    assert study.manifest.model.folds_recipe == card.folds["recipe"]
    with pytest.raises(InputError, match=r"its folds\.parquet come from another recipe"):
        cross_validate(model, work=tmp_path / "other", grouped=False, **options)


def test_the_recipe_is_the_one_of_the_card(model: Path) -> None:
    config = recipe_of(read_card(model))
    assert (config.seed, config.epochs, config.weights, config.tuning_parts) == (3, 2, None, 4)


def test_a_card_brings_the_table_of_counterfactual_training(tmp_path: Path) -> None:
    config = TrainingConfig(counterfactual=CounterfactualShares(removed=0.25), averaging=0.9)
    classes = ClassOrder(names=("a", "b"), negative="b")
    facts = {"name": "toy", "version": "1", "input_size": 224, "grid": (7, 7), "sha256": ""}
    write_card(tmp_path, ModelCard(classes=classes, recipe={**written(config), "best_epoch": 2}, **facts))
    card = card_from(read_toml(tmp_path / CARD), where="card.toml")
    assert recipe_of(card) == config
    assert "removed 0.25" in (tmp_path / PAGE).read_text()
