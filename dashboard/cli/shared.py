"""What all commands share: how they speak, and the options that several have."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

import typer

from neuroval.data.classes import BRAIN_TUMOR, ClassOrder
from neuroval.data.exceptions import InputError

if TYPE_CHECKING:
    from neuroval.data.dataset.listing import Listing

Images = Annotated[
    Path, typer.Option("--images", "--root", help="Folder of the data set; with --manifest what its paths begin at.")
]
ManifestFile = Annotated[
    Path | None,
    typer.Option("--manifest", help="Table of the images, in the place of class folders: image_path, label, ..."),
]
ManifestColumns = Annotated[
    str, typer.Option("--columns", help="Columns of --manifest of other names: path=file,label=y,patient=pid.")
]
ManifestClasses = Annotated[
    str, typer.Option("--class-map", help="What classes in --manifest mean, such as no_tumor=notumor.")
]
ManifestSplits = Annotated[str, typer.Option("--split-map", help="What splits in --manifest mean: dev=tuning.")]
StudyPlace = Annotated[
    str, typer.Option(help="Study to write: a folder, or a name, which puts it where the dashboard finds it.")
]
DataName = Annotated[str, typer.Option("--data", help="Name of the data set; case ids depend on it.")]
ClassNames = Annotated[str, typer.Option(help="Class names in order, separated by commas.")]
ClaimsFile = Annotated[
    Path | None, typer.Option("--claims", help="TOML with what a paper or README says, to be checked.")
]
BASIS = ("--basis", "--split")
WHAT_IS_JUDGED = "What is judged: new-patients, test, external or tuning; by default what the dashboard opens with."
WHAT_IS_COMPARED = "What is compared: new-patients, test, external or tuning; by default what the first opens with."
OUR_CLASSES = ",".join(BRAIN_TUMOR.names)


def listing_of(manifest: Path | None, columns: str, class_map: str, split_map: str) -> "Listing | None":
    """Return the table of images that options describe; none without one."""
    from neuroval.data.dataset.listing import Listing
    from neuroval.data.study.column_mapping import pairs_of

    given = {"--columns": columns, "--class-map": class_map, "--split-map": split_map}
    pairs = {option: pairs_of(option, text) for option, text in given.items()}
    if manifest is None:
        if extra := [option for option, text in given.items() if text]:
            raise InputError(f"{extra[0]} says what is in a table of images; give it with --manifest.")
        return None
    return Listing(
        file=manifest,
        columns=pairs["--columns"],
        class_map=pairs["--class-map"],
        split_map=pairs["--split-map"],
    )


def say(text: str) -> None:
    """Write a result to stdout."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """Write a remark of one line to stderr."""
    sys.stderr.write(f"neuroval: {' '.join(text.split())}\n")


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, plural where it must be."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def class_order(names: str, negative: str | None = None) -> ClassOrder:
    """Return the classes named on the command line; those of brain tumours bring their negative class."""
    order = tuple(name.strip() for name in names.split(","))
    return BRAIN_TUMOR if order == BRAIN_TUMOR.names else ClassOrder(names=order, negative=negative)


def own_study(name: str) -> Path:
    """Return the folder of a study that may be changed. Raises ``InputError`` for a shipped one by its name."""
    from neuroval.data.storage import home

    place = home.find_study(name)
    if name == place.name and place.parent == home.SHIPPED_STUDIES:
        raise InputError(f"{name}: a shipped study is not changed; copy its folder and name the copy.")
    return place


def how_to_open(study: Path) -> str:
    """Return how to see a study in the dashboard."""
    from neuroval.data.storage import home

    listed = home.studies().get(study.name)
    if listed is not None and listed.resolve() == study.resolve():
        return f"Open it: neuroval serve, then http://127.0.0.1:8501/?{urlencode({'study': study.name})}"
    return f"The dashboard lists the studies in {home.home_folder() / 'studies'}: a name as --out writes there."


def one_thread() -> None:
    """Keep the matrix library to one thread, as the server does: equal numbers everywhere, and no waiting."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
