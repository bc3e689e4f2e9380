"""Training scans changed so that nothing but the tumour decides their class.

A network that is shown only scans as they are may learn the scanner: which hospital's scans show tumours. Here a scan
whose tumour was taken out counts as without one, and a scan without one that got the tumour of another patient has its
class, so that the scanner no longer tells them apart. Controls with as much changed elsewhere keep their class, so that
traces of filling and pasting do not tell them apart either. After Kaushik et al., Learning the difference that makes a
difference with counterfactually-augmented data, ICLR 2020 (arXiv 1909.12434).

Only the cases that are given are read: the training cases. Chance is that of the generator.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.data.classes import ClassOrder
from neuroval.data.exceptions import ContractError
from neuroval.data.images.decoding import read_image
from neuroval.model.evaluation.trial_plan import LARGEST, grey_of
from neuroval.model.inference.preprocessing import preprocess
from neuroval.model.interventions.head import head_mask, midline
from neuroval.model.interventions.keep import blanked
from neuroval.model.interventions.move import pasted
from neuroval.model.interventions.outline import grown, level_of, surroundings
from neuroval.model.interventions.placing import Transfer, elsewhere, transferred
from neuroval.model.interventions.remove import filled_from_other_side, filled_harmonic
from neuroval.model.recipe import CounterfactualShares

Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]

REACHES: Final = (2, 12)  # pixels around each point that inpainting looks at: lowest, highest
TRIES: Final = 12  # places that are tried for a patch, and scans for a donor
SOFTEST: Final = 3.0  # pixels: widest Gaussian that a filled hole is blurred by
COARSEST: Final = 1.5  # of the grain around a hole: most that is added to a filled one
SPOTS: Final = 6  # cells a side of the field by which two fillings are blended


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Counterfactual:
    """A changed scan: ``grey`` ``(size, size)``, its class now, and the outline of the tumour it now shows, if any."""

    grey: Grey
    label: str
    outline: Mask | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingScans:
    """The training cases as counterfactuals are made of them, row by row; ``outlined`` and ``healthy`` are rows.

    Scans are changed at the network's ``size`` (pixels a side): a hole of a quarter of the pixels is filled four times
    as fast, so that two cores that train are not kept waiting.
    """

    settings: CounterfactualShares
    size: int
    negative: str
    images: tuple[Path, ...]
    outlines: tuple[Path | None, ...]
    labels: tuple[str, ...]
    groups: tuple[str, ...]
    planes: tuple[str | None, ...]
    outlined: NDArray[np.int64]
    healthy: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scene:
    grey: Grey
    head: Mask
    row: int


def training_scans(
    cases: pd.DataFrame, folder: Path, *, classes: ClassOrder, settings: CounterfactualShares, size: int
) -> TrainingScans:
    """Return training cases, in their order, ready for ``counterfactual`` at ``size`` pixels a side.

    Raises ``ContractError`` when the classes have no negative one, or no training case of another has an outline.
    """
    negative = classes.negative
    if negative is None:
        raise ContractError("training: [counterfactual] needs a negative class; the data set states none.")
    outlines = tuple(folder / path if isinstance(path, str) else None for path in cases["mask_path"])
    labels = tuple(cases["label"])
    tumour = np.array([label != negative for label in labels], dtype=np.bool_)
    outlined = np.flatnonzero(tumour & np.array([path is not None for path in outlines], dtype=np.bool_))
    healthy = np.flatnonzero(~tumour)
    if not len(outlined):
        raise ContractError(
            f"{folder}: no training case has an outline of its tumour, and [counterfactual] of the recipe needs them; "
            "name them in metadata.csv (column 'mask_path'), or take a recipe without that table, such as plain.toml."
        )
    return TrainingScans(
        settings=settings,
        size=size,
        negative=negative,
        images=tuple(folder / path for path in cases["image_path"]),
        outlines=outlines,
        labels=labels,
        groups=tuple(cases["group_id"]),
        planes=tuple(plane if isinstance(plane, str) else None for plane in cases["plane"]),
        outlined=outlined,
        healthy=healthy,
    )


def counterfactual(scans: TrainingScans, row: int, *, rng: np.random.Generator) -> Counterfactual | None:
    """Return what an epoch shows in the place of a scan; ``None`` where it shows the scan as it is.

    So it does with the share of scans that is left, with tumours that have no outline or fill most of the head, and
    where a shape or a tumour fits nowhere.
    """
    settings, drawn = scans.settings, rng.random()
    if scans.labels[row] == scans.negative:
        if drawn < settings.pasted:
            return _with_tumour(scans, row, rng=rng)
        if drawn < settings.pasted + settings.filled:
            return _with_hole(scans, row, rng=rng)
        if drawn < settings.pasted + settings.filled + settings.patched:
            return _with_patch(scans, row, rng=rng)
        return None
    if scans.outlines[row] is None or drawn >= settings.removed + settings.elsewhere:
        return None
    scene = _scene(scans, row)
    outline = _outline(scans, scene)
    hole = grown(outline, by=_rim(settings, rng))
    if not outline.any() or (hole & scene.head).sum() > LARGEST * scene.head.sum():
        return None
    if drawn < settings.removed:
        filled = _filled(scans, scene, hole, avoided=hole, rng=rng)
        return Counterfactual(grey=filled, label=scans.negative, outline=None)
    other = elsewhere(hole, head=scene.head, rng=rng)
    if other is None:
        return None
    filled = _filled(scans, scene, other, avoided=hole | other, rng=rng)
    return Counterfactual(grey=filled, label=scans.labels[row], outline=outline)


def all_changed(
    cases: pd.DataFrame, folder: Path, *, classes: ClassOrder, settings: CounterfactualShares, size: int, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return cases with their tumour removed or one pasted, ``(n, size, size, 3)``, and the classes they then show.

    Cases that cannot be changed are left out, so ``n`` may be 0. Donors are other cases of those given.
    """
    every = replace(settings, removed=1.0, elsewhere=0.0, pasted=1.0, filled=0.0, patched=0.0)
    images, shown = [np.zeros((0, size, size, 3), dtype=np.float32)], list[int]()
    if (cases["label"] != classes.negative).any() and cases["mask_path"].notna().any():
        scans = training_scans(cases, folder, classes=classes, settings=every, size=size)
        for row in range(len(cases)):
            changed = counterfactual(scans, row, rng=np.random.default_rng([seed, row]))
            if changed is not None:
                images.append(np.repeat(changed.grey[None, :, :, None], 3, axis=3).astype(np.float32))
                shown.append(classes.index(changed.label))
    return np.concatenate(images), np.array(shown, dtype=np.int64)


# Scans without a tumour ----------------------------------------------------------------------------------------------


def _with_tumour(scans: TrainingScans, row: int, *, rng: np.random.Generator) -> Counterfactual | None:
    """Return the scan with the tumour of another training patient, on either side as chance has it."""
    scene, donor = _scene(scans, row), _like(scans, row, scans.outlined, rng=rng)
    if donor is None:
        return None
    source = _scene(scans, donor)
    outline = _outline(scans, source)
    grey, head = source.grey, source.head
    if rng.integers(2):
        grey, head, outline = np.ascontiguousarray(grey[:, ::-1]), _mirrored(head), _mirrored(outline)
    patch = grown(outline, by=_rim(scans.settings, rng))
    transfer = transferred(patch, head=head, other_head=scene.head)
    if not outline.any() or transfer is None:
        return None
    moved = pasted(grey, scene.grey, transfer=transfer, head=head, host_head=scene.head)
    there = transfer.carried(outline.astype(np.uint8)).astype(np.bool_)
    return Counterfactual(grey=moved, label=scans.labels[donor], outline=there if there.any() else transfer.outline)


def _with_hole(scans: TrainingScans, row: int, *, rng: np.random.Generator) -> Counterfactual | None:
    scene = _scene(scans, row)
    hole = _shape(scans, scene, rng=rng)
    if hole is None:
        return None
    return Counterfactual(grey=_filled(scans, scene, hole, avoided=hole, rng=rng), label=scans.negative, outline=None)


def _with_patch(scans: TrainingScans, row: int, *, rng: np.random.Generator) -> Counterfactual | None:
    scene = _scene(scans, row)
    hole = _shape(scans, scene, rng=rng)
    patched = None if hole is None else _healthy_tissue(scans, scene, hole, rng=rng)
    return None if patched is None else Counterfactual(grey=patched, label=scans.negative, outline=None)


def _shape(scans: TrainingScans, scene: _Scene, *, rng: np.random.Generator) -> Mask | None:
    """Return the shape of a tumour of another training patient at the place it would have in this head."""
    donor = _like(scans, scene.row, scans.outlined, rng=rng)
    if donor is None:
        return None
    source = _scene(scans, donor)
    outline = _outline(scans, source)
    transfer = transferred(grown(outline, by=_rim(scans.settings, rng)), head=source.head, other_head=scene.head)
    return None if transfer is None else transfer.outline


# Filling holes -------------------------------------------------------------------------------------------------------


def _filled(scans: TrainingScans, scene: _Scene, hole: Mask, *, avoided: Mask, rng: np.random.Generator) -> Grey:
    """Return the scan with a hole filled in a way of chance, or in a blend of two, softened and roughened by chance.

    ``avoided`` is where no tissue is taken from. Where a way cannot be gone, fast marching is.
    """
    settings = scans.settings

    def once() -> Grey:
        name = settings.fillings[int(rng.integers(len(settings.fillings)))]
        way = _way(name, scans, scene, hole, avoided=avoided, rng=rng)
        return _inpainted(scene.grey, hole, cv2.INPAINT_TELEA, rng=rng) if way is None else way

    filled = once().astype(np.float32)
    if rng.random() < settings.blended:
        field = cv2.resize(
            rng.random((SPOTS, SPOTS), dtype=np.float32), hole.shape[::-1], interpolation=cv2.INTER_CUBIC
        )
        share = np.clip(field, 0, 1)
        filled = share * filled + (1 - share) * once()
    return _finished(scene.grey, filled, hole, rng=rng)


def _way(
    name: str, scans: TrainingScans, scene: _Scene, hole: Mask, *, avoided: Mask, rng: np.random.Generator
) -> Grey | None:
    match name:
        case "telea":
            return _inpainted(scene.grey, hole, cv2.INPAINT_TELEA, rng=rng)
        case "navier_stokes":  # Bertalmio et al. 2001, doi 10.1109/CVPR.2001.990497
            return _inpainted(scene.grey, hole, cv2.INPAINT_NS, rng=rng)
        case "harmonic":
            return filled_harmonic(scene.grey, hole, rng=rng)
        case "level":
            return _level(scene, hole, rng=rng)
        case "other_side":
            return _from_other_side(scans, scene, hole, avoided=avoided)
        case "own_tissue":
            return _own_tissue(scene, hole, avoided=avoided, rng=rng)
        case _:
            return _healthy_tissue(scans, scene, hole, rng=rng)


def _inpainted(grey: Grey, hole: Mask, method: int, *, rng: np.random.Generator) -> Grey:
    return np.asarray(cv2.inpaint(grey, hole.astype(np.uint8), int(rng.integers(*REACHES)), method), dtype=np.uint8)


def _level(scene: _Scene, hole: Mask, *, rng: np.random.Generator) -> Grey:
    """Return the scan with the hole at one grey level: the mean of the head, or the median around the hole."""
    if rng.integers(2):
        return blanked(scene.grey, hole, head=scene.head)
    filled = scene.grey.copy()
    filled[hole] = round(level_of(scene.grey, surroundings(hole, scene.head)).middle)
    return filled


def _from_other_side(scans: TrainingScans, scene: _Scene, hole: Mask, *, avoided: Mask) -> Grey | None:
    middle = None if scans.planes[scene.row] == "sagittal" else midline(scene.grey, scene.head)
    if middle is None:
        return None
    return filled_from_other_side(scene.grey, hole, tumour=avoided, head=scene.head, midline=middle)


def _own_tissue(scene: _Scene, hole: Mask, *, avoided: Mask, rng: np.random.Generator) -> Grey | None:
    """Return the scan with the hole filled by a patch from elsewhere in the head, matched in grey level."""
    rows, columns = np.nonzero(hole)
    places = np.argwhere(scene.head & ~avoided)
    if not len(places):
        return None
    for row, column in places[rng.integers(len(places), size=TRIES)]:
        down, right = int(row - rows.mean()), int(column - columns.mean())
        there = (rows + down, columns + right)
        inside = (there[0] >= 0) & (there[0] < hole.shape[0]) & (there[1] >= 0) & (there[1] < hole.shape[1])
        if inside.all() and (scene.head & ~avoided)[there].all():
            matrix = np.array([[1.0, 0.0, -right], [0.0, 1.0, -down]])
            transfer = Transfer(matrix=matrix, outline=hole)
            return pasted(scene.grey, scene.grey, transfer=transfer, head=scene.head, host_head=scene.head)
    return None


def _healthy_tissue(scans: TrainingScans, scene: _Scene, hole: Mask, *, rng: np.random.Generator) -> Grey | None:
    """Return the scan with the hole filled by the same place of another scan of the negative class."""
    donor = _like(scans, scene.row, scans.healthy, rng=rng)
    if donor is None:
        return None
    source = _scene(scans, donor)
    there = transferred(hole, head=scene.head, other_head=source.head)
    if there is None:
        return None
    return pasted(source.grey, scene.grey, transfer=there.back(hole), head=source.head, host_head=scene.head)


def _finished(grey: Grey, filled: NDArray[Any], hole: Mask, *, rng: np.random.Generator) -> Grey:
    """Return the scan with the filling softened and roughened as chance has it; nothing outside the hole changes."""
    width, amount = rng.uniform(-SOFTEST, SOFTEST), rng.uniform(-COARSEST, COARSEST)
    if width > 0.3:  # half of them stay as they are
        filled = cv2.GaussianBlur(filled, (0, 0), width)
    if amount > 0:
        fine = np.abs(grey - cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 1.0))
        grain = 1.4826 * float(np.median(fine[surroundings(hole, np.ones_like(hole))]))
        filled = filled + np.float32(amount * grain) * rng.standard_normal(grey.shape, dtype=np.float32)
    return np.where(hole, np.clip(np.rint(filled), 0, 255), grey).astype(np.uint8)


# Reading -------------------------------------------------------------------------------------------------------------


def _mirrored(mask: Mask) -> Mask:
    return np.ascontiguousarray(mask[:, ::-1])


def _scene(scans: TrainingScans, row: int) -> _Scene:
    grey = np.ascontiguousarray(_resized(grey_of(scans.images[row]), scans.size))
    return _Scene(grey=grey, head=head_mask(grey), row=row)


def _outline(scans: TrainingScans, scene: _Scene) -> Mask:
    path = scans.outlines[scene.row]
    if path is None:
        raise ValueError(f"{scans.images[scene.row]} has no outline.")
    return _resized(255 * (read_image(path).pixels[:, :, 0] > 0).astype(np.uint8), scans.size) > 127


def _resized(grey: Grey, size: int) -> Grey:
    """Return grey values as the network sees them."""
    return preprocess(np.repeat(grey[:, :, None], 3, axis=2), size=size)[:, :, 0]


def _like(scans: TrainingScans, row: int, among: NDArray[np.int64], *, rng: np.random.Generator) -> int | None:
    """Return another patient's scan, of the same plane where both are known and one of those drawn is."""
    drawn = rng.permutation(among)[:TRIES] if len(among) < TRIES else among[rng.integers(len(among), size=TRIES)]
    others = [int(other) for other in drawn if scans.groups[other] != scans.groups[row]]
    plane = scans.planes[row]
    same = [other for other in others if plane is None or scans.planes[other] in (None, plane)]
    return next(iter(same or others), None)


def _rim(settings: CounterfactualShares, rng: np.random.Generator) -> float:
    return float(rng.uniform(settings.narrowest, settings.widest))
