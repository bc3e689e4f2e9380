"""Where things are on this machine: studies and models.

What a machine makes lies under ``NEUROVAL_HOME``, by default the platform's user data folder; what is shipped lies
in the project. Nothing is written into the project at run time.
"""

import os
from collections.abc import Mapping
from pathlib import Path

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
PHANTOM = "phantom"  # data set, study and model that a fresh clone opens with


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


def find_model(name_or_path: str | Path) -> Path:
    """Return the folder of a model given by name or path; ``InputError`` names what exists otherwise."""
    return _find(name_or_path, models(), MODEL_FILE, kind="model")


def _folders(marker: str, *roots: Path) -> dict[str, Path]:
    folders: dict[str, Path] = {}
    for root in roots:
        for folder in _entries(root):
            name = printable(folder.name)  # what is not UTF-8 would stop every page that lists it
            if name.startswith(".") and name.endswith(".old"):  # a killed write: reading mends it
                folders.setdefault(name[1:-4], root / folder.name[1:-4])
            elif not name.startswith(".") and _holds(folder, marker):
                folders.setdefault(name, folder)
    return folders


def _entries(root: Path) -> list[Path]:
    try:
        return sorted(root.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InputError(f"{root}: cannot be read ({error.strerror}); check its permissions.") from None


def _holds(folder: Path, marker: str) -> bool:
    """Whether the file is in the folder. One that may not be looked into counts: opening it says what is wrong."""
    try:
        return (folder / marker).is_file()
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
