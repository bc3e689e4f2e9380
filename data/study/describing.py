"""What a study says besides its numbers, put in or changed at any time: wording, thresholds, harm, criteria."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from neuroval.data.classes import ClassOrder
from neuroval.data.exceptions import InputError
from neuroval.data.study.folder import Study, change_manifest, read_study
from neuroval.data.study.manifest import CRITERIA_SET, from_document, to_document

# Tables that may be described, and which of their keys; the rest of a study is what was measured.
TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "study": ("title", "intended_use", "modalities", "contraindications", "limitations"),
    "classes": ("display", "colour"),
    "data": ("licence", "source_url", "citation"),
    "thresholds": (),
    "harm": (),
    "impact": (),
    "acceptance": (),
}


def describe(path: Path, document: Mapping[str, Any], *, where: str) -> Study:
    """Put the tables of a description into a study and return it as read back; its files stay byte for byte.

    A table ``study``, ``classes``, ``data`` or ``thresholds`` changes the keys that it names; ``harm``, ``impact`` and
    ``acceptance`` take the place of those that were there. When criteria change, the time is kept in the provenance.
    Raises ``InputError``, which begins with ``where``, for a key that is not described or a value that does not fit;
    nothing is changed then.
    """
    manifest = read_study(path).manifest
    now = to_document(manifest)
    for table, content in document.items():
        keys = TABLES.get(table)
        if keys is None:
            raise InputError(f"{where}: unknown table {table!r}; expected some of {list(TABLES)}.")
        if keys and isinstance(content, Mapping) and (unknown := [key for key in content if key not in keys]):
            raise InputError(f"{where}: [{table}] {unknown[0]!r} is not described; expected some of {list(keys)}.")
        if isinstance(content, Mapping) and table != "harm":
            now[table] = {**now[table], **content}
        else:
            now[table] = content
    try:
        changed = from_document(now)
        if changed.acceptance != manifest.acceptance:
            at = datetime.now(UTC).isoformat(timespec="seconds")
            changed = from_document({**now, "provenance": {**now["provenance"], CRITERIA_SET: at}})
    except InputError as error:
        raise InputError(f"{where}: {str(error).removeprefix('study.toml: ')}") from None
    return change_manifest(path, changed)


def template(classes: ClassOrder) -> str:
    """Return a description to be filled in, as TOML with a comment for each key."""
    first, *rest = classes.names
    second, nothing = rest[0], classes.negative or rest[-1]
    zeros = ", ".join("0" for _ in classes.names)
    rows = "\n".join(f"#   [{zeros}],  # {name}" for name in classes.names)
    subject = f"{first}.sensitivity" if classes.negative is None else "any_tumour.sensitivity"
    shown = "\n".join(f"# {_key(name)} = {_quoted(name)}" for name in classes.names)
    return f"""# What a study says besides its numbers: neuroval describe STUDY --about about.toml
# Take away the # of what you fill in.

[study]
# title = "What is judged, in one line"
# intended_use = "For whom and for what the model is meant."
# modalities = ["Chest radiographs, posterior-anterior"]
# contraindications = ["What it is not for"]
# limitations = ["What the numbers do not show"]

[classes.display]  # how classes are shown
{shown}

[thresholds]
# high_confidence = 0.90          # from here a call is of high confidence
# review = 0.80                   # below, a scan is referred to an expert
# target_sensitivity = 0.98       # what a threshold is chosen for
# non_inferiority_margin = 0.02   # by how much a rate may be lower than another model's

# [harm]
# matrix = [  # rows reference, columns predicted, in the order of the classes; 0 on the diagonal
{rows}
# ]

# [[acceptance]]  # a criterion; as many as there are
# metric = {_quoted(subject)}
# at_least = 0.95
# bound = "low"  # the lower end of the interval; or "value"

# [[impact]]  # what a confusion means
# reference = {_quoted(first if first != nothing else second)}
# predicted = {_quoted(nothing)}
# text = "What it means for the patient."
# next_step = "What is done then."
"""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "").replace("-", "").isalnum() else _quoted(name)
