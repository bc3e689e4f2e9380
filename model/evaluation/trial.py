"""The trial of a study: its network over images changed on purpose. Streamed, resumable, bounded in memory."""

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
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
from neuroval.data.study.trial_maps import CURVES, STEPS, VARIANTS, MapFacts, TrialMaps
from neuroval.model.evaluation import trial_maps
from neuroval.model.evaluation.journal import UNITS_IN_PART, Part, collected, cut, open_journal
from neuroval.model.evaluation.trial_images import chance_of, expected, variants
from neuroval.model.evaluation.trial_maps import Controls
from neuroval.model.evaluation.trial_plan import IMAGE_UNREADABLE, KINDS, MAPS, Plan, Unit, grey_of, planned
from neuroval.model.inference.engine import Engine
from neuroval.model.inference.scan_reader import Reader, open_reader

VERSION: Final = 1  # of the interventions: raised when one of them gives other pixels
SAMPLE: Final = 300  # scans for corruptions and repeats
MAP_SAMPLE: Final = 60  # scans whose maps are examined
MAPS_IN_PART: Final = 8  # of the journal: each scan is some 50 answers
SEED: Final = 20261130
AHEAD: Final = 4  # parts that are worked on before the first of them is written
PACKAGES: Final = ("numpy", "onnxruntime", "opencv-python-headless", "pillow", "scipy")
UNKNOWN: Final = -1  # whether an image is unlike the training images
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
    map_sample: int = MAP_SAMPLE,
    seed: int = SEED,
    progress: bool = False,
) -> TrialRun:
    """Run the interventions of these kinds over the evaluated cases of a study and put their answers into it.

    ``model`` is a name or folder, by default the study's own by its name; it must be the network that the study
    judges. ``splits`` are by default all that were evaluated. ``sample`` scans are corrupted, and the maps of
    ``map_sample`` scans examined. A run that was stopped
    goes on from its journal beside the study, and gives what an uninterrupted one gives; a trial that is already
    complete is returned as it is. Raises ``InputError`` when images or model are not on this machine, or when there is
    nothing to do.
    """
    check_place(path)
    study = read_study(path)
    chosen = _splits(study, splits)
    kinds = tuple(kind for kind in KINDS if kind in kinds)
    folder, reader = _reader(study, model)
    engine = reader.engine
    images = linked_images(study.manifest.data.name)
    if images is None:
        raise InputError(
            f"{path}: the images of {study.manifest.data.name!r} are not linked on this machine; do so: neuroval data "
            f"link FOLDER --data {study.manifest.data.name}."
        )
    plan = planned(study, images, kinds=kinds, splits=chosen, sample=sample, map_sample=map_sample, seed=seed)
    facts = TrialFacts(seed=seed, sample=sample, splits=chosen, kinds=kinds, version=VERSION)
    map_facts = MapFacts(seed=seed, sample=map_sample, version=trial_maps.VERSION) if MAPS in kinds else None
    job = _job(study, reader, plan, facts, map_facts)
    if study.trial is not None and study.manifest.provenance.get("trial", {}).get("job") == job:
        return TrialRun(study=study, computed=False, left_out=plan.left_out)
    controls = None if map_facts is None else _controls(folder, engine, seed=seed)
    journal = path.with_name(f".{path.name}.trial.partial")
    open_journal(journal, job)
    answers, maps = _answers(reader, controls, plan, facts, journal, job=job, progress=progress)
    provenance = {
        "job": job,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "code_version": version("neuroval"),
        "packages": {package: version(package) for package in PACKAGES},
    }
    study = add_trial(
        path,
        Trial(table=_table(engine, answers), facts=facts),
        maps=None if map_facts is None else _maps(maps, map_facts),
        provenance=provenance,
    )
    shutil.rmtree(journal)
    lost = {case for told in (answers, maps) if told for case in told["case_id"][told["reason"] != ""]}
    return TrialRun(study=study, computed=True, left_out=_with_unreadable(plan, lost, images))


def _splits(study: Study, wanted: Sequence[str]) -> tuple[str, ...]:
    held = evaluated_splits(study)
    for name in wanted:
        if name not in held:
            raise InputError(f"{study.path}: split {name!r} has no predictions; evaluated are {list(held)}.")
    return tuple(name for name in EVALUATED_SPLITS if name in (wanted or held))


def _reader(study: Study, model: str | Path | None) -> tuple[Path, Reader]:
    """Return the folder of the network that the study judges, and the network.

    Raises ``InputError`` when it is another, or not on this machine.
    """
    facts = study.manifest.model
    if model is None and facts is None:
        raise InputError(f"{study.path}: its predictions were imported, so no network is known; name one with --model.")
    try:
        folder = find_model(model if model is not None else facts.name if facts is not None else "")
    except InputError as error:
        raise InputError(f"{study.path}: its network is not on this machine ({error}); name it with --model.") from None
    reader = open_reader(folder)  # on one core: an image a core is faster than all cores on one image
    engine = reader.engine
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
    return folder, reader


def _controls(folder: Path, engine: Engine, *, seed: int) -> Controls:
    try:
        return trial_maps.controls_of(folder, engine, size=engine.card.input_size, seed=seed)
    except InputError as error:
        without = " ".join(f"--kinds {kind}" for kind in KINDS if kind != MAPS)
        raise InputError(f"{folder}: {error} Leave the maps out: {without}.") from None


def _job(study: Study, reader: Reader, plan: Plan, facts: TrialFacts, map_facts: MapFacts | None) -> str:
    """Return a hash of all that the result rests on: network, images, outlines, who is put where, and settings."""
    units = [
        [unit.kind, *((scan.case_id, scan.content) for scan in (unit.scan, unit.host, unit.donor) if scan is not None)]
        for unit in plan.units
    ]
    text = json.dumps(
        [
            *(SCHEMA_VERSION, UNITS_IN_PART, reader.card.sha256, study.classes.names, facts.to_document(), units),
            reader.tells_unlike,
            *(() if map_facts is None else (MAPS_IN_PART, asdict(map_facts))),
        ]
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _answers(
    reader: Reader,
    controls: Controls | None,
    plan: Plan,
    facts: TrialFacts,
    journal: Path,
    *,
    job: str,
    progress: bool,
) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """Return the rows of the trial and what became of the maps, each as the journal keeps it; empty without any."""
    changed = [unit for unit in plan.units if unit.kind != MAPS]
    mapped = [unit for unit in plan.units if unit.kind == MAPS]
    parts = _parts(journal, "part", changed, size=UNITS_IN_PART, job=job)
    map_parts = _parts(journal, "maps", mapped, size=MAPS_IN_PART, job=job)

    def answered(unit: Unit) -> dict[str, NDArray[Any]]:
        if controls is not None and unit.kind == MAPS:
            return _examined(controls, unit, grid=reader.card.grid, seed=facts.seed)
        return _answered(reader, unit, facts)

    def images_of(part: Part) -> int:
        return sum(expected(unit, kinds=facts.kinds) for unit in part.cases["unit"])

    every = [*parts, *map_parts]
    done = sum(images_of(part) for part in every if part.done)
    total = sum(map(images_of, every))
    with Bar(total=total, initial=done, desc="On trial", unit="image", disable=not progress) as bar:
        for unit in _in_parts([part for part in every if not part.done], answered):
            bar.update(expected(unit, kinds=facts.kinds))
    kept = collected(parts, *ROW, "probabilities", "unlike", "reason")
    return kept, collected(map_parts, "case_id", "called", "maps", "curves", "reason")


def _parts(journal: Path, name: str, units: Sequence[Unit], *, size: int, job: str) -> list[Part]:
    return cut(journal, name, pd.DataFrame({"unit": np.array(units, dtype=object)}), size=size, job=job)


def _in_parts(parts: Sequence[Part], answered: Callable[[Unit], dict[str, NDArray[Any]]]) -> Iterator[Unit]:
    """Answer the units of parts on all cores and save each part; yield each unit once it is answered."""
    pool = ThreadPoolExecutor(os.cpu_count())
    work: dict[Path, list[tuple[Unit, Future[dict[str, NDArray[Any]]]]]] = {}
    try:
        for number, part in enumerate(parts):
            for ahead in parts[number : number + AHEAD]:  # so that no core waits for the end of a part
                if ahead.file not in work:
                    work[ahead.file] = [(unit, pool.submit(answered, unit)) for unit in ahead.cases["unit"]]
            rows = []
            for unit, answer in work.pop(part.file):
                rows.append(answer.result())
                yield unit
            part.save({name: np.concatenate([row[name] for row in rows]) for name in rows[0]})
    finally:
        pool.shutdown(cancel_futures=True)


def _answered(reader: Reader, unit: Unit, facts: TrialFacts) -> dict[str, NDArray[Any]]:
    """Return the rows of one unit, as the journal keeps them; of one that cannot be read, one row with the reason."""
    k, rows, answers, unlike, reason = len(reader.card.classes), [], [], [], ""
    try:
        for variant in variants(unit, kinds=facts.kinds, seed=facts.seed):
            rows.append((variant.intervention, variant.level, variant.control))
            told, flagged = reader.call(variant.pixels)
            answers.append(told[None])
            unlike.append(UNKNOWN if flagged is None else int(flagged))
    except ImageError as error:
        rows, reason = [("", 0, "")], str(error)
        answers, unlike = [np.zeros((1, k), np.float32)], [UNKNOWN]
    names, levels, controls = zip(*rows, strict=True) if rows else ((), (), ())
    n = len(rows)
    return {
        "case_id": np.array([unit.scan.case_id] * n, dtype=np.str_),
        "intervention": np.array(names, dtype=np.str_),
        "level": np.array(levels, dtype=np.int16),
        "control": np.array(controls, dtype=np.str_),
        "host_case_id": np.array(["" if unit.host is None else unit.host.case_id] * n, dtype=np.str_),
        "probabilities": np.concatenate(answers) if answers else np.zeros((0, k), np.float32),
        "unlike": np.array(unlike, dtype=np.int8),
        "reason": np.array([reason] * n, dtype=np.str_),
    }


def _examined(controls: Controls, unit: Unit, *, grid: tuple[int, int], seed: int) -> dict[str, NDArray[Any]]:
    """Return what becomes of the maps of one scan, as the journal keeps it; of one that cannot be read, the reason."""
    try:
        told = trial_maps.examined(
            grey_of(unit.scan.image), controls, chance=lambda *names: chance_of(seed, unit.scan.case_id, *names)
        )
        reason = ""
    except ImageError as error:
        told = {
            "called": np.array(0, dtype=np.int64),
            "maps": np.zeros((len(VARIANTS), *grid), dtype=np.float16),
            "curves": np.zeros((len(CURVES), STEPS + 1), dtype=np.float32),
        }
        reason = str(error)
    names = {"case_id": np.array(unit.scan.case_id, dtype=np.str_), "reason": np.array(reason, dtype=np.str_)}
    return {name: value[None] for name, value in (told | names).items()}


def _maps(results: Mapping[str, NDArray[Any]], facts: MapFacts) -> TrialMaps:
    readable = results["reason"] == ""
    case_id, called, maps, curves = (results[name][readable] for name in ("case_id", "called", "maps", "curves"))
    return TrialMaps(case_ids=pd.Index(case_id.astype(object)), called=called, maps=maps, curves=curves, facts=facts)


def _table(engine: Engine, results: Mapping[str, NDArray[Any]]) -> pd.DataFrame:
    readable = results["reason"] == ""
    table = pd.DataFrame({name: results[name][readable] for name in ROW})
    table["host_case_id"] = table["host_case_id"].where(table["host_case_id"] != "", None)
    table.insert(1, "network", FINAL)
    flagged = results["unlike"][readable]
    table["unlike"] = pd.array(flagged == 1, dtype="boolean")
    table.loc[flagged == UNKNOWN, "unlike"] = pd.NA
    columns = list(engine.card.classes.probability_columns)
    table[columns] = results["probabilities"][readable].astype(np.float64)
    return table


def _with_unreadable(plan: Plan, lost: set[str], images: LinkedImages) -> dict[str, tuple[str, ...]]:
    """Return what was left out, with the cases whose images became unreadable meanwhile."""
    if not lost:
        return dict(plan.left_out)
    paths = {unit.scan.image.relative_to(images.folder).as_posix() for unit in plan.units if unit.scan.case_id in lost}
    before = plan.left_out.get(IMAGE_UNREADABLE, ())
    return {**plan.left_out, IMAGE_UNREADABLE: tuple(sorted({*before, *paths}))}


def counts_of(trial: Trial) -> dict[str, int]:
    """Return how many rows a trial has of each intervention and of its controls, in their order."""
    names = trial.table["intervention"] + np.where(trial.table["control"] == "", "", "/" + trial.table["control"])
    return dict(Counter(names))
