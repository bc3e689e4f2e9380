"""The cases that look most like another one, or like an uploaded scan, to the network."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.explanations.nearest_cases import SearchSpace, nearest, search_space
from neuroval.data.lazy import once
from neuroval.data.study.embeddings import Embeddings
from neuroval.data.study.folder import Study

TRAIN: Final = "train"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookalike:
    """A case, and its distance as a share of the typical one: 0 the same image, 1 an ordinary one."""

    case_id: str
    distance: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Lookalikes:
    """The embeddings of a study, made ready for searches when the first is asked for."""

    embeddings: Embeddings
    study: Study
    judged: pd.Series

    def nearest_to(self, case_id: str, *, number: int) -> tuple[Lookalike, ...] | None:
        """Return the training cases most like a case, itself left out; none when it has no embedding."""
        row = self.embeddings.row(case_id)
        if row is None:
            return None
        return self._found(self._space, self.embeddings.vectors[row], number=number, leave_out=row)

    def near(self, vector: NDArray[np.floating], *, number: int) -> tuple[Lookalike, ...] | None:
        """Return the evaluated cases most like the embedding (c,) of another scan; none where it has other components.

        They are of the split that is judged: what the network says of them was never fitted.
        """
        if vector.shape != self.embeddings.vectors.shape[1:]:
            return None
        return self._found(self._evaluated, vector, number=number)

    def _found(
        self, space: SearchSpace, vector: NDArray[np.floating], *, number: int, leave_out: int | None = None
    ) -> tuple[Lookalike, ...]:
        neighbours = nearest(space, vector, k=number, leave_out=leave_out)
        pairs = zip(self.embeddings.case_ids[neighbours.rows], neighbours.relative, strict=True)
        return tuple(Lookalike(case_id=str(name), distance=distance) for name, distance in pairs)

    @once
    def _evaluated(self) -> SearchSpace:
        among = self.embeddings.case_ids.isin(self.judged).astype(np.bool_)
        return search_space(self.embeddings.vectors, among=among)

    @once
    def _space(self) -> SearchSpace:
        cases = self.study.cases
        train = cases.loc[cases["split"] == TRAIN, "case_id"]
        among = self.embeddings.case_ids.isin(train).astype(np.bool_)
        return search_space(self.embeddings.vectors, among=among)


def lookalikes(study: Study, *, judged: pd.Series) -> Lookalikes | None:
    """Return what finds similar cases, ``judged`` being the ids of the evaluated ones; none without embeddings."""
    embeddings = study.embeddings
    return None if embeddings is None else Lookalikes(embeddings=embeddings, study=study, judged=judged)
