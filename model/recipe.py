"""The recipe of a training run: every choice, in one frozen configuration that a TOML file holds."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Literal, Self, get_args

from neuroval.data.exceptions import InputError
from neuroval.data.storage.toml import read_toml

Pooling = Literal["avg", "max"]

SMALLEST: Final = 32  # pixels of an image's side: one cell of its map


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """How far an image is changed; each change is drawn evenly from -limit to +limit.

    ``rotation`` in degrees, ``scale`` and ``shift`` as shares of the side, ``contrast`` as a share of the intensity.
    ``gamma`` is the limit of the logarithm of the exponent, ``blur`` the largest width of a Gaussian in pixels, and
    ``noise`` the largest standard deviation of added noise in grey levels. Half of the images are mirrored.
    """

    rotation: float = 10.0
    scale: float = 0.1
    shift: float = 0.05
    contrast: float = 0.15
    gamma: float = 0.0
    blur: float = 0.0
    noise: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig(Augmentation):
    """Every choice of a training run, how images are changed included.

    ``weights``: none for random ones, ``imagenet``, or an EfficientNet-Lite whose ImageNet weights a larger network
    takes over as far as they reach. ``early_sizes``: input size of each of the first epochs, which small images make
    fast; the others, of which the tuning split chooses one, see ``input_size``. ``tuning_parts``: one of so many parts
    of the training cases is set aside. ``guidance``: weight of the extra loss for evidence outside the reference
    outline (``keras_guidance``); 0 trains without outlines. ``patience``: epochs without a lower tuning loss after
    which training stops; 0 never stops early. ``class_weights``: each class counts the same in the loss, however many
    cases it has. ``calibrate``: fit a temperature on the tuning cases.
    """

    backbone: str = "efficientnet-lite0"
    weights: str | None = "imagenet"
    input_size: int = 224
    early_sizes: tuple[int, ...] = ()
    pooling: Pooling = "avg"
    hidden_units: tuple[int, ...] = ()
    dropout: float = 0.2
    freeze_batch_norm: bool = True
    epochs: int = 6
    warmup_epochs: int = 1
    batch_size: int = 32
    learning_rate: float = 3e-4
    weight_decay: float = 1e-4
    label_smoothing: float = 0.05
    guidance: float = 0.0
    class_weights: bool = False
    patience: int = 0
    mixed_precision: bool = False
    calibrate: bool = True
    tuning_parts: int = 8
    seed: int = 20261123

    def __post_init__(self) -> None:
        if not 0 <= self.warmup_epochs < self.epochs:
            raise InputError(f"training: warmup_epochs {self.warmup_epochs} must be between 0 and epochs - 1.")
        if self.batch_size < 1 or self.learning_rate <= 0 or not 0 <= self.dropout < 1 or self.guidance < 0:
            raise InputError(
                "training: batch_size and learning_rate must be positive, dropout in [0, 1), guidance not negative."
            )
        if len(self.early_sizes) >= self.epochs or not all(
            type(size) is int and SMALLEST <= size <= self.input_size for size in self.early_sizes
        ):
            raise InputError(
                f"training: early_sizes must be fewer than epochs ({self.epochs}), each a whole number from {SMALLEST} "
                f"to input_size ({self.input_size}); found {list(self.early_sizes)}."
            )
        changes = [getattr(self, field.name) for field in fields(Augmentation)]
        if min(changes) < 0 or max(self.scale, self.shift, self.contrast) >= 1 or self.patience < 0:
            raise InputError(
                "training: patience and the limits of augmentation must not be negative, scale, shift and contrast "
                "below 1."
            )

    def at(self, epoch: int) -> Self:
        """Return the configuration of one epoch, counted from 0: its size is ``input_size``."""
        size = (*self.early_sizes, self.input_size)[min(epoch, len(self.early_sizes))]
        return replace(self, input_size=size, early_sizes=())


DEFAULTS = TrainingConfig()


def read_recipe(path: Path) -> TrainingConfig:
    """Return the configuration in a TOML file. Raises ``InputError`` naming what is wrong in it."""
    return recipe_from(read_toml(path), where=str(path))


def recipe_from(document: Mapping[str, Any], *, where: str) -> TrainingConfig:
    """Return the configuration that a document holds, keys and types checked."""
    known = {field.name: type(getattr(DEFAULTS, field.name)) for field in fields(TrainingConfig)}
    given = dict(document)
    for key, value in document.items():
        if key not in known:
            raise InputError(f"{where}: unknown key {key!r}; expected some of {sorted(known)}.")
        wanted = known[key]
        if wanted is tuple:
            if not isinstance(value, list) or not all(type(number) is int for number in value):
                raise InputError(f"{where}: {key} is {value!r}, expected a list of whole numbers.")
            given[key] = tuple(value)
        elif wanted is float and isinstance(value, int) and not isinstance(value, bool):
            given[key] = float(value)
        elif type(value) is not wanted:
            raise InputError(f"{where}: {key} is {value!r}, expected {wanted.__name__}.")
        if wanted is float and not math.isfinite(value):
            raise InputError(f"{where}: {key} is {value!r}, expected a finite number.")
        if key == "pooling" and value not in get_args(Pooling):
            raise InputError(f"{where}: pooling is {value!r}, expected one of {list(get_args(Pooling))}.")
    return TrainingConfig(**{"weights": None, **given})


def written(config: TrainingConfig) -> dict[str, Any]:
    """Return the configuration as a TOML table: what is none is left out."""
    return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(config).items() if v is not None}
