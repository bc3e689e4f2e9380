"""Commands that make a model or time it: train, reference, cross-validate, benchmark."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from neuroval.dashboard.cli.shared import (
    OUR_CLASSES,
    ClassNames,
    DataName,
    Images,
    ManifestClasses,
    ManifestColumns,
    ManifestFile,
    ManifestSplits,
    class_order,
    listing_of,
    say,
)
from neuroval.data.storage.home import RECIPES

app = typer.Typer()
RECIPE = RECIPES / "plain.toml"
Track = Annotated[
    Literal["mlflow", "wandb", "none"], typer.Option(help="Where the run is recorded: mlflow, wandb, or none.")
]


@app.command()
def train(
    images: Images,
    out: Annotated[Path, typer.Option(help="Model folder to write.")],
    data: DataName = "",
    classes: ClassNames = OUR_CLASSES,
    negative: Annotated[str | None, typer.Option(help="The class that means nothing was found.")] = None,
    recipe: Annotated[Path, typer.Option(help="TOML with every choice of the training.")] = RECIPE,
    manifest: ManifestFile = None,
    columns: ManifestColumns = "",
    class_map: ManifestClasses = "",
    split_map: ManifestSplits = "",
    track: Track = "mlflow",
) -> None:
    """Fine-tune a network; checkpointed every epoch, a stopped run goes on where it was."""
    from neuroval.data.storage import home
    from neuroval.model.recipe import read_recipe
    from neuroval.model.training.pipeline import train_model

    card = train_model(
        images,
        out=out,
        work=home.home_folder() / "training" / out.resolve().name,
        data_name=data or images.resolve().name,
        classes=class_order(classes, negative),
        config=read_recipe(recipe),
        listing=listing_of(manifest, columns, class_map, split_map),
        track=track,
        progress=True,
    )
    say(f"model {out}  tuning accuracy {card.recipe['tuning_accuracy']:.4f}  sha256 {card.sha256}")


@app.command()
def reference(
    model: Annotated[str, typer.Option(help="Model folder, changed in place.")],
    images: Images,
    data: DataName = "",
    manifest: ManifestFile = None,
    columns: ManifestColumns = "",
    class_map: ManifestClasses = "",
    split_map: ManifestSplits = "",
) -> None:
    """Add to a model what its training images look like, for a scan that is unlike them; training does it too."""
    from neuroval.data.storage import home
    from neuroval.model.training.reference_file import FLAGGED, complete

    folder, listing = home.find_model(model), listing_of(manifest, columns, class_map, split_map)
    card = complete(folder, images, data_name=data or images.resolve().name, listing=listing, progress=True)
    counts = ", ".join(f"{name} {count}" for name, count in card.metrics[FLAGGED].items())
    say(f"model {folder}  unlike its training images: {counts}")


@app.command("cross-validate")
def cross_validate(
    model: Annotated[str, typer.Option(help="Model whose recipe is cross-validated; its folder takes the result.")],
    images: Images,
    data: DataName = "",
    folds: Annotated[int, typer.Option(help="Number of folds.", min=2)] = 5,
    grouped: Annotated[bool, typer.Option(help="Keep patients and copies in one fold.")] = True,
    manifest: ManifestFile = None,
    columns: ManifestColumns = "",
    class_map: ManifestClasses = "",
    split_map: ManifestSplits = "",
    recipe: Annotated[Path | None, typer.Option(help="TOML of another recipe, if the model's takes too long.")] = None,
    track: Track = "mlflow",
) -> None:
    """Predict every case by a network that has not seen its patient; a stopped run goes on where it was."""
    from neuroval.data.storage import home
    from neuroval.model.recipe import read_recipe
    from neuroval.model.training.cross_validation import cross_validate as run_folds

    folder = home.find_model(model)
    table = run_folds(
        folder,
        images=images,
        work=home.home_folder() / "training" / f"{folder.resolve().name}-folds",
        data_name=data or images.resolve().name,
        folds=folds,
        grouped=grouped,
        recipe=None if recipe is None else read_recipe(recipe),
        listing=listing_of(manifest, columns, class_map, split_map),
        track=track,
        progress=True,
    )
    say(f"model {folder}  {len(table):,} cases predicted out of fold, {folds} folds")


@app.command()
def benchmark(
    images: Images,
    model: Annotated[
        list[str] | None, typer.Option(help="Shipped model or model folder; several: one after the other.")
    ] = None,
    data: DataName = "",
    single: Annotated[int, typer.Option(help="Images for the image-by-image way; scaled to all.", min=1)] = 24,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Time models on this machine, and the evaluation against Keras on the same test images, side by side."""
    from neuroval.data.storage import home
    from neuroval.model.training.keras_benchmark import as_table, compare

    folders = [home.find_model(name) for name in model or ["brain-tumor-mri"]]
    results = [compare(folder, images, data_name=data or images.resolve().name, single=single) for folder in folders]
    text = json.dumps([result.as_dict() for result in results], indent=1)
    say(text if as_json else "\n\n".join("\n".join(as_table(result)) for result in results))
