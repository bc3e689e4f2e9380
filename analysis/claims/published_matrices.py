"""The confusion matrices that a source prints, in the order of the study they are set beside."""

from dataclasses import dataclass
from itertools import chain

import numpy as np

from neuroval.analysis.claims.audit import AuditedClaim
from neuroval.analysis.claims.statements import matrix_counts
from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.data.claims.kinds import Errors, Matrix
from neuroval.data.classes import ClassOrder
from neuroval.data.study.folder import Study


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedMatrix:
    """A printed confusion matrix in the order of the study's ``classes`` where these are the same, else in its own.

    ``cell`` is the one cell that the claim in question counts, none where it counts several or none.
    """

    id: str
    matrix: ConfusionMatrix
    classes: ClassOrder
    cell: tuple[str, str] | None


def matrices_of(study: Study, audited: AuditedClaim) -> tuple[PublishedMatrix, ...]:
    """Return the published confusion matrices that a claim concerns: itself, or one that contradicts it."""
    if study.claims is None:
        return ()
    printed = study.claims.source.classes
    classes = study.classes if set(printed) == set(study.classes.names) else ClassOrder(names=printed)
    order = [printed.index(name) for name in classes.names]
    cells = audited.claim.cells if isinstance(audited.claim, Errors) else frozenset()
    concerned = {audited.claim.id, *chain.from_iterable(audited.against)}
    return tuple(
        PublishedMatrix(
            id=claim.id,
            matrix=ConfusionMatrix(classes=classes.names, counts=np.array(matrix_counts(claim))[np.ix_(order, order)]),
            classes=classes,
            cell=next(iter(cells)) if len(cells) == 1 else None,
        )
        for claim in study.claims.claims
        if isinstance(claim, Matrix) and claim.id in concerned
    )
