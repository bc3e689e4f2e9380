"""The training cases that look most like a case to the network."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from analysis.similar import SearchSpace, nearest, search_space
from data.embeddings import Embeddings
from data.study import Study

TRAIN: Final = "train"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookalike:
    """A training case, and its distance as a share of the typical one: 0 the same image, 1 an ordinary one."""

    case_id: str
    distance: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Lookalikes:
    """The embeddings of a study, made ready for searches when the first is asked for."""

    embeddings: Embeddings
    study: Study

    def of(self, case_id: str, *, number: int) -> tuple[Lookalike, ...] | None:
        """Return the training cases most like a case, itself left out; none when it has no embedding."""
        row = self.embeddings.row(case_id)
        if row is None:
            return None
        found = nearest(self._space, self.embeddings.vectors[row], k=number, leave_out=row)
        ids = self.embeddings.case_ids[found.rows]
        pairs = zip(ids, found.relative, strict=True)
        return tuple(Lookalike(case_id=str(name), distance=distance) for name, distance in pairs)

    @cached_property
    def _space(self) -> SearchSpace:
        cases = self.study.cases
        train = cases.loc[cases["split"] == TRAIN, "case_id"]
        among = self.embeddings.case_ids.isin(train).astype(np.bool_)
        return search_space(self.embeddings.vectors, among=among)


def lookalikes(study: Study) -> Lookalikes | None:
    """Return what finds similar training cases; none for a study without embeddings."""
    return None if study.embeddings is None else Lookalikes(embeddings=study.embeddings, study=study)
