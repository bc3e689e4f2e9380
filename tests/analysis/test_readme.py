"""The table of numbers names every module of the package, or its whole room, and no other."""

import re
from pathlib import Path

from neuroval import analysis

FOLDER = Path(str(analysis.__file__)).parent
NAMED = set(re.findall(r"`([a-z_]+/[a-z_]*)`", (FOLDER / "README.md").read_text(encoding="utf-8")))
MODULES = {path.relative_to(FOLDER).with_suffix("") for path in FOLDER.rglob("*.py") if path.stem != "__init__"}


def test_every_module_is_named() -> None:
    assert {path.as_posix() for path in MODULES if f"{path.parent.as_posix()}/" not in NAMED} - NAMED == set()


def test_every_name_is_a_module_or_a_room() -> None:
    rooms = {f"{path.parent.as_posix()}/" for path in MODULES}
    assert NAMED - rooms - {path.as_posix() for path in MODULES} == set()
