"""Commands that write a study: evaluate, merge, import, claims."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neuroval.dashboard.cli.shared import (
    ClaimsFile,
    ClassNames,
    DataName,
    Images,
    ManifestClasses,
    ManifestColumns,
    ManifestFile,
    ManifestSplits,
    StudyPlace,
    counted,
    how_to_open,
    listing_of,
    own_study,
    say,
)
from neuroval.data.exceptions import InputError

if TYPE_CHECKING:
    from neuroval.data.study.folder import Study
    from neuroval.model.evaluation.plan import Settings
    from neuroval.model.evaluation.to_study import Evaluation

app = typer.Typer()
Tolerance = Annotated[
    float, typer.Option(help="By how much a machine's numbers may differ in the cases that all of them run.", min=0.0)
]


@app.command()
def evaluate(
    model: Annotated[str, typer.Option(help="Shipped model or model folder.")],
    images: Images,
    out: Annotated[
        str,
        typer.Option(
            help="Study to write: a folder, or a name, which puts it where the dashboard finds it. Not for a shard."
        ),
    ] = "",
    data: DataName = "",
    split: Annotated[list[str] | None, typer.Option(help="Splits to predict; all but train by default.")] = None,
    about: Annotated[Path | None, typer.Option(help="TOML with wording, harm and acceptance criteria.")] = None,
    claims: ClaimsFile = None,
    mc_dropout: Annotated[int, typer.Option(help="Passes of Monte-Carlo dropout on the head; 0 for none.", min=0)] = 0,
    embeddings: Annotated[
        bool, typer.Option(help="Keep how each case looks to the network, for similar cases.")
    ] = True,
    manifest: ManifestFile = None,
    columns: ManifestColumns = "",
    class_map: ManifestClasses = "",
    split_map: ManifestSplits = "",
    shard: Annotated[str, typer.Option(help="A share of the work, such as 3/16, into --parts; see merge.")] = "",
    parts: Annotated[Path | None, typer.Option(help="Folder that all machines share, for the parts of shards.")] = None,
    tolerance: Tolerance = 0.0,
    threads: Annotated[
        int, typer.Option(help="Images worked on at a time; 0 for one on each core that this process may use.", min=0)
    ] = 0,
) -> None:
    """Run a model over a folder of images into a study. A stopped run goes on where it was."""
    from neuroval.data.schema import EVALUATED_SPLITS
    from neuroval.data.storage import home
    from neuroval.model.evaluation.description import described
    from neuroval.model.evaluation.to_study import evaluate as run_evaluation

    for name in split or ():
        if name not in EVALUATED_SPLITS:
            raise InputError(f"--split {name!r} is unknown; expected one of {list(EVALUATED_SPLITS)}.")
    _check_places(shard, parts, out, tolerance)
    folder, name = home.find_model(model), data or images.resolve().name
    listing = listing_of(manifest, columns, class_map, split_map)
    description, published = described(folder, images=images, about=about, data_name=name)
    if parts is not None:
        from neuroval.model.evaluation.plan import Settings

        settings = Settings(
            data_name=name,
            description=description,
            claims=claims or published,
            splits=tuple(split or EVALUATED_SPLITS),
            mc_dropout=mc_dropout,
            embeddings=embeddings,
            listing=listing,
        )
        _run_shard(folder, images, parts, shard, settings, tolerance=tolerance, threads=threads)
        return
    place = home.new_study(out)
    result = run_evaluation(
        folder,
        images,
        out=place,
        data_name=name,
        description=description,
        claims=claims or published,
        splits=tuple(split or EVALUATED_SPLITS),
        mc_dropout=mc_dropout,
        embeddings=embeddings,
        listing=listing,
        threads=threads or None,
        progress=True,
    )
    _say_evaluated(result, place)


def _check_places(shard: str, parts: Path | None, out: str, tolerance: float) -> None:
    """Raise ``InputError`` unless the options say either a study to write, or a shard and where its parts go."""
    if bool(shard) != (parts is not None):
        raise InputError("--shard and --parts belong together: --shard 3/16 --parts FOLDER.")
    if shard and out:
        raise InputError("--out is for neuroval merge, which makes the study of all shards; leave it out here.")
    if not shard and not out:
        raise InputError("--out is missing: the study to write, a folder or a name.")
    if not shard and tolerance:
        raise InputError("--tolerance is for shards, where machines are compared; leave it out here.")


def _run_shard(
    model: Path, images: Path, parts: Path, shard: str, settings: "Settings", *, tolerance: float, threads: int
) -> None:
    from neuroval.model.evaluation.shards import run_shard, shard_named

    run = run_shard(
        model,
        images,
        folder=parts,
        shard=shard_named(shard),
        settings=settings,
        tolerance=tolerance,
        threads=threads or None,
        progress=True,
    )
    say(f"Shard {shard} is done: {counted(run.parts, 'part')}, {run.computed:,} of them computed now.")
    if run.missing:
        say(f"{counted(run.missing, 'part')} of other shards to come. When all are done:")
    say(f"Make the study: neuroval merge {shlex.quote(str(parts))} --out STUDY")


@app.command()
def merge(
    parts: Annotated[Path, typer.Argument(help="Folder with the parts of all shards.")],
    out: StudyPlace,
    tolerance: Tolerance = 0.0,
) -> None:
    """Make the study of the parts that shards have computed; it is that of one machine alone."""
    from neuroval.data.storage import home
    from neuroval.model.evaluation.shards import merge as merged

    place = home.new_study(out)
    _say_evaluated(merged(parts, out=place, tolerance=tolerance), place)


def _say_evaluated(result: "Evaluation", place: Path) -> None:
    study = result.study
    what = "Evaluated" if result.computed else "Already evaluated, nothing to do:"
    say(f"{what} {counted(len(study.predictions), 'case')}, {counted(len(study.rejected), 'file')} rejected.")
    if apart := study.manifest.provenance.get("machines", {}).get("largest_difference", 0):
        say(f"Machines differed by up to {apart:.2g} in the cases that all of them ran; the study says so.")
    say(f"study {place}  fingerprint {study.fingerprint}")
    say(how_to_open(place))
    _say_intake(study)


@app.command("import")
def import_(
    predictions: Annotated[Path, typer.Argument(help="CSV, Parquet or Arrow with label and prob_<class>.")],
    out: StudyPlace,
    data: DataName = "imported",
    title: Annotated[str, typer.Option(help="Title of the study.")] = "",
    classes: ClassNames = "",
    negative: Annotated[str | None, typer.Option(help="The class that means nothing was found.")] = None,
    claims: ClaimsFile = None,
    keep: Annotated[
        str | None,
        typer.Option(help="Further columns to keep, such as sex,age; by default all of few values or numbers."),
    ] = None,
    label: Annotated[str, typer.Option(help="Column of the reference standard.")] = "label",
    prob: Annotated[
        str | None, typer.Option(help="Pattern of the columns of probabilities, such as 'p_{class}' or '{class}'.")
    ] = None,
    positive: Annotated[
        str | None, typer.Option(help="Of two classes: class=column, the class that one column gives.")
    ] = None,
    class_map: Annotated[str, typer.Option(help="What written classes mean, such as 0=glioma,1=notumor.")] = "",
    split_map: Annotated[str, typer.Option(help="What written splits mean, such as dev=tuning.")] = "",
    image_path: Annotated[str | None, typer.Option(help="Column of the image paths.")] = None,
    image_root: Annotated[str | None, typer.Option(help="Folder that absolute image paths begin with.")] = None,
) -> None:
    """Make a study of anybody's predictions."""
    from neuroval.data.storage import home
    from neuroval.data.study.column_mapping import ColumnMapping, pairs_of
    from neuroval.data.study.import_predictions import study_of_predictions

    given = pairs_of("--positive", positive or "")
    if len(given) > 1:
        raise InputError(f"--positive {positive!r}: expected one pair, such as pneumonia=score.")
    mapping = ColumnMapping(
        label=label,
        prob=prob,
        positive=next(iter(given.items()), None),
        image_path=image_path,
        image_root=image_root,
        class_map=pairs_of("--class-map", class_map),
        split_map=pairs_of("--split-map", split_map),
    )
    place = home.new_study(out)
    names = [name.strip() for name in classes.split(",")] if classes else None
    study = study_of_predictions(
        predictions,
        out=place,
        data_name=data,
        title=title or place.name,
        classes=names,
        negative=negative,
        claims=claims,
        keep=None if keep is None else [name.strip() for name in keep.split(",") if name.strip()],
        mapping=None if mapping == ColumnMapping() else mapping,
    )
    say(f"Imported {counted(len(study.predictions), 'prediction')}.")
    say(f"study {place}  fingerprint {study.fingerprint}")
    say(how_to_open(place))
    _say_intake(study)


def _say_intake(study: "Study") -> None:
    """Print what was read, what was not and why, as the study keeps it; a study of a former version does not."""
    from neuroval.dashboard.words.intake import as_table
    from neuroval.data.dataset.intake import from_document

    if "intake" in study.manifest.provenance:
        say("\n".join(["", *as_table(from_document(study.manifest.provenance["intake"]))]))


@app.command("claims")
def claims_(
    study: Annotated[str, typer.Argument(help="Study name or folder; not a shipped one by its name.")],
    file: Annotated[Path, typer.Argument(help="TOML with what a paper or README says.")],
) -> None:
    """Put claims into a study, in the place of earlier ones; the numbers stay as they are."""
    from neuroval.data.study.folder import add_claims

    place = own_study(study)
    changed = add_claims(place, file)
    say(f"study {place}  fingerprint {changed.fingerprint}")
    say(f"See them: neuroval analyze {shlex.quote(study)} --section claims")
