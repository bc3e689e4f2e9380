"""Programs that write, each in a process of its own that is started in a moment, so that hundreds can be killed."""

import hashlib
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from neuroval.data.claims.reading import read_claims
from neuroval.data.exceptions import InputError
from neuroval.data.phantom.cohort import generate
from neuroval.data.storage.home import SHIPPED_MODELS
from neuroval.data.study.folder import Study, add_claims, read_study
from neuroval.data.study.import_predictions import study_of_predictions
from neuroval.model.evaluation import to_study
from neuroval.model.evaluation.to_study import evaluate

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
ROWS = 400
DONE, TOLD, BROKEN = 0, 2, 3
LONG = 600  # seconds after which a writer hangs; a busy machine is no failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What the writers work with: two tables of predictions, two files of claims, images, two models."""

    folder: Path

    @property
    def tables(self) -> tuple[Path, Path]:
        return self.folder / "a.csv", self.folder / "b.csv"

    @property
    def claims(self) -> tuple[Path, Path]:
        return self.folder / "a.toml", self.folder / "b.toml"

    @property
    def images(self) -> Path:
        return self.folder / "images"

    @property
    def models(self) -> tuple[Path, Path]:
        return SHIPPED_MODELS / "phantom", self.folder / "other-model"


def furnished(folder: Path) -> Workshop:
    """Return a workshop in which everything is ready."""
    shop, rng = Workshop(folder=folder), np.random.default_rng(1)
    labels = np.array(CLASSES)[rng.integers(0, 4, ROWS)]
    for table in shop.tables:
        chances = rng.dirichlet(np.ones(4), ROWS)
        frame = pd.DataFrame(chances, columns=[f"prob_{name}" for name in CLASSES])
        frame.insert(0, "label", labels)
        frame.to_csv(table, index=False)
    for number, file in enumerate(shop.claims):
        classes = '["glioma", "meningioma", "notumor", "pituitary"]'
        file.write_text(f'schema = 1\n[source]\ntitle = "Paper {number}"\nclasses = {classes}\n')
        read_claims(file)
    for name in CLASSES:
        (shop.images / name).mkdir(parents=True)
        for number in range(6):
            pixels = rng.integers(0, 255, (40, 40), dtype=np.uint8)
            Image.fromarray(pixels).save(shop.images / name / f"{number}.png")
    _other_model(*shop.models)
    return shop


def _other_model(model: Path, other: Path) -> None:
    """Copy a model with another temperature in its card: the same probabilities, another record and version."""
    other.mkdir()
    for file in model.iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    card = (other / "card.toml").read_text(encoding="utf-8")
    assert '\nversion = "1"' in card
    (other / "card.toml").write_text(card.replace('\nversion = "1"', '\nversion = "other"'), encoding="utf-8")


def import_a(shop: Workshop, out: Path) -> None:
    study_of_predictions(shop.tables[0], out=out, data_name="data")


def import_b(shop: Workshop, out: Path) -> None:
    study_of_predictions(shop.tables[1], out=out, data_name="data")


def claims_a(shop: Workshop, out: Path) -> None:
    add_claims(out, shop.claims[0])


def claims_b(shop: Workshop, out: Path) -> None:
    add_claims(out, shop.claims[1])


def evaluate_a(shop: Workshop, out: Path) -> None:
    to_study.CASES_IN_PART = 4
    evaluate(shop.models[0], shop.images, out=out, data_name="images")


def evaluate_b(shop: Workshop, out: Path) -> None:
    to_study.CASES_IN_PART = 4
    evaluate(shop.models[1], shop.images, out=out, data_name="images")


def phantom(shop: Workshop, out: Path) -> None:  # noqa: ARG001 - as the others
    generate(out, patients=16, workers=1)


Writer = Callable[[Workshop, Path], None]
STUDY_WRITERS: tuple[Writer, ...] = (import_a, import_b, claims_a, claims_b, evaluate_a, evaluate_b)


def _run(writer: Writer, shop: Workshop, out: Path, start: float, told: Path) -> None:
    sys.argv = ["neuroval", writer.__name__]
    while time.time() < start:  # two begin in the same moment
        time.sleep(0)
    try:
        writer(shop, out)
    except InputError as error:
        told.write_text(str(error))
        os._exit(TOLD)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is not to happen
        told.write_text(repr(error))
        os._exit(BROKEN)
    os._exit(DONE)


_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.attack.writers"])


def begin(writer: Writer, shop: Workshop, out: Path, told: Path, *, start: float = 0) -> BaseProcess:
    """Start a writer at a time; it ends with ``DONE``, or with ``TOLD`` or ``BROKEN`` and why in the file ``told``."""
    process = _context.Process(target=_run, args=(writer, shop, out, start, told))
    process.start()
    return process


def whole(writer: Writer, shop: Workshop, out: Path, told: Path) -> float:
    """Let a writer end, and return the seconds it took."""
    begun = time.monotonic()
    process = begin(writer, shop, out, told)
    process.join(LONG)
    assert process.exitcode == DONE, told.read_text() if told.exists() else process.exitcode
    return time.monotonic() - begun


def kill_within(writer: Writer, shop: Workshop, out: Path, told: Path, *, seconds: float, rng: random.Random) -> bool:
    """Kill a writer at a random moment of so many seconds; return whether it was still at work."""
    process = begin(writer, shop, out, told)
    process.join(rng.uniform(0, seconds))
    process.kill()
    process.join(LONG)
    assert process.exitcode in (DONE, -9), told.read_text() if told.exists() else process.exitcode
    return process.exitcode != DONE


def content(study: Study) -> str:
    """Return a hash of the predictions of a study and of the model they are of, as far as it says."""
    table = study.predictions.to_csv(index=False)
    version = "" if study.manifest.model is None else study.manifest.model.version
    return hashlib.sha256(f"{version} {table}".encode()).hexdigest()


def known(shop: Workshop, folder: Path) -> Mapping[str, str]:
    """Return what each writer of predictions writes, by its content."""
    made = {}
    for writer in (import_a, import_b, evaluate_a, evaluate_b):
        out = folder / writer.__name__ / "study"
        writer(shop, out)
        made[content(read_study(out))] = writer.__name__
    assert len(made) == 4
    return made
