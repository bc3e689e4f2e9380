"""One person's head: the template bent into an individual, with scalp, skull and face around it."""

from dataclasses import dataclass

import numpy as np

from neuroval.data.phantom.face import DEEP, OUTLINE, VESSELS, Part, outline_distance, own_parts, paint
from neuroval.data.phantom.fields import Floats, Texture, Waves, blend, draw_texture, draw_waves, soft_step
from neuroval.data.phantom.template import Template

# Brightness after contrast agent, white matter = 1, read off T1-weighted images.
TISSUE = {
    "air": 0.02,
    "bone": 0.10,
    "csf": 0.30,
    "vitreous": 0.35,
    "lens": 0.75,
    "nerve": 0.85,
    "muscle": 0.80,
    "sclera": 1.1,
    "skin": 1.5,
    "marrow": 1.45,
    "mucosa": 1.5,
    "cavernous": 1.7,
    "gland": 1.7,
    "plexus": 1.8,
    "dura": 1.5,
    "vessel": 2.2,
    "orbit": 1.8,
    "fat": 2.2,
}
ENHANCING = ("mucosa", "cavernous", "gland", "plexus", "dura", "vessel")  # these need contrast agent to be bright
VENTRICLES = np.array([[0.0], [-12.0], [14.0]])  # about the middle of the lateral ventricles
VENTRICLE_REACH = np.array([[32.0], [52.0], [26.0]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """Thickness in mm of what lies between brain and air."""

    csf: float
    inner_table: float
    diploe: float
    outer_table: float
    scalp: float

    @property
    def skull(self) -> float:
        """Distance from the hull to the outside of the skull."""
        return self.csf + self.inner_table + self.diploe + self.outer_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """One person: how the template is bent, how thick the layers are, how bright each tissue is."""

    scale: Floats  # (3,)
    warp: Waves  # slow: the shape of the head
    folds: Waves  # fast: the course of the gyri
    ventricles: float  # relative enlargement, negative for narrow ones
    atrophy: float  # 0 for full gyri
    grey: float  # brightness of grey matter, white matter = 1
    layers: Layers
    tissue: dict[str, float]
    outline: tuple[Part, ...]
    deep: tuple[Part, ...]
    vessels: tuple[Part, ...]
    sway: Waves  # how the parts of face and neck are bent
    flesh: Texture
    grain: Texture
    twigs: Texture

    def to_template(self, points: Floats) -> Floats:
        """Return where ``points`` (3, n), mm in this head, lie in the template, (3, n)."""
        mapped: Floats = points / self.scale[:, None] + self.warp(points)
        return mapped

    def from_template(self, point: Floats) -> Floats:
        """Return the place in this head of one template ``point`` (3,): the inverse, by fixed-point iteration."""
        place = point * self.scale
        for _ in range(25):
            place = place + (point - self.to_template(place[:, None])[:, 0]) * self.scale
        return place

    def fold(self, points: Floats) -> Floats:
        """Return template points moved along this brain's own gyri and ventricles, (3, n); the skull stays."""
        scaled = (points - VENTRICLES) / VENTRICLE_REACH
        near = np.exp(-np.sum(scaled * scaled, axis=0))
        moved: Floats = points - self.ventricles * near * (points - VENTRICLES) + self.folds(points)
        return moved


def draw_head(rng: np.random.Generator) -> Head:
    """Return a random person."""
    enhancement = rng.uniform(0.55, 1.1)
    tissue = {
        name: float(value * np.exp(rng.normal(0, 0.08)) * (enhancement if name in ENHANCING else 1.0))
        for name, value in TISSUE.items()
    }
    fat = float(rng.uniform(0.75, 1.35))
    tissue |= {name: tissue[name] * fat for name in ("fat", "orbit")}
    return Head(
        scale=rng.uniform(0.96, 1.07) * np.exp(rng.normal(0, 0.025, size=3)),
        warp=draw_waves(rng, wavelengths=(110, 240), size=2.6),
        folds=draw_waves(rng, wavelengths=(28, 70), size=1.7, count=12),
        ventricles=float(rng.uniform(-0.25, 0.40)),
        atrophy=float(rng.uniform(0.0, 0.9)),
        grey=float(rng.uniform(0.72, 0.93)),
        layers=Layers(
            csf=float(rng.uniform(0.3, 2.0)),
            inner_table=float(rng.uniform(1.6, 2.6)),
            diploe=float(rng.uniform(0.6, 3.0)),
            outer_table=float(rng.uniform(1.5, 2.6)),
            scalp=float(rng.uniform(3.6, 7.5)),
        ),
        tissue=tissue,
        outline=own_parts(OUTLINE, rng),
        deep=own_parts(DEEP, rng),
        vessels=own_parts(VESSELS, rng),
        sway=draw_waves(rng, wavelengths=(11, 34), size=1.0, count=7),
        flesh=draw_texture(rng, grain=13, stretch=3),
        grain=draw_texture(rng, grain=5),
        twigs=draw_texture(rng, grain=7, stretch=2),
    )


def brain_tissue(head: Head, solid: Floats, bright: Floats) -> Floats:
    """Return brightness of the brain and its fluid from what the template says of the tissue, (n,)."""
    matter = head.grey + (1.0 - head.grey) * bright / np.maximum(solid, 0.05)
    return blend(matter, head.tissue["csf"], 1.0 - solid ** (1.0 + head.atrophy))


def surfaces(head: Head, template: Template, points: Floats) -> Floats:
    """Return the signed distances in mm, negative inside, to the inside of the skull and to the skin, (2, n)."""
    hull = template.hull_distance(points)
    cranium = hull - head.layers.skull - head.layers.scalp
    return np.stack([hull, outline_distance(cranium, points, parts=head.outline)])


def outside_brain(head: Head, points: Floats, *, hull: Floats, skin: Floats, sway: Floats) -> Floats:
    """Return brightness of everything outside the brain at template ``points`` (3, n).

    ``hull`` and ``skin`` (n,) are the distances from the inside of the skull and from the skin, ``sway`` (3, n) the
    bend of the parts of the face.
    """
    layers = head.layers
    base = np.clip((-14.0 - points[2] + 0.12 * points[1]) / 16.0, 0.0, 1.0)  # the skull base is thin
    values = np.full(len(hull), head.tissue["air"])
    body = np.flatnonzero((skin < 1.0) & (hull < 2.0 * layers.skull))
    waver = 1.0 + 0.12 * np.clip(sway[0, body], -2, 2)
    depth = hull.copy()
    depth[body] = hull[body] / (1.0 - 0.45 * base[body]) * waver
    flesh = np.flatnonzero((skin < 1.0) & ((depth > layers.skull - 1.0) | (points[2] < 8)))
    grain = np.zeros_like(hull)
    grain[flesh] = head.grain(points[:, flesh])
    values[flesh] = _flesh(head, points[:, flesh], skin=skin[flesh], grain=grain[flesh])
    low = flesh[(points[2, flesh] < 8) & (skin[flesh] < -1.5)]
    values[low] = _face(head, points[:, low], sway=sway[:, low], grain=grain[low], values=values[low])
    bone = np.flatnonzero((depth < layers.skull + 1.0) & (skin < 0.0))
    values[bone] = _skull(head, depth[bone], values[bone], base[bone])
    return values


def _flesh(head: Head, points: Floats, *, skin: Floats, grain: Floats) -> Floats:
    """Skin, fat below it, and muscle with seams of fat deeper down."""
    seams = head.flesh(points)
    fat = head.tissue["fat"] * (1.0 + 0.07 * grain)
    muscle = head.tissue["muscle"] * (1.0 + 0.12 * grain)
    deep = blend(muscle, fat, 0.75 * soft_step(np.abs(seams) - 0.10 - 0.08 * grain, width=0.25))
    under = blend(deep, fat, soft_step(-skin - head.layers.scalp - 1.2 * seams, width=1.5))
    covered = blend(under, head.tissue["skin"], soft_step(-skin - 1.6, width=1.4))
    return blend(np.full(len(skin), head.tissue["air"]), covered, soft_step(skin, width=1.2))


def _face(head: Head, points: Floats, *, sway: Floats, grain: Floats, values: Floats) -> Floats:
    """The parts of face, skull base and neck, bent, with mottled tissue."""
    return paint(values, points + sway, parts=head.deep, tissue=head.tissue, noise=grain)


def _skull(head: Head, depth: Floats, outside: Floats, base: Floats) -> Floats:
    """Fluid, dura, the two tables of the skull and the marrow between them, from ``depth`` mm outside the hull."""
    layers, tissue = head.layers, head.tissue
    dura, marrow, outer = layers.csf, layers.csf + layers.inner_table, layers.skull - layers.outer_table
    marrow_value = tissue["bone"] + (tissue["marrow"] - tissue["bone"]) * 0.75 * (1.0 - 0.6 * base)
    values = np.full(len(depth), tissue["csf"])
    values = blend(values, 0.75 * tissue["dura"], soft_step(dura - 0.5 - depth, width=0.8))
    values = blend(values, tissue["bone"], soft_step(dura + 0.3 - depth, width=0.8))
    values = blend(values, marrow_value, soft_step(marrow - depth, width=1.0))
    values = blend(values, tissue["bone"], soft_step(outer - depth, width=1.0))
    return blend(values, outside, soft_step(layers.skull - depth, width=1.2))


def enhancing_vessels(head: Head, points: Floats, *, hull: Floats, sway: Floats, values: Floats) -> Floats:
    """Return ``values`` (n,) at template ``points`` (3, n) with sinuses, falx, arteries and veins drawn over them."""
    x, y, z = points
    painted = values.copy()
    edge = np.flatnonzero((np.abs(x) < 6) & (np.abs(hull) < 5) & (z > -10) & (y < 62))
    wobble = 0.5 * head.grain(points[:, edge])
    side, rim = np.abs(x[edge]), hull[edge]
    sinus = np.maximum(side - 0.45 * (rim + 4.5), np.abs(rim) - 2.6 + wobble)  # a triangle, its base outside
    painted[edge] = blend(painted[edge], head.tissue["vessel"], soft_step(sinus, width=1.8))
    middle = np.flatnonzero((np.abs(x) < 3) & (z > 8) & (hull < 0) & (hull > -34) & (values < 0.8))
    falx = soft_step(np.abs(x[middle] + 0.5 * head.grain(points[:, middle])) - 0.7, width=0.9)
    painted[middle] = blend(
        painted[middle], head.tissue["dura"], 0.7 * falx * np.clip((z[middle] - 8.0) / 10.0, 0.0, 1.0)
    )
    # Veins: where two sheets of noise cross, in the fluid of the sulci.
    wet = np.flatnonzero((values < 0.85) & (hull < 1.0) & (hull > -22))
    sheet = np.abs(head.twigs(points[:, wet])) + 0.5 * np.abs(head.grain(points[:, wet]))
    veins = np.clip((0.85 - values[wet]) / 0.3, 0.0, 1.0) * soft_step(sheet - 0.16, width=0.12)
    painted[wet] = blend(painted[wet], head.tissue["vessel"], 0.6 * veins)
    near = np.flatnonzero((z < 24) & (np.abs(x) < 60) & (hull < 14))
    painted[near] = paint(
        painted[near], points[:, near] + sway[:, near], parts=head.vessels, tissue=head.tissue, noise=None
    )
    return painted
