"""Commands that keep what a machine has made: backup, restore."""

from pathlib import Path
from typing import Annotated

import typer

from neuroval.dashboard.cli.shared import counted, note, say

app = typer.Typer()


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="File to write, such as neuroval.tar.gz.")]) -> None:
    """Copy the working folder into one file; right while the server and evaluations write."""
    from neuroval.dashboard.jobs.backup import back_up

    made = back_up(file)
    for link in made.links:
        note(f"{link} is a link: what it leads to is not in the backup.")
    say(f"{file}: {_studies(len(made.studies))}, {counted(len(made.models), 'model')}")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="File that neuroval backup has written.")],
    into: Annotated[Path, typer.Option(help="New or empty folder; name it by NEUROVAL_HOME afterwards.")],
) -> None:
    """Write a backup into a new working folder and open every study once."""
    from neuroval.dashboard.jobs.backup import restore as restored

    studies = restored(file, into)
    for name, reason in studies.damaged.items():
        note(f"{name} cannot be opened: {reason}")
    say(f"{into}: {_studies(len(studies.studies))} opened")
    if studies.damaged:
        raise typer.Exit(1)


def _studies(count: int) -> str:
    return f"{count:,} {'study' if count == 1 else 'studies'}"
