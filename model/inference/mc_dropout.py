"""Monte-Carlo dropout: how much the answer varies when parts of the head are left out at random.

Only the head is repeated, on the embedding; the backbone runs once. Source: Gal & Ghahramani, Dropout as a Bayesian
approximation, ICML 2016 (arXiv 1506.02142); the two numbers as in Houlsby et al., arXiv 1112.5745.
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr, softmax

from neuroval.data.exceptions import InputError
from neuroval.model.card import REFERENCE
from neuroval.model.likeness import components as reference

SEED = 20261123


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The dense layers after pooling: ``kernels`` ``(d_in, d_out)`` and ``biases`` ``(d_out,)``, first to last.

    ReLU stands between them; the share ``dropout`` of the inputs of the last one is left out in each pass.
    """

    kernels: tuple[NDArray[np.float32], ...]
    biases: tuple[NDArray[np.float32], ...]
    dropout: float


def write_head(folder: Path, head: Head) -> None:
    """Write the head into a model folder."""
    arrays = {f"kernel{i}": kernel for i, kernel in enumerate(head.kernels)}
    arrays |= {f"bias{i}": bias for i, bias in enumerate(head.biases)}
    reference.add(folder, {"dropout": np.array(head.dropout), **arrays})


def read_head(folder: Path) -> Head:
    """Return the head of a model folder. Raises ``InputError`` when it holds none, or none with dropout."""
    arrays = reference.read(folder)
    if "dropout" not in arrays:
        where = f"{folder}: no head in {REFERENCE}"
        raise InputError(f"{where}, so Monte-Carlo dropout is not possible; train the model again.")
    layers = range(max(1, sum(name.startswith("kernel") for name in arrays)))
    kernels = reference.numbers(folder, arrays, **{f"kernel{i}": 2 for i in layers})
    biases = reference.numbers(folder, arrays, **{f"bias{i}": 1 for i in layers})
    dropout = reference.numbers(folder, arrays, dropout=0)["dropout"]
    head = Head(kernels=tuple(kernels.values()), biases=tuple(biases.values()), dropout=float(dropout))
    widths = [kernel.shape for kernel in head.kernels]
    follow = all(before[1] == after[0] for before, after in pairwise(widths))
    if not follow or [width for _, width in widths] != [len(bias) for bias in head.biases]:
        raise InputError(f"{folder / REFERENCE}: the layers of the head, {widths}, do not fit one another.")
    if not 0 < head.dropout < 1:
        raise InputError(f"{folder}: trained with dropout {head.dropout:g}; Monte-Carlo dropout needs some.")
    return head


def uncertainty(
    head: Head, embedding: NDArray[np.floating], case_ids: list[str], *, passes: int, temperature: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the entropy of the mean probabilities and the mutual information of each case ``(n,)``, in nats.

    ``embedding`` is ``(n, d)``. Each case has its own seed, from its id: the result does not depend on the batch.
    """
    hidden = np.asarray(embedding, dtype=np.float64)
    for kernel, bias in zip(head.kernels[:-1], head.biases[:-1], strict=True):
        hidden = np.maximum((hidden[:, None] @ kernel)[:, 0] + bias, 0)  # row by row: rounded alike in any batch
    kernel, bias = head.kernels[-1].astype(np.float64), head.biases[-1].astype(np.float64)
    entropies, information = np.empty(len(hidden)), np.empty(len(hidden))
    for row, case_id in enumerate(case_ids):
        rng = np.random.default_rng([SEED, *case_id.encode()])
        kept = rng.random((passes, len(hidden[row]))) >= head.dropout
        logits = (kept * hidden[row]) @ kernel / (1 - head.dropout) + bias
        chances = softmax(logits / temperature, axis=1)
        entropies[row] = entr(chances.mean(axis=0)).sum()
        information[row] = max(0.0, entropies[row] - entr(chances).sum(axis=1).mean())
    return entropies, information
