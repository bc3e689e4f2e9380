"""Whether a loaded model keeps to what a model folder promises, seen on one image before a long run."""

from typing import Final

import numpy as np

from neuroval.data.exceptions import InputError
from neuroval.model.inference.engine import CANNOT_LOAD, Engine

ADDS_UP: Final = 0.01  # as the data contract allows of predictions


def check_contract(engine: Engine) -> None:
    """Run a model over one image of noise; raise ``InputError`` naming what is not as ``model/README.md`` says."""
    card = engine.card
    size, classes = card.input_size, len(card.classes)
    image = np.random.default_rng(7).integers(0, 256, (1, size, size, 3), dtype=np.uint8)
    try:
        outputs = engine.run(image)
    except CANNOT_LOAD as error:
        raise InputError(
            f"model {card.name}: cannot read one image of {size} x {size} pixels ({str(error).splitlines()[0][:200]}); "
            "input_size of its card may be wrong."
        ) from None
    probabilities, maps = outputs.probabilities, outputs.gradcam
    if probabilities.shape != (1, classes) or maps.shape != (1, classes, *card.grid) or outputs.embedding.ndim != 2:
        raise InputError(
            f"model {card.name}: gives probabilities {probabilities.shape} and maps {maps.shape} for one image; "
            f"expected {(1, classes)} and {(1, classes, *card.grid)}."
        )
    for what, values in (("probabilities", probabilities), ("maps", maps), ("embedding", outputs.embedding)):
        if not np.isfinite(values).all():
            raise InputError(f"model {card.name}: {what} of one image are not finite; it may have been cut to float16.")
    total = float(probabilities.sum())
    if probabilities.min() < 0 or abs(total - 1) > ADDS_UP:
        raise InputError(
            f"model {card.name}: the probabilities of one image add up to {total:.3g}; expected 1, so a softmax is "
            "missing."
        )
    if maps.min() < 0:
        raise InputError(f"model {card.name}: maps hold values below 0; expected evidence for a class, cut at 0.")
