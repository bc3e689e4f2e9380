"""Embeddings in the study folder: they come back as written, and a wrong table is named."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from neuroval.data.exceptions import ContractError
from neuroval.data.study.embeddings import Embeddings, from_arrow, to_arrow
from neuroval.data.study.folder import Study, read_study

CASES = pd.DataFrame({"case_id": ["a", "b", "c"]})


def embeddings(ids: list[str], vectors: list[list[float]]) -> Embeddings:
    return Embeddings(case_ids=pd.Index(ids), vectors=np.array(vectors, dtype=np.float16))


def test_embeddings_come_back_in_order_of_their_cases(write: Callable[..., Study]) -> None:
    study = read_study(write(embeddings=embeddings(["t1", "a1"], [[3.0, 4.0, 0.5], [1.0, 2.0, -65504.0]])).path)
    assert study.embeddings is not None
    assert study.embeddings.case_ids.tolist() == ["a1", "t1"]
    assert study.embeddings.vectors.tolist() == [[1.0, 2.0, -65504.0], [3.0, 4.0, 0.5]]
    assert study.embeddings.vectors.dtype == np.float16
    assert not study.embeddings.vectors.flags.writeable
    assert (study.embeddings.row("t1"), study.embeddings.row("b1")) == (1, None)


@pytest.mark.parametrize(
    ("ids", "vectors", "what"),
    [
        (["a", "x"], [[1.0], [2.0]], "row 1 is 'x'; expected a case_id of cases.parquet"),
        (["a", "a"], [[1.0], [2.0]], "row 1 is 'a'; expected each case once"),
        (["a", "b"], [[1.0], [np.inf]], "not finite"),
        (["a"], [[0.0] * 65], "65 components, expected 64 at most"),
    ],
)
def test_a_wrong_table_is_named(ids: list[str], vectors: list[list[float]], what: str) -> None:
    with pytest.raises(ContractError, match=f"embeddings.parquet.*{what}"):
        from_arrow(to_arrow(embeddings(ids, vectors)), CASES)


def test_a_table_without_vectors_is_named() -> None:
    with pytest.raises(ContractError, match=r"embeddings.parquet: column 'embedding' is missing"):
        from_arrow(pa.table({"case_id": ["a"]}), CASES)
