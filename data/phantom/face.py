"""What lies around the brain: eyes, sinuses, skull base, vessels, jaw and neck, as simple shapes in template space.

Positions are in mm from the anterior commissure, x right, y anterior, z superior, read off the proportions of an
average adult head. They need to look right at 1 mm, no more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from neuroval.data.phantom.fields import Floats, blend, smooth_minimum, soft_step

Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An ellipsoid with three ``radii`` about ``start``, or a tube of one radius from ``start`` to ``end``, in mm.

    ``tissue`` names its brightness. A part that is not on the midline stands on both sides.
    """

    tissue: str
    start: Point
    radii: tuple[float, ...]
    end: Point | None = None
    soft: float = 1.5  # mm over which its edge fades
    both: bool = True
    low: Point = field(init=False)  # corners of a box that holds all of it
    high: Point = field(init=False)

    def __post_init__(self) -> None:
        reach = [radius + self.soft for radius in (self.radii if len(self.radii) == 3 else self.radii * 3)]
        ends = (self.start, self.start if self.end is None else self.end)
        high = [max(end[axis] for end in ends) + reach[axis] for axis in range(3)]
        low = [min(end[axis] for end in ends) - reach[axis] for axis in range(3)]
        object.__setattr__(self, "low", (-high[0] if self.both else low[0], low[1], low[2]))
        object.__setattr__(self, "high", (high[0], high[1], high[2]))

    def distance(self, points: Floats) -> Floats:
        """Return the approximate signed distance in mm to the surface at ``points`` (3, n)."""
        x = np.abs(points[0]) if self.both else points[0]
        relative = [x - self.start[0], points[1] - self.start[1], points[2] - self.start[2]]
        if self.end is None:
            scaled = [value / radius for value, radius in zip(relative, self.radii, strict=True)]
            near = np.sqrt(sum(value * value for value in scaled))
            slope = np.sqrt(sum((v / r) ** 2 for v, r in zip(scaled, self.radii, strict=True)))
            distance: Floats = near * (near - 1.0) / np.maximum(slope, 1e-9)
            return distance
        axis = [end - start for end, start in zip(self.end, self.start, strict=True)]
        length = sum(value * value for value in axis)
        share = np.clip(sum(r * a for r, a in zip(relative, axis, strict=True)) / length, 0.0, 1.0)
        away = sum((r - share * a) ** 2 for r, a in zip(relative, axis, strict=True))
        tube: Floats = np.sqrt(away) - self.radii[0]
        return tube


def _blob(tissue: str, start: Point, radii: Point, *, soft: float = 1.5, both: bool = True) -> Part:
    return Part(tissue=tissue, start=start, radii=radii, soft=soft, both=both)


def _tube(tissue: str, start: Point, end: Point, radius: float, *, soft: float = 1.2, both: bool = True) -> Part:
    return Part(tissue=tissue, start=start, end=end, radii=(radius,), soft=soft, both=both)


# The outline of head and neck below the cranium: united, rounded, into one surface.
OUTLINE = (
    _blob("skin", (0, -10, -2), (76, 92, 60), both=False),  # temples
    _blob("skin", (0, 36, -48), (67, 55, 62), both=False),  # face
    _blob("skin", (0, 14, -72), (72, 42, 52), both=False),  # cheeks, angle of the jaw
    _blob("skin", (0, 44, -98), (50, 50, 34), both=False),  # jaw
    _tube("skin", (0, -40, -70), (0, -56, -230), 60, both=False),  # neck
    _tube("skin", (22, -44, -80), (40, -60, -230), 46),
    _tube("skin", (0, 92, -30), (0, 108, -56), 7, both=False),  # nose
    _blob("skin", (0, 92, -84), (20, 10, 9), both=False),  # lips
    _blob("skin", (0, 84, -116), (18, 14, 13), both=False),  # chin
    _blob("skin", (79, -20, -38), (4, 13, 25)),  # ears
)

# Painted in this order over muscle and fat.
DEEP = (
    _blob("fat", (44, 58, -72), (16, 20, 24), soft=6),  # cheeks
    _blob("mucosa", (50, -8, -80), (13, 14, 22), soft=6),  # parotid
    _blob("muscle", (54, 22, -84), (7, 18, 28), soft=3),  # masseter
    _blob("muscle", (58, 26, -26), (7, 26, 24), soft=3),  # temporal muscle
    _blob("muscle", (32, 14, -72), (9, 16, 18), soft=3),  # pterygoids
    _tube("bone", (46, 12, -62), (42, 20, -112), 6.5),  # jaw bone
    _tube("marrow", (46, 12, -64), (42, 20, -110), 3.5),
    _tube("bone", (42, 22, -112), (8, 82, -114), 6.5),
    _tube("marrow", (42, 22, -112), (8, 82, -114), 3.5),
    _blob("muscle", (0, 46, -96), (25, 34, 20), soft=3, both=False),  # tongue
    _tube("fat", (0, 40, -108), (0, 62, -100), 4, soft=5, both=False),
    _blob("air", (0, 58, -77), (20, 22, 2.2), both=False),  # mouth
    _blob("bone", (0, 56, -71), (24, 28, 2.5), both=False),  # palate
    _tube("bone", (26, 52, -78), (6, 82, -78), 5.5),  # teeth
    _tube("bone", (25, 52, -91), (6, 80, -91), 5),
    _blob("muscle", (0, 14, -76), (7, 10, 4), soft=2, both=False),  # soft palate
    _blob("orbit", (30, 50, -38), (19, 24, 18), soft=3),
    _tube("muscle", (41, 62, -38), (12, 22, -34), 2.4),  # eye muscles
    _tube("muscle", (23, 62, -38), (10, 22, -34), 2.2),
    _tube("muscle", (32, 62, -26), (12, 24, -30), 2.0),
    _tube("muscle", (32, 60, -49), (12, 24, -38), 2.2),
    _tube("nerve", (32, 52, -38), (6, 10, -26), 2.3),  # optic nerve
    _blob("sclera", (33, 64, -38), (13, 13, 13), soft=1),
    _blob("vitreous", (33, 64, -38), (11.5, 11.5, 11.5), soft=1),
    _blob("lens", (33, 74, -38), (4.5, 2.2, 4.5), soft=1),
    _blob("cells", (0, 46, -44), (15, 26, 15), soft=2, both=False),  # ethmoid cells
    _blob("mucosa", (0, 52, -58), (14, 32, 12), soft=2, both=False),  # nose
    _tube("air", (4.0, 26, -50), (3.5, 76, -52), 1.6),
    _tube("air", (9.5, 30, -54), (8.5, 68, -56), 2.0),
    _tube("air", (4.5, 20, -64), (4.0, 86, -64), 2.0),
    _tube("air", (11, 28, -63), (10, 66, -64), 1.6),
    _blob("mucosa", (31, 46, -66), (15, 19, 16), soft=1),  # maxillary sinus
    _blob("air", (31, 46, -66), (13.5, 17.5, 14.5)),
    _blob("air", (9, 78, -16), (11, 6, 11)),  # frontal sinus
    _tube("mucosa", (0, 14, -56), (0, -1, -104), 8.5, both=False),  # throat
    _tube("air", (0, 12, -60), (0, 2, -92), 5.0, both=False),
    _tube("air", (0, 2, -96), (0, -2, -230), 5.5, both=False),
    _blob("muscle", (0, 9, -100), (9, 2.5, 9), both=False),  # epiglottis
    _blob("bone", (0, -14, -48), (17, 12, 20), soft=2, both=False),  # clivus and body of the sphenoid
    _blob("marrow", (0, -15, -49), (14, 8, 17), soft=2, both=False),
    _blob("bone", (0, 15, -42), (18, 15, 13), both=False),
    _blob("air", (7.5, 17, -42), (7.5, 12.5, 10)),  # sphenoid sinus
    _blob("bone", (44, -24, -43), (25, 13, 10), soft=5),  # petrous bone
    _blob("cells", (57, -34, -46), (12, 14, 16), soft=5),  # mastoid cells
    _tube("air", (54, -18, -42), (84, -18, -40), 2.6),  # ear canal
    _tube("bone", (0, -15, -72), (0, -20, -88), 7, both=False),  # dens
    _tube("marrow", (0, -15, -74), (0, -20, -87), 4.5, both=False),
    *(
        part
        for i in range(5)
        for part in (
            _blob("bone", (0, -21 - 3 * i, -97 - 18 * i), (13, 10, 9.5), both=False),  # vertebrae
            _blob("marrow", (0, -21 - 3 * i, -97 - 18 * i), (11.5, 8.5, 7.5), both=False),
            _blob("bone", (19, -32 - 3 * i, -90 - 18 * i), (9, 8, 7), soft=7),
            _blob("marrow", (0, -66 - 4 * i, -96 - 18 * i), (4, 13, 5), soft=3, both=False),
        )
    ),
    _tube("vessel", (26, 2, -66), (28, -6, -230), 3.2),  # carotid and jugular
    _tube("vessel", (36, -8, -66), (38, -14, -230), 4.2),
    _tube("csf", (0, -43, -66), (0, -56, -230), 8.5, both=False),  # spinal canal and cord
    _tube("nerve", (0, -43, -60), (0, -56, -230), 5.2, both=False),
)

# Enhancing vessels and dura, painted last, over the brain.
VESSELS = (
    _tube("vessel", (0, -52, 10), (0, -86, -12), 1.7, both=False),  # straight sinus
    _tube("vessel", (0, -26, 15), (0, -52, 10), 1.5, both=False),  # internal cerebral vein
    _tube("vessel", (4, -98, -12), (54, -66, -24), 2.8),  # transverse and sigmoid sinus
    _tube("vessel", (54, -66, -24), (50, -40, -58), 3.0),
    _tube("vessel", (6, 2, -20), (24, 4, -20), 1.1),  # middle and anterior cerebral arteries
    _tube("vessel", (24, 4, -20), (40, 4, -8), 1.1),
    _tube("vessel", (2, 6, -18), (2, 32, -8), 1.0),
    _tube("vessel", (2, 32, -8), (2, 40, 12), 0.9),
    _tube("vessel", (4, -12, -22), (26, -36, -12), 0.9),
    _tube("vessel", (0, -17, -26), (0, -20, -52), 1.5, both=False),  # basilar artery
    _tube("plexus", (20, -34, 8), (22, -38, 2), 2.4, soft=2),  # choroid plexus
    _tube("plexus", (20, -34, 8), (10, -10, 18), 1.0, soft=1.5),
    _blob("cavernous", (12, 1, -30), (5, 9, 6), soft=2),
    _tube("air", (11, -6, -34), (11, 8, -29), 2.2),  # carotid siphon: flow void
    _blob("gland", (0, 3, -30), (6.5, 4.5, 3.2), soft=1, both=False),
    _tube("gland", (0, 2, -28), (0, -2, -18), 0.9, both=False),  # stalk
)


def own_parts(parts: tuple[Part, ...], rng: np.random.Generator) -> tuple[Part, ...]:
    """Return the parts as one person has them: each a little moved, larger or smaller."""

    def varied(part: Part) -> Part:
        shift = rng.normal(size=3) * np.array([1.0 if part.start[0] else 0.0, 1.5, 1.5])
        size = np.exp(rng.normal(0, 0.09))
        x, y, z = (float(value) for value in np.asarray(part.start) + shift)
        end = None
        if part.end is not None:
            ex, ey, ez = (float(value) for value in np.asarray(part.end) + shift)
            end = (ex, ey, ez)
        return replace(part, start=(x, y, z), end=end, radii=tuple(float(radius * size) for radius in part.radii))

    return tuple(varied(part) for part in parts)


def outline_distance(cranium: Floats, points: Floats, *, parts: tuple[Part, ...]) -> Floats:
    """Return the signed distance to the skin: the cranium's, (n,), united with that of face, ears and neck."""
    low = np.flatnonzero((points[2] < 60) & (cranium > -12.0))  # no part reaches higher
    below, at = cranium[low], points[:, low]
    for part in parts:
        below = smooth_minimum(below, part.distance(at), radius=min(14.0, 1.2 * min(part.radii)))
    surface = cranium.copy()
    surface[low] = below
    return surface


def paint(
    values: Floats, points: Floats, *, parts: tuple[Part, ...], tissue: Mapping[str, float], noise: Floats | None
) -> Floats:
    """Return ``values`` (n,) at ``points`` (3, n) with the parts drawn over them, in their order.

    ``tissue`` gives the brightness of each tissue, ``noise`` (n,) mottles it and parts the air cells from their walls.
    """
    painted = values.copy()
    if not points.shape[1]:
        return painted
    x, y, z = points
    left, right = float(x.min()), float(x.max())
    for part in parts:
        if part.low[0] > right or part.high[0] < left:
            continue
        here = np.flatnonzero((y > part.low[1]) & (y < part.high[1]) & (z > part.low[2]) & (z < part.high[2]))
        if not len(here):
            continue
        alpha = soft_step(part.distance(points[:, here]), width=part.soft)
        over = _brightness(part.tissue, tissue, None if noise is None else noise[here])
        painted[here] = blend(painted[here], over, alpha)
    return painted


def _brightness(name: str, tissue: Mapping[str, float], noise: Floats | None) -> Floats | float:
    if noise is None:
        return tissue[name]
    if name == "cells":
        wall = np.clip(0.5 + 1.2 * noise, 0.0, 1.0)
        return tissue["air"] + (0.75 * tissue["mucosa"] - tissue["air"]) * wall
    return tissue[name] * np.clip(1.0 + 0.14 * noise, 0.4, 1.6)
