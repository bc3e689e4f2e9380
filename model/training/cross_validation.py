"""Cross-validation of a model's recipe: every case predicted once, by a network that has not seen its group."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.special import softmax

from neuroval.data.classes import ClassOrder
from neuroval.data.dataset.folder import read_dataset
from neuroval.data.dataset.listing import Listing
from neuroval.data.dataset.splits import assign_folds, assign_tuning, group_ids, hash_of
from neuroval.data.exceptions import InputError
from neuroval.data.images.duplicates import find_pairs
from neuroval.data.storage.atomic import file_written_whole, written_whole
from neuroval.data.storage.lock import holding
from neuroval.data.study.gradcam import GradCams, to_arrow
from neuroval.model.card import FOLDS, FOLDS_UNGROUPED, GRADCAM_FOLDS, HISTORY, ModelCard, read_card, write_card
from neuroval.model.evaluation.outlines import outlines_of
from neuroval.model.recipe import TrainingConfig, recipe_from, written
from neuroval.model.training.export import deployable
from neuroval.model.training.loop import logits_of, maps_of, temperature_of, train
from neuroval.model.training.tracking import Record, Tool, recorded


@holding("model", "work")
def cross_validate(
    model: Path,
    *,
    images: Path,
    work: Path,
    data_name: str,
    folds: int = 5,
    grouped: bool = True,
    recipe: TrainingConfig | None = None,
    listing: Listing | None = None,
    track: Tool = "none",
    progress: bool = False,
) -> pd.DataFrame:
    """Return the out-of-fold predictions of a recipe over all cases, and write them to the model's folder.

    Grouped folds keep the Grad-CAM maps too, each of the network that had not seen the case.

    ``recipe`` is by default the model's own; another, lighter one is written into the model's card, since the folds
    then say how the method does, not this network.

    In each fold a tuning part of the other folds, cut by group, chooses the epoch and fits the temperature; the fold
    itself is only predicted.
    ``grouped=False`` takes every case for its own group: what leaks then is what the comparison measures. ``work``
    keeps finished folds and epochs, so a stopped run goes on. Raises ``InputError`` when a class has too few groups,
    and when the model already has folds of another recipe: grouped and ungrouped ones could not be compared.
    """
    card = read_card(model)
    config = recipe or recipe_of(card)
    described = {} if config == recipe_of(card) else written(config)
    _check_same_recipe(model, card, described, grouped=grouped)
    cases = read_dataset(
        images, name=data_name, classes=card.classes, default_split="train", listing=listing, progress=progress
    ).cases
    if grouped:
        cases["group_id"] = group_ids(cases, find_pairs(cases, folder=images, progress=progress))
    else:
        cases["group_id"] = cases["case_id"]
    fold = assign_folds(cases, folds=folds, seed=config.seed)
    run = "grouped" if grouped else "ungrouped"
    predictions, histories, maps = [], [], []
    for number in range(1, folds + 1):
        part = work / f"{run}-{number}"
        settings = {**dataclasses.asdict(config), "data": data_name, "images_sha256": hash_of(cases, "sha256")}
        with recorded(track, name=f"{card.name}-{part.name}", work=part, settings=settings) as record:
            predicted, history, explained = _fold(
                cases, fold == number, folder=images, card=card, config=config, work=part, record=record
            )
        predictions.append(predicted.assign(fold=np.int32(number)))
        maps.append(explained)
        histories.append(history.assign(run=run, fold=np.int32(number)))
    columns = ["case_id", "fold", *card.classes.probability_columns]
    table = pd.concat(predictions)[columns].sort_values("case_id", ignore_index=True)
    with written_whole(model, keep=True) as changed:
        table.to_parquet(changed / (FOLDS if grouped else FOLDS_UNGROUPED), index=False)
        if grouped:
            ids = pd.concat(predictions)["case_id"]
            file = changed / GRADCAM_FOLDS
            _write_maps(file, np.concatenate(maps), ids, cases=cases, images=images, classes=card.classes)
        _add_history(changed / HISTORY, pd.concat(histories), run)
        write_card(changed, dataclasses.replace(card, folds={"recipe": described} if described else {}))
    return table


def _check_same_recipe(model: Path, card: ModelCard, described: Mapping[str, Any], *, grouped: bool) -> None:
    """Raise ``InputError`` when the model's other folds, ungrouped or grouped, come from another recipe."""
    other = FOLDS_UNGROUPED if grouped else FOLDS
    if (model / other).is_file() and card.folds.get("recipe", {}) != described:
        raise InputError(f"{model}: its {other} come from another recipe; use that one, or remove the file.")


def recipe_of(card: ModelCard) -> TrainingConfig:
    """Return the configuration a model was trained with. Raises ``InputError`` when the card holds none."""
    known = {field.name for field in dataclasses.fields(TrainingConfig)}
    recipe = {key: value for key, value in card.recipe.items() if key in known}
    if "backbone" not in recipe:
        raise InputError(f"model {card.name}: its card holds no recipe to cross-validate.")
    return recipe_from(recipe, where=f"model {card.name}")


def _fold(
    cases: pd.DataFrame,
    held_out: pd.Series,
    *,
    folder: Path,
    card: ModelCard,
    config: TrainingConfig,
    work: Path,
    record: Record,
) -> tuple[pd.DataFrame, pd.DataFrame, NDArray[np.float16]]:
    """Return predictions and history of a fold, and the maps ``(n, k, h, w)`` of its cases."""
    done, maps = work / "predictions.parquet", work / "gradcam.npy"
    split = cases.assign(split=np.where(held_out, "test", "train"))
    split["split"] = assign_tuning(split, parts=config.tuning_parts, seed=config.seed)
    result = train(split, folder=folder, classes=card.classes, config=config, work=work, on_epoch=record.epoch)
    fold = split[split["split"] == "test"].reset_index(drop=True)
    if not (done.is_file() and maps.is_file()):
        columns = list(card.classes.probability_columns)
        served = deployable(result.model)
        fitted = temperature_of(served, split, folder=folder, classes=card.classes, config=config)
        logits = logits_of(served, fold, folder=folder, classes=card.classes, config=config)
        probabilities = softmax(logits / fitted["temperature"], axis=1)
        table = pd.DataFrame(probabilities, columns=columns)
        table.insert(0, "case_id", fold["case_id"])
        record.result(fitted, ())
        evidence = maps_of(served, fold, folder=folder, classes=card.classes, config=config)
        with file_written_whole(maps) as part, part.open("wb") as file:
            np.save(file, evidence)
        with file_written_whole(done) as part:
            table.to_parquet(part, index=False)
    return pd.read_parquet(done), result.history, np.load(maps)


def _write_maps(
    file: Path,
    maps: NDArray[np.float16],
    case_ids: pd.Series,
    *,
    cases: pd.DataFrame,
    images: Path,
    classes: ClassOrder,
) -> None:
    masks, has_mask = outlines_of(cases.set_index("case_id").loc[case_ids], images)
    gradcam = GradCams(case_ids=pd.Index(case_ids), maps=maps, masks=masks, has_mask=has_mask)
    pq.write_table(to_arrow(gradcam, classes), file, compression="zstd")


def _add_history(path: Path, rows: pd.DataFrame, run: str) -> None:
    """Put a run's epochs beside those of the other runs."""
    earlier = pd.read_parquet(path)
    together = pd.concat([earlier[earlier["run"] != run], rows.astype({"epoch": np.int32})], ignore_index=True)
    together.astype({"fold": "Int32"}).to_parquet(path, index=False)
