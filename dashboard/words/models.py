"""What the commands on models say: what was added, what each check found, and what to try."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from neuroval.data.study.gradcam import GRADCAM
from neuroval.model.card import ModelCard

OUTCOMES: Final = {True: "ok", False: "FAILED", None: "not told"}
RUNS_CODE: Final = "--builder runs the code of {file} on this machine, with your rights."
TRY_ON_IMAGES: Final = "Try it: neuroval model check {name} --images FOLDER"
SAME_INPUT: Final = "Add the model again with the --layout, --scale, --mean and --std that it was trained with."

CHECKS: Final[Mapping[str, str]] = {
    "contract": "one dry image",
    "parity": "same answers as its framework",
    "sums": "probabilities add up to 1",
    "accuracy": "right more often than chance",
    "class_order": "order of the classes",
    "maps": "maps are not empty",
    "speed": "time for one scan with its maps",
}
Sentence = Callable[[Mapping[str, Any]], str]


def added(card: ModelCard) -> list[str]:
    """Return what is said of a model that was added: its input, its maps, and why these are no Grad-CAM."""
    source = card.source
    mean, std = (", ".join(f"{value:g}" for value in source[key]) for key in ("mean", "std"))
    lines = [
        f"classes  {', '.join(card.classes.names)}"
        + (f"; {card.classes.negative} means nothing found" if card.classes.negative else ""),
        f"input    {card.input_size} x {card.input_size} pixels, {source['layout']}, (pixel / {source['scale']:g} - "
        f"{mean}) / {std}",
        f"maps     {card.maps}, {card.grid[0]} x {card.grid[1]} cells",
    ]
    if card.maps == GRADCAM:
        lines[-1] += f", of {source['feature_layer']}"
    else:
        lines.append(f"         no Grad-CAM: {source['because']}. --feature-layer names other feature maps.")
    return lines


def _accuracy(facts: Mapping[str, Any]) -> str:
    return f"{facts['right']} of {facts['n']} right, by chance {facts['chance'] * facts['n']:.0f}"


SENTENCES: Final[Mapping[tuple[str, str], Sentence]] = {
    ("contract", ""): lambda _: "inputs and outputs are as the card says",
    ("parity", ""): lambda facts: (
        f"largest difference {facts['largest']:.1e} to {facts['framework']} on {facts['n']} images, at most "
        f"{facts['limit']:.0e}"
    ),
    ("parity", "made_here"): lambda _: "the model was trained here, there is no other file to compare with",
    ("parity", "custom_layers"): lambda _: "its layers are code of their own, which is not run again",
    ("sums", ""): lambda facts: f"furthest from 1: {facts['furthest']:.1e}",
    ("accuracy", ""): _accuracy,
    ("accuracy", "chance"): _accuracy,
    ("accuracy", "too_few"): lambda facts: f"{_accuracy(facts)}; too few images to tell",
    ("accuracy", "other_input"): lambda facts: (
        f"{_accuracy(facts)}; with {facts['option']} it would be {facts['then']:.2f}"
    ),
    ("class_order", ""): lambda _: "each class is mostly called by its own name",
    ("class_order", "no_order_fits"): lambda _: "no order of the classes fits better than chance",
    ("class_order", "permuted"): lambda facts: (
        f"accuracy {facts['accuracy']:.2f}, and {facts['then']:.2f} if the classes were {facts['order']}"
    ),
    ("maps", ""): lambda facts: f"{facts['empty']} of {facts['n']} maps of the predicted class are empty",
    ("speed", ""): lambda facts: f"{facts['seconds']:.2f} s",
}
ADVICE: Final[Mapping[tuple[str, str], Sentence]] = {
    ("parity", ""): lambda _: (
        "Export the model for inference (in PyTorch after model.eval()), with opset 17, and add it again."
    ),
    ("sums", ""): lambda _: "Add the model again with --logits if its numbers are scores before a softmax.",
    ("accuracy", "chance"): lambda _: SAME_INPUT,
    ("accuracy", "other_input"): lambda facts: f"Add the model again with {facts['option']}.",
    ("class_order", "permuted"): lambda facts: f"Add the model again with --classes {facts['order']}.",
    ("maps", ""): lambda _: "Add the model again with --feature-layer and the name of its last convolution.",
    ("speed", ""): lambda _: (
        "Use a smaller network, or name its last convolution with --feature-layer: Grad-CAM takes one run of the "
        "network, occlusion maps 50."
    ),
}


def check(name: str, passed: bool | None, reason: str, facts: Mapping[str, Any]) -> list[str]:
    """Return the lines of one check: what was found, and where it failed what to try."""
    lines = [f"{OUTCOMES[passed]:<9} {CHECKS[name]}: {SENTENCES[name, reason](facts)}"]
    if passed is False:
        lines.append(f"{'':9} {ADVICE[name, reason](facts)}")
    return lines
