"""The embeddings of an evaluation: of every case of the data set, streamed through the journal."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.data.storage.progress import Bar
from neuroval.data.study.embeddings import Embeddings
from neuroval.model.evaluation import journal
from neuroval.model.evaluation.journal import Part
from neuroval.model.inference.engine import Engine
from neuroval.model.inference.over_files import predict
from neuroval.model.likeness.components import FITTED, Components, fit

EMBEDDING: Final = "embedding"


def embed(
    engine: Engine,
    cases: pd.DataFrame,
    folder: Path,
    components: Components | None,
    *,
    threads: int | None = None,
    bar: Bar | None = None,
) -> dict[str, NDArray[Any]]:
    """Return the arrays of one journal part of cases that are embedded and not evaluated."""
    predictions, reasons = predict(engine, cases["image_path"], folder, threads=threads, bar=bar)
    return {EMBEDDING: kept_form(predictions.embedding, components), "reason": reasons}


def kept_form(embedding: NDArray[np.floating], components: Components | None) -> NDArray[np.float16]:
    """Return embeddings ``(n, d)`` as the journal keeps them: their components, or whole while none are known."""
    return embedding.astype(np.float16) if components is None else components.project(embedding)


def embeddings_of(parts: Sequence[Part], components: Components | None) -> Embeddings | None:
    """Return the embeddings in a journal, images that could not be read left out.

    ``components`` are those of the model; where it has none, they are fitted on the training cases in the journal,
    10,000 at most. None with fewer than 2 of these.
    """
    fitted = _fitted(parts) if components is None else None
    if components is None and fitted is None:
        return None
    ids, vectors = [], []
    for cases, embedding, readable in journal.rows(parts, EMBEDDING):
        ids.append(cases["case_id"].to_numpy()[readable])
        vectors.append(embedding[readable] if fitted is None else fitted.project(embedding[readable]))
    return Embeddings(case_ids=pd.Index(np.concatenate(ids)), vectors=np.concatenate(vectors))


def _fitted(parts: Sequence[Part]) -> Components | None:
    rows: list[NDArray[Any]] = []
    for cases, embedding, readable in journal.rows(parts, EMBEDDING):
        rows.append(embedding[readable & (cases["split"] == "train").to_numpy()])
        if sum(map(len, rows)) >= FITTED:
            break
    train = np.concatenate(rows)[:FITTED]
    return fit(train) if len(train) > 1 else None
