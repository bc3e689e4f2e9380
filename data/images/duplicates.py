"""Copies of one image, changed or not: the pairs that tie cases together.

Exact copies share their content. Others (saved again, filtered, mirrored, turned, cropped) are proposed by hashes that
no turn, mirror or inversion changes, and confirmed on pixels: the two images are laid on each other, and the
correlation of their fine structure, which filters keep and similar heads do not share, says whether they are copies.
"""

import hashlib
import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.data.exceptions import ImageError
from neuroval.data.images.copy_comparison import ALIKE, SAME, SAME_HEAD, aligned, best_turns, kind_of, of_frames, placed
from neuroval.data.images.copy_proposals import hashes, propose
from neuroval.data.images.copy_views import FORMS, FRAME, SIDE, Floats, Grey, Look, Small, look_at
from neuroval.data.images.decoding import read_image
from neuroval.data.storage.atomic import file_written_whole
from neuroval.data.storage.home import home_folder
from neuroval.data.storage.progress import Bar
from neuroval.data.storage.scratch import scratch

VERSION = 2  # of the method: raised when the same images give other pairs
AT_ONCE = 4096  # candidates whose circles are compared at a time


def find_pairs(cases: pd.DataFrame, *, folder: Path, progress: bool = False) -> pd.DataFrame:
    """Return the pairs of copies among cases, exact and near, as the study's pairs table.

    ``score`` is the correlation of fine structure, 1 for exact copies. Images that cannot be read have no pair. The
    result is kept under ``NEUROVAL_HOME``, by the content of all cases, so it is computed once for a data set.
    """
    keys = cases.reindex(columns=["case_id", "image_path", "sha256", "patient_id"])
    content = pd.util.hash_pandas_object(keys, index=False).to_numpy()
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

    ``kind`` is as in ``copy_comparison.kind_of``, ``score`` the correlation of fine structure. Two images of one known
    patient must agree more (``SAME_HEAD``). While it runs, 54 KB an image lie in a temporary folder.
    """
    readable = cases.dropna(subset="image_path")
    with scratch("copies") as place, ThreadPoolExecutor(os.cpu_count()) as pool:
        looks = _Looks.empty(max(len(readable), 1), place)
        keep = partial(_keep, folder=folder, looks=looks)
        jobs = pool.map(keep, range(len(readable)), readable["image_path"])
        for _ in Bar(jobs, total=len(readable), desc="Looking for copies", unit="image", disable=not progress):
            pass
        pairs = _alike(propose(hashes(looks.harmonics)), looks.harmonics)
        patients = readable.reindex(columns=["patient_id"])["patient_id"].to_numpy()
        same_head = pd.notna(patients[pairs["a"]]) & (patients[pairs["a"]] == patients[pairs["b"]])
        pairs = pairs.assign(needed=np.where(same_head, SAME_HEAD, SAME))
        compare = partial(_compare, looks=looks)
        compared = pool.map(compare, pairs.itertuples(index=False))
        verdicts = list(Bar(compared, total=len(pairs), desc="Comparing", unit="pair", disable=not progress))
        del looks, keep, compare
    ids = readable["case_id"].to_numpy()
    rows = [
        (*sorted((ids[a], ids[b])), kind, score)
        for a, b, (kind, score) in zip(pairs["a"].tolist(), pairs["b"].tolist(), verdicts, strict=True)
        if kind
    ]
    table = pd.DataFrame(rows, columns=["case_a", "case_b", "kind", "score"])
    return table.sort_values(["case_a", "case_b"], ignore_index=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looks:
    """``Look`` of all images, in files: each array has the images as its first axis."""

    grey: Grey
    coarse: Small
    fine: Small
    harmonics: NDArray[np.float16]
    head: Floats

    @classmethod
    def empty(cls, count: int, folder: Path) -> "_Looks":
        like = look_at(np.zeros((SIDE, SIDE), dtype=np.uint8))
        arrays = {name: getattr(like, name) for name in (field.name for field in fields(cls))}
        return cls(**{name: _kept(folder / f"{name}.raw", count, array) for name, array in arrays.items()})

    def keep(self, position: int, look: Look) -> None:
        for field in fields(self):
            getattr(self, field.name)[position] = getattr(look, field.name)


def _kept(path: Path, count: int, like: NDArray[Any]) -> NDArray[Any]:
    """Return a new array in a file, of ``count`` such arrays. Its space is taken before it is mapped into memory.

    Raises ``OSError`` when there is too little: to write into a mapped file that a full disk cannot hold ends all.
    """
    shape = (count, *like.shape)
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, math.prod(shape) * like.itemsize)
    return np.memmap(path, mode="r+", dtype=like.dtype, shape=shape)


def _keep(position: int, path: str, *, folder: Path, looks: _Looks) -> None:
    """Keep how an image is compared; one that cannot be read looks like no other."""
    try:
        grey = np.asarray(cv2.cvtColor(read_image(folder / path).pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    except ImageError:
        grey = np.random.default_rng(position).integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
    looks.keep(position, look_at(grey))


def _alike(candidates: NDArray[np.int64], harmonics: NDArray[np.float16]) -> pd.DataFrame:
    """Return the candidates that agree after some turn: images ``a`` and ``b``, their forms, and how."""
    parts = []
    for start in range(0, len(candidates), AT_ONCE):
        a, b, form_a, form_b = candidates[start : start + AT_ONCE].T
        turns = best_turns(harmonics[a, form_a], harmonics[b, form_b])
        part = pd.DataFrame({"a": a, "b": b, "form_a": form_a, "form_b": form_b, "step": turns.steps})
        part = part.assign(mirrored=turns.mirrored, inverted=turns.agreement < 0, agreement=np.abs(turns.agreement))
        parts.append(part[part["agreement"] >= ALIKE])
    columns = ["a", "b", "form_a", "form_b", "step", "mirrored", "inverted", "agreement"]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    best = table.sort_values("agreement", ascending=False, kind="stable").drop_duplicates(["a", "b"])
    return best.sort_values(["a", "b"], ignore_index=True)


def _compare(pair: "_Candidate", *, looks: _Looks) -> tuple[str, float]:
    """Return the kind of a pair and the correlation; an empty kind when it is none."""
    a, b, forms = pair.a, pair.b, (pair.form_a, pair.form_b)
    view = FORMS[pair.form_a][0]
    score, warp = aligned(
        (looks.coarse[a, view], looks.coarse[b, view]),
        (looks.fine[a, view], looks.fine[b, view]),
        placed(forms, step=pair.step, mirrored=pair.mirrored),
        inverted=pair.inverted,
    )
    if score < pair.needed:
        return "", score
    between = of_frames(warp, view, (looks.head[a], looks.head[b]))
    grey, fine = (looks.grey[a], looks.grey[b]), (looks.fine[a, FRAME], looks.fine[b, FRAME])
    return kind_of(between, grey, fine, score=score, inverted=pair.inverted), score


class _Candidate(Protocol):
    """A line of the table of ``_alike``."""

    a: int
    b: int
    form_a: int
    form_b: int
    step: int
    mirrored: bool
    inverted: bool
    needed: float
