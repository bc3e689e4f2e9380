"""What becomes of the map of a scan: with random weights, when the scan moves a little, and what the map points at.

Sources: Adebayo et al., Sanity checks for saliency maps, NeurIPS 2018 (arXiv 1810.03292); Arun et al., Assessing the
trustworthiness of saliency maps, Radiol Artif Intell 2021;3:e200267; Petsiuk et al., RISE, BMVC 2018
(arXiv 1806.07421), section 4.2, deletion and insertion.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from neuroval.data.study.trial_maps import CURVES, DELETION, INSERTION, PARTS, RANDOM, REPEATED, SHUFFLED, STEPS
from neuroval.model.inference.engine import Inference, load
from neuroval.model.inference.preprocessing import preprocess
from neuroval.model.inference.shuffled_graph import shuffled
from neuroval.model.interventions import corruptions, framing

VERSION: Final = 1  # of the procedure: raised when it gives other numbers
BLUR: Final = 1 / 16  # SD of the filling, of the side: what is finer than a cell of a usual grid is gone
ANSWERS: Final = 1 + sum(map(len, (*SHUFFLED.values(), *REPEATED.values()))) + len(CURVES) * (STEPS - 1) + 2  # a scan

Chance = Callable[..., np.random.Generator]  # a generator for names: the same for the same names


class Network(Protocol):
    """What answers and explains: an ``Engine``, or what stands in its place."""

    def run(self, images: NDArray[np.uint8], /) -> Inference: ...
    def probabilities(self, images: NDArray[np.uint8], /) -> NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Controls:
    """The network, and by name of the variant those with random weights; images of ``size`` x ``size`` pixels."""

    network: Network
    shuffled: Mapping[str, Network]
    size: int


def controls_of(folder: Path, network: Network, *, size: int, seed: int) -> Controls:
    """Return the networks with random weights of a model folder, each part in several draws.

    Raises ``InputError`` when its graph holds no weights that can be shuffled.
    """

    def drawn(part: str, number: int) -> Network:
        return load(folder, threads=1, change=lambda content: shuffled(content, part=part, seed=seed + number))

    networks = {name: drawn(part, number) for part in PARTS for number, name in enumerate(SHUFFLED[part])}
    return Controls(network=network, shuffled=networks, size=size)


def examined(grey: NDArray[np.uint8], controls: Controls, *, chance: Chance) -> dict[str, NDArray[Any]]:
    """Return what becomes of the map of a scan (h, w): ``called`` (), ``maps`` (v, h, w) and ``curves`` (c, STEPS + 1).

    They are as ``TrialMaps`` has them. ``chance`` gives the direction of a shift, by ``repeat_shift`` and its level, as
    in the repeats of a trial, and the orders of chance.
    """
    fitted = _fitted(grey, controls.size)
    whole = controls.network.run(fitted[None])
    called = int(np.argmax(whole.probabilities[0]))
    cam = whole.gradcam[0, called]
    return {
        "called": np.array(called, dtype=np.int64),
        "maps": np.stack([_to_peak(cam), *maps_under_changes(grey, controls, called=called, chance=chance)]),
        "curves": curves(fitted, cam, controls.network, called=called, chance=chance),
    }


def maps_under_changes(
    grey: NDArray[np.uint8], controls: Controls, *, called: int, chance: Chance
) -> list[NDArray[np.float16]]:
    """Return the maps (h, w) of a class under each of ``VARIANTS`` but the first, moved back."""
    fitted = _fitted(grey, controls.size)
    maps = [network.run(fitted[None]).gradcam[0, called] for network in controls.shuffled.values()]
    for name, levels in REPEATED.items():
        for level in range(1, len(levels) + 1):
            matrix = corruptions.repetition(grey.shape, name, level, rng=chance(name, level))
            moved = controls.network.run(_fitted(framing.warped(grey, matrix), controls.size)[None])
            maps.append(moved_back(moved.gradcam[0, called], matrix, shape=grey.shape))
    return [_to_peak(cam) for cam in maps]


def _fitted(grey: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    return preprocess(np.repeat(grey[:, :, None], 3, axis=2), size=size)


def _to_peak(cam: NDArray[np.floating[Any]]) -> NDArray[np.float16]:
    """Return a map divided by its peak; nothing where it is not finite, which a network without sense may give."""
    peak = float(cam.max(initial=0))
    if not np.isfinite(cam).all() or peak <= 0:
        return np.zeros(cam.shape, dtype=np.float16)
    return np.asarray(np.maximum(cam, 0) / peak, dtype=np.float16)


def moved_back(
    cam: NDArray[np.floating[Any]], matrix: NDArray[np.float64], *, shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Return the map (gh, gw) of a moved picture as it lies over the picture (h, w) before.

    ``matrix`` (2, 3) takes a place of the picture, right and down, to where it went. A cell takes the value, bilinear
    between centres of cells, of the place that its centre went to; beyond the outermost centres the nearest one.
    """
    cells = [(np.arange(n) + 0.5) * side / n - 0.5 for n, side in zip(cam.shape, shape, strict=True)]
    down, right = np.meshgrid(*cells, indexing="ij")
    to_right, to_down = np.einsum("ij,jhw->ihw", matrix, np.stack([right, down, np.ones_like(right)]))
    places = [
        (place + 0.5) * n / side - 0.5 for place, n, side in zip((to_down, to_right), cam.shape, shape, strict=True)
    ]
    back = ndimage.map_coordinates(cam.astype(np.float64), places, order=1, mode="nearest")
    return np.asarray(back, dtype=np.float64)


def curves(
    fitted: NDArray[np.uint8],
    cam: NDArray[np.floating[Any]],
    network: Network,
    *,
    called: int,
    chance: Chance,
) -> NDArray[np.float32]:
    """Return the probability of a class (c, STEPS + 1) while an image (s, s, 3) is blurred cell by cell, by ``CURVES``.

    Deletion blurs the cells with most evidence first, insertion makes them sharp first. Cells of equal evidence are in
    an order of chance. An order of chance read backwards is one too, so that the same curves are the control of both.
    """
    size, cells = len(fitted), cam.size
    blurred = cv2.GaussianBlur(fitted, (0, 0), BLUR * size)
    counts = [round(step * cells / STEPS) for step in range(STEPS + 1)]
    row, column = (np.arange(size) * side // size for side in cam.shape)

    def answer(is_blurred: NDArray[np.bool_]) -> float:
        over = is_blurred.reshape(cam.shape)[np.ix_(row, column)]
        image = np.where(over[:, :, None], blurred, fitted)
        return min(1.0, float(network.probabilities(image[None])[0, called]))

    def along(order: Sequence[int] | NDArray[np.int64], *, blurs: bool) -> list[float]:
        first, last = (sharp, filled) if blurs else (filled, sharp)
        told = []
        for count in counts[1:-1]:
            reached = np.zeros(cells, dtype=np.bool_)
            reached[order[:count]] = True
            told.append(answer(reached if blurs else ~reached))
        return [first, *told, last]

    sharp, filled = answer(np.zeros(cells, dtype=np.bool_)), answer(np.ones(cells, dtype=np.bool_))
    by_evidence = np.lexsort((chance("equal evidence").permutation(cells), -cam.ravel()))
    told = {DELETION: along(by_evidence, blurs=True), INSERTION: along(by_evidence, blurs=False)}
    told |= {name: along(chance(name).permutation(cells), blurs=True) for name in RANDOM}
    return np.array([told[name] for name in CURVES], dtype=np.float32)
