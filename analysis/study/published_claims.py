"""What is published about a classifier, set beside what our study gets."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from neuroval.analysis.claims.against_study import our_numbers
from neuroval.analysis.claims.audit import AuditedClaim, audit_claims
from neuroval.analysis.claims.statements import matrix_counts
from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.performance.class_auc import ClassAucs
from neuroval.analysis.performance.per_class import ANY_TUMOUR
from neuroval.data.claims.kinds import OVERALL, Claims, Errors, Matrix
from neuroval.data.classes import ClassOrder
from neuroval.data.study.folder import Study

if TYPE_CHECKING:
    from neuroval.analysis.study.results import Results


def audited(claims: Claims, source: "Results") -> tuple[AuditedClaim, ...]:
    """Return each claim with its verdict, by the record's own numbers and by the results of a study."""
    ours = our_numbers(
        source.performance,
        dataset=source.study.manifest.data.name,
        split=source.found.split,
        types=source.types,
        errors=source.errors,
        folds=source.grouped.numbers,
        grouped=True,
        other_folds=source.ungrouped.numbers,
        scores=_scores(source.aucs, source.study.classes.names),
    )
    return audit_claims(claims, ours=ours)


def _scores(aucs: ClassAucs, classes: tuple[str, ...]) -> Mapping[str, Estimate]:
    """Return the AUCs by the names that claims give them."""
    found = {f"{OVERALL}.auc_macro_ovr": aucs.macro_ovr, f"{OVERALL}.hand_till": aucs.hand_till}
    found |= {f"{name}.auc": auc for name, auc in zip(classes, aucs.classes, strict=True)}
    if aucs.any_tumour is not None:
        found[f"{ANY_TUMOUR}.auc"] = aucs.any_tumour
    return {name: measure.headline for name, measure in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedMatrix:
    """A printed confusion matrix in the order of the study's ``classes`` where these are the same, else in its own.

    ``cell`` is the one cell that the claim in question counts, none where it counts several or none.
    """

    id: str
    matrix: ConfusionMatrix
    classes: ClassOrder
    cell: tuple[str, str] | None


def matrices_of(study: Study, one: AuditedClaim) -> tuple[PublishedMatrix, ...]:
    """Return the published confusion matrices that a claim concerns: itself, or one that contradicts it."""
    if study.claims is None:
        return ()
    printed = study.claims.source.classes
    classes = study.classes if set(printed) == set(study.classes.names) else ClassOrder(names=printed)
    order = [printed.index(name) for name in classes.names]
    cells = one.claim.cells if isinstance(one.claim, Errors) else frozenset()
    concerned = {one.claim.id, *chain.from_iterable(one.against)}
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
