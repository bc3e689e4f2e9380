"""What a study says about its model when nobody has written it down: wording, harm, criteria, published claims."""

from pathlib import Path
from typing import Any

from neuroval.data import phantom
from neuroval.data.storage.home import DESCRIPTIONS
from neuroval.data.storage.toml import read_toml
from neuroval.model.card import read_card, wording

CLAIMS = DESCRIPTIONS / "brain-tumor-readme-claims.toml"  # what is published about a model of the data set below
CLAIMED = "brain-tumor-mri"


def described(
    model: Path, *, images: Path, about: Path | None, data_name: str
) -> tuple[dict[str, Any] | None, Path | None]:
    """Return the description of a study of ``model`` on ``images``, and the file of claims about such a model.

    The description is that of the file ``about``; without one it is what is shipped about a shipped model, else None:
    class names alone make no other model its equal. Its title is for its own data set. What is shipped about the
    phantom's model is for drawn images only, and a study of drawn images is marked synthetic whatever its model.
    There are claims only of the shipped data set. Raises ``InputError`` for a file that is no TOML.
    """
    drawn = _drawn(images) or data_name == phantom.NAME
    description, claims = read_toml(about) if about is not None else None, None
    if about is None and (file := wording(read_card(model))) is not None:
        shipped = read_toml(file)
        name = shipped["data"]["name"]
        if name != data_name and not (name == phantom.NAME and drawn):
            del shipped["study"]["title"]
        if name != phantom.NAME or drawn:
            description = shipped
        claims = CLAIMS if name == data_name == CLAIMED else None
    if drawn:
        description = dict(description or {})
        description["study"] = {**description.get("study", {}), "synthetic": True}
    return description, claims


def _drawn(images: Path) -> bool:
    """Return whether a folder of images is, or lies in, the phantom cohort."""
    place = images.resolve()
    return any((folder / phantom.FACTS).is_file() for folder in (place, *place.parents))
