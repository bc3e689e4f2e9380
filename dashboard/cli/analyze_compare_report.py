"""Commands that read a study: analyze, compare, report."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neuroval.dashboard.cli.shared import BASIS, WHAT_IS_COMPARED, WHAT_IS_JUDGED, note, one_thread, say
from neuroval.data.exceptions import InputError

if TYPE_CHECKING:
    from neuroval.analysis.study.results import Results

app = typer.Typer()


@app.command()
def analyze(
    study: Annotated[str, typer.Argument(help="Study name or folder.")],
    section: Annotated[list[str] | None, typer.Option(help="Only this section; may be repeated.")] = None,
    basis: Annotated[str | None, typer.Option(*BASIS, help=WHAT_IS_JUDGED)] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(help="Column of the subgroups, or two to cross: site,sex; may be repeated. Needs no --section."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable, with stable keys.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="The numbers as one tidy table, a row a number.")] = False,
    parquet: Annotated[Path | None, typer.Option(help="Write the same table to this Parquet file.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Do not cut lists over 1,000 entries.")] = False,
    strict: Annotated[
        bool, typer.Option(help="Exit 1 when a critical finding is open or a criterion is missed.")
    ] = False,
) -> None:
    """Print every number of the dashboard."""
    one_thread()
    from neuroval.analysis.study.results import results_of
    from neuroval.dashboard.documents import table
    from neuroval.dashboard.documents.study_document import as_text, document_of
    from neuroval.data.storage import home
    from neuroval.data.storage.atomic import file_written_whole
    from neuroval.data.study.folder import read_study

    source = results_of(read_study(home.find_study(study)), basis=basis)
    if (as_csv or parquet) and (as_json or section):
        raise InputError("--csv and --parquet are the whole table of numbers, without --json and --section.")
    columns = None if not by else [tuple(name.strip() for name in part.split(",")) for part in by]
    if columns and (as_csv or parquet):
        raise InputError("--by is of the section subgroups; the table of numbers holds each column by itself.")
    if columns and not section:
        section = ["subgroups"]
    if parquet is not None:
        with file_written_whole(parquet) as part:
            table.tidy_table(source).to_parquet(part, index=False)
        say(f"table {parquet}")
    elif as_csv:
        say(table.as_csv(source).rstrip("\n"))
    else:
        document = document_of(source, names=section, everything=everything, by=columns)
        say(json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False) if as_json else as_text(document))
    if strict and _complaints(source):
        sys.exit(1)


def _complaints(source: "Results") -> bool:
    """Say which findings are critical and which criteria are not met; return whether one of them is a failure."""
    from neuroval.dashboard.words.findings import text
    from neuroval.dashboard.words.overview import criterion_lines, verdict_basis

    for finding in (critical := [finding for finding in source.findings if finding.severity == "critical"]):
        note(f"critical: {text(finding)}")
    for criterion in source.criteria:
        if not criterion.met:
            what = "not decidable" if criterion.met is None else "missed"
            note(f"{what}: {' '.join(criterion_lines(criterion, source.study.classes))}")
    if not source.criteria:
        note(verdict_basis((), readings=0))
    return bool(critical) or any(criterion.met is False for criterion in source.criteria)


@app.command()
def compare(
    study_a: Annotated[str, typer.Argument(help="Study name or folder.")],
    study_b: Annotated[str, typer.Argument(help="Study of another model on the same cases.")],
    basis: Annotated[str | None, typer.Option(*BASIS, help=WHAT_IS_COMPARED)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable, with stable keys.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Do not cut long lists.")] = False,
) -> None:
    """Compare two models on the same cases: paired differences, tests, and where only one is right."""
    one_thread()
    from neuroval.analysis.study.comparison import comparisons
    from neuroval.analysis.study.results import StudyResults
    from neuroval.dashboard.documents.comparison_document import as_text, document_of
    from neuroval.data.storage import home
    from neuroval.data.study.folder import read_study

    first, second = (read_study(home.find_study(name)) for name in (study_a, study_b))
    comparison = comparisons(StudyResults(study=first), StudyResults(study=second), basis=basis)
    if as_json:
        say(json.dumps(document_of(comparison, everything=everything), indent=1, allow_nan=False, ensure_ascii=False))
    else:
        say(as_text(comparison, everything=everything))


@app.command()
def report(
    study: Annotated[str, typer.Argument(help="Study name or folder.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="PDF file to write.")],
    section: Annotated[list[str] | None, typer.Option(help="Only this optional section; may be repeated.")] = None,
    basis: Annotated[str | None, typer.Option(*BASIS, help=WHAT_IS_JUDGED)] = None,
    level: Annotated[float, typer.Option(help="Level of the intervals; another than 0.95 is post hoc.")] = 0.95,
    prevalence: Annotated[float | None, typer.Option(help="Prevalence for PPV and NPV; post hoc.")] = None,
    threshold: Annotated[float | None, typer.Option(help="Threshold on P(any tumour); post hoc.")] = None,
    all_errors: Annotated[bool, typer.Option(help="Every error, not a sample of the less confident ones.")] = False,
    reviewer: Annotated[str, typer.Option(help="Name of the reviewer.")] = "",
    site: Annotated[str, typer.Option(help="Site of the reviewer.")] = "",
    remarks: Annotated[str, typer.Option(help="Remarks of the reviewer, plain text.")] = "",
) -> None:
    """Write the validation report as PDF: archivable, accessible, with every number attached."""
    one_thread()
    from neuroval.dashboard.report.options import SECTIONS, Options
    from neuroval.dashboard.report.pdf import report as make
    from neuroval.data.storage import home
    from neuroval.data.storage.atomic import write_file
    from neuroval.data.study.folder import read_study

    options = Options(
        sections=SECTIONS if section is None else tuple(section),
        basis=basis,
        level=level,
        prevalence=prevalence,
        threshold=threshold,
        all_errors=all_errors,
        reviewer=reviewer,
        site=site,
        remarks=remarks,
    )
    if not out.absolute().parent.is_dir():
        raise InputError(f"{out}: the folder is not there; make it or choose another place.")
    content = make(read_study(home.find_study(study)), options)
    write_file(out, content)
    say(f"report {out}  {len(content) / 1e6:.1f} MB")
