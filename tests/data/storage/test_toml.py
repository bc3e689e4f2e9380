"""Whatever is wrong with a TOML file, it is one line that names the file; and so for everything that reads one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from neuroval.dashboard.settings import read_settings
from neuroval.data.claims.reading import read_claims
from neuroval.data.exceptions import InputError, MissingFileError
from neuroval.data.storage.toml import as_toml, read_toml
from neuroval.data.study.folder import read_manifest
from neuroval.model.card import read_card, stated_sha256
from neuroval.model.evaluation.description import described
from neuroval.model.recipe import read_recipe

BROKEN = {
    "not UTF-8": (b'title = "\xe9"', "utf-8"),
    "not TOML": (b"a = ", "Invalid value"),
    "deep arrays": (b"a = " + b"[" * 50_000 + b"]" * 50_000, "nested too deeply"),
    "deep tables": (b".".join([b"a"] * 900) + b" = 1", "nested too deeply"),
    "endless integer": (b"a = " + b"9" * 5000, "integer"),
    "giant integer": (b"a = 0x" + b"f" * 500, "integer"),
}


def card_of(path: Path) -> None:
    (path.parent / "model.onnx").touch()
    read_card(path.parent)


READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "any": ("any.toml", read_toml),
    "manifest": ("study.toml", lambda path: read_manifest(path.parent)),
    "claims": ("claims.toml", read_claims),
    "recipe": ("recipe.toml", read_recipe),
    "card": ("card.toml", card_of),
    "about": ("about.toml", lambda path: described(path.parent, images=path.parent, about=path, data_name="x")),
    "settings": ("neuroval.toml", lambda _: read_settings()),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_file_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: str, broken: str) -> None:
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path))
    name, read = READERS[reader]
    content, said = BROKEN[broken]
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read(file)
    message = str(caught.value)
    assert message.startswith(f"{file}: not readable TOML (")
    assert said in message
    assert "\n" not in message


def test_a_file_that_is_not_there_may_be_empty(tmp_path: Path) -> None:
    file = tmp_path / "gone.toml"
    with pytest.raises(MissingFileError, match=r"gone\.toml: no such file\."):
        read_toml(file)
    assert read_toml(file, missing_ok=True) == {}
    assert stated_sha256(tmp_path) is None


@pytest.mark.parametrize("name", ["", "bad\0name"])
def test_what_is_no_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_toml(tmp_path / name)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    document = {"a": 2**63 - 1, "b": {"text": "one\ntwo", "list": [1.5, -(2**63)]}}
    (tmp_path / "a.toml").write_text(as_toml(document))
    assert read_toml(tmp_path / "a.toml") == document
