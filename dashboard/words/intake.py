"""What became of what was given to a command, as a table in plain text."""

from collections.abc import Iterator

from neuroval.data.classes import isolated
from neuroval.data.dataset.intake import Intake, Missing, Unused

Row = tuple[str, str, str, str]


def as_table(intake: Intake) -> list[str]:
    """Return the lines of a table: what was read, what was not and why, values missing, columns kept and ignored."""
    rows = list(_rows(intake))
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    lines = []
    for what, count, name, why in rows:
        cells = (what.ljust(widths[0]), count.rjust(widths[1]), name.ljust(widths[2]), why)
        lines.append("  ".join(cells).rstrip())
    return lines


def _rows(intake: Intake) -> Iterator[Row]:
    yield "read", f"{intake.read:,}", f"{intake.unit}{'' if intake.read == 1 else 's'}", ""
    for unused in intake.unused:
        yield "not used", f"{unused.count:,}", _names(unused), unused.reason
    for gap in intake.missing:
        if gap.count or gap.column == "patient_id":
            yield "missing", f"{gap.count:,}", gap.column, _written(gap)
    if intake.kept:
        yield "kept", f"{len(intake.kept):,}", "columns", ", ".join(map(isolated, intake.kept))
    for column, reason in intake.ignored.items():
        yield "ignored", "", isolated(column), reason
    for note in intake.notes:
        yield "note", "", "", note


def _names(unused: Unused) -> str:
    more = unused.count - len(unused.names)
    return ", ".join([*map(isolated, unused.names), *([f"{more:,} more"] if more and unused.names else [])])


def _written(missing: Missing) -> str:
    total = f"of {missing.n:,}"
    return f"{total}; {', '.join(missing.written)} read as missing" if missing.written else total
