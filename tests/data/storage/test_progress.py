"""Progress: a bar on stderr, or a small file where one is named."""

import json
from pathlib import Path

import pytest

from neuroval.data.storage.progress import Bar


def test_a_bar_is_drawn_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(Bar(range(3), desc="Reading")) == [0, 1, 2]
    assert "Reading: 100%" in capsys.readouterr().err


def test_a_named_file_says_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "progress.json"
    monkeypatch.setenv("NEUROVAL_PROGRESS", str(file))
    with Bar(total=10, initial=4, desc="Evaluating") as bar:
        begun = json.loads(file.read_text())
        bar.update(3)
        bar.refresh()
        there = json.loads(file.read_text())
    assert (begun["step"], begun["done"], begun["total"], begun["seconds_left"]) == ("Evaluating", 4, 10, None)
    assert there["done"] == 7
    assert there["seconds_left"] == pytest.approx(bar.format_dict["elapsed"], abs=1)  # three are done, three are left
    assert "Evaluating" not in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["progress.json"]


def test_a_file_that_cannot_be_written_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROVAL_PROGRESS", "/proc/progress.json")
    assert list(Bar(range(3))) == [0, 1, 2]


def test_a_bar_that_is_off_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROVAL_PROGRESS", str(tmp_path / "progress.json"))
    assert list(Bar(range(3), disable=True)) == [0, 1, 2]
    assert not list(tmp_path.iterdir())
