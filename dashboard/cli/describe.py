"""Commands on what a study says besides its numbers: describe, about."""

from pathlib import Path
from typing import Annotated

import typer

from neuroval.dashboard.cli.shared import OUR_CLASSES, ClassNames, class_order, own_study, say
from neuroval.data.exceptions import InputError

app = typer.Typer()


@app.command()
def describe(
    study: Annotated[str, typer.Argument(help="Study name or folder; not a shipped one by its name.")],
    about: Annotated[Path, typer.Option(help="TOML with wording, thresholds, harm and criteria.")],
) -> None:
    """Put wording, thresholds, harm and acceptance criteria into a study; the numbers stay as they are."""
    from neuroval.dashboard.words import overview as words
    from neuroval.data.storage.toml import read_toml
    from neuroval.data.study.describing import describe as put

    place = own_study(study)
    changed = put(place, read_toml(about), where=str(about))
    say(f"study {place}  fingerprint {changed.fingerprint}")
    if told := words.set_late(changed.manifest.criteria_set):
        say(told)


@app.command("about")
def about_(
    template: Annotated[bool, typer.Option("--template", help="Print a description to be filled in.")] = False,
    classes: ClassNames = OUR_CLASSES,
    negative: Annotated[str | None, typer.Option(help="The class that means nothing was found.")] = None,
) -> None:
    """Print what can be said of a study besides its numbers, as TOML with a comment for each key."""
    from neuroval.data.study.describing import template as text_of

    if not template:
        raise InputError("neuroval about: add --template, which prints a description to be filled in.")
    say(text_of(class_order(classes, negative)).rstrip())
