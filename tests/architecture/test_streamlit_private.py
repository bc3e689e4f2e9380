"""What is taken from inside Streamlit is in one file, which somebody has read for the version that is installed."""

import ast
import re
from pathlib import Path
from typing import Any

import streamlit

from neuroval.dashboard.access import streamlit_private

PUBLIC = ("streamlit", "streamlit.typing")
FILE = "dashboard/access/streamlit_private.py"
ADVICE = (
    f"Streamlit was upgraded: compare {FILE} with it line by line, run tests/dashboard/browser/test_login.py, "
    "raise BELOW"
)


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2])


def test_the_installed_version_has_been_looked_at(pyproject: dict[str, Any]) -> None:
    (wanted,) = (one for one in pyproject["project"]["dependencies"] if one.startswith("streamlit"))
    assert re.findall(r"<([0-9.]+)", wanted) == [streamlit_private.BELOW], "pyproject.toml and BELOW must be the same"
    assert version(streamlit.__version__) < version(streamlit_private.BELOW), ADVICE


def test_nothing_else_looks_inside_streamlit(root: Path) -> None:
    found = {}
    for path in sorted((root / "dashboard").rglob("*.py")):
        names = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module)
            elif isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
        inside = {name for name in names if name.split(".")[0] == "streamlit"} - set(PUBLIC)
        if inside and path != root / FILE:
            found[path.name] = inside
    assert found == {}, f"move it to {FILE}"
