"""From a folder of images to a model folder: groups, tuning split, fine-tuning, export, card."""

import dataclasses
from pathlib import Path

import numpy as np

from data.classes import ClassOrder
from data.datasets import read_dataset
from data.duplicates import find_pairs
from data.schema import PAIR_KINDS
from data.splits import assign_tuning, group_ids, split_hash
from model.card import GRAPH, HISTORY, ModelCard, sha256, write_card
from model.keras_export import deployable, export_onnx
from model.keras_train import TrainingConfig, temperature_of, train


def train_model(
    images: Path,
    *,
    out: Path,
    work: Path,
    data_name: str,
    classes: ClassOrder,
    config: TrainingConfig,
    limitations: tuple[str, ...] = (),
    progress: bool = False,
) -> ModelCard:
    """Train on a data set, write the model folder ``out`` and return its card.

    The tuning part is cut from the training cases by group; test images are listed, hashed and left alone. ``work``
    keeps the checkpoints, so a stopped run goes on. Raises ``InputError`` as ``read_dataset`` and ``train`` do.
    """
    dataset = read_dataset(images, name=data_name, classes=classes, default_split="train", progress=progress)
    cases = dataset.cases
    cases = cases.assign(group_id=group_ids(cases, find_pairs(cases, folder=images, progress=progress)))
    cases["split"] = assign_tuning(cases, parts=config.tuning_parts, seed=config.seed)
    result = train(cases, folder=images, classes=classes, config=config, work=work)
    served = deployable(result.model)
    out.mkdir(parents=True, exist_ok=True)
    calibration = temperature_of(served, cases, folder=images, classes=classes, config=config)
    export_onnx(served, out / GRAPH, temperature=calibration["temperature"])
    result.history.astype({"epoch": np.int32}).to_parquet(out / HISTORY, index=False)
    chosen = result.history.set_index("epoch")["tuning_accuracy"]
    counts = cases["split"].value_counts()
    card = ModelCard(
        name=out.name,
        version="1",
        classes=classes,
        input_size=config.input_size,
        grid=tuple(served.get_layer("pool").input.shape[1:3]),
        sha256=sha256(out / GRAPH),
        temperature=calibration.pop("temperature"),
        recipe={
            **{key: value for key, value in dataclasses.asdict(config).items() if value is not None},
            "hidden_units": list(config.hidden_units),
            "best_epoch": result.best_epoch,
            "chosen_by": "lowest loss on the tuning split",
            "tuning_accuracy": float(chosen[result.best_epoch]),
            **calibration,
        },
        data={"name": data_name, "train": int(counts["train"]), "tuning": int(counts["tuning"])},
        split={
            "parts": config.tuning_parts,
            "seed": config.seed,
            "grouped_by": "patient id and copies",
            "pairs": list(PAIR_KINDS),
            "sha256": split_hash(cases),
        },
        limitations=limitations,
    )
    write_card(out, card)
    return card
