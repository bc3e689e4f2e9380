"""How the network sees each case: a short vector, for finding the cases that look alike to it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from neuroval.data import schema
from neuroval.data.exceptions import ContractError
from neuroval.data.study import contract

FILE = "embeddings.parquet"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embeddings:
    """The embedding of cases of all splits: ``vectors`` float16 ``(n, c)``, principal components fitted on train.

    Rows follow ``case_ids``; read from a study they are in order of case id, and read-only.
    """

    case_ids: pd.Index
    vectors: NDArray[np.float16]

    def row(self, case_id: str) -> int | None:
        """Return the row of a case; none when it has no embedding."""
        position = int(self.case_ids.get_indexer(pd.Index([case_id]))[0])
        return None if position < 0 else position


def to_arrow(embeddings: Embeddings) -> pa.Table:
    """Return the table ``embeddings.parquet``, in order of case id."""
    order = np.argsort(embeddings.case_ids.to_numpy())
    components = embeddings.vectors.shape[1]
    flat = np.ascontiguousarray(embeddings.vectors[order], dtype=np.float16).reshape(-1)
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(flat), components)
    ids = pa.array(embeddings.case_ids.to_numpy()[order], pa.string())
    return pa.table([ids, vectors], schema=schema.embeddings_schema(components))


def from_arrow(table: pa.Table, cases: pd.DataFrame) -> Embeddings:
    """Return the embeddings of a study's table.

    Raises ``ContractError`` when a case is unknown or named twice, or a value is not finite.
    """
    kind = table.schema.field("embedding").type if "embedding" in table.column_names else None
    components = kind.list_size if isinstance(kind, pa.FixedSizeListType) else 1
    if components > schema.COMPONENTS:
        raise ContractError(f"{FILE}: {components} components, expected {schema.COMPONENTS} at most.")
    fitted = contract.conform(table, schema.embeddings_schema(components), file=FILE)
    ids = fitted.select(["case_id"]).to_pandas()
    contract.check_unique(ids, file=FILE)
    contract.check_known(ids, "case_id", cases["case_id"], file=FILE)
    flat = fitted.column("embedding").combine_chunks().flatten().to_numpy(zero_copy_only=False)
    vectors: NDArray[np.float16] = flat.reshape(len(ids), components)
    if not np.isfinite(vectors).all():
        raise ContractError(f"{FILE}: an embedding holds a value that is not finite.")
    vectors.flags.writeable = False
    return Embeddings(case_ids=pd.Index(ids["case_id"]), vectors=vectors)
