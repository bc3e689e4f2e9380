"""A loaded model that reads single images: what the network says, and whether the image is like its training images."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuroval.model.card import ModelCard
from neuroval.model.inference.engine import Engine, load
from neuroval.model.inference.preprocessing import preprocess
from neuroval.model.likeness.components import Components, read_components
from neuroval.model.likeness.out_of_distribution import Likeness, measures, read_likeness


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """What the network says of one image.

    ``probabilities (k,)`` float32 and ``maps (k, h, w)`` not normalised, as an evaluation gives them; ``embedding
    (d,)`` and its ``components (c,)``, as a study keeps them, none for a model without. ``unlike`` is the score of how
    unlike the training images it is, above ``limit`` too much; none for a model that does not say.
    """

    probabilities: NDArray[np.float32]
    maps: NDArray[np.float32]
    embedding: NDArray[np.float32]
    components: NDArray[np.float16] | None
    unlike: float | None
    limit: float | None

    @property
    def in_distribution(self) -> bool | None:
        """Whether the image is like the training images; none where the model does not say."""
        return None if self.unlike is None or self.limit is None else self.unlike <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A model made ready to read images, one at a time on one core; several threads may read at once."""

    engine: Engine
    components: Components | None
    likeness: Likeness | None

    @property
    def card(self) -> ModelCard:
        return self.engine.card

    def read(self, pixels: NDArray[np.uint8]) -> Reading:
        """Return what the network says of an image ``(h, w, 3)``; the same numbers as an evaluation, to the bit."""
        fitted = preprocess(pixels, size=self.card.input_size)
        outputs = self.engine.run(fitted[None])
        unlike, limit = None, None
        if self.likeness is not None and self.components is not None:
            unlike = float(self.likeness.score(outputs.embedding, measures(fitted)[None], self.components)[0])
            limit = float(self.likeness.limit[0])
        return Reading(
            probabilities=outputs.probabilities[0],
            maps=outputs.gradcam[0],
            embedding=outputs.embedding[0],
            components=None if self.components is None else self.components.project(outputs.embedding)[0],
            unlike=unlike,
            limit=limit,
        )

    @property
    def tells_unlike(self) -> bool:
        """Whether the model says of an image that it is unlike its training images."""
        return self.likeness is not None and self.components is not None

    def call(self, pixels: NDArray[np.uint8]) -> tuple[NDArray[np.float32], bool | None]:
        """Return the probabilities (k,) of an image ``(h, w, 3)``, and whether it is unlike the training images.

        Both are as ``read`` gives them; the second is none for a model that does not say, of which nothing but the
        probabilities is computed.
        """
        if self.tells_unlike:
            reading = self.read(pixels)
            return reading.probabilities, not reading.in_distribution
        fitted = preprocess(pixels, size=self.card.input_size)
        return self.engine.probabilities(fitted[None])[0], None

    def warm_up(self) -> None:
        """Read a black image: the first run of a network makes room for all later ones."""
        self.read(np.zeros((self.card.input_size, self.card.input_size, 3), np.uint8))


def open_reader(folder: Path) -> Reader:
    """Return the reader of a model folder. Raises ``InputError`` when the folder is no model."""
    return Reader(engine=load(folder, threads=1), components=read_components(folder), likeness=read_likeness(folder))
