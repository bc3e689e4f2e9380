"""Copies of one image, changed or not: the pairs that tie cases together.

Exact copies share their content. Near-duplicates (saved again, changed in contrast or sharpness, mirrored, slightly
cropped) are proposed by a perceptual hash and confirmed on pixels: two images are compared by the correlation of
their fine structure, which brightness and contrast do not change and neighbouring slices of one head do not share.
"""

import errno
import hashlib
import math
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.data.exceptions import ImageError
from neuroval.data.images.decoding import perceptual_hash, read_image
from neuroval.data.storage.atomic import file_written_whole
from neuroval.data.storage.home import home_folder
from neuroval.data.storage.progress import Bar
from neuroval.data.storage.scratch import scratch

VERSION = 1  # of the method: raised when the same images give other pairs
SIDE = 96  # pixels of the square on which two images are compared
NEAR_BITS = 12  # of 64: how far the hashes of a pair that is looked at may differ
ORDERS, NEIGHBOURS = 24, 12  # each image is compared with so many neighbours in so many sorted lists
SAME = 0.95  # correlation of fine structure from which two images are copies
ALIGNABLE = 0.4  # from here on a small shift or crop is tried before saying no
PROMISING = 0.85  # correlation from which an alignment at full size is worth its time
FINE = 4.0  # pixels: what a Gaussian of this width leaves over is fine structure
SHRINK = 0.08  # how far the alignment may stretch or shift, as a share of the side

Grey = NDArray[np.uint8]


def find_pairs(cases: pd.DataFrame, *, folder: Path, progress: bool = False) -> pd.DataFrame:
    """Return the pairs of copies among cases, exact and near, as the study's pairs table.

    ``score`` is the correlation of fine structure, 1 for exact copies. Images that cannot be read have no pair. The
    result is kept under ``NEUROVAL_HOME``, by the content of all cases, so it is computed once for a data set.
    """
    content = pd.util.hash_pandas_object(cases[["case_id", "image_path", "sha256"]], index=False).to_numpy()
    key = hashlib.sha256(np.sort(content).tobytes() + bytes([VERSION])).hexdigest()[:16]
    file = home_folder() / "cache" / f"pairs-{key}.parquet"
    if file.is_file():
        return pd.read_parquet(file)
    exact = exact_copies(cases)
    single = cases[~cases["case_id"].isin(exact["case_b"])].sort_values("case_id", ignore_index=True)
    pairs = pd.concat([exact, near_duplicates(single, folder=folder, progress=progress)], ignore_index=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file_written_whole(file) as part:
        pairs.to_parquet(part, index=False)
    return pairs


def exact_copies(cases: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of cases with identical file content, as the study's pairs table.

    Each further copy is paired with the first case (by ``case_id``) of the same ``sha256``, so a content that
    appears m times gives m - 1 pairs, and the table grows with the data, not with its square.
    """
    known = cases.dropna(subset="sha256").sort_values("case_id")
    first = known.groupby("sha256")["case_id"].transform("first")
    copies = known["case_id"] != first
    return pd.DataFrame(
        {
            "case_a": first[copies].to_numpy(),
            "case_b": known.loc[copies, "case_id"].to_numpy(),
            "kind": "exact",
            "score": 1.0,
        }
    ).sort_values(["case_a", "case_b"], ignore_index=True)


def near_duplicates(cases: pd.DataFrame, *, folder: Path, progress: bool = False) -> pd.DataFrame:
    """Return the pairs of cases that show one image, none of them an exact copy of another.

    ``kind`` is ``reencoded`` when the whole frames agree, ``mirrored`` when they do after exchanging left and right,
    ``cropped`` when the heads agree after a small shift and stretch, mirrored or not.
    """
    readable = cases.dropna(subset="image_path")
    shape = (max(len(readable), 1), 2, SIDE, SIDE)
    with (
        scratch("copies") as place,
        (place / "views").open("w+b", buffering=0) as file,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        file.truncate(math.prod(shape))
        look = partial(_look, folder=folder, file=file.fileno())
        jobs = pool.map(look, range(len(readable)), readable["image_path"])
        bar = Bar(jobs, total=len(readable), desc="Looking for copies", unit="image", disable=not progress)
        hashes = np.array(list(bar), dtype=np.uint64).reshape(-1, 2)
        views = np.memmap(file, mode="r", dtype=np.uint8, shape=shape)
        pairs = propose(hashes[:, 0], hashes[:, 1])
        compare = partial(_compare, views=views)
        verdicts = Bar(pool.map(compare, pairs), total=len(pairs), desc="Comparing", unit="pair", disable=not progress)
        confirmed = [(a, b, kind, score) for (a, b, _), (kind, score) in zip(pairs, verdicts, strict=True) if kind]
        del views
    ids = readable["case_id"].to_numpy()
    rows = [(*sorted((ids[a], ids[b])), kind, score) for a, b, kind, score in confirmed]
    table = pd.DataFrame(rows, columns=["case_a", "case_b", "kind", "score"])
    best = table.sort_values("score", ascending=False, kind="stable").drop_duplicates(["case_a", "case_b"])
    return best.sort_values(["case_a", "case_b"], ignore_index=True)


def propose(hashes: NDArray[np.uint64], mirrored: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return candidate pairs ``(m, 3)``: two positions and 1 when the second is compared mirrored, else 0.

    ``mirrored`` holds the hashes of the same images with left and right exchanged. The hashes are sorted in several
    random orders of their bits and each is compared with its neighbours: the cost grows as n log n (Charikar 2002,
    "Similarity estimation techniques from rounding algorithms", section 3; Manku et al. 2007).
    """
    n = len(hashes)
    everything = np.concatenate([hashes, mirrored])
    bits = np.unpackbits(everything.astype(">u8").view(np.uint8).reshape(-1, 8), axis=1)
    rng = np.random.default_rng(VERSION)
    proposed: NDArray[np.int64] = np.empty(0, dtype=np.int64)
    for _ in range(ORDERS):
        order = np.argsort(
            np.packbits(np.ascontiguousarray(bits[:, rng.permutation(64)]), axis=1).view(">u8").ravel(), kind="stable"
        )
        parts = [proposed]
        for step in range(1, NEIGHBOURS + 1):
            a, b = order[:-step], order[step:]
            near = np.bitwise_count(everything[a] ^ everything[b]) <= NEAR_BITS
            a, b = a[near], b[near]
            flip = (a >= n) != (b >= n)
            wanted = (flip | (a < n)) & (a % n != b % n)
            low, high = np.minimum(a % n, b % n), np.maximum(a % n, b % n)
            parts.append(((low * n + high) * 2 + flip)[wanted])
        proposed = np.unique(np.concatenate(parts))
    return np.stack([proposed // 2 // n, proposed // 2 % n, proposed % 2], axis=1)


def _look(position: int, path: str, *, folder: Path, file: int) -> tuple[int, int]:
    """Keep an image's whole frame and its head in small, and return the hashes of the head, as it is and mirrored."""
    try:
        grey = np.asarray(cv2.cvtColor(read_image(folder / path).pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    except ImageError:
        grey = np.random.default_rng(position).integers(0, 256, (SIDE, SIDE), dtype=np.uint8)  # like no other
    head = _head(grey)
    views = np.stack([cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for image in (grey, head)])
    if os.pwrite(file, views.tobytes(), position * views.nbytes) < views.nbytes:  # by memory it would end the process
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    as_it_is, mirrored = (int(perceptual_hash(np.ascontiguousarray(i)), 16) for i in (head, head[:, ::-1]))
    return as_it_is, mirrored


def _head(grey: Grey) -> Grey:
    """Return the image without its dark margins, which crops and paddings change first."""
    ground, top = (float(np.percentile(grey, share)) for share in (2, 99))
    bright = cv2.medianBlur(np.ascontiguousarray(grey), 5) > ground + max(12.0, 0.15 * (top - ground))
    rows, columns = (np.flatnonzero(bright.mean(axis=axis) > 0.02) for axis in (1, 0))
    if len(rows) < 20 or len(columns) < 20:
        return grey
    return grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _compare(pair: NDArray[np.int64], *, views: NDArray[np.uint8]) -> tuple[str, float]:
    """Return the kind of a pair and the correlation; an empty kind when it is none."""
    a, b, flip = pair
    first, second = views[a], views[b][:, :, ::-1] if flip else views[b]
    both = list(zip(first, second, strict=True))  # the whole frames, the heads
    before = [_correlation(x, y) for x, y in both]
    whole, heads = before
    if max(whole, heads) < ALIGNABLE:
        return "", 0.0
    if whole >= SAME:
        return ("mirrored" if flip else "reencoded"), whole
    if heads < SAME:
        heads = max(heads, *(_aligned(x, y, before=score) for (x, y), score in zip(both, before, strict=True)))
    return ("cropped", heads) if heads >= SAME else ("", heads)


def _correlation(a: Grey, b: Grey, *, mask: NDArray[np.bool_] | None = None, fine: float = FINE) -> float:
    x, y = (_fine(image, fine)[mask] if mask is not None else _fine(image, fine).ravel() for image in (a, b))
    x, y = x - x.mean(), y - y.mean()
    size = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float(x @ y) / size if size > 0 else 0.0


def _fine(image: Grey, width: float) -> NDArray[np.float32]:
    floats = np.ascontiguousarray(image, dtype=np.float32)
    return np.asarray(floats - cv2.GaussianBlur(floats, (0, 0), width), dtype=np.float32)


def _aligned(a: Grey, b: Grey, *, before: float) -> float:
    """Return the correlation after the best small stretch and shift of ``b``.

    A pair that is not promising ``before`` is aligned at half the size first, and whole only if it is then.
    """
    if before >= PROMISING:
        return _aligned_at(a, b, fine=FINE)
    half = SIDE // 2
    small = [cv2.resize(np.ascontiguousarray(image), (half, half), interpolation=cv2.INTER_AREA) for image in (a, b)]
    rough = _aligned_at(*(np.asarray(image, dtype=np.uint8) for image in small), fine=FINE / 2)
    return rough if rough < PROMISING else _aligned_at(a, b, fine=FINE)


def _aligned_at(a: Grey, b: Grey, *, fine: float) -> float:
    """Align by the enhanced correlation coefficient (Evangelidis and Psarakis, IEEE PAMI 2008;30:1858-1865)."""
    side = len(a)
    start = np.eye(2, 3, dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-4)
    first, second = (np.ascontiguousarray(image) for image in (a, b))
    try:
        _, matrix = cv2.findTransformECC(first, second, start, cv2.MOTION_AFFINE, stop)
    except cv2.error:  # raised where the iteration does not converge
        return 0.0
    warp = np.asarray(matrix, dtype=np.float32)
    change = warp - np.eye(2, 3, dtype=np.float32)
    if np.abs(change[:, :2]).max() > 2 * SHRINK or np.abs(change[:, 2]).max() > 2 * SHRINK * side:
        return 0.0
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(second, warp, (side, side), flags=flags)
    inside = cv2.warpAffine(np.ones((side, side), np.uint8), warp, (side, side), flags=flags) > 0
    return _correlation(first, np.asarray(moved, dtype=np.uint8), mask=inside, fine=fine)
