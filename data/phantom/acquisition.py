"""The scanner: which plane is cut through a head, and what coil, noise and file format make of it."""

import io
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from data.phantom.anatomy import Head, brain_tissue, enhancing_vessels, outside_brain, surfaces
from data.phantom.fields import Floats, blend
from data.phantom.lesions import Lesion, paint_lesion
from data.phantom.template import Template

SIZE = 224
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
class Scanner:
    """How a site's images look. Brightness is in units of white matter."""

    white: float  # grey value, 0 to 255, of white matter
    noise: float
    bias: float
    blur: float  # pixels
    gamma: float
    zoom: float
    thickness: float  # mm
    quality: int  # of the JPEG file
    floor: float  # grey value of air


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


def slice_points(cut: Cut, *, every: int) -> Floats:
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
class _Grid:
    """A slice's pixels in the template, and what is known at each: points and shifts (3, n), distances (n,)."""

    points: Floats
    folds: Floats
    sway: Floats
    hull: Floats
    skin: Floats


def _grid(head: Head, template: Template, cut: Cut) -> _Grid:
    coarse = slice_points(cut, every=HEAD_STEP)
    flat = head.to_template(coarse.reshape(3, -1))
    points = _spread(flat.reshape(coarse.shape), every=HEAD_STEP)
    folds = head.fold(flat) - flat
    square = np.pad(points.reshape(3, SIZE, SIZE), ((0, 0), (0, 1), (0, 1)), mode="reflect", reflect_type="odd")
    parts, fine = square[:, ::PART_STEP, ::PART_STEP], square[:, ::SKIN_STEP, ::SKIN_STEP]
    sway = head.sway(parts.reshape(3, -1)).reshape(parts.shape)
    found = surfaces(head, template, fine.reshape(3, -1)).reshape(2, *fine.shape[1:])
    hull, skin = _spread(found, every=SKIN_STEP)
    return _Grid(
        points=points,
        folds=_spread(folds.reshape(coarse.shape), every=HEAD_STEP),
        sway=_spread(sway, every=PART_STEP),
        hull=hull,
        skin=skin,
    )


def draw_slice(head: Head, template: Template, cut: Cut, *, lesion: Lesion | None) -> tuple[Floats, Floats]:
    """Return the true brightness of a slice and the tumour's share of each pixel, both (224, 224)."""
    grid = _grid(head, template, cut)
    steps = (cut.axes[2] / head.scale)[:, None, None] * SUB_SLICES * cut.thickness  # (3, 1, sub-slices)
    values = np.full(SIZE * SIZE, head.tissue["air"])
    outer = np.flatnonzero(grid.hull > -1.0)
    values[outer] = outside_brain(
        head, grid.points[:, outer], hull=grid.hull[outer], skin=grid.skin[outer], sway=grid.sway[:, outer]
    )
    inner = np.flatnonzero(grid.hull < 1.0)
    brain, fibres = _brain(head, template, grid, inner, steps, lesion)
    values[inner] = blend(values[inner], brain, np.clip(0.5 - grid.hull[inner], 0.0, 1.0))
    white = np.zeros_like(values)
    white[inner] = fibres
    near = np.flatnonzero(grid.hull < 16.0)
    values[near] = enhancing_vessels(
        head, grid.points[:, near], hull=grid.hull[near], sway=grid.sway[:, near], values=values[near]
    )
    share = np.zeros_like(values)
    if lesion is not None:
        relative = grid.points - lesion.centre[:, None]
        ball = np.flatnonzero(np.sum(relative * relative, axis=0) < (lesion.reach + cut.thickness) ** 2)
        here = {"hull": grid.hull[ball], "white": white[ball], "values": values[ball]}
        layers = [
            paint_lesion(lesion, head, grid.points[:, ball] + steps[:, :, i], **here) for i in range(steps.shape[2])
        ]
        values[ball] = np.mean([painted for painted, _ in layers], axis=0)
        share[ball] = np.mean([part for _, part in layers], axis=0)
    return values.reshape(SIZE, SIZE), share.reshape(SIZE, SIZE)


def _brain(
    head: Head, template: Template, grid: _Grid, inner: NDArray[np.intp], steps: Floats, lesion: Lesion | None
) -> tuple[Floats, Floats]:
    """Return brightness and white-matter fraction of the pixels ``inner``: the mean of the sub-slices."""
    middle = grid.points[:, inner]
    fractions = []
    for i in range(steps.shape[2]):
        at = middle + steps[:, :, i]
        before = at if lesion is None else lesion.push(at, grid.hull[inner])
        fractions.append(template.tissue(before + grid.folds[:, inner]))
    grey: Floats = np.mean([grey for grey, _ in fractions], axis=0)
    white: Floats = np.mean([white for _, white in fractions], axis=0)
    before = middle if lesion is None else lesion.push(middle, grid.hull[inner])
    return brain_tissue(head, grey, white, t1=template.intensity(before + grid.folds[:, inner])), white


def acquire(rng: np.random.Generator, brightness: Floats, *, scanner: Scanner) -> NDArray[np.uint8]:
    """Return the image, uint8 (224, 224), that a scanner makes of a slice's true brightness.

    Receive coils brighten it unevenly, the point spread blurs it, and magnitude images carry Rician noise
    (Gudbjartsson and Patz 1995, Magnetic Resonance in Medicine 34, 910-914).
    """
    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j]
    tilt_x, tilt_y, bowl, twist = rng.normal(0, 1, size=4) * np.array([1.0, 1.0, 0.8, 0.5])
    field = tilt_x * x + tilt_y * y + (bowl + 0.8) * (x * x + y * y - 0.6) + twist * x * y
    seen = ndimage.gaussian_filter(brightness * np.exp(scanner.bias * field), sigma=scanner.blur)
    grain = ndimage.gaussian_filter(rng.normal(size=(2, SIZE, SIZE)), sigma=(0, 0.45, 0.45))
    real, imaginary = grain * (scanner.noise / grain.std())
    magnitude = np.sqrt((seen + real) ** 2 + imaginary**2)
    shown = scanner.white * magnitude**scanner.gamma + scanner.floor
    grey: NDArray[np.uint8] = np.rint(np.clip(shown, 0, 255)).astype(np.uint8)
    return grey


def jpeg(pixels: NDArray[np.uint8], *, quality: int) -> bytes:
    """Return a JPEG file's bytes."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="JPEG", quality=quality)
    return stream.getvalue()


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Return a PNG file's bytes."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG", compress_level=6)
    return stream.getvalue()
