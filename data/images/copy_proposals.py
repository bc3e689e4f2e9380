"""Which images may be copies of each other: hashes that no turn, mirror or inversion changes, and near hashes.

The cost grows as n log n, so a million images can be searched.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuroval.data.images.copy_views import FORMS

BITS: Final = 128  # of a hash
NEAR_BITS: Final = 42  # of these: how far the hashes of a pair that is looked at may differ
FEW: Final = 64  # images: so few are all compared, their hashes say little
ORDERS, NEIGHBOURS = 32, 12  # each hash is compared with so many neighbours in so many sorted lists
MERGED: Final = 8  # lists after which what they propose is made one; a divisor of their number
OVERTONES: Final = 12  # harmonics of a ring that are hashed, from the first on
LEARNED_FROM: Final = 4096  # images, at most, from which is learned what all have in common
SEED: Final = 2
POOLS: Final = ((0, 1, 2, 3), (4,))  # forms that are compared: with the first of their pool only

Hashes = NDArray[np.uint64]


def hashes(harmonics: NDArray[np.float16]) -> Hashes:
    """Return the hashes (n, forms, 2) of images by their harmonics (n, forms, rings, harmonics, 2).

    Bits are signs of random projections, so the share of bits in which two hashes differ is the angle between what is
    hashed, over a half turn (Charikar 2002, "Similarity estimation techniques from rounding algorithms", section 3).
    What is hashed are the sizes of the harmonics, less what all images have in common, and with equal weight for all
    ways in which they differ: heads are much alike.
    """
    count, forms = harmonics.shape[:2]
    step = max(1, count // LEARNED_FROM)
    mean, whiten = _in_common(_sizes(harmonics[::step, 0]))
    project = whiten @ np.random.default_rng(SEED).standard_normal((len(mean), BITS))
    made = np.empty((count, forms, BITS // 64), dtype=np.uint64)
    for start in range(0, count, LEARNED_FROM):
        part = slice(start, start + LEARNED_FROM)
        for form in range(forms):
            bits = (_sizes(harmonics[part, form]) - mean) @ project > 0
            made[part, form] = np.packbits(bits, axis=1).view(">u8")
    return made


def _sizes(harmonics: NDArray[np.float16]) -> NDArray[np.float64]:
    """Return the sizes of the harmonics of one form, as rows of length 1; their roots, so that a few do not rule."""
    parts = harmonics[:, :, 1 : OVERTONES + 1].astype(np.float32)
    sizes = np.sqrt(np.hypot(parts[..., 0], parts[..., 1])).reshape(len(parts), -1).astype(np.float64)
    return np.asarray(sizes / np.maximum(np.linalg.norm(sizes, axis=1, keepdims=True), 1e-9), dtype=np.float64)


def _in_common(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean of rows and the matrix that gives all their directions one spread, however few rows there are."""
    mean = rows.mean(axis=0)
    spread, directions = np.linalg.eigh(np.cov(rows, rowvar=False, bias=True).reshape(len(mean), -1))
    weights = 1 / np.sqrt(np.maximum(spread, 0) + max(float(spread.mean()), 1e-12))
    return mean, (directions * weights) @ directions.T


def propose(made: Hashes) -> NDArray[np.int64]:
    """Return candidates (m, 4): two images and the form in which each is compared; the first image is the lower.

    The hashes are sorted in several random orders of their bits, and each is compared with its neighbours (Charikar
    2002, section 3; Manku et al., WWW 2007).
    """
    if len(made) <= FEW:
        return _all_pairs(len(made))
    return np.concatenate([_in_pool(made[:, forms], forms) for forms in POOLS])


def _all_pairs(images: int) -> NDArray[np.int64]:
    """Return all pairs of so many images, in all forms that are compared."""
    a, b = np.triu_indices(images, k=1)
    forms = [(f, g) for pool in POOLS for f in pool for g in pool if pool[0] in (f, g)]
    return np.concatenate([np.stack([a, b, np.full_like(a, f), np.full_like(a, g)], axis=1) for f, g in forms])


def _in_pool(made: Hashes, forms: tuple[int, ...]) -> NDArray[np.int64]:
    images, kinds = made.shape[:2]
    everything = made.transpose(1, 0, 2).reshape(kinds * images, -1)  # entry = place of the form * images + image
    bits = np.unpackbits(everything.astype(">u8").view(np.uint8).reshape(len(everything), -1), axis=1)
    rng = np.random.default_rng(SEED)
    parts: list[NDArray[np.int64]] = []
    for number in range(ORDERS):
        shuffled = np.packbits(np.ascontiguousarray(bits[:, rng.permutation(BITS)[:64]]), axis=1).view(">u8").ravel()
        order = np.argsort(shuffled, kind="stable")
        for step in range(1, NEIGHBOURS + 1):
            a, b = order[:-step], order[step:]
            wanted = (np.minimum(a, b) < images) & (a % images != b % images)
            a, b = a[wanted], b[wanted]
            near = np.bitwise_count(everything[a] ^ everything[b]).sum(axis=1) <= NEAR_BITS
            a, b = a[near], b[near]
            swapped = a % images > b % images
            low, high = np.where(swapped, b, a), np.where(swapped, a, b)
            parts.append(low * len(everything) + high)
        if number % MERGED == MERGED - 1:
            parts = [np.unique(np.concatenate(parts))]
    candidates = parts[0]
    low, high = candidates // max(len(everything), 1), candidates % max(len(everything), 1)
    places = np.asarray(forms, dtype=np.int64)
    return np.stack([low % images, high % images, places[low // images], places[high // images]], axis=1)


assert sorted(form for pool in POOLS for form in pool) == list(range(len(FORMS)))
