"""What a study says about its model when nobody has written it down: wording, harm, criteria, published claims."""

import tomllib
from pathlib import Path
from typing import Any

from neuroval.data.classes import BRAIN_TUMOR
from neuroval.data.exceptions import InputError
from neuroval.data.storage.home import DESCRIPTIONS
from neuroval.model.card import read_card

SHIPPED = DESCRIPTIONS / "brain-tumor-mri.toml"
CLAIMS = DESCRIPTIONS / "brain-tumor-readme-claims.toml"  # what is published about a model of this data set


def described(model: Path, *, about: Path | None, data_name: str) -> tuple[dict[str, Any] | None, Path | None]:
    """Return the description of a study of ``model``, and the file of claims about a model of its data set.

    The description is that of the file ``about``; without one it is the shipped one where the classes are its own,
    else None. There are claims only of the shipped data set. Raises ``InputError`` for a file that is no TOML.
    """
    if about is not None:
        return _read(about), None
    if read_card(model).classes.names != BRAIN_TUMOR.names:
        return None, None
    description = _read(SHIPPED)
    return description, CLAIMS if description["data"]["name"] == data_name else None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path}: not a readable TOML file ({error}).") from None
