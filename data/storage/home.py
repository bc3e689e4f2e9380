"""Where things are on this machine: studies and models.

What a machine makes lies under ``NEUROVAL_HOME``, by default the platform's user data folder; what is shipped lies
in the project. Nothing is written into the project at run time.
"""

import os
import stat
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import platformdirs

from neuroval.data.exceptions import InputError
from neuroval.data.storage.atomic import recover
from neuroval.data.storage.files import printable

PACKAGE = Path(__file__).parents[2]  # neuroval, as it is imported
SHIPPED_STUDIES = PACKAGE / "data" / "studies"
DESCRIPTIONS = PACKAGE / "data" / "descriptions"
SHIPPED_MODELS = PACKAGE / "model" / "zoo"
RECIPES = PACKAGE / "model" / "recipes"
STUDY_FILE = "study.toml"
MODEL_FILE = "model.onnx"
SETTLED: Final = 2_000_000_000  # nanoseconds after which a change of a folder has a time of its own on any disk
PHANTOM = "phantom"  # data set, study and model that a fresh clone opens with

_LISTED: dict[tuple[Path, str], tuple[int, list[tuple[str, bool]]]] = {}  # when a root was changed, and what was in it


def home_folder() -> Path:
    """Return the folder for everything made on this machine; it need not exist yet."""
    given = os.environ.get("NEUROVAL_HOME")
    return Path(given) if given else Path(platformdirs.user_data_dir("neuroval", appauthor=False))


def studies() -> dict[str, Path]:
    """Return the study folders by name: the phantom, the shipped ones, one's own. A shipped name is not hidden."""
    folders = _folders(STUDY_FILE, SHIPPED_STUDIES, home_folder() / "studies")
    return {name: folders[name] for name in sorted(folders, key=lambda name: name != PHANTOM)}


def new_study(name_or_path: str | Path) -> Path:
    """Return the folder of a study to be written: a bare name stands for a place where the dashboard finds it.

    A path, or the name of a folder that is there, is taken as it is. Raises ``InputError`` for a name that is empty,
    hidden, not UTF-8 or that of a shipped study.
    """
    given, path = str(name_or_path), Path(name_or_path)
    if not path.name or path.name.startswith(".") or printable(path.name) != path.name:
        raise InputError(f"{printable(given)!r}: no name for a study; expected one such as my-study.")
    if len(path.parts) > 1 or given != path.name or path.is_dir():
        return path
    if given in _folders(STUDY_FILE, SHIPPED_STUDIES):
        raise InputError(f"{given}: the name of a shipped study; choose another one.")
    return home_folder() / "studies" / given


def find_study(name_or_path: str | Path) -> Path:
    """Return the folder of a study given by name or path; ``InputError`` names what exists otherwise."""
    return _find(name_or_path, studies(), STUDY_FILE, kind="study")


def models() -> dict[str, Path]:
    """Return the model folders by name: the shipped ones first, then one's own."""
    return _folders(MODEL_FILE, SHIPPED_MODELS, home_folder() / "models")


def new_model(name: str) -> Path:
    """Return the folder of a model to be added, where the commands find it by name.

    Raises ``InputError`` for a name that is no plain name, that of a shipped model, or taken.
    """
    if not name or name.startswith(".") or Path(name).name != name or printable(name) != name:
        raise InputError(f"{printable(name)!r}: no name for a model; expected one such as my-model.")
    if name in models():
        raise InputError(f"{name}: there is a model of that name; choose another, or neuroval model remove {name}.")
    return home_folder() / "models" / name


def find_model(name_or_path: str | Path) -> Path:
    """Return the folder of a model given by name or path; ``InputError`` names what exists otherwise."""
    return _find(name_or_path, models(), MODEL_FILE, kind="model")


def _folders(marker: str, *roots: Path) -> dict[str, Path]:
    folders: dict[str, Path] = {}
    for root in roots:
        for name, folder in _in(root, marker).items():
            folders.setdefault(name, folder)
    return folders


def _in(root: Path, marker: str) -> dict[str, Path]:
    """Return the folders in a root that hold the marker, in order.

    Pages ask many times a second: as long as nothing was added, removed or renamed in the root, only folders that did
    not hold the marker are looked into again.
    """
    try:
        changed = root.stat().st_mtime_ns
        listed, before = _LISTED.get((root, marker), (None, None))
        if before is None or listed != changed:
            before = [(entry.name, False) for entry in sorted(os.scandir(root), key=lambda entry: entry.name)]
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(f"{root}: cannot be read ({error.strerror}); check its permissions.") from None
    entries = [(name, held or _holds(root / name, marker)) for name, held in before]
    if time.time_ns() - changed > SETTLED:  # a later change could have the same time
        _LISTED[root, marker] = (changed, entries)
    folders: dict[str, Path] = {}
    for entry, held in entries:
        name = printable(entry)  # what is not UTF-8 would stop every page that lists it
        if name.startswith("."):
            if name.endswith(".old"):  # a killed write: reading mends it
                folders.setdefault(name[1:-4], root / entry[1:-4])
        elif held:
            folders.setdefault(name, root / entry)
    return folders


def _holds(folder: Path, marker: str) -> bool:
    """Whether the file is in the folder. One that may not be looked into counts: opening it says what is wrong."""
    try:
        return not folder.name.startswith(".") and stat.S_ISREG((folder / marker).stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


def _find(name_or_path: str | Path, known: Mapping[str, Path], marker: str, *, kind: str) -> Path:
    if isinstance(name_or_path, str) and name_or_path in known:
        recover(known[name_or_path])
        return known[name_or_path]
    path = Path(name_or_path)
    recover(path)
    if str(name_or_path) and path.is_dir():
        if (path / marker).is_file():
            return path
        raise InputError(f"{path}: a folder without {marker}, so not a {kind}.")
    raise InputError(f"{name_or_path}: no such {kind}. By name there is: {', '.join(known) or 'none'}.")
