"""What travels with the PDF: every number as JSON, every evaluated scan as CSV, so that a reader can recompute."""

import csv
import dataclasses
import io
import json
from dataclasses import dataclass
from typing import Final

from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.documents import table
from neuroval.dashboard.documents.spreadsheet import cells_as_text
from neuroval.dashboard.documents.study_document import document_of
from neuroval.dashboard.report.options import Options

NUMBERS: Final = "numbers.json"
TABLE: Final = "numbers.csv"
CASES: Final = "cases.csv"
MOST: Final = 200_000  # scans in the file of cases


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file inside the PDF: name, content, what it is, and how it relates to the report."""

    path: str
    content: bytes
    mime: str
    description: str
    relationship: str


def attachments(evidence: Evidence, options: Options) -> tuple[Attachment, ...]:
    """Return the numbers as ``neuroval analyze --json --all`` prints them, and the cases they rest on."""
    document = {**document_of(evidence.results, everything=True), "report": dataclasses.asdict(options)}
    numbers = json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False)
    shown = min(evidence.results.evaluated.n, MOST)
    covered = (
        "every evaluated scan"
        if shown == evidence.results.evaluated.n
        else f"{shown:,} of {evidence.results.evaluated.n:,} evaluated scans"
    )
    return (
        Attachment(
            path=NUMBERS,
            content=numbers.encode(),
            mime="application/json",
            description="Every number of the report, as neuroval analyze --json --all prints it",
            relationship="data",
        ),
        Attachment(
            path=TABLE,
            content=table.as_csv(evidence.results).encode(),
            mime="text/csv",
            description="The numbers with their intervals as one table, a row a number",
            relationship="data",
        ),
        Attachment(
            path=CASES,
            content=_cases(evidence, shown),
            mime="text/csv",
            description=f"Label, group, prediction and probabilities of {covered}",
            relationship="source",
        ),
    )


def _cases(evidence: Evidence, shown: int) -> bytes:
    study, evaluated = evidence.study, evidence.results.evaluated
    names = study.classes.names
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["case_id", "split", "group_id", "label", "predicted", *study.classes.probability_columns])
    rows = evaluated.rows[:shown]
    columns = (study.cases[name].array[rows] for name in ("case_id", "split", "group_id", "label"))
    predicted = (names[index] for index in evidence.results.predicted[:shown].tolist())
    for *facts, called, chances in zip(*columns, predicted, evaluated.probabilities[:shown].tolist(), strict=True):
        writer.writerow([*cells_as_text(map(str, (*facts, called))), *map(repr, chances)])
    return buffer.getvalue().encode()
