"""What a network takes: how pixels of 0 to 255 become its input."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from neuroval.data.exceptions import InputError
from neuroval.model.adapters.draft import Draft

Layout = Literal["nhwc", "nchw"]
LUMA: Final = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow and OpenCV turn RGB into grey
# The scalings that are met most: name, scale, mean and standard deviation.
KNOWN: Final[Mapping[str, tuple[float, tuple[float, ...], tuple[float, ...]]]] = {
    "--scale 1": (1.0, (0.0,), (1.0,)),
    "--scale 255": (255.0, (0.0,), (1.0,)),
    "--scale 127.5 --mean 1 --std 1": (127.5, (1.0,), (1.0,)),
    "--scale 255 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225": (
        255.0,
        (0.485, 0.456, 0.406),
        (0.229, 0.224, 0.225),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRule:
    """The input of a network: ``(pixels / scale - mean) / std``, for each channel, in its layout.

    ``mean`` and ``std`` hold a number for all channels or for each. A network of one channel gets the luma of RGB.
    Raises ``InputError`` for numbers that cannot be meant.
    """

    layout: Layout = "nhwc"
    scale: float = 1.0
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    channels: int = 3

    def __post_init__(self) -> None:
        if self.channels not in (1, 3):
            raise InputError(f"the network takes {self.channels} channels; expected 1 (grey) or 3 (RGB).")
        for option, values in (("--scale", (self.scale,)), ("--mean", self.mean), ("--std", self.std)):
            positive = option == "--mean" or all(value > 0 for value in values)
            if not np.isfinite(values).all() or not positive or len(values) not in (1, self.channels):
                text = ",".join(f"{value:g}" for value in values)
                raise InputError(f"{option} {text}: expected 1 or {self.channels} numbers, scale and std above 0.")

    def apply(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return images ``(n, size, size, 3)`` as the network takes them."""
        pixels = images.astype(np.float32)
        if self.channels == 1:
            pixels = pixels @ np.asarray(LUMA, dtype=np.float32)[:, None]
        factor, offset = self._factors()
        scaled = pixels * factor + offset
        return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2) if self.layout == "nchw" else scaled)

    def drafted(self, draft: Draft, image: str) -> str:
        """Add the same to a graph; return the name of what the network takes."""
        pixels = image
        if self.channels == 1:
            pixels = draft.node("MatMul", pixels, draft.floats(np.asarray(LUMA)[:, None]))
        factor, offset = self._factors()
        if (factor != 1).any():
            pixels = draft.node("Mul", pixels, draft.floats(factor))
        if offset.any():
            pixels = draft.node("Add", pixels, draft.floats(offset))
        return draft.node("Transpose", pixels, perm=[0, 3, 1, 2]) if self.layout == "nchw" else pixels

    def seen_as(self, images: NDArray[np.uint8], other: "InputRule") -> NDArray[np.float32]:
        """Return images of which this rule makes what ``other`` makes of the given ones; for networks of 3 channels."""
        (factor, offset), (wanted, beside) = self._factors(), other._factors()
        return np.asarray((images.astype(np.float32) * wanted + beside - offset) / factor, dtype=np.float32)

    def as_table(self) -> dict[str, Any]:
        """Return the rule as it stands under ``[source]`` of a card."""
        return {"layout": self.layout, "scale": self.scale, "mean": list(self.mean), "std": list(self.std)}

    def as_options(self) -> str:
        """Return the rule as options of the command line."""
        mean, std = (",".join(f"{value:g}" for value in values) for values in (self.mean, self.std))
        return f"--layout {self.layout} --scale {self.scale:g} --mean {mean} --std {std}"

    def _factors(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        std, mean = np.asarray(self.std, dtype=np.float64), np.asarray(self.mean, dtype=np.float64)
        return (1 / (self.scale * std)).astype(np.float32), (-mean / std).astype(np.float32)
