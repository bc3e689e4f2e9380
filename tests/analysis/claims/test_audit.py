"""The shipped claims, each verdict worked by hand."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import optimize

from neuroval import data
from neuroval.analysis.claims.audit import NOTHING, AuditedClaim, audit_claims
from neuroval.analysis.claims.internal import facts_by_split, internal_checks
from neuroval.analysis.claims.statements import Check
from neuroval.dashboard.words.claims import decisive
from neuroval.dashboard.words.claims import line as shown
from neuroval.data.claims.kinds import Claim, Claims, ClassCounts, Correct, Errors, Matrix, Rate, Score
from neuroval.data.claims.printed_number import Printed
from neuroval.data.claims.reading import read_claims

SHIPPED = Path(data.__file__).parent / "descriptions" / "brain-tumor-readme-claims.toml"
CLASSES = ("glioma", "meningioma", "notumor", "pituitary")

CONTRADICTED, CONSISTENT, OPEN = "contradicted_internally", "consistent", "not_checkable"

# The verdict of each claim with a piece of the arithmetic that decides it. What is worked by hand:
# n = 272 + 306 + 405 + 300 = 1,283 (table of correct cases), 300 + 306 + 405 + 300 = 1,311 (test counts).
# Not of a class: 1,011, 977, 878, 983. Matrix: 263 + 296 + 404 + 299 = 1,262 correct, 21 errors.
BY_HAND: dict[str, tuple[str, str]] = {
    # 1,303 + 1,304 + 1,935 + 1,626 = 6,168; 6,168 + 1,311 = 7,479 and 6,168 - 1,311 = 4,857 are not 5,712 either.
    "images": (CONTRADICTED, "1,303 + 1,304 + 1,935 + 1,626 = 6,168"),
    "class-table": (CONTRADICTED, "Without the test counts: 4,857."),
    # 300 gliomas are not 272, 1,311 images are not 1,283.
    "test-counts": (CONTRADICTED, '1,311 by "test-counts"'),
    # 15% of 5,712 = 856.8, as printed. But 857 images are neither 1,311 nor 1,283.
    "split": (CONTRADICTED, '857 by "split" (~857); 1,311 by'),
    # 1,935 / 1,303 = 1.48503.
    "imbalance": (CONSISTENT, "1,935 / 1,303 = 1.485035, printed 1.5:1 (rounded)"),
    # 1,271 / 1,283 = 0.990647 and 1,272 / 1,283 = 0.991426: nothing between gives 99.11%.
    "accuracy": (CONTRADICTED, "1,271 / 1,283 = 99.0647% and 1,272 / 1,283 = 99.1426%"),
    # 1,283 - 1,271 = 12, but 8 + 10 + 1 + 1 = 20 by class, 21 in the matrix, and 8 + 7 = 15 in two pairs alone.
    "errors": (CONTRADICTED, '8 + 7 = 15 ("glioma-as-meningioma" and "meningioma-as-glioma"), more than the 12'),
    # 264 + 296 + 404 + 299 = 1,263 are not 1,271.
    "correct-by-class": (CONTRADICTED, '12 by "accuracy" (1,283 - 1,271); 20 by "correct-by-class" (8 + 10 + 1 + 1)'),
    # 264 / 272 = 0.970588 fits, but the matrix has 263: 0.966912.
    "glioma-sensitivity": (CONTRADICTED, "sensitivity of glioma 263 / 272 = 0.966912, not as 0.9706"),
    # False positives 1,011 - 1,007 = 4, 977 - 974 = 3, 0 and 983 - 982 = 1 are 8; false negatives are 20.
    "glioma-specificity": (
        CONTRADICTED,
        "False positives of glioma, meningioma, notumor, pituitary: 4 + 3 + 0 + 1 = 8.",
    ),
    # 264 / 268 = 0.985075 and 264 / 267 = 0.988764.
    "glioma-ppv": (CONTRADICTED, "the nearest are 264 / 268 = 0.985075 and 264 / 267 = 0.988764"),
    # 1,007 / 1,015 = 0.992118 fits; 1,007 / 1,016 = 0.991142 of the matrix does not.
    "glioma-npv": (CONTRADICTED, "NPV of glioma 1,007 / 1,016 = 0.991142, not as 0.9921"),
    # 2 x 0.9706 x 0.9854 / 1.9560 = 0.977944 is what is printed; the matrix gives 526 / 539 = 0.975881.
    "glioma-f1": (CONTRADICTED, "F1 of glioma 526 / 539 = 0.975881, not as 0.9779"),
    "glioma-auc": (OPEN, NOTHING),
    # 296 / 306 = 0.967320 fits, in the matrix too. Wilson's interval is 0.9409 to 0.9822, not 0.944 to 0.982.
    "meningioma-sensitivity": (OPEN, "Wilson (0.9409, 0.9822), Clopper-Pearson (0.9407, 0.9842)"),
    "meningioma-specificity": (
        CONTRADICTED,
        "False negatives of glioma, meningioma, notumor, pituitary: 8 + 10 + 1 + 1 = 20.",
    ),
    # 296 / 300 = 0.986667 and 296 / 299 = 0.989967.
    "meningioma-ppv": (CONTRADICTED, "the nearest are 296 / 300 = 0.986667 and 296 / 299 = 0.989967"),
    # With 10 false negatives at most 977 / 987 = 0.989868.
    "meningioma-npv": (CONTRADICTED, "the nearest is 977 / 987 = 0.989868"),
    # 2 x 0.9673 x 0.9869 / 1.9542 = 0.977002 is what is printed; the matrix gives 592 / 612 = 0.967320.
    "meningioma-f1": (CONTRADICTED, "F1 of meningioma 592 / 612 = 0.967320, not as 0.9770"),
    "meningioma-auc": (OPEN, NOTHING),
    # 404 / 405 = 0.997531; Wilson 0.9861 to 0.9996.
    "notumor-sensitivity": (OPEN, "None of these methods gives it."),
    # 878 / 878 fits, but two tumours are called no tumour in the matrix: 876 / 878 = 0.997722.
    "notumor-specificity": (CONTRADICTED, "specificity of notumor 876 / 878 = 0.997722, not as 1.0000"),
    "notumor-ppv": (CONTRADICTED, "PPV of notumor 404 / 406 = 0.995074, not as 1.0000"),
    # 878 / 879 = 0.998862 and 876 / 877 = 0.998860 in the matrix; Wald's lower bound 0.99663, cut to 0.996.
    "notumor-npv": (CONSISTENT, "follows from 878 of 879 by Wald with digits cut off"),
    "notumor-f1": (CONTRADICTED, "F1 of notumor 808 / 811 = 0.996301, not as 0.9988"),
    "notumor-auc": (OPEN, NOTHING),
    # 299 / 300 = 0.996667; Wilson 0.9814 to 0.9994.
    "pituitary-sensitivity": (OPEN, "Printed is (0.987, 0.999)."),
    "pituitary-specificity": (CONTRADICTED, "specificity of pituitary 978 / 983 = 0.994914, not as 0.9990"),
    "pituitary-ppv": (CONTRADICTED, "PPV of pituitary 299 / 304 = 0.983553, not as 0.9967"),
    # 982 / 983 = 0.998983 and 978 / 979 = 0.998979 in the matrix; Wald's lower bound 0.99699, rounded 0.997.
    "pituitary-npv": (CONSISTENT, "follows from 982 of 983 by Wald."),
    "pituitary-f1": (CONTRADICTED, "F1 of pituitary 598 / 604 = 0.990066, not as 0.9967"),
    "pituitary-auc": (OPEN, NOTHING),
    # 9 in the matrix; and 8 are more than the 3 false positives of the specificity 974 / 977.
    "glioma-as-meningioma": (CONTRADICTED, "9 of glioma wrongly called meningioma, not as 8"),
    # 4 in the matrix; and 7 are more than the 4 false positives of the specificity 1,007 / 1,011.
    "meningioma-as-glioma": (CONTRADICTED, '7 ("meningioma-as-glioma"), more than the 4 by'),
    "glioma-as-notumor": (CONSISTENT, '8 + 0 = 8 ("glioma-as-meningioma" and "glioma-as-notumor"), within the 8 by'),
    "pituitary-as-other": (CONSISTENT, '1 ("pituitary-as-other"), all of the 1 by "correct-by-class"'),
    "notumor-as-tumour": (CONSISTENT, '1 ("notumor-as-tumour"), all of the 1 by "correct-by-class"'),
    # 2 meningiomas in the matrix.
    "no-missed-tumour": (CONTRADICTED, "2 of glioma or meningioma or pituitary wrongly called notumor, not as 0"),
    "no-confident-error": (OPEN, "only predictions show it"),
    "confusion-matrix": (CONTRADICTED, "correct 263 + 296 + 404 + 299 = 1,262, not as 264 + 296 + 404 + 299"),
    "cross-validation": (OPEN, NOTHING),
}


@pytest.fixture(scope="module")
def shipped() -> Claims:
    return read_claims(SHIPPED)


@pytest.fixture(scope="module")
def audited(shipped: Claims) -> dict[str, AuditedClaim]:
    return {one.claim.id: one for one in audit_claims(shipped)}


def test_every_shipped_claim_was_worked_by_hand(audited: dict[str, AuditedClaim]) -> None:
    assert list(audited) == list(BY_HAND)


@pytest.mark.parametrize("claim", BY_HAND)
def test_a_shipped_claim_has_the_verdict_and_the_arithmetic_worked_by_hand(
    audited: dict[str, AuditedClaim], claim: str
) -> None:
    verdict, line = BY_HAND[claim]
    assert audited[claim].verdict == verdict
    assert line in " ".join(map(shown, audited[claim].arithmetic))


def test_the_deciding_sentence_is_part_of_the_arithmetic(audited: dict[str, AuditedClaim]) -> None:
    for one in audited.values():
        assert set(one.decisive) <= set(one.arithmetic)
    assert " ".join(decisive(audited["accuracy"])).startswith(
        "1,271 / 1,283 = 99.0647%, printed 99.11% (no way of rounding"
    )


def test_a_claim_that_holds_says_how(audited: dict[str, AuditedClaim]) -> None:
    assert (audited["imbalance"].claim.id, audited["imbalance"].verdict) == ("imbalance", "consistent")
    assert audited["imbalance"].arithmetic == (
        "Largest to smallest class, as it is: 1,935 / 1,303 = 1.485035, printed 1.5:1 (rounded).",
    )


def test_the_shipped_matrix_is_the_published_one(shipped: Claims, oracles: dict[str, Any]) -> None:
    (matrix,) = (one for one in shipped.claims if isinstance(one, Matrix))
    golden = oracles["published_confusion_matrix"]["rows_true_glioma_mening_notumor_pituitary"]
    assert [[int(cell.value) for cell in row] for row in matrix.rows] == golden


# An independent proof: each claim about results is a set of linear constraints on the 16 cells of a confusion matrix.


def cells(reference: Iterable[str], predicted: Iterable[str]) -> np.ndarray:
    rows, columns = (np.isin(CLASSES, list(names)) for names in (reference, predicted))
    return np.outer(rows, columns).ravel().astype(float)


def between(number: Printed, top: np.ndarray, bottom: np.ndarray) -> list[tuple[np.ndarray, float, float]]:
    """Constrain top / bottom to [value - step / 2, value + step), in whole numbers."""
    low, high = number.value - number.step / 2, number.value + number.step
    return [
        (top * low.denominator - bottom * low.numerator, 0, np.inf),
        (bottom * high.numerator - top * high.denominator, 1, np.inf),
    ]


def constraints(claim: Claim) -> list[tuple[np.ndarray, float, float]] | None:
    """Return rows of a linear programme with their bounds; none for a claim that is not about the matrix."""
    everything, right = np.ones(16), np.eye(4).ravel()
    if isinstance(claim, (Rate, Score)):
        name, _, metric = claim.metric.partition(".")
        tp = right if name == "overall" else cells([name], [name])
        row, column = cells([name], CLASSES), cells(CLASSES, [name])
        parts = {
            "accuracy": (tp, everything),
            "sensitivity": (tp, row),
            "specificity": (everything - row - column + tp, everything - row),
            "ppv": (tp, column),
            "npv": (everything - row - column + tp, everything - column),
            "f1": (2 * tp, row + column),
        }
        if metric not in parts:
            return None
        found = [] if claim.value is None else between(claim.value, *parts[metric])
        if isinstance(claim, Rate) and claim.count is not None and claim.n is not None:
            counted = zip(parts[metric], (claim.count, claim.n), strict=True)
            found += [(part, float(of.value), float(of.value)) for part, of in counted]
        return found
    if isinstance(claim, ClassCounts) and claim.split == "test":
        return [(cells([name], CLASSES), float(n.value), float(n.value)) for name, n in claim.counts.items()]
    if isinstance(claim, Correct):
        found = [(cells([name], CLASSES), float(n.value), float(n.value)) for name, n in claim.n.items()]
        return found + [(cells([name], [name]), float(n.value), float(n.value)) for name, n in claim.correct.items()]
    if isinstance(claim, Errors) and claim.above is None:
        off = cells(claim.reference, claim.predicted) * (1 - right)
        return [(off, float(claim.count.value), float(claim.count.value))]
    if isinstance(claim, Matrix):
        return [(np.eye(16)[i], float(c.value), float(c.value)) for i, c in enumerate(sum(claim.rows, ()))]
    if claim.id == "split":
        return [(everything, 857 * 0.9, 857 * 1.1)]
    return None


def possible(claims: Iterable[Claim]) -> bool:
    """Whether some confusion matrix makes all claims true, by integer programming."""
    rows = [row for claim in claims for row in constraints(claim) or []]
    matrix, low, high = (np.array(part) for part in zip(*rows, strict=True))
    scale = np.abs(matrix).max(axis=1)
    found = optimize.milp(
        np.zeros(16),
        constraints=optimize.LinearConstraint(matrix / scale[:, None], low / scale, high / scale),
        integrality=np.ones(16),
        bounds=optimize.Bounds(0, 5000),
    )
    assert found.status in (0, 2)  # solved, or shown to be impossible
    return bool(found.status == 0)


def of_results(shipped: Claims, ids: Iterable[str]) -> list[Claim]:
    """Return claims about the matrix. The printed accuracy, impossible by itself, is left to its counts."""
    kept = [claim for claim in shipped.claims if claim.id in set(ids) and constraints(claim) is not None]
    return [replace(claim, value=None) if claim.id == "accuracy" else claim for claim in kept]


def contradictions(shipped: Claims) -> list[Check]:
    """Return the contradictions among claims about results; totals of the whole data set stand apart."""
    checks = internal_checks(shipped, facts_by_split(shipped))
    return [one for one in checks if one.outcome == "contradicts" and not {"images", "class-table"} & set(one.claims)]


def test_no_confusion_matrix_makes_the_claims_of_a_contradiction_true(shipped: Claims) -> None:
    found = [check for check in contradictions(shipped) if check.claims != ("accuracy",)]
    assert len(found) > 20
    for check in found:
        assert not possible(of_results(shipped, check.claims)), check


def test_each_claim_of_a_contradiction_belongs_to_a_smallest_one(shipped: Claims) -> None:
    for check in contradictions(shipped):
        smallest: list[set[str]] = []
        for size in range(2, len(check.claims) + 1):
            for some in map(set, combinations(check.claims, size)):
                if not any(known <= some for known in smallest) and not possible(of_results(shipped, some)):
                    smallest.append(some)
        assert len(check.claims) == 1 or set().union(*smallest) == set(check.claims), check


def test_what_is_not_called_contradicted_can_all_be_true_together(
    shipped: Claims, audited: dict[str, AuditedClaim]
) -> None:
    free = [name for name, one in audited.items() if one.verdict != "contradicted_internally"]
    assert possible(of_results(shipped, free))


@pytest.mark.parametrize(
    ("claim", "against"),
    [
        ("class-table", (("images",),)),
        ("imbalance", ()),
        # By itself, since no whole number gives 99.11%; and 1,271 of 1,283 beside other counts of images and errors.
        (
            "accuracy",
            (
                (),
                ("confusion-matrix",),
                ("correct-by-class",),
                ("split",),
                ("test-counts",),
                ("glioma-as-meningioma", "meningioma-as-glioma"),
            ),
        ),
        ("no-missed-tumour", (("confusion-matrix",),)),
    ],
)
def test_the_blame_is_that_of_the_contradictions(
    audited: dict[str, AuditedClaim], claim: str, against: tuple[tuple[str, ...], ...]
) -> None:
    assert audited[claim].against == against


def test_blame_is_mutual(audited: dict[str, AuditedClaim]) -> None:
    sets = {name: {frozenset({name, *others}) for others in one.against} for name, one in audited.items()}
    for own in sets.values():
        assert all(one in sets[name] for one in own for name in one)
