"""The log of the API in a file: one line of JSON for each event, and no file that grows without end."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from neuroval.dashboard.api import log


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A log that nobody has started. To the started one pytest adds a handler of its own in each test."""
    logger = logging.Logger(log.NAME)
    monkeypatch.setattr(log, "log", logger)
    yield
    for handler in logger.handlers:
        handler.close()


def test_the_log_goes_to_the_file_and_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "LARGEST", 300)
    monkeypatch.setattr(log, "FORMER", 2)
    log.start(tmp_path / "api.log")
    log.start(tmp_path / "other.log")  # once, however often it is asked for
    for number in range(30):
        log.note("request", level=logging.INFO, number=number)
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["api.log", "api.log.1", "api.log.2"]
    assert max(file.stat().st_size for file in files) <= 300
    numbers = [json.loads(line)["number"] for file in reversed(files) for line in file.read_text().splitlines()]
    assert numbers == list(range(numbers[0], 30))
