"""A command, run as its user would in an empty home."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from neuroval.dashboard.cli.main import main


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def neuroval(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Ended]:
    """Run one command in an empty home."""
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "home"))

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["neuroval", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        return Ended(code, *capsys.readouterr())

    return run
