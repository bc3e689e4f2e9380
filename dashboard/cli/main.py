"""``neuroval``: everything the pages do, without a browser.

Results go to stdout, progress to stderr. Exit 0: done. 1: a finding that ``--strict`` was asked to fail on, a model
that fails its check, or a gate that stays shut. 2: bad input, with one clear line. 3: a gate that cannot be decided.
"""

import io
import sys

import typer

from neuroval.dashboard.cli import (
    analyze_compare_report,
    backup_restore,
    data,
    describe,
    evaluate_import_claims,
    gate,
    heatmaps,
    models,
    reviews,
    serve_demo_settings,
    sessions,
    train_cross_validate_benchmark,
    trials,
)
from neuroval.dashboard.cli.shared import note
from neuroval.data.exceptions import InputError

# Each command imports what it needs: help is shown and the server started without waiting for the rest.
app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
for group in (
    serve_demo_settings,
    evaluate_import_claims,
    describe,
    trials,
    analyze_compare_report,
    gate,
    train_cross_validate_benchmark,
    backup_restore,
):
    app.add_typer(group.app)
app.add_typer(data.app, name="data")
app.add_typer(models.app, name="model")
app.add_typer(heatmaps.app, name="heatmaps")
app.add_typer(reviews.app, name="reviews")
app.add_typer(sessions.app, name="sessions")


def main() -> None:
    """Run the command line; bad input ends with one line on stderr and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a character that the terminal does not have ends nothing
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except InputError as error:
        note(str(error))
        sys.exit(2)
    except OSError as error:
        names = [str(name) for name in (error.filename, error.filename2) if name is not None]
        where = f"{' -> '.join(names)}: " if names else ""
        note(f"{where}{error.strerror or error}. Check the path and your permissions, or choose another place.")
        sys.exit(2)
