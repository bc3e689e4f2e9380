"""Each banned API in pyproject.toml is used once, in every spelling, and ruff has to name it."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# The only files that may use a banned API, and what each may use. Everything else stays banned in them.
MAY_USE = {
    "dashboard/session/cache.py": {"streamlit.cache_data", "streamlit.cache_resource"},
    "dashboard/session/state.py": {"streamlit.session_state", "streamlit.query_params"},
    "model/training/torch_weights.py": {"pickle"},
}


def banned_api(pyproject: dict[str, Any]) -> dict[str, dict[str, str]]:
    banned: dict[str, dict[str, str]] = pyproject["tool"]["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]
    return banned


def found_by_ruff(folder: Path, *options: str, source: str = "", filename: str = "") -> list[tuple[str, str]]:
    """File and message of each finding of the banned-API rule: in the source text given, else in the folder."""
    target = ["--stdin-filename", filename, "-"] if filename else ["."]
    only = ["--select", "TID251", "--output-format", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", *only, *options, *target],
        cwd=folder,
        input=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr
    findings = json.loads(done.stdout)
    return [
        (Path(finding["filename"]).resolve().relative_to(folder.resolve()).as_posix(), finding["message"])
        for finding in findings
    ]


def uses(name: str) -> list[str]:
    """The ways to reach a banned name."""
    package, _, member = name.rpartition(".")
    if not package:
        return [f"import {name}\n", f"from {name} import anything\n", f"import {name} as other\n"]
    return [
        f"import {package} as short\n\nprint(short.{member})\n",
        f"import {package}\n\n{package}.{member}['key'] = 1\n",
        f"from {package} import {member}\n",
        f"from {package} import {member} as other\n\n\n@other\ndef load(): ...\n",
    ]


def test_every_banned_name_is_found_in_every_spelling(root: Path, pyproject: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes((root / "pyproject.toml").read_bytes())
    spellings = [(name, rule["msg"], source) for name, rule in banned_api(pyproject).items() for source in uses(name)]
    for folder in ("dashboard/app_pages", "analysis"):
        (tmp_path / folder).mkdir(parents=True)
        for number, (_, _, source) in enumerate(spellings):
            (tmp_path / folder / f"case_{number}.py").write_text(source, encoding="utf-8")
    messages = found_by_ruff(tmp_path)
    missed = [
        (folder, source)
        for folder in ("dashboard/app_pages", "analysis")
        for number, (name, reason, source) in enumerate(spellings)
        if (f"{folder}/case_{number}.py", f"`{name}` is banned: {reason}") not in messages
    ]
    assert missed == []


@pytest.mark.parametrize("use", ["@st.cache_resource(max_entries=8)\ndef load(): ...\n", "st.session_state.case = 1\n"])
def test_the_common_spellings_are_found(root: Path, use: str) -> None:
    source = f"import streamlit as st\n\n\n{use}"
    assert len(found_by_ruff(root, source=source, filename="dashboard/components/gallery.py")) == 1


@pytest.mark.parametrize(
    ("filename", "name"), [(file, name) for file, names in MAY_USE.items() for name in sorted(names)]
)
def test_an_exempted_file_uses_only_what_it_may(
    root: Path, pyproject: dict[str, Any], filename: str, name: str
) -> None:
    """Ruff exempts a whole file, so the file is checked again with what it may use taken off the list."""
    allowed = MAY_USE[filename]
    assert name in banned_api(pyproject)
    path = root / filename
    if not path.is_file():
        pytest.skip(f"{filename} is not written yet")
    rest = {banned: rule for banned, rule in banned_api(pyproject).items() if banned not in allowed}
    source = re.sub(r"#\s*noqa.*", "", path.read_text(encoding="utf-8"))
    table = ", ".join(f"{json.dumps(banned)} = {{ msg = {json.dumps(rule['msg'])} }}" for banned, rule in rest.items())
    options = ("--isolated", "--config", f"lint.flake8-tidy-imports.banned-api = {{ {table} }}")
    assert found_by_ruff(root, *options, source=source, filename=filename) == []
    # The same check finds what is still banned.
    assert found_by_ruff(root, *options, source="import shelve\n" + source, filename=filename) != []


def test_only_the_named_files_are_exempted(root: Path, pyproject: dict[str, Any], project_files: list[Path]) -> None:
    by_configuration = {
        pattern
        for pattern, codes in pyproject["tool"]["ruff"]["lint"]["per-file-ignores"].items()
        if any(code.startswith("TID") for code in codes)
    }
    by_comment = {
        path.relative_to(root).as_posix()
        for path in project_files
        if path.suffix == ".py" and re.search(r"#\s*(ruff:\s*)?noqa:.*TID251", path.read_text(encoding="utf-8"))
    }
    assert by_configuration | by_comment <= set(MAY_USE)
