"""A model folder is written whole: a run killed at any file leaves the old one, or none."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from neuroval.data.exceptions import InputError
from neuroval.model.card import read_card
from neuroval.model.training import cross_validation, pipeline, reference_file
from neuroval.model.training.cross_validation import cross_validate, recipe_of
from neuroval.model.training.pipeline import train_model
from neuroval.model.training.reference_file import complete


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def nothing_learnt(
    cases: pd.DataFrame, held_out: pd.Series, **_: object
) -> tuple[pd.DataFrame, pd.DataFrame, NDArray[np.float16]]:
    """What a fold gives, without its training."""
    ids = cases.loc[held_out, "case_id"]
    chances = pd.DataFrame(1 / 3, index=ids.index, columns=["prob_cross", "prob_disc", "prob_nothing"])
    maps = np.zeros((len(ids), 3, 2, 2), dtype=np.float16)
    return pd.concat([ids, chances], axis=1), pd.DataFrame({"epoch": [1], "loss": [1.0]}), maps


@pytest.mark.parametrize(
    ("module", "dies_in"),
    [
        (pipeline, "write_head"),
        (pipeline, "write_card"),
        (pipeline, "write_reference"),
        (reference_file, "write_likeness"),
        (reference_file, "write_card"),
        (cross_validation, "_add_history"),
        (cross_validation, "write_card"),
    ],
)
def test_a_killed_run_leaves_the_old_model(
    toy_model: Path, toy_images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: object, dies_in: str
) -> None:
    (tmp_path / "models").mkdir()
    model = shutil.copytree(toy_model, tmp_path / "models" / "toy")
    (model / "kept.txt").write_text("before")
    before = contents(model)
    card = read_card(model)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, dies_in, killed)

    def run() -> None:
        if module is pipeline:
            work = shutil.copytree(toy_model.parent / "work", tmp_path / "work")
            options = {"images": toy_images, "out": model, "work": work, "data_name": "toys"}
            train_model(classes=card.classes, config=recipe_of(card), **options)
        elif module is reference_file:
            complete(model, toy_images, data_name="toys")
        else:
            monkeypatch.setattr(cross_validation, "_fold", nothing_learnt)
            cross_validate(model, images=toy_images, work=tmp_path / "folds", data_name="toys", folds=2)

    with pytest.raises(KeyboardInterrupt):
        run()
    assert contents(model) == before
    assert list(model.parent.iterdir()) == [model]


def test_a_folder_that_is_no_model_is_not_replaced(toy_model: Path, toy_images: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    card = read_card(toy_model)
    with pytest.raises(InputError, match="exists and is not a model; choose another place"):
        train_model(
            toy_images,
            out=tmp_path,
            work=tmp_path / "work",
            data_name="toys",
            classes=card.classes,
            config=recipe_of(card),
        )
