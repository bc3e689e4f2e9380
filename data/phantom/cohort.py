"""Writing the phantom cohort: a data set folder that is read like any other."""

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from neuroval.data.exceptions import InputError
from neuroval.data.phantom import DIFFICULTY, FACTS, PATIENTS, SEED, facts
from neuroval.data.phantom.flaws import ALL_FLAWS, PLANTED_COLUMNS, check_flaws
from neuroval.data.phantom.plan import Patient, plan_cohort
from neuroval.data.phantom.planting import plant_copies, plant_corrupt, planted_by_patient
from neuroval.data.phantom.render import Row, render_patient
from neuroval.data.storage.atomic import written_whole
from neuroval.data.storage.lock import holding
from neuroval.data.storage.toml import as_toml

METADATA_COLUMNS = ("image_path", "label", "split", "patient_id", "plane", "source", "site", "mask_path")
PATIENTS_PER_WORKER = 10  # fewer are drawn sooner than another process has started


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """A cohort as written.

    ``metadata`` has one row per image, ``planted`` one per image and flaw; both are in the folder as CSV, beside
    ``phantom.toml``, which says how the cohort was made.
    """

    folder: Path
    metadata: pd.DataFrame
    planted: pd.DataFrame


@holding("folder")
def generate(
    folder: Path,
    *,
    seed: int = SEED,
    patients: int = PATIENTS,
    difficulty: float = DIFFICULTY,
    flaws: Iterable[str] = ALL_FLAWS,
    replace: bool = False,
    workers: int | None = None,
    progress: bool = False,
) -> Cohort:
    """Draw a cohort of synthetic patients into a new ``folder`` and return what was written.

    A patient has 5 to 8 slices, so 184 patients give about 1,200 images, a quarter of them in test. The same seed,
    patients, difficulty and flaws give the same files, byte for byte, with any number of ``workers`` (processes; by
    default one for each core). ``difficulty``, 0 to 1, makes tumours smaller and fainter and images noisier.
    The folder appears when it is complete. Raises ``InputError`` when it exists and this is not to ``replace`` it, for
    an unknown flaw, or for a number out of range.
    """
    chosen = check_flaws(flaws)
    plan = plan_cohort(seed=seed, patients=patients, difficulty=difficulty, flaws=chosen)
    if folder.exists() and not replace:
        raise InputError(f"{folder}: exists already; a phantom cohort is written into a new folder.")
    with written_whole(folder) as part:
        rows = _render_all(part, plan, seed=seed, workers=workers, progress=progress)
        copies = plant_copies(part, plan, rows, seed=seed, flaws=chosen)
        corrupt = plant_corrupt(part, plan, rows, seed=seed, flaws=chosen)
        drawn = [line for patient, row in zip(plan, rows, strict=True) for line in planted_by_patient(patient, row)]
        images = [row for line in rows for row in line] + [row for row, _ in copies]
        truth = [*drawn, *(line for _, line in copies), *corrupt]
        metadata = _write_table(part / "metadata.csv", images, columns=METADATA_COLUMNS)
        planted = _write_table(part / "planted.csv", truth, columns=PLANTED_COLUMNS)
        made = facts(seed=seed, patients=patients, difficulty=difficulty, flaws=chosen)
        (part / FACTS).write_text(as_toml(made), encoding="utf-8")
    return Cohort(folder=folder, metadata=metadata, planted=planted)


def _render_all(
    folder: Path, plan: Sequence[Patient], *, seed: int, workers: int | None, progress: bool
) -> list[list[Row]]:
    """Return each patient's lines of metadata, in the order of the plan."""
    if workers is None:
        workers = max(1, min(os.cpu_count() or 1, len(plan) // PATIENTS_PER_WORKER))
    render = partial(render_patient, folder=folder, seed=seed)
    total = sum(len(patient.splits) for patient in plan)
    rows: list[list[Row]] = []
    with tqdm(total=total, desc="Drawing phantoms", unit="image", disable=not progress) as bar:
        for rendered in map(render, plan) if workers == 1 else _in_processes(render, plan, workers=workers):
            rows.append(rendered)
            bar.update(len(rendered))
    return rows


def _in_processes(render: "partial[list[Row]]", plan: Sequence[Patient], *, workers: int) -> Iterator[list[Row]]:
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:  # fork is unsafe beside threads
        try:
            yield from pool.map(render, plan, chunksize=2)
        except BaseException:  # interrupted as well: the rest is not drawn, and what was raised goes on
            pool.shutdown(cancel_futures=True)
            raise


def _write_table(path: Path, rows: Sequence[Row], *, columns: Sequence[str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(columns)).sort_values(list(columns[:2]), ignore_index=True)
    table.to_csv(path, index=False, lineterminator="\n")
    return table
