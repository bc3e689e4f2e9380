"""The table of numbers names every module of the package."""

import re
from pathlib import Path

from neuroval import analysis

FOLDER = Path(str(analysis.__file__)).parent


def test_every_module_is_in_the_table() -> None:
    named = set(re.findall(r"`([a-z_]+)`", (FOLDER / "README.md").read_text(encoding="utf-8")))
    modules = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    assert modules - named == set()
