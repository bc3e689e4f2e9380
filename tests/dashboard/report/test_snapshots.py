"""What the report says, as the template gets it: headings, paragraphs, tables, captions and what figures show."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from neuroval.dashboard.report import pdf
from neuroval.dashboard.report.options import Options
from neuroval.data.study.folder import read_study

WORDS = ("title", "subtitle", "foot", "made", "badge", "text", "caption", "alt", "label", "value", "note")


def lines(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if part.get("kind") == "table":
            yield " | ".join(column["title"] for column in part["columns"])
        for name, value in part.items():
            if isinstance(value, str) and name in WORDS and not (name == "label" and "kind" in part):
                yield value
            elif name != "columns":
                yield from lines(value)
    elif isinstance(part, list) and part and all(isinstance(one, str | None) for one in part):
        yield " | ".join(filter(None, part))
    elif isinstance(part, list):
        for one in part:
            yield from lines(one)


def test_words(dashboard_home: Path, snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = []

    def kept(_: str, *, root: str, **__: object) -> bytes:
        documents.append(json.loads((Path(root) / "report.json").read_text(encoding="utf-8")))
        return b""

    monkeypatch.setattr(pdf, "typst", SimpleNamespace(compile=kept))
    monkeypatch.setenv("NEUROVAL_HOME", str(dashboard_home))
    pdf.report(read_study(dashboard_home / "studies" / "whole"), Options(reviewer="Dr A. Example", remarks="A remark."))
    assert "\n".join(lines(documents[0])) == snapshot
