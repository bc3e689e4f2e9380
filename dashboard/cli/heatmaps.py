"""Heat maps of any origin in a study: add."""

from pathlib import Path
from typing import Annotated

import typer

from neuroval.dashboard.cli.shared import own_study, say

app = typer.Typer(help="Heat maps that came with predictions.", no_args_is_help=True)


@app.callback()
def heatmaps() -> None:
    """Heat maps that came with predictions."""


@app.command()
def add(
    study: Annotated[str, typer.Argument(help="Study name or folder; not a shipped one by its name.")],
    folder: Annotated[Path, typer.Argument(help="Folder with a map for each case: PNG in grey levels, .npy or .npz.")],
    pattern: Annotated[
        str, typer.Option(help="Where a case's map is: {case_id}, {image_path}, {name} of the image, {class}.")
    ] = "{case_id}.png",
    method: Annotated[str, typer.Option(help="What the maps are called wherever they are shown.")] = "heat map",
    shown_class: Annotated[
        str, typer.Option("--of", help="The class they are of: predicted (each case's call) or a class.")
    ] = "predicted",
    replace: Annotated[bool, typer.Option("--replace", help="Take the place of maps by another method.")] = False,
) -> None:
    """Show maps of any method beside the cases of a study; numbers of its predictions stay as they are."""
    from neuroval.dashboard.words import heatmaps as words
    from neuroval.data.study.heatmaps import add_heatmaps

    place = own_study(study)
    added = add_heatmaps(place, folder, pattern=pattern, method=method, shown_class=shown_class, replace=replace)
    say("\n".join(words.added(added, method=method)))
