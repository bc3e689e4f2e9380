"""An evaluation that several machines share: each does a share of the parts in one folder, and a merge makes the study.

Nothing but the folder is needed: who comes first plans (``plan``), the others wait for that and compute the same plan.
A part is a file that is whole or not there, so a machine may stop, start again or do a part twice. Each part says by
which machine it was computed, by the digest of its canary.
"""

import contextlib
import math
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from neuroval.data.dataset.folder import read_dataset
from neuroval.data.exceptions import InputError, InUseError
from neuroval.data.storage.home import STUDY_FILE
from neuroval.data.storage.lock import held, holding
from neuroval.data.storage.progress import Bar
from neuroval.data.study.folder import check_place, read_study
from neuroval.model.card import record_sha256
from neuroval.model.evaluation import canary as canary_of
from neuroval.model.evaluation.canary import Canary, cases_of, check_files, difference, read_canary, write_canary
from neuroval.model.evaluation.journal import Part, State
from neuroval.model.evaluation.plan import (
    CANARY,
    FACTS,
    MODEL,
    Plan,
    Settings,
    differing,
    planned,
    read_plan,
    save_plan,
)
from neuroval.model.evaluation.to_study import (
    Evaluation,
    Network,
    arrays_of,
    check_settings,
    frame_of,
    network_of,
    parts_of,
    write_evaluation,
)

PLAN: Final = "plan"
WAIT: Final = 2.0  # seconds between two looks whether another machine has planned
LIMITATION: Final = "Computed on machines whose numbers differ by up to {difference} in the cases that all of them ran."


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """The ``number``-th of ``total`` shares of the parts, from 1. Raises ``InputError`` when there is no such share."""

    number: int
    total: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.total:
            raise InputError(f"shard {self}: expected a number from 1 to the number of shards, such as 3/16.")

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"

    def share(self, parts: Sequence[Part]) -> list[Part]:
        """Return its parts."""
        return list(parts[self.number - 1 :: self.total])


def shard_named(text: str) -> Shard:
    """Return the shard that is written as ``3/16``. Raises ``InputError`` for anything else."""
    number, slash, total = text.partition("/")
    if not (slash and number.strip().isdecimal() and total.strip().isdecimal()):
        raise InputError(f"shard {text!r}: expected its number and how many there are, such as 3/16.")
    return Shard(number=int(number), total=int(total))


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """The folder of parts, open on a machine that works there.

    ``parts`` are all of them, those that are explained before those that are only embedded. ``canary`` is that of this
    machine, and ``accepted`` the digests of those whose parts this machine leaves as they are.
    """

    plan: Plan
    network: Network
    parts: tuple[Part, ...]
    explained: int
    canary: str
    accepted: frozenset[str]

    def left(self, share: Iterable[Part]) -> list[Part]:
        """Return the parts of a share that are to be computed: not done, or by a machine that is not accepted."""
        return [part for part in share if not part.done or _computed_by(part)[0] not in self.accepted]

    def compute(self, part: Part, *, shard: str, bar: Bar | None = None) -> None:
        """Compute a part and write it."""
        explained = part in self.parts[: self.explained]
        arrays = arrays_of(self.network, part.cases, self.plan.dataset.folder, explained=explained, bar=bar)
        told = {"canary": self.canary, "shard": shard, "case_id": list(part.cases["case_id"])}
        part.save({**arrays, **{name: np.array(value, dtype=np.str_) for name, value in told.items()}})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardRun:
    """What became of a shard: its parts, how many of them were computed now, and how many of all are still missing."""

    parts: int
    computed: int
    missing: int


def run_shard(
    model: Path,
    images: Path,
    *,
    folder: Path,
    shard: Shard,
    settings: Settings,
    tolerance: float = 0.0,
    threads: int | None = None,
    progress: bool = False,
) -> ShardRun:
    """Compute the parts of a shard into a folder that all machines share; what is done there stays as it is.

    The first machine reads the data set and plans. Raises ``InputError`` when the folder holds parts of another job,
    when the images here are others, or when this machine's canary differs by more than ``tolerance`` from that of the
    machine that planned.
    """
    place = open_workplace(
        model, images, folder=folder, settings=settings, tolerance=tolerance, threads=threads, progress=progress
    )
    share = shard.share(place.parts)
    left = place.left(share)
    total, todo = (sum(len(part.cases) for part in parts) for parts in (share, left))
    with Bar(total=total, initial=total - todo, desc=f"Shard {shard}", unit="image", disable=not progress) as bar:
        for part in left:
            place.compute(part, shard=str(shard), bar=bar)
    missing = sum(not part.file.is_file() for part in place.parts)
    return ShardRun(parts=len(share), computed=len(left), missing=missing)


def check_tolerance(tolerance: float) -> None:
    """Raise ``InputError`` for a tolerance that is no number of 0 or more."""
    if not 0 <= tolerance < math.inf:
        raise InputError(f"tolerance {tolerance:g}: expected a number of 0 or more, such as 0.0001.")


def open_workplace(
    model: Path,
    images: Path,
    *,
    folder: Path,
    settings: Settings,
    tolerance: float = 0.0,
    threads: int | None = None,
    progress: bool = False,
) -> Workplace:
    """Return the folder of parts, planned if it was not, with this machine's canary written there.

    Raises ``InputError`` as ``run_shard`` does.
    """
    check_settings(settings)
    check_tolerance(tolerance)
    record = record_sha256(model)
    network = network_of(model, mc_dropout=settings.mc_dropout, threads=threads)
    made = _plan_once(model, images, record, network, folder=folder, settings=settings, progress=progress)
    shared = read_plan(folder / PLAN, images=images)
    if differs := differing(shared.plan.identity, settings.identity(record)):
        raise InputError(f"{folder}: holds the parts of another job ({differs}); choose an empty folder for this one.")
    plan = shared.plan
    reference = read_canary(folder / PLAN / CANARY, job=plan.job, digest=shared.canary)
    ours = _canary(plan, network) if made is None else made
    apart = difference(reference, ours)
    if apart > tolerance:
        raise InputError(
            f"{folder}: this machine computes other numbers than the one that planned: they differ by "
            f"{_number(apart)} in the {len(cases_of(plan.chosen))} cases of the canary; {_remedy(apart)}."
        )
    write_canary(folder / canary_of.NAME.format(digest=ours.digest), ours, job=plan.job)
    parts, seen = parts_of(plan, folder, size=shared.size)
    return Workplace(
        plan=plan,
        network=network,
        parts=(*parts, *seen),
        explained=len(parts),
        canary=ours.digest,
        accepted=frozenset({ours.digest, *_accepted(folder, reference, plan.job, tolerance)}),
    )


def _plan_once(
    model: Path,
    images: Path,
    record: str,
    network: Network,
    *,
    folder: Path,
    settings: Settings,
    progress: bool,
) -> Canary | None:
    """Plan, unless it is done; while another machine plans, wait for it, and take over from one that was killed.

    Return the canary of this machine, if it was this one that planned.
    """
    made = None
    place = folder / PLAN
    with contextlib.closing(Bar(desc="Another machine plans", unit="look", disable=not progress, delay=WAIT)) as bar:
        while not (place / FACTS).is_file():
            if folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir() if path != place):
                raise InputError(f"{folder}: is not empty and holds no plan; choose an empty folder for the parts.")
            try:
                with held(place, patience=0):
                    if not (place / FACTS).is_file():
                        card = network.engine.card
                        dataset = read_dataset(
                            images,
                            name=settings.data_name,
                            classes=card.classes,
                            listing=settings.listing,
                            progress=progress,
                        )
                        plan = planned(dataset, card, record, settings, progress=progress)
                        frame_of(plan, model, name=PLAN)  # what is wrong with it is said now, not when all is computed
                        made = _canary(plan, network)
                        save_plan(place, plan, model=model, canary=made)
            except InUseError:
                bar.update()
                time.sleep(WAIT)
    return made


def _canary(plan: Plan, network: Network) -> Canary:
    cases = cases_of(plan.chosen)
    check_files(cases, plan.dataset.folder)
    return Canary(arrays=arrays_of(network, cases, plan.dataset.folder, explained=True))


def _accepted(folder: Path, reference: Canary, job: str, tolerance: float) -> Iterable[str]:
    """Yield the digests of the canaries in a folder that differ from the reference by the tolerance at most."""
    yield reference.digest
    for file in folder.glob(canary_of.NAME.format(digest="*")):
        digest = file.stem.partition("-")[2]
        with contextlib.suppress(InputError):  # damaged or changed: its parts are computed again
            if difference(reference, read_canary(file, job=job, digest=digest)) <= tolerance:
                yield digest


def _computed_by(part: Part) -> tuple[str, str]:
    """Return the digest of the canary of the machine that computed a part, and the shard."""
    told = part.load("canary", "shard")
    return str(told.get("canary", "")), str(told.get("shard", ""))


# The merge ------------------------------------------------------------------------------------------------------------


@holding("out")
def merge(folder: Path, *, out: Path, tolerance: float = 0.0) -> Evaluation:
    """Make the study of the parts in a folder: that of one machine that computed all of them.

    Needs neither the images nor the model. Raises ``InputError`` when parts are missing, damaged or of another job,
    naming the shards to run again, or when a machine's canary differs by more than ``tolerance`` from that of the
    machine that planned. A difference that is allowed is written into the study.
    """
    check_place(out)
    check_tolerance(tolerance)
    shared = read_plan(folder / PLAN)
    plan, model = shared.plan, folder / PLAN / MODEL
    if differs := differing(plan.identity, plan.settings.identity(plan.identity["model"])):
        raise InputError(f"{folder}: was computed by other versions ({differs}); merge with those.")
    parts, seen = parts_of(plan, folder, size=shared.size)
    _check_parts((*parts, *seen), folder)
    reference = read_canary(folder / PLAN / CANARY, job=plan.job, digest=shared.canary)
    apart, kinds = _differences((*parts, *seen), folder, reference, job=plan.job, tolerance=tolerance)
    earlier = read_study(out) if (out / STUDY_FILE).is_file() else None
    if earlier is not None and earlier.manifest.provenance.get("job") == plan.job:
        return Evaluation(study=earlier, computed=False)
    limitations = (LIMITATION.format(difference=_number(apart)),) if apart else ()
    frame = frame_of(plan, model, name=out.name, limitations=limitations)
    machines = {"kinds": kinds, "canary_cases": len(cases_of(plan.chosen)), "largest_difference": apart}
    study = write_evaluation(
        plan,
        frame,
        parts,
        seen,
        out=out,
        earlier=earlier,
        provenance={"machines": {**machines, "tolerance": tolerance}},
    )
    return Evaluation(study=study, computed=True)


def _check_parts(parts: Sequence[Part], folder: Path) -> None:
    """Raise ``InputError`` unless all parts are done, each with the cases that it should have."""
    faults: dict[State, list[int]] = {}
    totals: Counter[int] = Counter()
    for index, part in enumerate(parts):
        state = part.state
        if state is State.DONE:
            if not np.array_equal(
                part.load("case_id").get("case_id", ()), part.cases["case_id"].to_numpy(dtype=np.str_)
            ):
                state = State.FOREIGN
            with contextlib.suppress(InputError):
                totals[shard_named(_computed_by(part)[1]).total] += 1
        if state is not State.DONE:
            faults.setdefault(state, []).append(index)
    if not faults:
        return
    if len(faults.get(State.MISSING, ())) == len(parts):
        raise InputError(f"{folder}: no part is done yet; run the shards first.")
    told = []
    for state, indices in faults.items():
        named = f" (the first: {parts[indices[0]].file.name})"
        told.append(f"{len(indices)} of {len(parts)} parts {'is' if len(indices) == 1 else 'are'} {state.value}{named}")
    total = totals.most_common(1)[0][0] if totals else 1
    again = sorted({index % total + 1 for indices in faults.values() for index in indices})
    shards = ", ".join(f"--shard {number}/{total}" for number in again)
    raise InputError(f"{folder}: {'; '.join(told)}. Run again: {shards}.")


def _differences(
    parts: Sequence[Part], folder: Path, reference: Canary, *, job: str, tolerance: float
) -> tuple[float, int]:
    """Return the largest difference between the canaries of the parts' machines and the reference, and their number.

    Raises ``InputError`` when one differs by more than the tolerance, or its canary cannot be had.
    """
    shards: dict[str, Counter[str]] = {}
    for part in parts:
        digest, shard = _computed_by(part)
        shards.setdefault(digest, Counter())[shard] += 1
    apart: Mapping[str, float] = {
        digest: difference(
            reference, read_canary(folder / canary_of.NAME.format(digest=digest), job=job, digest=digest)
        )
        for digest in shards
        if digest != reference.digest
    }
    worst = max(apart, key=lambda digest: apart[digest], default=None)
    if worst is None:
        return 0.0, 1
    if apart[worst] > tolerance:
        named = ", ".join(f"--shard {shard}" for shard in sorted(shards[worst]))
        count = shards[worst].total()
        raise InputError(
            f"{folder}: the machine of {named} ({count} {'part' if count == 1 else 'parts'}) computes other numbers "
            f"than the one that planned: they differ by {_number(apart[worst])} in the cases of the canary; "
            f"{_remedy(apart[worst])}."
        )
    return apart[worst], len({reference.digest, *shards})


def _number(value: float) -> str:
    """Return a difference with two digits, rounded up."""
    if not 0 < value < math.inf:
        return f"{value:g}"
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return f"{math.ceil(value / unit) * unit:.2g}"


def _remedy(apart: float) -> str:
    another = "run it on a machine like that one"
    return another if math.isinf(apart) else f"{another}, or allow it with --tolerance {_number(apart)}"
