"""Commands about who is signed in: ``neuroval sessions list`` and ``end``."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from neuroval.dashboard.cli.shared import counted, say
from neuroval.data.exceptions import InputError

app = typer.Typer(help="Who is signed in, and ending it.", no_args_is_help=True)


@app.command("list")
def list_open() -> None:
    """List the sign-ins that last: the address, since when, and when last used."""
    from neuroval.dashboard.access.sessions import Limits, open_sessions
    from neuroval.dashboard.settings import read_settings

    settings = read_settings()
    limits = Limits(idle=60 * settings.session_idle_minutes, longest=3600 * settings.session_hours)
    for use in open_sessions(limits):
        began, seen = (
            datetime.fromtimestamp(at, UTC).isoformat(sep=" ", timespec="seconds") for at in (use.began, use.seen)
        )
        say(f"{use.person}\tsince {began}\tlast used {seen}")


@app.command()
def end(
    person: Annotated[str, typer.Argument(help="Address of whose sign-ins end, on every device.")] = "",
    everybody: Annotated[bool, typer.Option("--all", help="Those of everybody.")] = False,
) -> None:
    """End sign-ins at once; pages that are open go to the sign-in within seconds."""
    from neuroval.dashboard.access.sessions import EVERYBODY, end_all

    if bool(person) == everybody:
        raise InputError("sessions end: expected an address, or --all for everybody.")
    say(f"{counted(end_all(EVERYBODY if everybody else person), 'session')} ended")
