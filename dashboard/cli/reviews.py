"""Commands about what readers say of scans: ``neuroval reviews export``, ``import`` and ``verify``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from neuroval.dashboard.cli.shared import counted, note, say
from neuroval.data.exceptions import InputError

app = typer.Typer(help="What readers say of scans, and whether its record holds.", no_args_is_help=True)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="File to write, .csv or .json.")],
    study: Annotated[str, typer.Option(help="Study name or folder: of its cases only.")] = "",
    what: Annotated[
        Literal["events", "opinions", "metadata"],
        typer.Option(
            help="events: every event; opinions: what each reader says now; metadata: metadata.csv with the labels "
            "that readers agree on. The last two need --study."
        ),
    ] = "events",
) -> None:
    """Write reviews to a file."""
    from neuroval.analysis.readers.state import events_on
    from neuroval.dashboard.cases.reviews import review_store, reviews_of, subjects_of
    from neuroval.dashboard.documents import reviews_document as documents
    from neuroval.data.storage import home
    from neuroval.data.storage.atomic import write_file
    from neuroval.data.study.folder import read_study

    kinds = (".csv", ".json") if what == "events" else (".csv",)
    if file.suffix not in kinds:
        raise InputError(f"{file}: {what} are written as {' or '.join(kinds)}.")
    opened = read_study(home.find_study(study)) if study else None
    if what == "events":
        store = review_store()
        entries = () if store is None else store.entries()
        if opened is not None:
            events = (entry.event for entry in entries)
            held = events_on(subjects_of(opened), events, fingerprint=opened.fingerprint)
            ids = {event.id for told in held.values() for event in told}
            entries = tuple(entry for entry in entries if entry.event.id in ids)
        write = documents.events_as_csv if file.suffix == ".csv" else documents.events_as_json
        write_file(file, write(entries).encode())
        say(f"{file}: {counted(len(entries), 'event')}")
        return
    if opened is None:
        raise InputError(f"reviews export --what {what} is of one study; name it by --study.")
    reviews = reviews_of(opened)
    if what == "opinions":
        write_file(file, documents.opinions_as_csv(opened, reviews).encode())
        say(f"{file}: {counted(len(reviews.by_case), 'case')}")
        return
    text, changed, left = documents.corrected_metadata(opened, reviews)
    write_file(file, text.encode())
    say(f"{file}: {counted(changed, 'label')} changed")
    if left:
        note(f"{counted(left, 'case')} that readers cannot use: not listed; take the files out of the data set.")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="File of neuroval reviews export, .csv or .json.")],
    who: Annotated[str, typer.Option(help="Who imports it: stands in the record before what is imported.")],
) -> None:
    """Append the events of another store; those that are there already are left out."""
    import hashlib

    from neuroval.dashboard.cases.reviews import review_store
    from neuroval.dashboard.documents.reviews_document import events_from
    from neuroval.data.reviews.event import Event

    try:
        content = file.read_bytes()
        text = content.decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{file}: is not there.") from None
    except UnicodeDecodeError:
        raise InputError(f"{file}: is not UTF-8; expected a file of neuroval reviews export.") from None
    events = events_from(text, where=str(file))
    store = review_store(create=True)
    if store is None:
        raise InputError("reviews: there is no store.")
    payload = {"sha256": hashlib.sha256(content).hexdigest(), "events": len(events)}
    first = Event(who=who, study="", case_id="", kind="import", payload=payload)
    new = max(0, len(store.append_new(*events, first=first)) - 1)
    say(f"{store.name}: {counted(new, 'event')} added, {len(events) - new:,} there already")


@app.command()
def verify(
    noted: Annotated[str, typer.Option(help="Hash that a report or an earlier check has printed.")] = "",
) -> None:
    """Check that no event was changed, removed or put elsewhere; exit 1 and name the first that was."""
    from neuroval.dashboard.cases.reviews import review_store
    from neuroval.dashboard.words.reviews import BROKEN

    store = review_store()
    if store is None:
        say("no reviews yet")
        return
    told = store.verified(noted=noted.strip().lower())
    if told.broken is not None:
        say(BROKEN[told.broken.what].format(number=told.broken.number))
        raise typer.Exit(1)
    say(f"{counted(told.head.number, 'event')}, the record holds")
    say(f"ends with {told.head.hash}")
    if told.kept is False:
        say("The hash noted earlier is not in the record: events were removed, or the record was made anew.")
        raise typer.Exit(1)
