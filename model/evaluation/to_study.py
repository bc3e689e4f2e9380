"""From a model folder and a folder of images to a study: streamed, resumable, bounded in memory."""

import dataclasses
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from neuroval.data.claims.reading import read_claims
from neuroval.data.classes import ClassOrder
from neuroval.data.dataset.folder import Dataset, read_dataset
from neuroval.data.dataset.listing import Listing
from neuroval.data.exceptions import ContractError, InputError
from neuroval.data.schema import EVALUATED_SPLITS, SCHEMA_VERSION
from neuroval.data.storage.home import STUDY_FILE
from neuroval.data.storage.lock import holding
from neuroval.data.storage.progress import Bar
from neuroval.data.study import gradcam as gradcam_of
from neuroval.data.study.folder import Study, check_place, checked_table, read_study, write_study
from neuroval.data.study.gradcam import GradCams
from neuroval.data.study.manifest import DataFacts, Manifest, ModelFacts, TestRead, from_document
from neuroval.model.card import FOLDS, FOLDS_UNGROUPED, GRADCAM_FOLDS, HISTORY, ModelCard, read_card, record_sha256
from neuroval.model.evaluation.case_embeddings import EMBEDDING, embed, embeddings_of, kept_form
from neuroval.model.evaluation.journal import CASES_IN_PART, Part, collected, cut, journal_of, open_journal
from neuroval.model.evaluation.outlines import outlines_of
from neuroval.model.evaluation.plan import PACKAGES, Plan, Settings, planned
from neuroval.model.inference.dry_run import check_contract
from neuroval.model.inference.engine import Engine, load
from neuroval.model.inference.mc_dropout import Head, read_head, uncertainty
from neuroval.model.inference.over_files import predict
from neuroval.model.likeness.components import Components, read_components

MONTE_CARLO = ("mc_entropy", "mc_mutual_information")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A study, and whether it was computed now or found complete."""

    study: Study
    computed: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What computes the parts of an evaluation: the engine, and what its embeddings are turned into.

    ``threads`` images are worked on at a time, by default one on each core.
    """

    engine: Engine
    head: Head | None
    components: Components | None
    passes: int = 0
    threads: int | None = None


def network_of(model: Path, *, mc_dropout: int = 0, threads: int | None = None) -> Network:
    """Return the network of a model folder, tried on a dry image. Raises ``InputError`` where it cannot be used."""
    head = read_head(model) if mc_dropout else None
    engine = load(model, threads=1)  # an image a core is faster than all cores on one image
    check_contract(engine)
    return Network(engine=engine, head=head, components=read_components(model), passes=mc_dropout, threads=threads)


@holding("out")
def evaluate(
    model: Path,
    images: Path,
    *,
    out: Path,
    data_name: str,
    description: Mapping[str, Any] | None = None,
    claims: Path | None = None,
    splits: tuple[str, ...] = EVALUATED_SPLITS,
    mc_dropout: int = 0,
    embeddings: bool = True,
    listing: Listing | None = None,
    threads: int | None = None,
    progress: bool = False,
) -> Evaluation:
    """Run a model over a data set and write the study to ``out``.

    Cases of the given splits are predicted and explained; training cases are listed. ``description`` holds tables of
    ``study.toml`` (wording, harm, acceptance), ``claims`` is a claims file for the study. ``mc_dropout`` passes of the
    head give each case an entropy and a mutual information. ``embeddings`` keeps how each case looks to the network,
    which therefore runs over the other cases too. ``listing`` is a table of the images. ``threads`` images are worked
    on at a time, by default one on each core. A run that was stopped goes on from its journal beside ``out``, and the
    result is that of an uninterrupted run. A study already complete for the same model, cases, description and claims,
    computed by the same code and packages, is returned as it is. Raises ``InputError`` when there is nothing to
    evaluate, and before anything is read when something else is at ``out`` or another program writes there.
    """
    check_place(out)
    settings = Settings(
        data_name=data_name,
        description=description,
        claims=claims,
        splits=splits,
        mc_dropout=mc_dropout,
        embeddings=embeddings,
        listing=listing,
    )
    check_settings(settings)
    earlier = read_study(out) if (out / STUDY_FILE).is_file() else None
    record = record_sha256(model)
    network = network_of(model, mc_dropout=mc_dropout, threads=threads)
    classes = network.engine.card.classes
    dataset = read_dataset(images, name=data_name, classes=classes, listing=listing, progress=progress)
    plan = planned(dataset, network.engine.card, record, settings, progress=progress)
    frame = frame_of(plan, model, name=out.name)
    if record_sha256(model) != record:
        raise InputError(f"{model}: was changed while it was read; start again.")
    if earlier is not None and earlier.manifest.provenance.get("job") == plan.job:
        return Evaluation(study=earlier, computed=False)
    journal = journal_of(out)
    open_journal(journal, plan.job)
    parts, seen = parts_of(plan, journal, size=CASES_IN_PART)
    missing = [part for part in (*parts, *seen) if not part.done]
    total = sum(len(part.cases) for part in (*parts, *seen))
    before = total - sum(len(part.cases) for part in missing)
    with Bar(total=total, initial=before, desc="Evaluating", unit="image", disable=not progress) as bar:
        for part in missing:
            part.save(arrays_of(network, part.cases, dataset.folder, explained=part in parts, bar=bar))
    study = write_evaluation(plan, frame, parts, seen, out=out, earlier=earlier)
    shutil.rmtree(journal)
    return Evaluation(study=study, computed=True)


def check_settings(settings: Settings) -> None:
    """Raise ``InputError`` for a split that cannot be evaluated, and for a file of claims that cannot be read."""
    if unknown := sorted(set(settings.splits) - set(EVALUATED_SPLITS)):
        raise InputError(f"splits: {unknown} cannot be evaluated; expected some of {list(EVALUATED_SPLITS)}.")
    if settings.claims is not None:
        read_claims(settings.claims)


def parts_of(plan: Plan, folder: Path, *, size: int) -> tuple[list[Part], list[Part]]:
    """Return the parts of a plan in a folder: those of cases that are explained, and of those only embedded."""
    return (
        cut(folder, "part", plan.chosen, size=size, job=plan.job),
        cut(folder, "seen", plan.others, size=size, job=plan.job),
    )


def arrays_of(
    network: Network, cases: pd.DataFrame, folder: Path, *, explained: bool, bar: Bar | None = None
) -> dict[str, NDArray[Any]]:
    """Return the arrays of one part: with probabilities and maps where the cases are explained."""
    engine, components, threads = network.engine, network.components, network.threads
    if explained:
        return _infer(engine, cases, folder, network.head, network.passes, components, threads, bar)
    return embed(engine, cases, folder, components, threads=threads, bar=bar)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a study holds besides the answers of its network: all that is known before the first image is run."""

    card: ModelCard
    components: Components | None
    manifest: Manifest
    trained: Mapping[str, pd.DataFrame]
    maps_of_folds: GradCams | None


def frame_of(plan: Plan, model: Path, *, name: str, limitations: tuple[str, ...] = ()) -> Frame:
    """Return what a study of this name holds besides answers; what is wrong with it is said before the first image.

    ``limitations`` are added to those of the model and its description.
    """
    card = read_card(model)
    return Frame(
        card=card,
        components=read_components(model),
        manifest=_manifest(card, plan.dataset, name, plan.settings.description, plan.same_split, limitations),
        trained=_training_record(model, card.classes),
        maps_of_folds=_maps_of_folds(model, card.classes),
    )


def write_evaluation(
    plan: Plan,
    frame: Frame,
    parts: Sequence[Part],
    seen: Sequence[Part],
    *,
    out: Path,
    earlier: Study | None,
    provenance: Mapping[str, Any] | None = None,
) -> Study:
    """Write the study of parts that are all done. ``earlier`` is what is there; its readings of the test split stay.

    Raises ``InputError`` when no image could be read.
    """
    card, cases, settings = frame.card, plan.cases, plan.settings
    results = collected(parts, "probabilities", "maps", "masks", "has_mask", "reason", *MONTE_CARLO)
    kept, unreadable = results.pop("reason") == "", _unreadable([*parts, *seen])
    if not kept.any():
        raise InputError(f"{plan.dataset.folder}: no image could be read; the first: {unreadable['reason'].iloc[0]}.")
    done = plan.chosen[kept].reset_index(drop=True)
    results = {name: array[kept] for name, array in results.items()}
    predictions = _predictions(card, done, results)
    reads = () if earlier is None else earlier.manifest.test_reads
    manifest = dataclasses.replace(
        frame.manifest,
        test_reads=(*reads, *_reading(card, done, predictions)),
        provenance={
            **frame.manifest.provenance,
            "job": plan.job,
            "model_record": plan.identity["model"],
            **(provenance or {}),
        },
    )
    listed = cases[~cases["image_path"].isin(unreadable["image_path"])].drop(columns="mask_path")
    pairs, maps_of_folds = plan.pairs, frame.maps_of_folds
    return write_study(
        out,
        manifest=manifest,
        cases=listed,
        predictions=predictions,
        gradcam=GradCams(
            case_ids=pd.Index(done["case_id"]),
            maps=results["maps"],
            masks=results["masks"],
            has_mask=results["has_mask"],
            method=card.maps,
        ),
        gradcam_folds=None if maps_of_folds is None else maps_of_folds.of_cases(listed["case_id"]),
        embeddings=embeddings_of([*parts, *seen], frame.components) if settings.embeddings else None,
        optional={
            "rejected": pd.concat([plan.dataset.rejected, unreadable]),
            "pairs": pairs[pairs["case_a"].isin(listed["case_id"]) & pairs["case_b"].isin(listed["case_id"])],
            **_of_cases(frame.trained, listed),
        },
        claims=settings.claims,
    )


def _unreadable(parts: Sequence[Part]) -> pd.DataFrame:
    tables = [part.cases[["image_path"]].assign(**part.load("reason")) for part in parts]
    table = pd.concat(tables)
    return table[table["reason"] != ""].reset_index(drop=True)


def _predictions(card: ModelCard, done: pd.DataFrame, results: Mapping[str, NDArray[Any]]) -> pd.DataFrame:
    columns = list(card.classes.probability_columns)
    table = pd.DataFrame(results["probabilities"].astype(np.float64), columns=columns)
    table.insert(0, "case_id", done["case_id"])
    return table.assign(**{name: results[name] for name in MONTE_CARLO if name in results})


def _infer(
    engine: Engine,
    part: pd.DataFrame,
    folder: Path,
    head: Head | None,
    passes: int,
    components: Components | None,
    threads: int | None,
    bar: Bar | None,
) -> dict[str, NDArray[Any]]:
    """Return the arrays of one journal part. An unreadable image is a black one with its reason."""
    predictions, reasons = predict(engine, part["image_path"], folder, threads=threads, bar=bar)
    uncertain = {}
    if head is not None:
        ids, temperature = list(part["case_id"]), engine.card.temperature
        monte_carlo = uncertainty(head, predictions.embedding, ids, passes=passes, temperature=temperature)
        uncertain = dict(zip(MONTE_CARLO, monte_carlo, strict=True))
    masks, has_mask = outlines_of(part, folder)
    return {
        "probabilities": predictions.probabilities,
        "maps": predictions.gradcam.astype(np.float16),
        "reason": reasons,
        "masks": masks,
        "has_mask": has_mask,
        EMBEDDING: kept_form(predictions.embedding, components),
        **uncertain,
    }


def _training_record(model: Path, classes: ClassOrder) -> dict[str, pd.DataFrame]:
    """Return history and out-of-fold predictions that the model brings; a damaged one is said before the first image.

    Raises ``InputError`` naming the file, and the column where it is one.
    """
    tables = {}
    for name in (HISTORY, FOLDS, FOLDS_UNGROUPED):
        if (model / name).is_file():
            try:
                tables[Path(name).stem] = checked_table(pd.read_parquet(model / name), Path(name).stem, classes)
            except ContractError as error:
                raise InputError(f"{model / str(error)}") from None
            except (pa.ArrowException, ValueError, OSError, KeyError, TypeError) as error:
                raise InputError(f"{model / name}: not a readable Parquet file ({error}).") from None
    return tables


def _maps_of_folds(model: Path, classes: ClassOrder) -> GradCams | None:
    """Return the Grad-CAM maps out of fold that the model brings. Raises ``InputError`` when the file is damaged."""
    file = model / GRADCAM_FOLDS
    if not file.is_file():
        return None
    try:
        return gradcam_of.from_arrow(pq.read_table(file), classes, file=GRADCAM_FOLDS)
    except ContractError as error:
        raise InputError(f"{model / str(error)}") from None
    except (pa.ArrowException, ValueError, OSError, KeyError, TypeError) as error:
        raise InputError(f"{file}: not a readable Parquet file ({error}).") from None


def _of_cases(tables: Mapping[str, pd.DataFrame], listed: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the tables with the cases that are listed here; one without any is left out."""
    return {
        name: table if "case_id" not in table else table[table["case_id"].isin(listed["case_id"])]
        for name, table in tables.items()
        if "case_id" not in table or table["case_id"].isin(listed["case_id"]).any()
    }


def _reading(card: ModelCard, done: pd.DataFrame, predictions: pd.DataFrame) -> tuple[TestRead, ...]:
    test = (done["split"] == "test").to_numpy()
    if not test.any():
        return ()
    chosen = predictions[list(card.classes.probability_columns)].to_numpy().argmax(axis=1)
    correct = np.asarray(card.classes.names)[chosen] == done["label"].to_numpy()
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return (TestRead(at=at, model_sha256=card.sha256, accuracy=float(correct[test].mean())),)


def _manifest(
    card: ModelCard,
    dataset: Dataset,
    name: str,
    description: Mapping[str, Any] | None,
    same_split: bool,
    further: tuple[str, ...],
) -> Manifest:
    given = dict(description or {})
    about = {"title": name, **given.get("study", {}), "name": name, "schema": SCHEMA_VERSION}
    manifest = from_document(
        {"data": {"name": dataset.name}, **given, "study": about, "classes": card.classes.as_table()}
    )
    if manifest.data.name != dataset.name:  # wording of another data set: keep the wording, not its origin
        manifest = dataclasses.replace(manifest, data=DataFacts(name=dataset.name))
    limitations = (*manifest.about.limitations, *card.limitations, *further)
    if not same_split:
        limitations += ("The cases differ from those the model was trained with; its tuning split is not restored.",)
    packages = {package: version(package) for package in PACKAGES}
    return dataclasses.replace(
        manifest,
        about=dataclasses.replace(manifest.about, limitations=limitations),
        model=ModelFacts(
            name=card.name,
            version=card.version,
            sha256=card.sha256,
            recipe=dict(card.recipe),
            folds_recipe=dict(card.folds.get("recipe", {})),
        ),
        provenance={
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "code_version": version("neuroval"),
            "packages": packages,
            "hidden_files_skipped": dataset.hidden,
            "intake": dataset.intake.to_document(),
        },
    )
