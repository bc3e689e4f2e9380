"""What a reviewer must know before believing any number, in plain sentences with their counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from neuroval.analysis.claims.audit import AuditedClaim
from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.analysis.data_audit.composition import Dataset
from neuroval.analysis.data_audit.confounders import Confounding
from neuroval.analysis.data_audit.training_overlap import Leakage
from neuroval.data.classes import ClassOrder
from neuroval.data.schema import PROBABILITY_SUM_NOTE

Severity = Literal["critical", "warning", "note"]

SHARED_GROUPS: Final = "shared_groups"
LISTED: Final = 3  # levels of a factor named in a sentence
MOST: Final = 0.5  # a factor that gives away so much of the answer is a critical finding
_RANK: Final[dict[Severity, int]] = {"critical": 0, "warning": 1, "note": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that limits what the numbers mean: ``count`` of ``n`` things, and the page that shows them."""

    severity: Severity
    code: str
    count: int
    n: int | None
    text: str
    page: str | None


def find(
    *,
    classes: ClassOrder,
    dataset: Dataset,
    leakage: Leakage,
    matrix: ConfusionMatrix,
    probabilities: NDArray[np.floating[Any]],
    confounding: Sequence[Confounding] = (),
    claims: Sequence[AuditedClaim] = (),
    claimed_by: str = "",
    read_for: Sequence[str] = (),
) -> tuple[Finding, ...]:
    """Return the findings about one evaluated split, critical first.

    ``leakage`` names the split; ``matrix`` and ``probabilities`` (n, k) are of its evaluated cases. Found are:
    groups on both sides of the split, cases for which that cannot be checked, a factor that answers "any tumour?"
    (critical from half of the cases or of the wrong guesses on), exact copies with different labels, no case or only
    one, a class without cases, a class never predicted, a largest probability that several classes share,
    probabilities that do not sum to 1 within 1e-6, files that
    were rejected, published claims that contradict each other, those that the study does not reproduce, and a test
    split that was read for several networks; ``read_for`` names the network of each reading, ``claimed_by`` the source
    of the claims.
    """
    found = (
        _shared_groups(leakage),
        _leakage_unchecked(leakage),
        *(_confounding(factor) for factor in confounding),
        _label_conflicts(dataset),
        _few_cases(matrix, split=leakage.split),
        _empty_classes(matrix, classes=classes, split=leakage.split),
        _never_predicted(matrix, classes=classes),
        _ties(probabilities),
        _probability_sums(probabilities),
        _rejected(dataset),
        _contradicted(claims, source=claimed_by),
        _not_reproduced(claims, source=claimed_by),
        _test_selected(read_for),
    )
    return tuple(sorted((finding for finding in found if finding), key=lambda finding: _RANK[finding.severity]))


def _shared_groups(leakage: Leakage) -> Finding | None:
    shared = leakage.overall.group
    if not shared.count:
        return None
    verb = "shares" if shared.count == 1 else "share"
    least, share = ("At least ", "") if shared.value is None else ("", f" ({shared.value:.1%})")
    text = (
        f"{least}{shared.count:,} of {_counted(leakage.overall.n, f'{leakage.split} case')}{share} {verb} "
        "a patient or a copy of the image with the training data."
    )
    return Finding(
        severity="critical",
        code=SHARED_GROUPS,
        count=shared.count,
        n=leakage.overall.n,
        text=text,
        page="data_set",
    )


def _leakage_unchecked(leakage: Leakage) -> Finding | None:
    n, compared = leakage.overall.n, leakage.overall.compared.count or 0
    if compared == n:
        return None
    if leakage.reason is not None:
        text = f"Leakage could not be checked: {leakage.reason}."
    else:
        text = (
            f"Leakage could not be checked for {n - compared:,} of {_counted(n, f'{leakage.split} case')}: nothing is "
            "known by which they could be compared with the training data."
        )
    return Finding(severity="warning", code="leakage_unchecked", count=n - compared, n=n, text=text, page="data_set")


def _confounding(factor: Confounding) -> Finding | None:
    given_away, share, n = factor.share.count or 0, factor.share.value or 0.0, factor.share.n or 0
    critical = share >= MOST or factor.explained >= MOST
    if not critical and not given_away:
        return None
    name = {"size": "image size"}.get(factor.factor, factor.factor.replace("_", " "))
    if share >= MOST or not critical:
        pure = [level for level in factor.levels if level.pure]
        named = ", ".join(f"{level.name} {level.tumour:,} and {level.no_tumour:,}" for level in pure[:LISTED])
        more = f" and {len(pure) - LISTED:,} more" if len(pure) > LISTED else ""
        text = (
            f"The {name} alone answers 'any tumour?' for {given_away:,} of {_counted(n, 'image')} ({share:.1%}); "
            f"with and without a tumour: {named}{more}."
        )
    else:
        given_away = round(factor.accuracy * n)
        text = (
            f"Guessing by the {name} alone answers 'any tumour?' rightly for {given_away:,} of "
            f"{_counted(n, 'image')} ({factor.accuracy:.1%}); always the same guess does for {factor.base_rate:.1%}."
        )
    return Finding(
        severity="critical" if critical else "warning",
        code="confounding",
        count=given_away,
        n=n,
        text=text,
        page="data_set",
    )


def _label_conflicts(dataset: Dataset) -> Finding | None:
    count = len(dataset.label_conflicts)
    if count == 0:
        return None
    cases = sum(len(conflict.case_ids) for conflict in dataset.label_conflicts)
    text = (
        f"{_counted(count, 'image')} {'appears' if count == 1 else 'appear'} more than once with different labels "
        f"({cases:,} cases): at least one label of each is wrong."
    )
    return Finding(severity="critical", code="label_conflicts", count=count, n=dataset.n, text=text, page="data_set")


def _few_cases(matrix: ConfusionMatrix, *, split: str) -> Finding | None:
    if matrix.n > 1:
        return None
    if matrix.n == 1:
        code, text = "one_case", f"Only one {split} case has a prediction: no rate can be judged from it."
    else:
        code, text = "no_cases", f"No {split} case has a prediction: nothing can be estimated."
    return Finding(severity="critical", code=code, count=matrix.n, n=None, text=text, page="data_set")


def _empty_classes(matrix: ConfusionMatrix, *, classes: ClassOrder, split: str) -> Finding | None:
    empty = _without(matrix.support, classes=classes)
    if not empty or matrix.n == 0:
        return None
    text = f"No {split} case of {_listed(empty)}: sensitivity cannot be estimated there."
    return _about_classes("empty_class", empty, text=text, classes=classes)


def _never_predicted(matrix: ConfusionMatrix, *, classes: ClassOrder) -> Finding | None:
    unseen = _without(matrix.predicted, classes=classes)
    if not unseen or matrix.n < 2:
        return None
    text = f"The model never predicts {_listed(unseen)} in {matrix.n:,} cases."
    return _about_classes("never_predicted", unseen, text=text, classes=classes)


def _ties(probabilities: NDArray[np.floating[Any]]) -> Finding | None:
    if not probabilities.size:
        return None
    count = int(((probabilities == probabilities.max(axis=1, keepdims=True)).sum(axis=1) > 1).sum())
    if count == 0:
        return None
    verb = "has" if count == 1 else "have"
    text = (
        f"{count:,} of {_counted(len(probabilities), 'case')} {verb} several classes of the same largest probability; "
        "the first of them in the order of the study is taken as the call."
    )
    return Finding(severity="warning", code="ties", count=count, n=len(probabilities), text=text, page="confidence")


def _probability_sums(probabilities: NDArray[np.floating[Any]]) -> Finding | None:
    deviation = np.abs(probabilities.sum(axis=1) - 1)
    count = int((deviation > PROBABILITY_SUM_NOTE).sum())
    if count == 0:
        return None
    text = (
        f"The class probabilities of {count:,} of {_counted(len(deviation), 'case')} do not sum to 1 "
        f"(largest deviation {deviation.max():.2g}); they are used as given."
    )
    return Finding(
        severity="warning", code="probability_sums", count=count, n=len(deviation), text=text, page="confidence"
    )


def _rejected(dataset: Dataset) -> Finding | None:
    if dataset.rejected == 0:
        return None
    verb, pronoun = ("is", "It") if dataset.rejected == 1 else ("are", "They")
    text = f"{_counted(dataset.rejected, 'file')} could not be used. {pronoun} {verb} not part of any number."
    files = dataset.n + dataset.rejected
    return Finding(
        severity="warning", code="rejected_files", count=dataset.rejected, n=files, text=text, page="data_set"
    )


def _contradicted(claims: Sequence[AuditedClaim], *, source: str) -> Finding | None:
    count = sum(one.verdict == "contradicted_internally" for one in claims)
    text = (
        f"{_claims_of(source, count, len(claims))} contradicted by other numbers in the same document. They are the "
        "claims of that document, not of this study."
    )
    return _about_claims("claims_contradicted", count, text=text, claims=claims)


def _not_reproduced(claims: Sequence[AuditedClaim], *, source: str) -> Finding | None:
    count = sum(one.verdict == "not_reproduced" for one in claims)
    text = f"{_claims_of(source, count, len(claims))} not reproduced by this study."
    return _about_claims("claims_not_reproduced", count, text=text, claims=claims)


def _claims_of(source: str, count: int, n: int) -> str:
    whose = f" of '{source}'" if source else ""
    return f"{count:,} of {_counted(n, 'published claim')}{whose} {'is' if count == 1 else 'are'}"


def _about_claims(code: str, count: int, *, text: str, claims: Sequence[AuditedClaim]) -> Finding | None:
    if not count:
        return None
    return Finding(severity="warning", code=code, count=count, n=len(claims), text=text, page="claims")


def _test_selected(read_for: Sequence[str]) -> Finding | None:
    count = len(set(read_for))
    if count < 2:
        return None
    text = (
        f"The test split was read for {count:,} networks. What was changed after the first counts as chosen by the "
        "test split."
    )
    return Finding(severity="warning", code="test_selected", count=count, n=None, text=text, page="training")


def _about_classes(code: str, names: list[str], *, text: str, classes: ClassOrder) -> Finding:
    return Finding(severity="warning", code=code, count=len(names), n=len(classes), text=text, page="per_class")


def _without(cases: tuple[int, ...], *, classes: ClassOrder) -> list[str]:
    return [classes.display[name] for name, number in zip(classes.names, cases, strict=True) if number == 0]


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
