"""Smooth random fields in space, and the soft steps that things are drawn with."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

# Double precision throughout: the last bits of a sine differ between processors, and in single precision that
# would change pixels now and then.
Floats = NDArray[np.float64]

NOISE_SIZE = 48  # voxels along an edge of the periodic noise volume
NOISE_SEED = 152  # the volume is a constant; a patient's share of it is drawn by Texture


def soft_step(distance: Floats, *, width: float) -> Floats:
    """Return 1 inside (negative ``distance``), 0 outside, and a ramp of ``width`` between."""
    step: Floats = np.clip(0.5 - distance / width, 0.0, 1.0)
    return step


def blend(under: Floats, over: Floats | float, alpha: Floats) -> Floats:
    """Return ``over`` laid on ``under`` with opacity ``alpha``."""
    return under + alpha * (over - under)


def smooth_minimum(a: Floats, b: Floats, *, radius: float) -> Floats:
    """Return the minimum of two distances, with the corner between them rounded (quadratic, Quilez)."""
    overlap = np.maximum(radius - np.abs(a - b), 0.0)
    smallest: Floats = np.minimum(a, b) - overlap * overlap / (4 * radius)
    return smallest


def unit_vectors(rng: np.random.Generator, count: int) -> Floats:
    """Return ``count`` random directions, (count, 3)."""
    drawn = rng.normal(size=(count, 3))
    vectors: Floats = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return vectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Waves:
    """A smooth random vector field: a sum of sine waves of random direction, phase and amplitude."""

    wave: Floats  # (count, 3), radians per mm
    phase: Floats  # (count,)
    amplitude: Floats  # (count, components)

    def __call__(self, points: Floats) -> Floats:
        """Return the field at ``points`` (3, n) as (components, n)."""
        total = np.zeros((self.amplitude.shape[1], points.shape[1]))
        for wave, phase, amplitude in zip(self.wave, self.phase, self.amplitude, strict=True):
            sine = np.sin(wave[0] * points[0] + wave[1] * points[1] + wave[2] * points[2] + phase)
            total += amplitude[:, None] * sine
        return total


def draw_waves(
    rng: np.random.Generator, *, wavelengths: tuple[float, float], size: float, count: int = 10, components: int = 3
) -> Waves:
    """Return a random field whose components have standard deviation ``size``, ``wavelengths`` in mm."""
    length = rng.uniform(*wavelengths, size=count)
    return Waves(
        wave=unit_vectors(rng, count) * (2 * np.pi / length)[:, None],
        phase=rng.uniform(0, 2 * np.pi, size=count),
        amplitude=rng.normal(size=(count, components)) * size * np.sqrt(2 / count),
    )


@lru_cache(maxsize=1)
def noise_volume() -> Floats:
    """Return the constant periodic volume of smooth noise, mean 0 and standard deviation 1."""
    white = np.random.default_rng(NOISE_SEED).normal(size=(NOISE_SIZE,) * 3)
    smooth = ndimage.gaussian_filter(white, sigma=1.2, mode="wrap")
    volume: Floats = (smooth - smooth.mean()) / smooth.std()
    return volume


@dataclass(frozen=True, slots=True, kw_only=True)
class Texture:
    """Smooth noise in space: the noise volume, stretched, turned and moved at random. Mean 0, deviation about 1."""

    to_voxel: Floats  # (3, 3), voxels per mm
    offset: Floats  # (3,), voxels

    def __call__(self, points: Floats) -> Floats:
        """Return the noise at ``points`` (3, n)."""
        at = [
            row[0] * points[0] + row[1] * points[1] + row[2] * points[2] + start
            for row, start in zip(self.to_voxel, self.offset, strict=True)
        ]
        total: Floats = ndimage.map_coordinates(noise_volume(), at, order=1, mode="grid-wrap", prefilter=False)
        return total


def draw_texture(rng: np.random.Generator, *, grain: float, stretch: float = 1.0) -> Texture:
    """Return noise with blobs of about ``grain`` mm, ``stretch`` times longer along one axis."""
    turned, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    scale = np.array([3.0 / grain, 3.0 / grain, 3.0 / (grain * stretch)])  # a blob spans about 3 voxels
    return Texture(to_voxel=turned * scale[:, None], offset=rng.uniform(0, NOISE_SIZE, size=3))
