"""Tumours drawn in the way each class looks on T1 with contrast agent, in 3-D, with exact outlines.

Glioma: within the brain, irregular rim around a dark core, oedema that follows the white matter. Meningioma: outside
the brain on the dura, homogeneous, sharply bordered, sometimes with a dural tail. Pituitary tumour: in the sella, on
the midline, homogeneous, growing upwards.
"""

from dataclasses import dataclass

import numpy as np

from neuroval.data.phantom.anatomy import Head
from neuroval.data.phantom.fields import (
    Floats,
    Texture,
    Waves,
    blend,
    draw_texture,
    draw_waves,
    soft_step,
    unit_vectors,
)
from neuroval.data.phantom.template import Template

SELLA = np.array([0.0, 3.0, -29.0])
KINDS = ("glioma", "meningioma", "pituitary")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesion:
    """A tumour in template space. Lengths in mm, brightness in units of white matter.

    ``core`` is the radius of the dark core and ``oedema`` the reach of oedema, both in radii of the tumour, 0 for
    none. ``clip`` is the distance from the inside of the skull at which the tumour ends; ``None`` lets it pass.
    """

    kind: str
    centre: Floats  # (3,)
    radius: float
    axes: Floats  # (3, 3), rows: directions over relative lengths
    outline: Waves
    roughness: float
    brightness: float
    patchiness: float
    core: float
    core_brightness: float
    oedema: float
    swelling: float  # share of the volume that pushes the brain aside, 0 to 0.7
    edge: float  # mm over which the border fades
    clip: float | None
    tail: float  # reach of the dural tail in radii, 0 for none
    upper: Floats | None  # (3,) centre of the part above the sella
    texture: Texture

    @property
    def reach(self) -> float:
        """Radius in mm of a ball about the centre that holds everything that is drawn."""
        return self.radius * max(1.9, 1.4 * self.oedema, self.tail) + 6.0

    def distance(self, points: Floats) -> Floats:
        """Return the approximate signed distance in mm to the tumour's surface at ``points`` (3, n)."""
        distance = self._radius_at(points, self.centre) - self.radius
        if self.upper is not None:
            distance = np.minimum(distance, self._radius_at(points, self.upper) - 0.72 * self.radius)
        rough: Floats = distance + self.roughness * self.radius * self.outline(points)[0]
        return rough

    def _radius_at(self, points: Floats, centre: Floats) -> Floats:
        relative = points - centre[:, None]
        turned = [row[0] * relative[0] + row[1] * relative[1] + row[2] * relative[2] for row in self.axes]
        radius: Floats = np.sqrt(sum(value * value for value in turned))
        return radius

    def push(self, points: Floats, hull: Floats) -> Floats:
        """Return how far the tissue now at template ``points`` (3, n) was moved by the growing tumour: mass effect."""
        relative = points - self.centre[:, None]
        radius = np.sqrt(np.sum(relative * relative, axis=0)) / self.radius
        free = np.clip(-hull / 12.0, 0.0, 1.0)  # what touches the skull cannot give way
        moved: Floats = self.swelling * free * np.exp(-((radius / 1.5) ** 2)) * relative
        return moved


def draw_lesion(
    rng: np.random.Generator, *, kind: str, template: Template, difficulty: float, lookalike: bool = False
) -> Lesion:
    """Return a random tumour of a class.

    ``difficulty``, 0 to 1, makes tumours smaller and fainter. A ``lookalike`` glioma is solid, round and near the
    surface, as a meningioma is.
    """
    faint = 1.0 - 0.5 * difficulty * rng.beta(2, 2)
    if kind == "pituitary":
        return _pituitary(rng, faint=faint, difficulty=difficulty)
    if kind == "meningioma":
        return _meningioma(rng, template=template, faint=faint, difficulty=difficulty)
    return _glioma(rng, template=template, faint=faint, difficulty=difficulty, lookalike=lookalike)


def draw_focus(rng: np.random.Generator, *, template: Template) -> tuple[Floats, float]:
    """Return a place in the template, (3,), and a radius in mm, where a tumour of a random class might have been."""
    kind = KINDS[rng.integers(len(KINDS))]
    lesion = draw_lesion(rng, kind=kind, template=template, difficulty=0.5)
    return lesion.centre, lesion.radius


def _radius(rng: np.random.Generator, low: float, high: float, difficulty: float) -> float:
    """Return a radius, ``low`` to ``high`` mm at medium difficulty."""
    return float((low + (high - low) * rng.beta(1.6, 1.2 + 1.2 * difficulty)) * (1.5 - difficulty))


def _axes(rng: np.random.Generator, spread: float) -> Floats:
    turned, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    lengths = np.exp(rng.normal(0, spread, size=3))
    axes: Floats = turned / lengths[:, None]
    return axes


def _glioma(
    rng: np.random.Generator, *, template: Template, faint: float, difficulty: float, lookalike: bool
) -> Lesion:
    radius = _radius(rng, 8, 26, difficulty)
    solid = lookalike or rng.random() < 0.12 * difficulty
    dark = not solid and rng.random() < 0.4 * difficulty  # low grade: no enhancement
    depth = (0.75 * radius, radius) if lookalike else (0.9 * radius, max(30.0, 1.4 * radius))
    centre = _inside_brain(rng, template, depth=depth)
    brightness = 0.62 + 0.12 * (1 - faint) if dark else 1.0 + float(rng.uniform(0.55, 1.0)) * faint
    return Lesion(
        kind="glioma",
        centre=centre,
        radius=radius,
        axes=_axes(rng, 0.10 if lookalike else 0.18),
        outline=draw_waves(rng, wavelengths=(0.7 * radius, 1.9 * radius), size=1.0, count=14, components=1),
        roughness=0.07 if lookalike else float(rng.uniform(0.10, 0.20)),
        brightness=brightness,
        patchiness=0.1 if solid else float(rng.uniform(0.3, 0.7)),
        core=0.0 if solid or dark else float(rng.uniform(0.45, 0.85)),
        core_brightness=float(rng.uniform(0.35, 0.7)),
        oedema=float(rng.uniform(1.2, 2.0)) if not dark else 1.25,
        swelling=float(rng.uniform(0.1, 0.45)),
        edge=float(rng.uniform(0.8, 1.6)) if lookalike else float(rng.uniform(1.2, 3.0)) + 2.0 * dark,
        clip=-0.8,
        tail=0.0,
        upper=None,
        texture=draw_texture(rng, grain=max(3.0, 0.4 * radius)),
    )


def _inside_brain(rng: np.random.Generator, template: Template, *, depth: tuple[float, float]) -> Floats:
    """Return a point of the cerebrum, now and then of the cerebellum, so many mm below the surface."""
    low, high = np.array([-62.0, -92.0, -42.0]), np.array([62.0, 58.0, 68.0])
    points = rng.uniform(low[:, None], high[:, None], size=(3, 400))
    below = -template.hull_distance(points)
    _, white = template.tissue(points)
    stem = (np.abs(points[0]) < 12) & (points[2] < 5)
    good = np.flatnonzero((below > depth[0]) & (below < depth[1]) & (white > 0.35) & ~stem)
    chosen = good[0] if len(good) else int(np.argmin(np.abs(below - depth[0])))
    centre: Floats = points[:, chosen]
    return centre


def _meningioma(rng: np.random.Generator, *, template: Template, faint: float, difficulty: float) -> Lesion:
    radius = _radius(rng, 7, 24, difficulty)
    inset = radius * float(rng.uniform(0.45, 0.85))
    if rng.random() < 0.2:  # on the falx
        side = 1.0 if rng.random() < 0.5 else -1.0
        centre = np.array([side * inset, rng.uniform(-70, 45), rng.uniform(28, 50)])
    else:
        centre = _on_dura(rng, template, inset=inset)
    return Lesion(
        kind="meningioma",
        centre=centre,
        radius=radius,
        axes=_axes(rng, 0.10),
        outline=draw_waves(rng, wavelengths=(1.0 * radius, 2.4 * radius), size=1.0, components=1),
        roughness=float(rng.uniform(0.04, 0.11 + 0.05 * difficulty)),
        brightness=1.0 + float(rng.uniform(0.6, 1.1)) * faint,
        patchiness=float(rng.uniform(0.1, 0.35 + 0.25 * difficulty)),
        core=float(rng.uniform(0.2, 0.45)) if rng.random() < 0.15 * difficulty else 0.0,
        core_brightness=0.6,
        oedema=float(rng.uniform(1.2, 1.7)) if rng.random() < 0.35 else 0.0,
        swelling=float(rng.uniform(0.3, 0.55)),
        edge=float(rng.uniform(0.6, 1.2)),
        clip=0.8,
        tail=float(rng.uniform(1.4, 2.1)) if rng.random() < 0.6 else 0.0,
        upper=None,
        texture=draw_texture(rng, grain=max(3.0, 0.35 * radius)),
    )


def _on_dura(rng: np.random.Generator, template: Template, *, inset: float) -> Floats:
    """Return a point ``inset`` mm inside the skull, in a random direction, the skull base included."""
    middle = np.array([0.0, -14.0, 8.0])
    while True:
        direction = unit_vectors(rng, 1)[0]
        steps = np.arange(0.0, 130.0, 1.0)
        hull = template.hull_distance(middle[:, None] + direction[:, None] * steps)
        end = int(np.argmax(hull > -inset))
        point: Floats = middle + direction * steps[end]
        if point[2] > -48 and not (abs(point[0]) < 22 and point[2] < 0 and -60 < point[1] < 22):
            return point  # neither at the brainstem nor in the sella


def _pituitary(rng: np.random.Generator, *, faint: float, difficulty: float) -> Lesion:
    radius = _radius(rng, 5.5, 15, difficulty)
    centre = SELLA + rng.normal(0, 1.0, size=3) + np.array([0.0, 0.0, 0.35 * (radius - 6)])
    rises = radius > 8 and rng.random() < 0.6
    return Lesion(
        kind="pituitary",
        centre=centre,
        radius=radius,
        axes=_axes(rng, 0.05) * np.array([[0.9], [1.05], [1.0]]),
        outline=draw_waves(rng, wavelengths=(1.0 * radius, 2.2 * radius), size=1.0, components=1),
        roughness=float(rng.uniform(0.04, 0.09)),
        brightness=1.0 + float(rng.uniform(0.55, 1.0)) * faint,
        patchiness=float(rng.uniform(0.1, 0.4)),
        core=float(rng.uniform(0.3, 0.6)) if rng.random() < 0.2 else 0.0,
        core_brightness=0.55,
        oedema=0.0,
        swelling=float(rng.uniform(0.3, 0.5)),
        edge=float(rng.uniform(0.7, 1.3)),
        clip=None,
        tail=0.0,
        upper=centre + np.array([rng.normal(0, 1.0), rng.normal(-1, 1.0), 1.05 * radius]) if rises else None,
        texture=draw_texture(rng, grain=max(3.0, 0.4 * radius)),
    )


def paint_lesion(
    lesion: Lesion, head: Head, points: Floats, *, hull: Floats, white: Floats, values: Floats
) -> tuple[Floats, Floats]:
    """Return ``values`` (n,) with the tumour drawn over them, and its share of each point, 0 to 1.

    ``points`` (3, n) are template points before the mass effect, ``hull`` their distance from the inside of the
    skull, ``white`` the white-matter fraction that the oedema follows.
    """
    distance = lesion.distance(points)
    texture = lesion.texture(points)
    limit = np.ones_like(hull) if lesion.clip is None else soft_step(hull - lesion.clip, width=1.0)
    share = soft_step(distance, width=lesion.edge) * limit
    painted = _oedema(lesion, distance, hull, white, texture, values)
    if lesion.kind == "meningioma":  # a cleft of fluid between tumour and brain
        cleft = soft_step(np.abs(distance - 0.8) - 0.7, width=1.0) * limit * np.clip(0.5 + texture, 0.0, 0.7)
        painted = blend(painted, head.tissue["csf"], cleft)
    if lesion.tail:
        thin = soft_step(np.abs(hull - 0.4) - 1.2, width=0.8)
        reach = np.clip((lesion.tail - 1.0 - distance / lesion.radius) / (lesion.tail - 1.0), 0.0, 1.0)
        painted = blend(painted, lesion.brightness, 0.9 * thin * np.sqrt(reach))
    flesh = lesion.brightness * (1.0 + 0.25 * lesion.patchiness * texture)
    if lesion.kind == "glioma" and lesion.core:  # the rim enhances in patches
        flesh = blend(flesh, 0.9, np.clip(lesion.patchiness * (0.9 * texture + 0.1), 0.0, 0.85))
    if lesion.core:
        rim = (1.0 - lesion.core) * lesion.radius * np.clip(1.0 + 0.8 * texture, 0.15, 3.0)
        core = lesion.core_brightness * (1.0 + 0.2 * lesion.texture(points * 1.9))
        flesh = blend(flesh, core, soft_step(distance + rim, width=2.0 + 0.15 * lesion.radius))
    return blend(painted, flesh, share), share


def _oedema(lesion: Lesion, distance: Floats, hull: Floats, white: Floats, texture: Floats, values: Floats) -> Floats:
    if not lesion.oedema:
        return values
    reach = (lesion.oedema - 1.0) * lesion.radius
    soaked = np.clip((reach - distance + 0.3 * reach * texture) / (0.6 * reach + 2.0), 0.0, 1.0)
    alpha = soaked * (0.2 + 0.8 * white) * (hull < -0.5)
    return blend(values, np.minimum(values, 0.66), 0.85 * alpha)
