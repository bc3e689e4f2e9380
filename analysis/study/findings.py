"""What a reviewer must know before believing any number: the findings of all checks, critical first."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroval.analysis.claims.audit import AuditedClaim, contradicted, not_reproduced
from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.analysis.core.finding import RANK, Finding
from neuroval.analysis.core.probabilities import deviating_sums, ties
from neuroval.analysis.data_audit.against_chance import WorseThanChance, finding_below_chance
from neuroval.analysis.data_audit.baselines import Baselines, shortcut_baseline
from neuroval.analysis.data_audit.composition import Dataset, rejected_files
from neuroval.analysis.data_audit.conflicting_labels import find_label_conflicts
from neuroval.analysis.data_audit.confounders import Confounding, given_away
from neuroval.analysis.data_audit.id_forms import IdForms, digits_lost, forms_differ
from neuroval.analysis.data_audit.training_overlap import Leakage, shared_groups, unchecked
from neuroval.analysis.performance.empty_classes import classes_without_cases, few_cases, never_predicted
from neuroval.analysis.performance.few_groups import few_groups
from neuroval.analysis.performance.no_result import NoResult, finding_no_result
from neuroval.analysis.performance.subgroup_scan import Scan, subgroup_below, subgroup_worse
from neuroval.analysis.study.readings import read_for_several
from neuroval.data.classes import ClassOrder


def find(
    *,
    classes: ClassOrder,
    dataset: Dataset,
    leakage: Leakage,
    matrix: ConfusionMatrix,
    probabilities: NDArray[np.floating[Any]],
    case_ids: Sequence[str] | NDArray[Any],
    reference: NDArray[np.integer[Any]] | None = None,
    groups: NDArray[np.int64] | None = None,
    confounding: Sequence[Confounding] = (),
    claims: Sequence[AuditedClaim] = (),
    claimed_by: str = "",
    read_for: Sequence[str] = (),
    ids: IdForms | None = None,
    chance: WorseThanChance | None = None,
    tried: Sequence[Finding] = (),
    without_looking: Baselines | None = None,
    basis: str | None = None,
    scanned: Scan | None = None,
    no_result: NoResult | None = None,
) -> tuple[Finding, ...]:
    """Return the findings about the judged cases, critical first, else in the order of the checks below.

    ``leakage`` names the split that is compared with training, ``basis`` the judged cases where they are others;
    ``matrix``, ``probabilities`` (n, k), ``case_ids``, ``reference`` and ``groups`` (n,) are of the judged cases;
    ``claimed_by`` is the source of the claims, ``read_for`` names the network of each reading of the test split,
    ``ids`` says how patient ids are written and ``chance`` whether the predictions are worse than guessing; ``tried``
    are the findings of a trial, ``without_looking`` is what numbers of the file alone answer, ``scanned`` are the
    subgroups that are worse, ``no_result`` are the cases without a result.
    """
    judged = basis or leakage.split
    findings = (
        *tried,
        shared_groups(leakage),
        finding_no_result(no_result),
        None if scanned is None else subgroup_worse(scanned),
        None if scanned is None else subgroup_below(scanned),
        forms_differ(ids, split=leakage.split),
        digits_lost(ids),
        finding_below_chance(chance, classes=classes, split=judged),
        unchecked(leakage),
        *(given_away(factor) for factor in confounding),
        shortcut_baseline(without_looking),
        find_label_conflicts(dataset.label_conflicts, n=dataset.n),
        few_cases(matrix, split=judged),
        classes_without_cases(matrix, classes=classes, split=judged),
        None if reference is None or groups is None else few_groups(reference, groups, classes=classes, split=judged),
        never_predicted(matrix, classes=classes),
        ties(probabilities, case_ids=case_ids),
        deviating_sums(probabilities, case_ids=case_ids),
        rejected_files(dataset),
        contradicted(claims, source=claimed_by),
        not_reproduced(claims, source=claimed_by),
        read_for_several(read_for),
    )
    return tuple(sorted((finding for finding in findings if finding), key=lambda finding: RANK[finding.severity]))
