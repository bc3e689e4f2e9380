"""Commands on models of one's own: model add, check, list, show, remove."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from neuroval.dashboard.cli.shared import class_order, note, say
from neuroval.data.exceptions import InputError

app = typer.Typer(help="Models of one's own: Keras files and ONNX graphs.", no_args_is_help=True)

NEEDS_TRAIN = "needs the extra 'train': pip install 'neuroval[train]'."
Named = Annotated[str, typer.Argument(help="Name of a model, or a model folder.")]


@app.command()
def add(
    name: Annotated[str, typer.Option(help="Name that the model gets here.")],
    classes: Annotated[str, typer.Option(help="Class names in the order of the outputs, separated by commas.")],
    file: Annotated[Path | None, typer.Argument(help="A .keras, .h5 or .onnx file, or a SavedModel folder.")] = None,
    negative: Annotated[str | None, typer.Option(help="The class that means nothing was found.")] = None,
    layout: Annotated[
        Literal["nhwc", "nchw"] | None, typer.Option(help="Where the channels are; by default as the file tells.")
    ] = None,
    scale: Annotated[float, typer.Option(help="What pixels of 0 to 255 are divided by.")] = 1.0,
    mean: Annotated[str, typer.Option(help="What is then subtracted: a number, or one for each channel.")] = "0",
    std: Annotated[str, typer.Option(help="What is then divided by: a number, or one for each channel.")] = "1",
    logits: Annotated[bool, typer.Option("--logits", help="The outputs are scores before a softmax.")] = False,
    feature_layer: Annotated[
        str | None, typer.Option(help="Layer (Keras) or tensor (ONNX) whose maps explain; the last one by default.")
    ] = None,
    size: Annotated[int | None, typer.Option(help="Side of the images in pixels, where the file does not say.")] = None,
    weights: Annotated[Path | None, typer.Option(help="Weights of a network that --builder builds.")] = None,
    builder: Annotated[
        str | None, typer.Option(help="file.py:function that returns the network; its code is run.")
    ] = None,
) -> None:
    """Turn a model file into a model that evaluates, explains and is served here."""
    from neuroval.data.storage import home

    if (weights is None) == (file is None) or (weights is not None) != (builder is not None):
        raise InputError("give a model file, or --weights w.h5 with --builder file.py:function.")
    out = home.new_model(name)
    order = class_order(classes, negative)
    try:
        from neuroval.dashboard.words import models as words
        from neuroval.model.adapters.adding import Given, add_model

        if builder is not None:
            note(words.RUNS_CODE.format(file=builder.rpartition(":")[0]))
        given = Given(
            file=file or weights or Path(),
            classes=order,
            layout=layout,
            scale=scale,
            mean=_numbers("--mean", mean),
            std=_numbers("--std", std),
            logits=logits,
            feature_layer=feature_layer,
            size=size,
            builder=builder,
        )
        card = add_model(given, out=out, name=name)
    except ModuleNotFoundError as error:
        raise InputError(f"model add {NEEDS_TRAIN} ({error.name} is missing)") from None
    say(f"model {name}  {out}  sha256 {card.sha256}")
    say("\n".join(words.added(card)))
    say(words.TRY_ON_IMAGES.format(name=name))


@app.command()
def check(
    model: Named,
    images: Annotated[Path, typer.Option(help="Folder of images with a folder for each class.")],
) -> None:
    """Compare a model with its framework on images, and say what is wrong. Exit 1 when a check fails."""
    from neuroval.data.storage import home

    try:
        from neuroval.dashboard.words import models as words
        from neuroval.model.adapters.checking import check_model

        checks = check_model(home.find_model(model), images, progress=True)
    except ModuleNotFoundError as error:
        raise InputError(f"model check {NEEDS_TRAIN} ({error.name} is missing)") from None
    for done in checks:
        say("\n".join(words.check(done.name, done.passed, done.reason, done.facts)))
    if any(done.passed is False for done in checks):
        sys.exit(1)


@app.command("list")
def list_() -> None:
    """Print the models that are here: the shipped ones and one's own."""
    from neuroval.data.storage import home
    from neuroval.model.card import read_card

    for name, folder in home.models().items():
        try:
            card = read_card(folder)
            what = f"{len(card.classes)} classes, {card.input_size} pixels, {card.maps}"
        except InputError as error:
            what = f"cannot be used: {error}"
        say(f"{name:<24}{'shipped' if folder.parent == home.SHIPPED_MODELS else 'own':<9}{what}")


@app.command()
def show(model: Named) -> None:
    """Print the card of a model."""
    from neuroval.data.storage import home
    from neuroval.model.card import as_markdown, read_card

    say(as_markdown(read_card(home.find_model(model))))


@app.command()
def remove(model: Annotated[str, typer.Argument(help="Name of a model of one's own.")]) -> None:
    """Take a model of one's own away. Studies that were made with it stay."""
    from neuroval.data.storage import home
    from neuroval.data.storage.atomic import remove as take_away

    folder = home.models().get(model)
    if folder is None or folder.parent != home.home_folder() / "models":
        own = [name for name, place in home.models().items() if place.parent != home.SHIPPED_MODELS]
        raise InputError(f"{model}: no model of your own; there are {', '.join(own) or 'none'}.")
    take_away(folder)
    say(f"removed {folder}")


def _numbers(option: str, text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"{option} {text!r}: expected numbers such as 0.5 or 0.485,0.456,0.406.") from None
