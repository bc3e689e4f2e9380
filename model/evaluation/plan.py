"""The plan of an evaluation: what is computed of a data set, what its study says besides, and by which code.

It is made once, by reading every image. One machine keeps it in memory; where several share the work it is written into
their folder, with the model, so that each computes the same thing (``save_plan`` and ``read_plan``).
"""

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from neuroval.data.claims.reading import FILE as CLAIMS
from neuroval.data.dataset.folder import Dataset
from neuroval.data.dataset.intake import from_document as intake_from
from neuroval.data.dataset.listing import Listing
from neuroval.data.dataset.splits import assign_tuning, group_ids, hash_of
from neuroval.data.exceptions import InputError
from neuroval.data.images.duplicates import find_pairs
from neuroval.data.schema import EVALUATED_SPLITS, SCHEMA_VERSION
from neuroval.data.storage.atomic import written_whole
from neuroval.data.storage.files import file_sha256
from neuroval.model.card import ModelCard, record_sha256
from neuroval.model.evaluation.canary import Canary, write_canary
from neuroval.model.evaluation.journal import CASES_IN_PART

PACKAGES: Final = ("numpy", "onnxruntime", "opencv-python-headless", "pandas", "pillow", "pyarrow")
FACTS, MODEL, CANARY = "plan.json", "model", "canary.npz"
TABLES: Final = ("cases", "pairs", "rejected")
SHARED: Final = 128  # parts that a small data set is cut into at least, so that many workers have some
SMALLEST: Final = 8  # images of a part: below, files cost more than they spread
BROKEN: Final = (OSError, ValueError, KeyError, TypeError, pa.ArrowException)
WORDS: Final = {  # of an identity, in the order in which they are told
    "model": "the model differs",
    "data": "the name of the data set differs",
    "splits": "the splits differ",
    "description": "the description of the study differs",
    "claims": "the file of claims differs",
    "mc_dropout": "--mc-dropout differs",
    "embeddings": "--no-embeddings differs",
    "schema": "it was planned by another version of NeuroVal",
    "part": "it was planned by another version of NeuroVal",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an evaluation computes besides model and images; as ``to_study.evaluate`` has it."""

    data_name: str
    description: Mapping[str, Any] | None = None
    claims: Path | None = None
    splits: tuple[str, ...] = EVALUATED_SPLITS
    mc_dropout: int = 0
    embeddings: bool = True
    listing: Listing | None = None

    def identity(self, record: str) -> dict[str, Any]:
        """Return what identifies a job on any images: model record, settings, versions of code and packages."""
        return {
            "model": record,
            "data": self.data_name,
            "splits": list(self.splits),
            "description": self.description,
            "claims": None if self.claims is None else file_sha256(self.claims),
            "mc_dropout": self.mc_dropout,
            "embeddings": self.embeddings,
            "listing": None if self.listing is None else self.listing.identity(),
            "schema": SCHEMA_VERSION,
            "part": CASES_IN_PART,
            "made_by": {"neuroval": version("neuroval"), **{package: version(package) for package in PACKAGES}},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan. ``dataset`` has the cases with their groups and splits; ``pairs`` are their copies.

    ``same_split`` says whether the model's own tuning split is restored. ``identity`` is that of the settings and
    ``images`` hashes of the cases; both together are the ``job``.
    """

    dataset: Dataset
    pairs: pd.DataFrame
    same_split: bool
    settings: Settings
    identity: Mapping[str, Any]
    images: tuple[str, ...]

    @property
    def cases(self) -> pd.DataFrame:
        return self.dataset.cases

    @property
    def chosen(self) -> pd.DataFrame:
        """The cases that are predicted and explained, in the order of their ids."""
        return _chosen(self.cases, self.settings.splits)

    @property
    def others(self) -> pd.DataFrame:
        """The cases that are only embedded, if any are."""
        rest = self.cases[~self.cases["split"].isin(self.settings.splits)]
        return rest.sort_values("case_id") if self.settings.embeddings else rest[:0]

    @property
    def job(self) -> str:
        """The identity of all that is computed, as one hash."""
        told = self.identity
        content = [*self.images, *([] if told["claims"] is None else [told["claims"]])]
        text = json.dumps(
            [
                *(told["schema"], told["model"], content, told["description"], told["part"], told["made_by"]),
                *(told["mc_dropout"], told["embeddings"]),
            ],
            sort_keys=True,
        )
        return hashlib.sha256(text.encode()).hexdigest()


def planned(dataset: Dataset, card: ModelCard, record: str, settings: Settings, *, progress: bool = False) -> Plan:
    """Return the plan for a data set as it was read. Raises ``InputError`` when no case is in the wanted splits."""
    cases, pairs, same_split = grouped(dataset, card, progress=progress)
    chosen = _chosen(cases, settings.splits)
    if chosen.empty:
        there = sorted(cases["split"].unique())
        raise InputError(f"{dataset.folder}: no case in split {list(settings.splits)}; found {there}.")
    hashes = [hashlib.sha256(table.to_csv(index=False).encode()).hexdigest() for table in (cases, chosen)]
    return Plan(
        dataset=dataclasses.replace(dataset, cases=cases),
        pairs=pairs,
        same_split=same_split,
        settings=settings,
        identity=settings.identity(record),
        images=tuple(hashes),
    )


def grouped(dataset: Dataset, card: ModelCard, *, progress: bool) -> tuple[pd.DataFrame, pd.DataFrame, bool]:
    """Return cases with groups and the model's own tuning split, the pairs, and whether that split is restored."""
    pairs = find_pairs(dataset.cases, folder=dataset.folder, progress=progress)
    cases = dataset.cases.assign(group_id=group_ids(dataset.cases, pairs))
    if card.data.get("name") != dataset.name:
        return cases, pairs, True
    tied = pairs[pairs["kind"].isin(card.split["pairs"])]  # the tuning part was cut between groups of these
    then = cases.assign(group_id=group_ids(cases, tied))
    cases["split"] = assign_tuning(then, parts=int(card.split["parts"]), seed=int(card.split["seed"]))
    return cases, pairs, hash_of(cases, "split") == card.split["sha256"]


def _chosen(cases: pd.DataFrame, splits: tuple[str, ...]) -> pd.DataFrame:
    return cases[cases["split"].isin(splits)].sort_values("case_id", ignore_index=True)


def differing(there: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    """Return in words how the identity of this job differs from the one that was planned; empty when it does not."""
    told = [words for name, words in WORDS.items() if there.get(name) != here[name]]
    before = there.get("made_by", {})
    told += [
        f"{name} {before.get(name, 'unknown')} there, {number} here"
        for name, number in here["made_by"].items()
        if before.get(name) != number
    ]
    return ", ".join(dict.fromkeys(told))


# In the folder that several machines share ----------------------------------------------------------------------------


def size_of_parts(plan: Plan) -> int:
    """Return how many cases a part has where work is shared: as in a journal, fewer in a small data set."""
    share = -(-(len(plan.chosen) + len(plan.others)) // SHARED)
    return min(CASES_IN_PART, max(SMALLEST, share))


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPlan:
    """A plan as it lies in the folder: with the size of its parts, and the digest of the canary of its machine."""

    plan: Plan
    size: int
    canary: str


def save_plan(folder: Path, plan: Plan, *, model: Path, canary: Canary) -> None:
    """Write a plan whole, with its model and the canary of the machine that made it.

    Raises ``InputError`` when the model has changed since it was read.
    """
    claims = plan.settings.claims
    with written_whole(folder) as part:
        for name, table in (("cases", plan.cases), ("pairs", plan.pairs), ("rejected", plan.dataset.rejected)):
            table.to_parquet(part / f"{name}.parquet", index=False)
        if claims is not None:
            shutil.copyfile(claims, part / CLAIMS)
        shutil.copytree(model, part / MODEL, ignore=shutil.ignore_patterns("source"))
        if record_sha256(part / MODEL) != plan.identity["model"]:
            raise InputError(f"{model}: was changed while it was read; start again.")
        write_canary(part / CANARY, canary, job=plan.job)
        facts = {
            "identity": plan.identity,
            "images": plan.images,
            "same_split": plan.same_split,
            "hidden": plan.dataset.hidden,
            "intake": plan.dataset.intake.to_document(),
            "size": size_of_parts(plan),
            "canary": canary.digest,
            "files": {f"{name}.parquet": file_sha256(part / f"{name}.parquet") for name in TABLES},
        }
        (part / FACTS).write_text(json.dumps(facts), encoding="utf-8")


def read_plan(folder: Path, *, images: Path | None = None) -> SharedPlan:
    """Return the plan that ``save_plan`` wrote.

    ``images`` is where the data set lies on this machine; who computes nothing needs none. Raises ``InputError`` when
    there is no plan, or it is damaged.
    """
    if not (folder / FACTS).is_file():
        raise InputError(f"{folder}: no plan of an evaluation; run a shard first: neuroval evaluate --shard 1/4 ...")
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        _check_unchanged(folder, facts)
        return _from_facts(folder, facts, images=images)
    except BROKEN as error:
        raise InputError(f"{folder}: damaged ({error}); take an empty folder and run all shards again.") from None


def _check_unchanged(folder: Path, facts: Mapping[str, Any]) -> None:
    identity = facts["identity"]
    stated = {**facts["files"], **({} if identity["claims"] is None else {CLAIMS: identity["claims"]})}
    changed = [name for name, sha256 in stated.items() if file_sha256(folder / name) != sha256]
    changed += [] if record_sha256(folder / MODEL) == identity["model"] else [MODEL]
    if changed:
        raise ValueError(f"{changed[0]} was changed")


def _from_facts(folder: Path, facts: Mapping[str, Any], *, images: Path | None) -> SharedPlan:
    identity = facts["identity"]
    settings = Settings(
        data_name=identity["data"],
        description=identity["description"],
        claims=None if identity["claims"] is None else folder / CLAIMS,
        splits=tuple(identity["splits"]),
        mc_dropout=identity["mc_dropout"],
        embeddings=identity["embeddings"],
    )
    tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES}
    dataset = Dataset(
        name=settings.data_name,
        folder=folder if images is None else images,
        cases=tables["cases"],
        rejected=tables["rejected"],
        hidden=facts["hidden"],
        intake=intake_from(facts["intake"]),
    )
    plan = Plan(
        dataset=dataset,
        pairs=tables["pairs"],
        same_split=facts["same_split"],
        settings=settings,
        identity=identity,
        images=tuple(facts["images"]),
    )
    return SharedPlan(plan=plan, size=int(facts["size"]), canary=str(facts["canary"]))
