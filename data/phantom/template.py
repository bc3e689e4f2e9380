"""The brain that all phantoms are made from: the ICBM-152 template that the nilearn package carries.

V. Fonov, A. C. Evans, K. Botteron, C. R. Almli, R. C. McKinstry, D. L. Collins (2011), "Unbiased average
age-appropriate atlases for pediatric studies", NeuroImage 54(1), 313-327: ICBM 152 nonlinear symmetric 2009a,
skull-stripped T1, grey-matter and white-matter volumes at 1 mm. Copyright (C) 1993-2009 Louis Collins, McConnell
Brain Imaging Centre, Montreal Neurological Institute, McGill University; permission to use, copy, modify and
distribute for any purpose and without fee is granted, provided that this notice appears in all copies.
"""

import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import nibabel
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from neuroval.data.exceptions import InputError
from neuroval.data.phantom.fields import Floats

VOLUME = "datasets/data/mni_icbm152_{kind}_tal_nlin_sym_09a_converted.nii.gz"
WHITE = 200.0  # of white matter in the volume ``bright``
HULL_SPACING = 3  # mm; the hull is smooth
HULL_MARGIN = 26  # voxels of HULL_SPACING around the brain, so that every point of a head lies inside
HULL_CLOSING = 5  # voxels of HULL_SPACING: sulci and the cisterns belong to the inside of the skull


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Brain volumes in template space: x right, y anterior, z superior, in mm from the anterior commissure.

    ``solid`` is the share of brain, 0 to 255, the rest is fluid; ``bright`` is that share times the place between
    grey matter, 0, and white matter, 200, which T1 refines where tissue is neither. Both are uint8 (197, 233, 189) at
    1 mm; ``origin`` is the position of voxel (0, 0, 0).
    ``hull`` holds the signed distance in mm to the smooth inside of the skull, negative inside, at 3 mm.
    """

    solid: NDArray[np.uint8]
    bright: NDArray[np.uint8]
    origin: tuple[float, float, float]
    hull: NDArray[np.float32]
    hull_origin: tuple[float, float, float]

    def tissue(self, points: Floats) -> tuple[Floats, Floats]:
        """Return the share of brain, and that times the place from grey (0) to white (1), at ``points`` (3, n)."""
        at = points - np.array(self.origin)[:, None]
        return _linear(self.solid, at) / 255.0, _linear(self.bright, at) / WHITE

    def hull_distance(self, points: Floats) -> Floats:
        """Return the signed distance in mm to the inside of the skull, negative inside, at ``points`` (3, n)."""
        at = (points - np.array(self.hull_origin)[:, None]) / HULL_SPACING
        return _linear(self.hull, at, mode="nearest")


def _linear(volume: NDArray[np.generic], at: Floats, *, mode: Literal["constant", "nearest"] = "constant") -> Floats:
    values: Floats = ndimage.map_coordinates(  # type: ignore[call-overload]  # the stubs know no volume of uint8
        volume, at, order=1, output=np.float64, mode=mode, prefilter=False
    )
    return values


@lru_cache(maxsize=1)
def load_template() -> Template:
    """Return the template, read once in each process; ``InputError`` when the nilearn package is not there."""
    spec = importlib.util.find_spec("nilearn")
    if spec is None or not spec.submodule_search_locations:
        raise InputError("phantom: the package nilearn, which carries the brain template, is not installed.")
    folder = Path(next(iter(spec.submodule_search_locations)))
    volumes: dict[str, NDArray[np.uint8]] = {}
    origin = (0.0, 0.0, 0.0)
    for kind in ("t1", "gm", "wm"):
        path = folder / VOLUME.format(kind=kind)
        if not path.is_file():
            raise InputError(f"phantom: the installed nilearn holds no {path.name}; version 0.11 or later does.")
        image = nibabel.nifti1.Nifti1Image.from_filename(path)
        volumes[kind] = np.ascontiguousarray(image.dataobj, dtype=np.uint8)
        x, y, z = (float(value) for value in image.affine[:3, 3])  # 1 mm voxels, axes along x, y, z
        origin = (x, y, z)
    solid, bright = _mix(volumes["t1"], volumes["gm"], volumes["wm"])
    hull, hull_origin = _hull(volumes["t1"] > 0, origin)
    return Template(solid=solid, bright=bright, origin=origin, hull=hull, hull_origin=hull_origin)


def _mix(
    t1: NDArray[np.uint8], grey: NDArray[np.uint8], white: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return ``solid`` and ``bright``. In T1 units grey matter is about 158 of 255 and white matter about 222."""
    inside = np.flatnonzero(t1)
    g, w, t = (volume.ravel()[inside].astype(np.float32) for volume in (grey, white, t1))
    brain = np.minimum(g + w, 255.0)
    share = w / np.maximum(g + w, 1.0)
    nuclei = np.clip((t - (158.0 + 64.0 * share)) / 64.0, -0.5, 0.5)  # and tracts, which the two maps lack
    solid, bright = np.zeros(t1.size, dtype=np.uint8), np.zeros(t1.size, dtype=np.uint8)
    solid[inside] = brain.astype(np.uint8)
    bright[inside] = (brain / 255.0 * WHITE * np.clip(share + 0.8 * nuclei, 0.0, 1.2)).astype(np.uint8)
    return solid.reshape(t1.shape), bright.reshape(t1.shape)


def _hull(
    brain: NDArray[np.bool_], origin: tuple[float, float, float]
) -> tuple[NDArray[np.float32], tuple[float, float, float]]:
    coarse = np.pad(brain[::HULL_SPACING, ::HULL_SPACING, ::HULL_SPACING], HULL_MARGIN)
    grown = ndimage.distance_transform_edt(~coarse) <= HULL_CLOSING
    closed = ndimage.distance_transform_edt(grown) > HULL_CLOSING
    distance = ndimage.distance_transform_edt(~closed) - ndimage.distance_transform_edt(closed)
    smooth = ndimage.gaussian_filter(distance * HULL_SPACING, sigma=1.0)
    x, y, z = (start - HULL_MARGIN * HULL_SPACING for start in origin)
    return smooth.astype(np.float32), (x, y, z)
