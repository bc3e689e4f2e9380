"""Training: resuming exactly, and refusing what is not the same run."""

import shutil
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from neuroval.data.classes import ClassOrder
from neuroval.data.dataset.folder import read_dataset
from neuroval.data.dataset.splits import assign_tuning
from neuroval.data.exceptions import InputError
from neuroval.data.storage.home import RECIPES
from neuroval.model.card import read_card
from neuroval.model.recipe import TrainingConfig, read_recipe
from neuroval.model.training import loop as keras_train
from neuroval.model.training.batches import CaseBatches
from neuroval.model.training.loop import CHOSEN_BY, logits_of, temperature_of, train

CLASSES = ClassOrder(names=("cross", "disc", "nothing"), negative="nothing")


def cases_of(folder: Path) -> pd.DataFrame:
    cases = read_dataset(folder, name="toys", classes=CLASSES).cases
    cases["group_id"] = cases["case_id"]
    return cases.assign(split=assign_tuning(cases, parts=4, seed=3))


SETTINGS = {"input_size": 32, "batch_size": 12, "weights": None, "freeze_batch_norm": False, "seed": 3}


@pytest.fixture(params=[(), (32,)])
def early_sizes(request: pytest.FixtureRequest) -> tuple[int, ...]:
    """Sizes of the first epochs; with some, without graphs, of which every size has one."""
    if request.param:
        request.getfixturevalue("eagerly")
    return tuple(request.param)


def test_a_stopped_run_ends_like_an_uninterrupted_one(
    toy_images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, early_sizes: tuple[int, ...]
) -> None:
    settings = {**SETTINGS, "input_size": 48 if early_sizes else 32, "epochs": 2 if early_sizes else 3}
    cases, config = cases_of(toy_images), TrainingConfig(early_sizes=early_sizes, **settings)
    whole = train(cases, folder=toy_images, classes=CLASSES, config=config, work=tmp_path / "whole")
    checkpoint = keras_train._checkpoint

    def stop_before_the_last(work: Path, model: object, rows: list, **more: int) -> None:
        checkpoint(work, model, rows, **more)
        if len(rows) == config.epochs - 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(keras_train, "_checkpoint", stop_before_the_last)
        with pytest.raises(KeyboardInterrupt):
            train(cases, folder=toy_images, classes=CLASSES, config=config, work=tmp_path / "stopped")
    resumed = train(cases, folder=toy_images, classes=CLASSES, config=config, work=tmp_path / "stopped")
    pd.testing.assert_frame_equal(resumed.history, whole.history)
    assert resumed.best_epoch == whole.best_epoch


@pytest.mark.usefixtures("eagerly")
def test_early_epochs_see_small_images_and_are_not_chosen(
    toy_images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses, sizes = iter([0.1, 0.2, 0.5, 0.4]), []
    judged, saved = keras_train._on_tuning, keras_train._checkpoint
    monkeypatch.setattr(
        keras_train, "_on_tuning", lambda *args, **more: {**judged(*args, **more), CHOSEN_BY: next(losses)}
    )

    def noted(work: Path, model: keras.Model, rows: list, **more: int) -> None:
        sizes.append((model.input_shape[1], int(model.optimizer.iterations)))
        saved(work, model, rows, **more)

    monkeypatch.setattr(keras_train, "_checkpoint", noted)
    config = TrainingConfig(epochs=4, early_sizes=(32, 48), **{**SETTINGS, "input_size": 64})
    result = train(cases_of(toy_images), folder=toy_images, classes=CLASSES, config=config, work=tmp_path / "work")
    assert sizes == [(32, 3), (48, 6), (64, 9), (64, 12)]  # one optimizer over all: 36 cases are 3 steps an epoch
    assert result.best_epoch == 4
    assert result.model.input_shape[1] == 64


@pytest.mark.usefixtures("eagerly")
def test_a_network_moved_to_another_size_is_the_same_network() -> None:
    small, large = (
        keras_train._compiled(replace(TrainingConfig(**SETTINGS), input_size=size), CLASSES, 3) for size in (32, 64)
    )
    batch = np.random.default_rng(1).uniform(0, 255, (6, 32, 32, 3)), np.eye(3)[[0, 1, 2, 0, 1, 2]]
    small.fit(*batch, verbose=0)
    moved = keras_train._moved(small, large)
    for before, after in zip(small.weights, moved.weights, strict=True):
        np.testing.assert_array_equal(before, after)
    for before, after in zip(small.optimizer.variables, moved.optimizer.variables, strict=True):
        np.testing.assert_array_equal(before, after)
    assert float(moved.optimizer.learning_rate) == float(small.optimizer.learning_rate)


def test_a_folder_of_another_run_is_refused(toy_images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(keras_train, "_compiled", stopped)
    cases, work = cases_of(toy_images), tmp_path / "work"
    with pytest.raises(KeyboardInterrupt):
        train(cases, folder=toy_images, classes=CLASSES, config=TrainingConfig(epochs=2, **SETTINGS), work=work)
    with pytest.raises(InputError, match="other settings or cases"):
        train(cases, folder=toy_images, classes=CLASSES, config=TrainingConfig(epochs=3, **SETTINGS), work=work)


def test_no_tuning_cases_is_refused(toy_images: Path, tmp_path: Path) -> None:
    cases = cases_of(toy_images).query("split != 'tuning'")
    with pytest.raises(InputError, match="no case in split 'tuning'"):
        train(cases, folder=toy_images, classes=CLASSES, config=TrainingConfig(**SETTINGS), work=tmp_path)


@pytest.mark.usefixtures("eagerly")
def test_training_never_opens_a_test_image(toy_images: Path, tmp_path: Path) -> None:
    cases = cases_of(toy_images)
    copy = tmp_path / "toys"
    shutil.copytree(toy_images, copy)
    shutil.rmtree(copy / "Testing")
    result = train(
        cases, folder=copy, classes=CLASSES, config=TrainingConfig(epochs=2, **SETTINGS), work=tmp_path / "work"
    )
    assert len(result.history) == 2


def test_the_card_records_recipe_and_split(toy_model: Path) -> None:
    card = read_card(toy_model)
    assert card.recipe["seed"] == 3
    assert card.recipe["best_epoch"] in (1, 2)
    assert card.split["parts"] == 4
    assert {**card.data, "images_sha256": ""} == {"name": "toys", "train": 36, "tuning": 12, "images_sha256": ""}
    assert all(len(value) == 64 for value in (card.data["images_sha256"], card.split["groups_sha256"]))


@pytest.mark.parametrize(
    "wrong",
    [
        {"warmup_epochs": 9},
        {"batch_size": 0},
        {"dropout": 1.0},
        {"scale": 1.0},
        {"noise": -1.0},
        {"patience": -1},
        {"epochs": 2, "early_sizes": (64, 64)},
        {"early_sizes": (256,)},
        {"early_sizes": (16,)},
        {"early_sizes": (64.0,)},
    ],
)
def test_impossible_settings_are_refused(wrong: dict) -> None:
    with pytest.raises(InputError, match="training:"):
        TrainingConfig(**wrong)


@pytest.mark.usefixtures("eagerly")
def test_guidance_trains_the_same_classifier(toy_images: Path, tmp_path: Path) -> None:
    cases, outlined = cases_of(toy_images), tmp_path / "toys"
    shutil.copytree(toy_images, outlined)
    corner = np.zeros((64, 64), np.uint8)
    corner[:32, :32] = 255
    Image.fromarray(corner).save(outlined / "corner.png")
    cases.loc[cases["label"] == "disc", "mask_path"] = "corner.png"
    guidance = {"guidance": 0.5, "cell_guidance": 0.5, "pooling": "attention", "frozen_stages": 1}
    config = TrainingConfig(epochs=2, **guidance, **SETTINGS)
    batch, targets, _ = CaseBatches(cases, outlined, CLASSES, config, epoch=None, grid=(8, 8))[0]
    outlined_cases = targets["probabilities"][:, 1] == 1
    assert (batch["inside"].sum(axis=(1, 2)) == np.where(outlined_cases, 16, 64)).all()
    coarse, _, _ = CaseBatches(cases, outlined, CLASSES, config, epoch=None, grid=(3, 3))[0]
    assert coarse["inside"][outlined_cases][0].tolist() == [[1, 0.5, 0], [0.5, 0.25, 0], [0, 0, 0]]  # of each cell
    result = train(cases, folder=outlined, classes=CLASSES, config=config, work=tmp_path / "work")
    assert np.isfinite(result.history[["tuning_loss", CHOSEN_BY]]).all(axis=None)
    assert logits_of(result.model, cases, folder=outlined, classes=CLASSES, config=config).shape == (len(cases), 3)
    begun = keras_train._compiled(config, CLASSES, 1)
    kept = {
        stage: all(
            np.array_equal(was, now)
            for layer in begun.layers
            if keras_train._stage(layer.name) == stage
            for was, now in zip(layer.get_weights(), result.model.get_layer(layer.name).get_weights(), strict=True)
        )
        for stage in (1, 2)
    }
    assert kept == {1: True, 2: False}


def test_class_weights_make_classes_count_the_same(toy_images: Path) -> None:
    cases = cases_of(toy_images).query("split == 'train'")
    cases = cases[(cases["label"] != "disc") | (cases["image_path"] < "Training/disc/06")]
    config = TrainingConfig(class_weights=True, **SETTINGS)
    batches = CaseBatches(cases, toy_images, CLASSES, config, epoch=0)
    total = sum(targets.T @ weights for _, targets, weights in (batches[i] for i in range(len(batches))))
    np.testing.assert_allclose(total, len(cases) / 3, rtol=1e-5)
    held_out = CaseBatches(cases, toy_images, CLASSES, config, epoch=None)
    assert (held_out[0][2] == 1).all()


@pytest.mark.usefixtures("eagerly")
def test_training_stops_when_the_tuning_loss_no_longer_falls(
    toy_images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = iter([0.5, 0.4, 0.45, 0.41, 0.1])
    judged = keras_train._on_tuning
    monkeypatch.setattr(
        keras_train, "_on_tuning", lambda *args, **more: {**judged(*args, **more), CHOSEN_BY: next(losses)}
    )
    config = TrainingConfig(epochs=5, patience=2, **SETTINGS)
    result = train(cases_of(toy_images), folder=toy_images, classes=CLASSES, config=config, work=tmp_path / "work")
    assert (len(result.history), result.best_epoch) == (4, 2)


def test_mixed_precision_gives_a_plain_classifier(toy_images: Path, tmp_path: Path) -> None:
    cases, config = cases_of(toy_images), TrainingConfig(epochs=2, mixed_precision=True, guidance=0.1, **SETTINGS)
    options = {"folder": toy_images, "classes": CLASSES, "config": config}
    result = train(cases, work=tmp_path / "work", **options)
    assert {layer.compute_dtype for layer in result.model.layers} == {"float32"}
    found = temperature_of(result.model, cases, **options)
    assert found["tuning_log_loss_after"] <= found["tuning_log_loss_before"]


def test_guidance_needs_a_head_without_hidden_layers(toy_images: Path, tmp_path: Path) -> None:
    config = TrainingConfig(epochs=2, guidance=0.1, hidden_units=(8,), **SETTINGS)
    with pytest.raises(InputError, match="guidance: needs a head without hidden layers"):
        train(cases_of(toy_images), folder=toy_images, classes=CLASSES, config=config, work=tmp_path)


def test_guidance_of_cells_needs_a_negative_class(toy_images: Path, tmp_path: Path) -> None:
    classes = ClassOrder(names=CLASSES.names)
    config = TrainingConfig(epochs=2, cell_guidance=0.1, **SETTINGS)
    with pytest.raises(InputError, match="cell_guidance needs a negative class"):
        train(cases_of(toy_images), folder=toy_images, classes=classes, config=config, work=tmp_path)


def test_the_shipped_recipes_are_read() -> None:
    folder = RECIPES
    assert {path.stem: read_recipe(path).backbone for path in folder.glob("*.toml")} == {
        "brain-tumor-mri": "efficientnet-lite0",
        "brain-tumor-mri-b3": "efficientnet-b3",
        "phantom": "efficientnet-lite0-short",
        "plain": "efficientnet-lite2",
        "plain-folds": "efficientnet-lite0",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch = 3", "unknown key 'epoch'"),
        ("epochs = 'three'", "epochs is 'three', expected int"),
        ("epochs = true", "epochs is True, expected int"),
        ("hidden_units = ['many']", "hidden_units is ['many'], expected a list of whole numbers"),
        ("hidden_units = 8", "hidden_units is 8, expected a list of whole numbers"),
        ("learning_rate = nan", "learning_rate is nan, expected a finite number"),
        ("pooling = 'sum'", "pooling is 'sum', expected one of ['avg', 'max', 'attention']"),
        ("epochs = [", "not readable TOML"),
    ],
)
def test_a_wrong_recipe_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "recipe.toml").write_text(text)
    with pytest.raises(InputError, match=r"recipe\.toml") as caught:
        read_recipe(tmp_path / "recipe.toml")
    assert message in str(caught.value)


def test_an_epoch_ends_with_the_average_of_its_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    config = TrainingConfig(epochs=1, warmup_epochs=0, averaging=0.8, learning_rate=0.01, **SETTINGS)
    model = keras_train._compiled(config, CLASSES, 3)
    seen: list[np.ndarray] = []
    update = model.optimizer.finalize_variable_values

    def noted(variables: list) -> None:
        seen.append(model.get_layer("logits").kernel.numpy())
        update(variables)

    monkeypatch.setattr(model.optimizer, "finalize_variable_values", noted)
    rng = np.random.default_rng(1)
    images, targets = rng.uniform(0, 255, (12, 32, 32, 3)).astype(np.float32), np.eye(3)[rng.integers(0, 3, 12)]
    steps = []
    keep = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda *_, **__: steps.append(model.get_layer("logits").kernel.numpy())
    )
    model.fit(images, targets, batch_size=4, epochs=1, shuffle=False, verbose=0, callbacks=[keep])
    average = steps[0]
    for weights in steps[1:]:
        average = 0.8 * average + 0.2 * weights
    np.testing.assert_array_equal(seen[0], steps[-1])
    np.testing.assert_allclose(model.get_layer("logits").kernel.numpy(), average, atol=1e-6)
    assert np.abs(average - steps[-1]).max() > 1e-4
