"""The trial of a study: its network over images changed on purpose. Streamed, resumable, bounded in memory."""

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.data.exceptions import ImageError, InputError
from neuroval.data.images.linking import LinkedImages, linked_images
from neuroval.data.schema import EVALUATED_SPLITS, SCHEMA_VERSION
from neuroval.data.storage.home import find_model
from neuroval.data.storage.lock import holding
from neuroval.data.storage.progress import Bar
from neuroval.data.study.evaluated_cases import evaluated_splits
from neuroval.data.study.folder import Study, add_trial, check_place, read_study
from neuroval.data.study.trial import FINAL, Trial, TrialFacts
from neuroval.model.evaluation.journal import UNITS_IN_PART, collected, cut, open_journal
from neuroval.model.evaluation.trial_images import expected, variants
from neuroval.model.evaluation.trial_plan import IMAGE_UNREADABLE, KINDS, Plan, Unit, planned
from neuroval.model.inference.engine import Engine, load
from neuroval.model.inference.preprocessing import preprocess

VERSION: Final = 1  # of the interventions: raised when one of them gives other pixels
SAMPLE: Final = 300  # scans for corruptions and repeats
SEED: Final = 20261130
AHEAD: Final = 4  # parts that are worked on before the first of them is written
PACKAGES: Final = ("numpy", "onnxruntime", "opencv-python-headless", "pillow", "scipy")
ROW: Final = ("case_id", "intervention", "level", "control", "host_case_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRun:
    """The study with its trial, whether that was computed now, and what was left out: reason -> image paths."""

    study: Study
    computed: bool
    left_out: Mapping[str, tuple[str, ...]]


@holding("path")
def run_trial(
    path: Path,
    *,
    model: str | Path | None = None,
    kinds: Sequence[str] = KINDS,
    splits: Sequence[str] = (),
    sample: int = SAMPLE,
    seed: int = SEED,
    progress: bool = False,
) -> TrialRun:
    """Run the interventions of these kinds over the evaluated cases of a study and put their answers into it.

    ``model`` is a name or folder, by default the study's own by its name; it must be the network that the study
    judges. ``splits`` are by default all that were evaluated. ``sample`` scans are corrupted. A run that was stopped
    goes on from its journal beside the study, and gives what an uninterrupted one gives; a trial that is already
    complete is returned as it is. Raises ``InputError`` when images or model are not on this machine, or when there is
    nothing to do.
    """
    check_place(path)
    study = read_study(path)
    chosen = _splits(study, splits)
    kinds = tuple(kind for kind in KINDS if kind in kinds)
    engine = _engine(study, model)
    images = linked_images(study.manifest.data.name)
    if images is None:
        raise InputError(
            f"{path}: the images of {study.manifest.data.name!r} are not linked on this machine; do so: neuroval data "
            f"link FOLDER --data {study.manifest.data.name}."
        )
    plan = planned(study, images, kinds=kinds, splits=chosen, sample=sample, seed=seed)
    facts = TrialFacts(seed=seed, sample=sample, splits=chosen, kinds=kinds, version=VERSION)
    job = _job(study, engine, plan, facts)
    if study.trial is not None and study.manifest.provenance.get("trial", {}).get("job") == job:
        return TrialRun(study=study, computed=False, left_out=plan.left_out)
    journal = path.with_name(f".{path.name}.trial.partial")
    open_journal(journal, job)
    table, left_out = _answers(engine, plan, facts, journal, job=job, images=images, progress=progress)
    provenance = {
        "job": job,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "code_version": version("neuroval"),
        "packages": {package: version(package) for package in PACKAGES},
    }
    study = add_trial(path, Trial(table=table, facts=facts), provenance=provenance)
    shutil.rmtree(journal)
    return TrialRun(study=study, computed=True, left_out=left_out)


def _splits(study: Study, wanted: Sequence[str]) -> tuple[str, ...]:
    held = evaluated_splits(study)
    for name in wanted:
        if name not in held:
            raise InputError(f"{study.path}: split {name!r} has no predictions; evaluated are {list(held)}.")
    return tuple(name for name in EVALUATED_SPLITS if name in (wanted or held))


def _engine(study: Study, model: str | Path | None) -> Engine:
    """Return the network that the study judges. Raises ``InputError`` when it is another, or not on this machine."""
    facts = study.manifest.model
    if model is None and facts is None:
        raise InputError(f"{study.path}: its predictions were imported, so no network is known; name one with --model.")
    try:
        folder = find_model(model if model is not None else facts.name if facts is not None else "")
    except InputError as error:
        raise InputError(f"{study.path}: its network is not on this machine ({error}); name it with --model.") from None
    engine = load(folder, threads=1)  # an image a core is faster than all cores on one image
    if engine.card.classes.names != study.classes.names:
        raise InputError(
            f"{folder}: its classes are {list(engine.card.classes.names)}, those of the study "
            f"{list(study.classes.names)}; a trial needs the study's own network."
        )
    if facts is not None and facts.sha256 and engine.card.sha256 != facts.sha256:
        raise InputError(
            f"{folder}: another network ({engine.card.sha256[:12]}) than the study judges ({facts.sha256[:12]}); name "
            "that one with --model."
        )
    return engine


def _job(study: Study, engine: Engine, plan: Plan, facts: TrialFacts) -> str:
    """Return a hash of all that the result rests on: network, images, outlines, who is put where, and settings."""
    units = [
        [unit.kind, *((scan.case_id, scan.content) for scan in (unit.scan, unit.host, unit.donor) if scan is not None)]
        for unit in plan.units
    ]
    text = json.dumps(
        [SCHEMA_VERSION, UNITS_IN_PART, engine.card.sha256, study.classes.names, facts.to_document(), units]
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _answers(
    engine: Engine, plan: Plan, facts: TrialFacts, journal: Path, *, job: str, images: LinkedImages, progress: bool
) -> tuple[pd.DataFrame, dict[str, tuple[str, ...]]]:
    """Return the rows of the trial, and what was left out, an image that became unreadable meanwhile among it."""
    units = pd.DataFrame({"unit": pd.Series(plan.units, dtype=object)})
    parts = cut(journal, "part", units, size=UNITS_IN_PART, job=job)
    images_of = {part.file: sum(expected(unit, kinds=facts.kinds) for unit in part.cases["unit"]) for part in parts}
    done = sum(images_of[part.file] for part in parts if part.done)
    open_parts = [part for part in parts if not part.done]
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        work = {}
        bar = Bar(total=sum(images_of.values()), initial=done, desc="On trial", unit="image", disable=not progress)
        with bar:
            for number, part in enumerate(open_parts):
                for ahead in open_parts[number : number + AHEAD]:  # so that no core waits for the end of a part
                    if ahead.file not in work:
                        work[ahead.file] = [
                            (unit, pool.submit(_answered, engine, unit, facts)) for unit in ahead.cases["unit"]
                        ]
                rows = []
                for unit, answer in work.pop(part.file):
                    rows.append(answer.result())
                    bar.update(expected(unit, kinds=facts.kinds))
                part.save({name: np.concatenate([row[name] for row in rows]) for name in rows[0]})
    finally:
        pool.shutdown(cancel_futures=True)
    results = collected(parts, *ROW, "probabilities", "reason")
    return _table(engine, results), _with_unreadable(plan, results, images)


def _answered(engine: Engine, unit: Unit, facts: TrialFacts) -> dict[str, NDArray[Any]]:
    """Return the rows of one unit, as the journal keeps them; of one that cannot be read, one row with the reason."""
    size, rows, answers, reason = engine.card.input_size, [], [], ""
    try:
        for variant in variants(unit, kinds=facts.kinds, seed=facts.seed):
            rows.append((variant.intervention, variant.level, variant.control))
            answers.append(engine.probabilities(preprocess(variant.pixels, size=size)[None]))
    except ImageError as error:
        rows, reason = [("", 0, "")], str(error)
        answers = [np.zeros((1, len(engine.card.classes)), np.float32)]
    names, levels, controls = zip(*rows, strict=True) if rows else ((), (), ())
    n = len(rows)
    return {
        "case_id": np.array([unit.scan.case_id] * n, dtype=np.str_),
        "intervention": np.array(names, dtype=np.str_),
        "level": np.array(levels, dtype=np.int16),
        "control": np.array(controls, dtype=np.str_),
        "host_case_id": np.array(["" if unit.host is None else unit.host.case_id] * n, dtype=np.str_),
        "probabilities": np.concatenate(answers) if answers else np.zeros((0, len(engine.card.classes)), np.float32),
        "reason": np.array([reason] * n, dtype=np.str_),
    }


def _table(engine: Engine, results: Mapping[str, NDArray[Any]]) -> pd.DataFrame:
    readable = results["reason"] == ""
    table = pd.DataFrame({name: results[name][readable] for name in ROW})
    table["host_case_id"] = table["host_case_id"].where(table["host_case_id"] != "", None)
    table.insert(1, "network", FINAL)
    columns = list(engine.card.classes.probability_columns)
    table[columns] = results["probabilities"][readable].astype(np.float64)
    return table


def _with_unreadable(
    plan: Plan, results: Mapping[str, NDArray[Any]], images: LinkedImages
) -> dict[str, tuple[str, ...]]:
    lost = set(results["case_id"][results["reason"] != ""])
    if not lost:
        return dict(plan.left_out)
    paths = {unit.scan.image.relative_to(images.folder).as_posix() for unit in plan.units if unit.scan.case_id in lost}
    before = plan.left_out.get(IMAGE_UNREADABLE, ())
    return {**plan.left_out, IMAGE_UNREADABLE: tuple(sorted({*before, *paths}))}


def counts_of(trial: Trial) -> dict[str, int]:
    """Return how many rows a trial has of each intervention and of its controls, in their order."""
    names = trial.table["intervention"] + np.where(trial.table["control"] == "", "", "/" + trial.table["control"])
    return dict(Counter(names))
