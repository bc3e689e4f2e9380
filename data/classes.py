"""The classes of a study, in the order fixed by name."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from neuroval.data.class_colours import class_colours
from neuroval.data.exceptions import InputError

MIN_CLASSES, MAX_CLASSES = 2, 50
ISOLATE, END = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
RIGHT_TO_LEFT = {"R", "AL"}  # bidirectional classes of Hebrew, Arabic and the like


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassOrder:
    """Class names in their fixed order, with how each is shown.

    A name that runs from right to left is shown between marks that keep it from turning what stands beside it:
    without them "A to B" reads B to A, and an interval after it backwards. ``written`` are the names without marks.

    ``negative`` is the class that means "nothing found"; without one the study has no any-tumour question.
    Raises ``InputError`` for fewer than 2 or more than 50 classes, a repeated or empty name, two classes
    that are shown alike, or a negative class that is not among the names.
    """

    names: tuple[str, ...]
    negative: str | None = None
    display: Mapping[str, str] = field(default_factory=dict, hash=False)
    colour: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not MIN_CLASSES <= len(self.names) <= MAX_CLASSES:
            raise InputError(f"classes: found {len(self.names)} names, expected {MIN_CLASSES} to {MAX_CLASSES}.")
        if len(set(self.names)) != len(self.names) or not all(self.names):
            raise InputError(f"classes: names must be distinct and not empty, found {list(self.names)}.")
        if self.negative is not None and self.negative not in self.names:
            raise InputError(
                f"classes: negative_class {self.negative!r} is not a class; expected one of {list(self.names)}."
            )
        shown = {name: isolated(self.display.get(name, name)) for name in self.names}
        for name, text in shown.items():
            if alike := [other for other, its in shown.items() if its == text and other != name]:
                raise InputError(f"classes: {name!r} and {alike[0]!r} are both shown as {text!r}; expected two names.")
        colours = class_colours(self.names, chosen=self.colour)
        object.__setattr__(self, "display", MappingProxyType(shown))
        object.__setattr__(self, "colour", MappingProxyType(colours))

    @property
    def written(self) -> dict[str, str]:
        """How each class is shown, as it stands in a file."""
        return {name: without_marks(text) for name, text in self.display.items()}

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str) -> int:
        return self.names.index(name)

    @property
    def probability_columns(self) -> tuple[str, ...]:
        return tuple(f"prob_{name}" for name in self.names)

    def as_table(self) -> dict[str, Any]:
        """Return the order as it stands under ``[classes]`` of a study and of a model's card."""
        table: dict[str, Any] = {"order": list(self.names)}
        if self.negative is not None:
            table["negative_class"] = self.negative
        return {**table, "display": self.written, "colour": dict(self.colour)}

    @classmethod
    def from_table(cls, table: object, *, where: str) -> "ClassOrder":
        """Return the order that ``as_table`` wrote; ``InputError`` says what is wrong in ``where``."""
        if not isinstance(table, Mapping):
            raise InputError(f"{where}: table [classes] is missing.")
        shown: dict[str, Mapping[str, str]] = {}
        for key in ("display", "colour"):
            shown[key] = table.get(key, {})
            if not isinstance(shown[key], Mapping) or not all(isinstance(text, str) for text in shown[key].values()):
                raise InputError(f"{where}: [classes] {key} is {shown[key]!r}, expected a text for each class.")
        negative = table.get("negative_class")
        if negative is not None and not isinstance(negative, str):
            raise InputError(f"{where}: [classes] negative_class is {negative!r}, expected a name.")
        try:
            names = class_names(table.get("order"), where="[classes] order")
            return cls(names=names, negative=negative, **shown)
        except InputError as error:
            raise InputError(f"{where}: {error}") from None


def class_names(value: object, *, where: str) -> tuple[str, ...]:
    """Return class names in their order, as a list in a file holds them; ``InputError`` when it is no such list."""
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise InputError(f"{where} is {value!r}, expected a list of names.")
    return tuple(value)


def isolated(text: str) -> str:
    """Return text between marks of its own direction where it runs from right to left, else as it is."""
    plain = without_marks(text)
    turned = any(unicodedata.bidirectional(letter) in RIGHT_TO_LEFT for letter in plain)
    return f"{ISOLATE}{plain}{END}" if turned else plain


def without_marks(text: str) -> str:
    """Return text without the marks of ``isolated``."""
    return text.replace(ISOLATE, "").replace(END, "")


BRAIN_TUMOR = ClassOrder(
    names=("glioma", "meningioma", "notumor", "pituitary"),
    negative="notumor",
    display={"glioma": "Glioma", "meningioma": "Meningioma", "notumor": "No tumour", "pituitary": "Pituitary"},
    colour={"glioma": "#D55E00", "meningioma": "#0072B2", "notumor": "#7F7F7F", "pituitary": "#009E73"},
)


def check_order(given: Sequence[str], *, expected: Sequence[str], where: str) -> None:
    """Raise ``InputError`` unless ``given`` holds the expected names in the expected order."""
    if tuple(given) != tuple(expected):
        raise InputError(f"{where}: class order {list(given)} differs from the expected {list(expected)}.")
