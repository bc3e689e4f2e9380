"""The recipe of a training run: every choice, in one frozen configuration that a TOML file holds."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Literal, Self, get_args

from neuroval.data.exceptions import InputError
from neuroval.data.storage.toml import read_toml

Pooling = Literal["avg", "max", "attention"]
Filling = Literal["telea", "navier_stokes", "harmonic", "level", "other_side", "own_tissue", "healthy_tissue"]

SMALLEST: Final = 32  # pixels of an image's side: one cell of its map
WIDEST: Final = 0.1  # of the longer side: a wider rim leaves little to fill a hole from


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
class CounterfactualShares:
    """How many training cases are changed so that the tumour alone decides the class: drawn anew in each epoch.

    Shares of the scans with an outlined tumour: ``removed`` lose it and become the negative class; ``elsewhere`` get a
    hole of its shape at another place and keep their class. Shares of the scans of the negative class: ``pasted`` get
    the tumour of another training case, and its class; ``filled`` a hole of a tumour's shape, and ``patched`` a patch
    of another scan of the negative class, and keep theirs. The rest stays as it is.

    ``fillings`` are the ways in which holes are filled, drawn at random; ``blended`` of them are a blend of two. Holes
    and patches reach beyond the outline by a part of the picture's longer side, from ``narrowest`` to ``widest``.
    """

    removed: float = 0.3
    elsewhere: float = 0.2
    pasted: float = 0.35
    filled: float = 0.1
    patched: float = 0.1
    fillings: tuple[str, ...] = get_args(Filling)
    blended: float = 0.3
    narrowest: float = 0.02
    widest: float = 0.05

    def __post_init__(self) -> None:
        shares = (self.removed, self.elsewhere, self.pasted, self.filled, self.patched, self.blended)
        if min(shares) < 0 or max(self.removed + self.elsewhere, self.pasted + self.filled + self.patched) > 1:
            raise InputError(
                "training: the shares of [counterfactual] must not be negative, removed and elsewhere not exceed 1 "
                "together, nor pasted, filled and patched."
            )
        if not self.fillings or set(self.fillings) - set(get_args(Filling)):
            raise InputError(
                f"training: fillings of [counterfactual] are {list(self.fillings)}, expected some of "
                f"{list(get_args(Filling))}."
            )
        if not 0 <= self.narrowest <= self.widest <= WIDEST or self.blended > 1:
            raise InputError(
                "training: blended of [counterfactual] must be in [0, 1], and narrowest not above widest, both from 0 "
                f"to {WIDEST}."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig(Augmentation):
    """Every choice of a training run, how images are changed included.

    ``weights``: none for random ones, ``imagenet``, or an EfficientNet-Lite whose ImageNet weights a larger network
    takes over as far as they reach. ``early_sizes``: input size of each of the first epochs, which small images make
    fast; the others, of which the tuning split chooses one, see ``input_size``. ``tuning_parts``: one of so many parts
    of the training cases is set aside. ``guidance``: weight of the extra loss for evidence outside the reference
    outline, ``cell_guidance``: of that for what each cell of the grid says (``guidance``); 0 trains without outlines.
    ``frozen_stages``: so many stages of the backbone, counted from the image, keep the weights they begin with.
    ``patience``: epochs without a lower tuning loss after which training stops; 0 never stops early.
    ``class_weights``: each class counts the same in the loss, however many cases it has. ``balance_sources``: within a
    class each source is seen as often as the others in an epoch. ``averaging``: momentum of a moving average of the
    weights, with which each epoch ends; 0 averages none.
    ``calibrate``: fit a temperature on the tuning cases. ``counterfactual``: which training cases are changed so that
    the tumour alone decides the class; none changes no class.
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
    cell_guidance: float = 0.0
    frozen_stages: int = 0
    class_weights: bool = False
    balance_sources: bool = False
    averaging: float = 0.0
    patience: int = 0
    mixed_precision: bool = False
    calibrate: bool = True
    tuning_parts: int = 8
    seed: int = 20261123
    counterfactual: CounterfactualShares | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.warmup_epochs < self.epochs:
            raise InputError(f"training: warmup_epochs {self.warmup_epochs} must be between 0 and epochs - 1.")
        if self.batch_size < 1 or self.learning_rate <= 0 or not 0 <= self.dropout < 1:
            raise InputError("training: batch_size and learning_rate must be positive, dropout in [0, 1).")
        if min(self.guidance, self.cell_guidance, self.frozen_stages) < 0:
            raise InputError("training: guidance, cell_guidance and frozen_stages must not be negative.")
        if len(self.early_sizes) >= self.epochs or not all(
            type(size) is int and SMALLEST <= size <= self.input_size for size in self.early_sizes
        ):
            raise InputError(
                f"training: early_sizes must be fewer than epochs ({self.epochs}), each a whole number from {SMALLEST} "
                f"to input_size ({self.input_size}); found {list(self.early_sizes)}."
            )
        if not 0 <= self.averaging < 1:
            raise InputError(f"training: averaging is {self.averaging}, expected from 0 to below 1.")
        changes = [getattr(self, field.name) for field in fields(Augmentation)]
        if min(changes) < 0 or max(self.scale, self.shift, self.contrast) >= 1 or self.patience < 0:
            raise InputError(
                "training: patience and the limits of augmentation must not be negative, scale, shift and contrast "
                "below 1."
            )

    @property
    def guided(self) -> bool:
        """Whether outlines take part in the loss."""
        return max(self.guidance, self.cell_guidance) > 0

    def at(self, epoch: int) -> Self:
        """Return the configuration of one epoch, counted from 0: its size is ``input_size``."""
        size = (*self.early_sizes, self.input_size)[min(epoch, len(self.early_sizes))]
        return replace(self, input_size=size, early_sizes=())


DEFAULTS = TrainingConfig()
COUNTERFACTUAL: Final = "counterfactual"


def read_recipe(path: Path) -> TrainingConfig:
    """Return the configuration in a TOML file. Raises ``InputError`` naming what is wrong in it."""
    return recipe_from(read_toml(path), where=str(path))


def recipe_from(document: Mapping[str, Any], *, where: str) -> TrainingConfig:
    """Return the configuration that a document holds, keys and types checked."""
    given = dict(document)
    table = given.pop(COUNTERFACTUAL, None)
    settings = _settings(given, DEFAULTS, where=where, besides=(COUNTERFACTUAL,))
    if table is not None:
        if not isinstance(table, Mapping):
            raise InputError(f"{where}: {COUNTERFACTUAL} is {table!r}, expected a table.")
        shares = _settings(table, CounterfactualShares(), where=f"{where}: [{COUNTERFACTUAL}]")
        settings[COUNTERFACTUAL] = CounterfactualShares(**shares)
    return TrainingConfig(**{"weights": None, **settings})


def _settings(
    document: Mapping[str, Any], defaults: Any, *, where: str, besides: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the settings of one table, each of the type of its default."""
    known = {field.name: getattr(defaults, field.name) for field in fields(defaults) if field.name not in besides}
    given = dict(document)
    for key, value in document.items():
        if key not in known:
            raise InputError(f"{where}: unknown key {key!r}; expected some of {sorted({*known, *besides})}.")
        wanted = type(known[key])
        if wanted is tuple:
            kind, words = (str, "names") if known[key] else (int, "whole numbers")
            if not isinstance(value, list) or not all(type(entry) is kind for entry in value):
                raise InputError(f"{where}: {key} is {value!r}, expected a list of {words}.")
            given[key] = tuple(value)
        elif wanted is float and isinstance(value, int) and not isinstance(value, bool):
            given[key] = float(value)
        elif type(value) is not wanted:
            raise InputError(f"{where}: {key} is {value!r}, expected {wanted.__name__}.")
        if wanted is float and not math.isfinite(value):
            raise InputError(f"{where}: {key} is {value!r}, expected a finite number.")
        if key == "pooling" and value not in get_args(Pooling):
            raise InputError(f"{where}: pooling is {value!r}, expected one of {list(get_args(Pooling))}.")
    return given


def written(config: TrainingConfig) -> dict[str, Any]:
    """Return the configuration as a TOML table: what is none is left out, and [counterfactual] stands at the end."""
    return _as_table(asdict(config))


def _as_table(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: list(value) if isinstance(value, tuple) else _as_table(value) if isinstance(value, dict) else value
        for key, value in settings.items()
        if value is not None
    }
