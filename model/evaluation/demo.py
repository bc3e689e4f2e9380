"""The demonstration: the phantom cohort drawn on this machine, and the shipped phantom model run over it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuroval.data import phantom
from neuroval.data.exceptions import InputError
from neuroval.data.images import linking
from neuroval.data.phantom.flaws import SHIPPED_FLAWS
from neuroval.data.storage import home
from neuroval.data.storage.atomic import remove
from neuroval.data.storage.home import STUDY_FILE
from neuroval.data.storage.lock import held
from neuroval.data.storage.toml import read_toml
from neuroval.model.card import record_sha256

DESCRIPTION = home.DESCRIPTIONS / "phantom.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """The folder of the phantom study, and whether it was made now or found complete."""

    study: Path
    made: bool


def make_demo(*, progress: bool = False) -> Demo:
    """Draw the phantom cohort, evaluate the shipped phantom model on it, link its images; what is there is kept.

    A study of another model or another version of the generator is made anew. Raises ``InputError`` when the shipped
    model is not there.
    """
    study, images = (home.home_folder() / room / phantom.NAME for room in ("studies", "images"))
    with held(images), held(study):
        return _made(study, images, progress=progress)


def _made(study: Path, images: Path, *, progress: bool) -> Demo:
    model = home.find_model(phantom.NAME)
    drawn = _drawn_now(images)
    if drawn and _record_of(study) == record_sha256(model) and linking.linked_images(phantom.NAME) is not None:
        return Demo(study=study, made=False)
    if not drawn or _record_of(study) is None:
        remove(study)  # of another cohort, or damaged
    if not drawn:
        from neuroval.data.phantom.cohort import generate

        generate(images, flaws=SHIPPED_FLAWS, replace=True, progress=progress)
    from neuroval.model.evaluation.to_study import evaluate

    description = read_toml(DESCRIPTION)
    evaluation = evaluate(model, images, out=study, data_name=phantom.NAME, description=description, progress=progress)
    linking.link(images, data_name=phantom.NAME, cases=evaluation.study.cases)
    return Demo(study=study, made=True)


def _drawn_now(images: Path) -> bool:
    """Return whether the cohort in the folder is the one that would be drawn now."""
    return _toml(images / phantom.FACTS) == phantom.facts(flaws=SHIPPED_FLAWS)


def _record_of(study: Path) -> str | None:
    record = _toml(study / STUDY_FILE).get("provenance", {}).get("model_record")
    return str(record) if record else None


def _toml(path: Path) -> dict[str, Any]:
    try:
        return read_toml(path, missing_ok=True)
    except InputError:  # damaged: made anew
        return {}
