"""What a model folder keeps of its training images: components of their embeddings, and what they look like.

Training writes it; ``complete`` adds it to a folder that was trained before, from the same images.
"""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from neuroval.data.dataset.folder import read_dataset
from neuroval.data.dataset.listing import Listing
from neuroval.data.exceptions import ImageError, InputError
from neuroval.data.images.decoding import read_image
from neuroval.data.storage.atomic import written_whole
from neuroval.data.storage.lock import holding
from neuroval.model.card import ModelCard, write_card
from neuroval.model.evaluation.plan import grouped
from neuroval.model.inference.engine import Engine, load
from neuroval.model.inference.preprocessing import preprocess
from neuroval.model.likeness.components import FITTED, fit, read_components, write_components
from neuroval.model.likeness.out_of_distribution import fit as fit_likeness
from neuroval.model.likeness.out_of_distribution import measures, write_likeness

FLAGGED: Final = "unlike_training_images"  # of the card's metrics: how many images of a split are flagged


def write_reference(
    folder: Path, cases: pd.DataFrame, *, images: Path, also: Sequence[str] = (), progress: bool = False
) -> ModelCard:
    """Write components and likeness of the training images into a model folder; return its card with the counts.

    ``cases`` holds ``case_id``, ``split`` and ``image_path`` in ``images``. Up to 10,000 cases of ``train`` are
    fitted on, as many of ``tuning`` set the limit; components that are there stay. The card says how many tuning
    images are flagged, and of the splits ``also`` named. Raises ``InputError`` without two cases of either.
    """
    engine = load(folder, threads=1)
    seen = {name: _seen(engine, cases, name, images, progress=progress) for name in ("train", "tuning", *also)}
    for name in ("train", "tuning"):
        if len(seen[name][0]) < 2:
            raise InputError(f"{images}: fewer than two usable images in split {name}; what is unlike cannot be said.")
    components = read_components(folder)
    if components is None:
        components = fit(seen["train"][0])
        write_components(folder, components)
    likeness = fit_likeness(seen["train"][1], seen["tuning"], components)
    write_likeness(folder, likeness)
    flagged = {}
    for name in ("tuning", *also):
        above = likeness.unlike(likeness.score(*seen[name], components)) if len(seen[name][0]) else np.empty(0)
        flagged[name] = f"{int(above.sum())}/{len(above)}"
    return _with_metrics(folder, engine.card, {FLAGGED: flagged})


@holding("folder")
def complete(
    folder: Path, images: Path, *, data_name: str, listing: Listing | None = None, progress: bool = False
) -> ModelCard:
    """Add what is missing of the training images to a model folder that was trained on the data set ``images``.

    Counts of test images are added to the card; their labels are not looked at. The folder is changed whole: stopped,
    it stays as it was. Raises ``InputError`` when the data set is another one than the model was trained with, or
    lies otherwise.
    """
    card = load(folder, threads=1).card
    dataset = read_dataset(images, name=data_name, classes=card.classes, listing=listing, progress=progress)
    cases, _, same_split = grouped(dataset, card, progress=progress)
    if card.data.get("name") != data_name or not same_split:
        raise InputError(
            f"{images}: not the images that {card.name} was trained with (data set {card.data.get('name')!r}), so its "
            "tuning split cannot be restored; give the same folder and --data as in training."
        )
    with written_whole(folder, keep=True) as part:
        return write_reference(part, cases, images=images, also=("test",), progress=progress)


def _seen(
    engine: Engine, cases: pd.DataFrame, split: str, images: Path, *, progress: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return embeddings (n, d) and measures (n, m) of a split, 10,000 cases at most, unreadable ones left out."""
    paths = cases[cases["split"] == split].sort_values("case_id")["image_path"].head(FITTED)

    def described(path: str) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
        try:
            pixels = preprocess(read_image(images / path).pixels, size=engine.card.input_size)
        except ImageError:
            return None
        return engine.run(pixels[None]).embedding[0], measures(pixels)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        looks = tqdm(pool.map(described, paths), total=len(paths), desc=f"Looking at {split}", disable=not progress)
        seen = [look for look in looks if look is not None]
    if not seen:
        return np.empty((0, 1), np.float32), np.empty((0, 1), np.float32)
    embedding, measured = zip(*seen, strict=True)
    return np.stack(embedding), np.stack(measured)


def _with_metrics(folder: Path, card: ModelCard, more: Mapping[str, Any]) -> ModelCard:
    changed = dataclasses.replace(card, metrics={**card.metrics, **more})
    write_card(folder, changed)
    return changed
