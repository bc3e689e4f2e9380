"""Commands about what readers say of scans: the store of reviews, and the reading lists of a study."""

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
    from neuroval.analysis.readers.lists import events_of_lists
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
            lists = [reading_list.id for reading_list in reviews_of(opened).lists]
            ids |= events_of_lists([entry.event for entry in entries], lists)
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


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="File to write, such as reviews-backup.sqlite.")]) -> None:
    """Copy the store of reviews into one file; right while readers write."""
    from neuroval.dashboard.cases.reviews import store_address
    from neuroval.data.reviews.copies import back_up

    head = back_up(store_address(), file)
    say(f"{file}: {counted(head.number, 'event')}, the record holds")
    say(f"ends with {head.hash}")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="File that neuroval reviews backup has written.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Also where a store is there, which is kept beside.")
    ] = False,
) -> None:
    """Put a copy in the place of the store of reviews, once its record is checked; stop the server first."""
    from neuroval.dashboard.cases.reviews import store_address
    from neuroval.data.reviews.copies import restore as restored

    head, former = restored(file, store_address(), replace=replace)
    say(f"{counted(head.number, 'event')}, the record holds")
    say(f"ends with {head.hash}")
    if former is not None:
        note(f"The former store is {former}.")


@app.command()
def lists(
    study: Annotated[str, typer.Argument(help="Study name or folder.")],
    json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Print the reading lists of a study, with how far each reader is."""
    import json as json_of

    from neuroval.dashboard.cases.reviews import reviews_of
    from neuroval.dashboard.documents.reading_document import document_of_list
    from neuroval.dashboard.words import reading as text
    from neuroval.data.storage import home
    from neuroval.data.study.folder import read_study

    held = reviews_of(read_study(home.find_study(study))).lists
    if json:
        say(json_of.dumps([document_of_list(reading_list) for reading_list in held], indent=1, ensure_ascii=False))
        return
    if not held:
        say("no reading lists")
    for reading_list in held:
        say(f"{reading_list.name} ({reading_list.id}): {text.about(reading_list, hidden=False)}")
        say(f"  {text.progress(reading_list)}. {text.stands(reading_list)}")


@app.command("make-list")
def make_list_(
    study: Annotated[str, typer.Argument(help="Study name or folder.")],
    name: Annotated[str, typer.Option(help="Name of the list; readers see it.")],
    reader: Annotated[list[str], typer.Option(help="Reader who gets the list; as often as there are readers.")],
    who: Annotated[str, typer.Option(help="Who makes it.")],
    source: Annotated[
        Literal["sample", "suspects", "differ", "gallery"],
        typer.Option(
            "--from",
            help="sample: errors and correct calls alike, classes alike; suspects: labels that cross-validation "
            "contradicts; differ: scans on which readers differ; gallery: by --where.",
        ),
    ] = "sample",
    where: Annotated[
        list[str] | None, typer.Option(help="Filter of the gallery, such as predicted=glioma; with --from gallery.")
    ] = None,
    size: Annotated[int, typer.Option(min=1, help="Scans, at most.")] = 30,
    seed: Annotated[int, typer.Option(min=0, help="Seed of a sample.")] = 1,
    show: Annotated[
        Literal["end", "once"],
        typer.Option(help="When readers see model and label: at the end of the list, or once a scan is read."),
    ] = "end",
    basis: Annotated[str | None, typer.Option(help="new-patients, test, external or tuning.")] = None,
) -> None:
    """Make a reading list, which its readers read blind on page Readers."""
    from neuroval.dashboard.cases import reading
    from neuroval.dashboard.cases.evidence import evidence_of
    from neuroval.dashboard.cases.reviews import reviews_of
    from neuroval.data.images.linking import linked_images
    from neuroval.data.storage import home
    from neuroval.data.study.folder import read_study

    opened = read_study(home.find_study(study))
    evidence, images = evidence_of(opened, basis=basis), linked_images(opened.manifest.data.name)
    if images is None:
        raise InputError("reading list: no images of the study are linked; run neuroval data link FOLDER first.")
    pairs = zip(opened.cases["case_id"], opened.cases["image_path"], strict=True)
    have = {case_id for case_id, path in pairs if images.path(path) is not None}
    if source == "gallery":
        wanted = reading.filters_of(where or (), evidence)
        rows = evidence.selection.rows(wanted, everything=True)
        ids = [case_id for case_id in evidence.selection.ids(rows) if case_id in have][:size]
    else:
        ids = reading.cases_of(evidence, reviews_of(opened), source, size=size, seed=seed, have=have)
    asked = reading.Wanted(
        name=name, readers=tuple(reader), source=source, reveal=show, seed=seed if source == "sample" else None
    )
    made = reading.make_list(opened, asked, ids, who=who)
    say(f"{name} ({made}): {counted(len(ids), 'case')} for {', '.join(reader)}")
