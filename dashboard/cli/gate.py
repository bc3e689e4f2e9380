"""The command that lets a pipeline go on or stops it."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from neuroval.dashboard.cli.shared import BASIS, WHAT_IS_JUDGED, one_thread, say

app = typer.Typer()

EXIT = {"passed": 0, "failed": 1, "undecided": 3}


@app.command()
def gate(
    study: Annotated[str, typer.Argument(help="Study name or folder.")],
    criteria: Annotated[
        Path | None, typer.Option(help="TOML with [[acceptance]] tables, in the place of those of the study.")
    ] = None,
    basis: Annotated[str | None, typer.Option(*BASIS, help=WHAT_IS_JUDGED)] = None,
    junit: Annotated[Path | None, typer.Option(help="Write the outcome as JUnit XML to this file.")] = None,
    as_json: Annotated[Path | None, typer.Option("--json", help="Write the outcome as JSON to this file.")] = None,
    allow_undecided: Annotated[
        bool, typer.Option(help="Exit 0, not 3, when a criterion cannot be decided or there is none.")
    ] = False,
) -> None:
    """Exit 0 when every criterion is met, 1 when one is missed or a finding is critical, 3 when undecided."""
    one_thread()
    from neuroval.analysis.study.results import results_of
    from neuroval.dashboard.documents import gate_document as documents
    from neuroval.dashboard.words.overview import set_late
    from neuroval.data.storage import home
    from neuroval.data.storage.atomic import write_file
    from neuroval.data.storage.toml import read_toml
    from neuroval.data.study.folder import read_study
    from neuroval.data.study.manifest import with_criteria

    judged = read_study(home.find_study(study))
    if criteria is not None:
        manifest = with_criteria(judged.manifest, read_toml(criteria), where=str(criteria))
        judged = dataclasses.replace(judged, manifest=manifest)
    document = documents.gate_document(results_of(judged, basis=basis))
    for criterion in document["criteria"]:
        say(f"{criterion['outcome']:<10}{criterion['text']}")
    for finding in document["critical_findings"]:
        say(f"{'critical':<10}{finding['text']}")
    say(f"{document['outcome']}: {document['study']['title']}, judged on {document['study']['basis']}")
    if criteria is None and (late := set_late(judged.manifest.criteria_set)):
        say(late)
    if as_json is not None:
        write_file(as_json, json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False).encode())
    if junit is not None:
        write_file(junit, documents.junit(document))
    if not (allow_undecided and document["outcome"] == "undecided"):
        sys.exit(EXIT[document["outcome"]])
