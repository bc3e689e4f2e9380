"""The colours of classes: those that a study chooses, else one of a palette that colour-blind readers tell apart."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from neuroval.data.exceptions import InputError

# Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), in the order it is given out.
OKABE_ITO: Final = ("#D55E00", "#0072B2", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#F0E442", "#7F7F7F")
COLOUR: Final = re.compile("#[0-9A-Fa-f]{6}")


def class_colours(names: Sequence[str], *, chosen: Mapping[str, str]) -> dict[str, str]:
    """Return the colour of each class. Raises ``InputError`` for one that is no six hex digits, naming the class."""
    for name, colour in chosen.items():
        if not COLOUR.fullmatch(colour):
            raise InputError(f"classes: {name!r} has the colour {colour!r}; expected one such as #0072B2.")
    palette = {name: OKABE_ITO[place % len(OKABE_ITO)] for place, name in enumerate(names)}
    return {name: chosen.get(name, palette[name]) for name in names}
