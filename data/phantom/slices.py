"""Slices: which plane is cut through a head, and what lies in it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neuroval.data.phantom.acquisition import SIZE, Scanner
from neuroval.data.phantom.anatomy import Head, brain_tissue, enhancing_vessels, outside_brain, surfaces
from neuroval.data.phantom.fields import Floats, blend
from neuroval.data.phantom.lesions import Lesion, paint_lesion
from neuroval.data.phantom.template import Template

PLANES = ("axial", "coronal", "sagittal")
# Rows: direction of the image's columns (to the right), of its rows (downwards), and of the normal.
# Axial and coronal in radiological convention would mirror x; the heads are random anyway.
FRAMES = {
    "axial": np.array([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]]),
    "coronal": np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]]),
    "sagittal": np.array([[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]]),
}
# Where the middle of the image lies in a plane (mm, without the coordinate along the normal), and the usual field of
# view in mm: an axial image holds the head, the others are cut off at the neck.
CENTRES = {
    "axial": np.array([0.0, -10.0, 0.0]),
    "coronal": np.array([0.0, 0.0, -8.0]),
    "sagittal": np.array([0.0, 0.0, -8.0]),
}
FIELD_OF_VIEW = {"axial": 222.0, "coronal": 216.0, "sagittal": 236.0}
# Pixels between the points at which smooth maps are evaluated: the bend of the head, of its parts, its surface.
HEAD_STEP, PART_STEP, SKIN_STEP = 8, 4, 2
SUB_SLICES = np.array([-0.25, 0.25])  # positions of the sub-slices, in slice thicknesses: partial volume


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The plane of one image. ``axes`` (3, 3): unit vectors of columns, rows and normal in the head."""

    plane: str
    centre: Floats  # (3,), mm
    axes: Floats
    pixel: float  # mm
    thickness: float  # mm

    def through(self, point: Floats, *, offset: float) -> "Cut":
        """Return the parallel plane ``offset`` mm beside ``point`` (3,), with the same frame."""
        normal = self.axes[2]
        along = np.sum((point - self.centre) * normal) + offset
        return replace(self, centre=self.centre + normal * along)


def draw_series(rng: np.random.Generator, *, plane: str, scanner: Scanner) -> Cut:
    """Return the middle plane of a random series: tilted and off-centre a little, as patients lie."""
    tilt = rng.normal(0, 0.07, size=3)
    frame = FRAMES[plane]
    if plane == "sagittal" and tilt[0] > 0:  # half of the patients look to the other side
        frame = frame * np.array([[-1.0], [1.0], [1.0]])
    return Cut(
        plane=plane,
        centre=CENTRES[plane] + rng.normal(0, 3.0, size=3),
        axes=np.stack([np.sum(_rotation(tilt) * row, axis=1) for row in frame]),
        pixel=float(FIELD_OF_VIEW[plane] * scanner.zoom * rng.uniform(0.95, 1.05) / SIZE),
        thickness=scanner.thickness,
    )


def _rotation(angles: Floats) -> Floats:
    """Return the rotation by small ``angles`` about x, y and z, in this order."""
    turned = np.eye(3)
    for axis, angle in enumerate(angles):
        a, b = (axis + 1) % 3, (axis + 2) % 3
        step = np.eye(3)
        step[a, a] = step[b, b] = np.cos(angle)
        step[b, a], step[a, b] = np.sin(angle), -np.sin(angle)
        turned = step @ turned
    rotation: Floats = turned
    return rotation


def _places(cut: Cut, *, every: int) -> Floats:
    """Return the places in the head of each ``every``-th pixel and the one after the last, (3, rows, columns)."""
    steps = (np.arange(0, SIZE + every, every) - (SIZE - 1) / 2) * cut.pixel
    right, down, _ = cut.axes
    points: Floats = (
        cut.centre[:, None, None]
        + down[:, None, None] * steps[None, :, None]
        + right[:, None, None] * steps[None, None, :]
    )
    return points


def _spread(known: Floats, *, every: int) -> Floats:
    """Return a map known at each ``every``-th pixel, (c, m, m), at all pixels, (c, 224 * 224): linear between."""
    share = np.arange(every) / every
    down = known[:, :-1, None, :] * (1 - share)[:, None] + known[:, 1:, None, :] * share[:, None]
    rows = down.reshape(len(known), SIZE, -1)
    across: Floats = rows[:, :, :-1, None] * (1 - share) + rows[:, :, 1:, None] * share
    return across.reshape(len(known), -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pixels:
    """The pixels of a slice that show more than air, and what is known at each.

    ``index`` (n,) counts along rows; ``points`` are in the template, ``folds`` and ``sway`` shifts there, (3, n), mm;
    ``hull`` and ``skin`` (n,) are the distances from the inside of the skull and from the skin.
    """

    index: NDArray[np.intp]
    points: Floats
    folds: Floats
    sway: Floats
    hull: Floats
    skin: Floats


def _pixels(head: Head, template: Template, cut: Cut) -> _Pixels:
    coarse = _places(cut, every=HEAD_STEP)
    flat = head.to_template(coarse.reshape(3, -1))
    folds = head.fold(flat) - flat
    points = _spread(flat.reshape(coarse.shape), every=HEAD_STEP)
    square = np.pad(points.reshape(3, SIZE, SIZE), ((0, 0), (0, 1), (0, 1)), mode="reflect", reflect_type="odd")
    parts, fine = square[:, ::PART_STEP, ::PART_STEP], square[:, ::SKIN_STEP, ::SKIN_STEP]
    sway = head.sway(parts.reshape(3, -1)).reshape(parts.shape)
    hull, skin = _spread(surfaces(head, template, fine.reshape(3, -1)).reshape(2, *fine.shape[1:]), every=SKIN_STEP)
    index = np.flatnonzero(skin < 1.0)
    return _Pixels(
        index=index,
        points=points[:, index],
        folds=_spread(folds.reshape(coarse.shape), every=HEAD_STEP)[:, index],
        sway=_spread(sway, every=PART_STEP)[:, index],
        hull=hull[index],
        skin=skin[index],
    )


def draw_slice(head: Head, template: Template, cut: Cut, *, lesion: Lesion | None) -> tuple[Floats, Floats]:
    """Return the true brightness of a slice and the tumour's share of each pixel, both (224, 224)."""
    pixels = _pixels(head, template, cut)
    points, hull, sway = pixels.points, pixels.hull, pixels.sway
    outer = np.flatnonzero(hull > -1.0)
    values = np.zeros(len(hull))
    values[outer] = outside_brain(
        head, points[:, outer], hull=hull[outer], skin=pixels.skin[outer], sway=sway[:, outer]
    )
    inner = np.flatnonzero(hull < 1.0)
    brain, white = _brain(head, template, cut, pixels, inner=inner, lesion=lesion)
    values[inner] = blend(values[inner], brain, np.clip(0.5 - hull[inner], 0.0, 1.0))
    near = np.flatnonzero(hull < 16.0)
    values[near] = enhancing_vessels(head, points[:, near], hull=hull[near], sway=sway[:, near], values=values[near])
    share = np.zeros_like(values)
    if lesion is not None:
        relative = points - lesion.centre[:, None]
        ball = np.flatnonzero(np.sum(relative * relative, axis=0) < lesion.reach**2)
        values[ball], share[ball] = paint_lesion(
            lesion, head, points[:, ball], hull=hull[ball], white=white[ball], values=values[ball]
        )
    brightness, tumour = np.full(SIZE * SIZE, head.tissue["air"]), np.zeros(SIZE * SIZE)
    brightness[pixels.index], tumour[pixels.index] = values, share
    return brightness.reshape(SIZE, SIZE), tumour.reshape(SIZE, SIZE)


def _brain(
    head: Head, template: Template, cut: Cut, pixels: _Pixels, *, inner: NDArray[np.intp], lesion: Lesion | None
) -> tuple[Floats, Floats]:
    """Return brightness of the pixels ``inner``, the mean of the sub-slices, and white matter of all pixels."""
    middle = pixels.points[:, inner]
    at = middle + pixels.folds[:, inner]
    if lesion is not None:
        at -= lesion.push(middle, pixels.hull[inner])
    normal = cut.axes[2] / head.scale
    layers = [template.tissue(at + (normal * step * cut.thickness)[:, None]) for step in SUB_SLICES]
    solid: Floats = np.mean([solid for solid, _ in layers], axis=0)
    bright: Floats = np.mean([bright for _, bright in layers], axis=0)
    white = np.zeros(len(pixels.index))
    white[inner] = bright
    return brain_tissue(head, solid, bright), white
