"""From a folder of images to a model folder: groups, tuning split, fine-tuning, export, card."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neuroval.data.classes import ClassOrder
from neuroval.data.dataset.folder import read_dataset
from neuroval.data.dataset.listing import Listing
from neuroval.data.dataset.splits import assign_tuning, group_ids, hash_of
from neuroval.data.images.duplicates import find_pairs
from neuroval.data.schema import PAIR_KINDS
from neuroval.data.storage.atomic import check_free, written_whole
from neuroval.data.storage.files import file_sha256
from neuroval.data.storage.lock import holding
from neuroval.model.card import CARD, GRAPH, HISTORY, ModelCard, write_card
from neuroval.model.inference.mc_dropout import write_head
from neuroval.model.recipe import TrainingConfig, written
from neuroval.model.training.export import deployable, export_onnx, head_of
from neuroval.model.training.loop import TrainingResult, temperature_of, train
from neuroval.model.training.reference_file import write_reference
from neuroval.model.training.tracking import Tool, recorded


@holding("out", "work")
def train_model(
    images: Path,
    *,
    out: Path,
    work: Path,
    data_name: str,
    classes: ClassOrder,
    config: TrainingConfig,
    limitations: tuple[str, ...] = (),
    listing: Listing | None = None,
    track: Tool = "none",
    progress: bool = False,
) -> ModelCard:
    """Train on a data set, write the model folder ``out`` and return its card.

    The tuning part is cut from the training cases by group; test images are listed, hashed and left alone. ``work``
    keeps the checkpoints, so a stopped run goes on; ``listing`` is a table of the images; ``track`` records the run.
    The folder is written whole at the end, in the place of an earlier model with all that belongs to it, such as its
    folds. Raises ``InputError`` as ``read_dataset``, ``train`` and ``recorded`` do, and before anything is read when
    something else is at ``out``.
    """
    check_free(out, marker=GRAPH, kind="model")
    dataset = read_dataset(
        images, name=data_name, classes=classes, default_split="train", listing=listing, progress=progress
    )
    cases = dataset.cases
    cases = cases.assign(group_id=group_ids(cases, find_pairs(cases, folder=images, progress=progress)))
    cases["split"] = assign_tuning(cases, parts=config.tuning_parts, seed=config.seed)
    settings = {**dataclasses.asdict(config), "data": data_name, "images_sha256": hash_of(cases, "sha256")}
    with recorded(track, name=out.name, work=work, settings=settings) as record:
        result = train(cases, folder=images, classes=classes, config=config, work=work, on_epoch=record.epoch)
        served = deployable(result.model)
        calibration = temperature_of(served, cases, folder=images, classes=classes, config=config)
        card = ModelCard(
            name=out.name,
            version="1",
            classes=classes,
            input_size=config.input_size,
            grid=tuple(served.get_layer("pool").input.shape[1:3]),
            sha256="",
            temperature=calibration["temperature"],
            recipe=_recipe(config, result, calibration),
            data=_data(cases, data_name),
            split=_split(cases, config),
            limitations=limitations,
        )
        with written_whole(out) as part:
            export_onnx(served, part / GRAPH, temperature=card.temperature)
            write_head(part, head_of(served))
            result.history.astype({"epoch": np.int32}).to_parquet(part / HISTORY, index=False)
            write_card(part, dataclasses.replace(card, sha256=file_sha256(part / GRAPH)))
            card = write_reference(part, cases, images=images)
        record.result({"model_sha256": card.sha256, **calibration}, (out / GRAPH, out / CARD, out / HISTORY))
    return card


def _split(cases: pd.DataFrame, config: TrainingConfig) -> dict[str, Any]:
    return {
        "parts": config.tuning_parts,
        "seed": config.seed,
        "grouped_by": "patient id and copies",
        "pairs": list(PAIR_KINDS),
        "sha256": hash_of(cases, "split"),
        "groups_sha256": hash_of(cases, "group_id"),
    }


def _recipe(config: TrainingConfig, result: TrainingResult, calibration: Mapping[str, float]) -> dict[str, Any]:
    accuracy = result.history.set_index("epoch")["tuning_accuracy"]
    return {
        **written(config),
        "best_epoch": result.best_epoch,
        "chosen_by": "lowest log-loss on the tuning split after temperature scaling",
        "tuning_accuracy": float(accuracy[result.best_epoch]),
        **{key: value for key, value in calibration.items() if key != "temperature"},
    }


def _data(cases: pd.DataFrame, name: str) -> dict[str, Any]:
    counts = cases["split"].value_counts()
    return {
        "name": name,
        "train": int(counts["train"]),
        "tuning": int(counts["tuning"]),
        "images_sha256": hash_of(cases, "sha256"),
    }
