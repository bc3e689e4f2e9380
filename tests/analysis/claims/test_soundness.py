"""Nobody is accused wrongly: claims that some confusion matrix gives are never called contradictory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import combinations
from math import ceil, floor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from neuroval.analysis.claims.audit import audit_claims
from neuroval.analysis.claims.internal import facts_by_split, internal_checks
from neuroval.analysis.claims.printed_classes import stands_alone
from neuroval.analysis.claims.statements import with_possible_counts
from neuroval.analysis.core.proportions import proportion
from neuroval.analysis.performance import summaries
from neuroval.data.claims.kinds import (
    Claim,
    Claims,
    ClassCounts,
    Correct,
    Errors,
    Excluded,
    Images,
    Imbalance,
    Matrix,
    Rate,
    Score,
    Source,
    SplitShares,
)
from neuroval.data.claims.printed_number import Printed, printed

RATES = ("sensitivity", "specificity", "ppv", "npv", "accuracy")
MOST_CASES = 5  # in matrices that are all listed
WAYS: dict[str, Callable[[Fraction], int]] = {
    "half up": lambda x: floor(x + Fraction(1, 2)),
    "half even": round,
    "half down": lambda x: ceil(x - Fraction(1, 2)),
    "cut off": floor,
}


def as_printed(text: str) -> Printed:
    number = printed(text)
    assert number is not None
    return number


def whole(number: int) -> Printed:
    return as_printed(f"{number:,}")


def write(x: Fraction, *, digits: int, way: str, percent: bool = False) -> Printed:
    """Write a number of 0 or more as a paper would."""
    scaled = WAYS[way](x * (100 if percent else 1) * 10**digits)
    text = f"{scaled // 10**digits}.{scaled % 10**digits:0{digits}d}" if digits else str(scaled)
    return as_printed(text + ("%" if percent else ""))


def fraction(matrix: np.ndarray, metric: str) -> tuple[int, int]:
    """Return numerator and denominator of a metric such as ``b.ppv``, straight from its definition."""
    owner, _, name = metric.partition(".")
    n, right = int(matrix.sum()), int(np.trace(matrix))
    if owner == "overall":
        return right, n
    if owner == "any_tumour":  # the last class is the negative one
        tp, fn, fp = matrix[:-1, :-1].sum(), matrix[:-1, -1].sum(), matrix[-1, :-1].sum()
        matrix, owner = np.array([[tp, fn], [fp, matrix[-1, -1]]]), "a"
    index = "abcde".index(owner)
    tp, row, column = int(matrix[index, index]), int(matrix[index].sum()), int(matrix[:, index].sum())
    tn = n - row - column + tp
    return {
        "sensitivity": (tp, row),
        "specificity": (tn, n - row),
        "ppv": (tp, column),
        "npv": (tn, n - column),
        "accuracy": (tp + tn, n),
        "f1": (2 * tp, row + column),
    }[name]


def bounds(count: int, n: int, method: str) -> tuple[float, float]:
    """Return an interval by another route than the audit's where there is one."""
    if method == "wald":
        low, high = stats.norm(count / n, np.sqrt(count / n * (1 - count / n) / n) or 1e-300).interval(0.95)
        return max(0.0, float(low)), min(1.0, float(high))
    if method in ("wilson", "clopper-pearson"):
        name = "wilson" if method == "wilson" else "exact"
        found = stats.binomtest(count, n).proportion_ci(method=name)
        return float(found.low), float(found.high)
    found = proportion(count, n, method=method)  # type: ignore[arg-type]
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def true_record(rng: np.random.Generator, *, small: bool = False) -> tuple[Claims, np.ndarray]:
    """Draw a confusion matrix and what a source that makes no mistake prints of it, some of it or all."""
    k = int(rng.integers(2, 4 if small else 6))
    classes = tuple("abcde"[:k])
    negative = classes[-1] if rng.random() < 0.5 else None
    matrix = rng.poisson(rng.choice([0.5, 2, 20]), size=(k, k)) + np.diag(rng.poisson(rng.choice([0, 3, 300]), size=k))
    if small:
        matrix = rng.multinomial(rng.integers(1, MOST_CASES + 1), np.full(k * k, 1 / (k * k))).reshape(k, k)
    percent = bool(rng.random() < 0.5)
    used = {
        "digits": int(rng.integers(0, 3 if small else 5)) + (0 if percent else 1),
        "way": str(rng.choice(list(WAYS))),
        "percent": percent,
    }
    claims = [
        *rates(rng, matrix, classes, used, negative),
        *scores(rng, matrix, classes, used),
        *counts(rng, matrix, classes),
        *(() if small else images(rng, matrix, classes)),
    ]
    share = rng.choice([0.1, 0.5, 0.9, 1.0])
    kept = [claim for claim in claims if isinstance(claim, Excluded) or rng.random() < share]
    return Claims(source=Source(title="a source", classes=classes, negative=negative), claims=tuple(kept)), matrix


def rates(
    rng: np.random.Generator, matrix: np.ndarray, classes: Sequence[str], used: dict[str, Any], negative: str | None
) -> Iterator[Claim]:
    owners = (*classes, *(["any_tumour"] if negative else []))
    for metric in ["overall.accuracy", *(f"{name}.{rate}" for name in owners for rate in RATES)]:
        count, n = fraction(matrix, metric)
        shown = rng.choice(["value", "value and n", "all", "counts"])
        parts: dict[str, Any] = {"id": metric, "text": metric, "metric": metric}
        if shown != "counts":
            parts["value"] = write(Fraction(count, n), **used) if n else as_printed("0.00")
        if shown in ("all", "counts"):
            parts["count"] = whole(count)
        if shown != "value":
            parts["n"] = whole(n)
        if n and rng.random() < 0.5:
            method = str(rng.choice(["wilson", "clopper-pearson", "wald", "agresti-coull", "jeffreys"]))
            low, high = (write(Fraction(bound), **used) for bound in bounds(count, n, method))
            parts |= {"low": low, "high": high, "method": method if rng.random() < 0.5 else None}
        yield Rate(**parts)


def scores(
    rng: np.random.Generator, matrix: np.ndarray, classes: Sequence[str], used: dict[str, Any]
) -> Iterator[Claim]:
    f1 = {}
    for name in classes:
        top, bottom = fraction(matrix, f"{name}.f1")
        f1[name] = Fraction(top, bottom) if bottom else Fraction(0)
        yield Score(id=f"{name}.f1", text="", metric=f"{name}.f1", value=write(f1[name], **used))
    if not all(matrix.sum(axis=1)):
        return
    values = list(f1.values())
    if rng.random() < 0.5:  # the mean of rounded numbers
        values = [write(value, **used).value for value in values]
    mean = write(sum(values, Fraction(0)) / len(values), **used)
    yield Score(id="macro", text="", metric="overall.macro_f1", value=mean)
    agreement = float(summaries.kappa(matrix))
    if np.isfinite(agreement) and agreement >= 0:
        yield Score(id="kappa", text="", metric="overall.kappa", value=write(Fraction(agreement), **used))


def counts(rng: np.random.Generator, matrix: np.ndarray, classes: Sequence[str]) -> Iterator[Claim]:
    n, right = matrix.sum(axis=1).tolist(), np.diagonal(matrix).tolist()
    by_class, correct = ({name: whole(number) for name, number in zip(classes, of, strict=True)} for of in (n, right))
    yield Correct(id="correct", text="", n=by_class, correct=correct)
    yield Matrix(id="matrix", text="", rows=tuple(tuple(whole(cell) for cell in row) for row in matrix.tolist()))
    for number in range(6):
        some = [tuple(rng.permutation(classes)[: rng.integers(1, len(classes) + 1)].tolist()) for _ in range(2)]
        reference, predicted = (tuple(classes), tuple(classes)) if number == 0 else some
        cells = {(a, b) for a in reference for b in predicted if a != b}
        count = sum(int(matrix["abcde".index(a), "abcde".index(b)]) for a, b in cells)
        above = as_printed("90%") if rng.random() < 0.3 else None
        fewer = int(rng.integers(0, count + 1)) if above else count
        if cells:
            yield Errors(
                id=f"errors {number}",
                text="",
                count=whole(fewer),
                reference=reference,
                predicted=predicted,
                above=above,
            )


def images(rng: np.random.Generator, matrix: np.ndarray, classes: Sequence[str]) -> Iterator[Claim]:
    left_out = rng.integers(0, 4, size=len(classes)) * int(rng.random() < 0.5)
    test = matrix.sum(axis=1) + left_out
    train = rng.integers(1, 300, size=len(classes))
    total = test + train
    if left_out.any():
        yield Excluded(id="left out", text="", total=whole(int(left_out.sum())))
    images = int(total.sum())
    yield Images(id="images", text="", total=whole(images) if rng.random() < 0.5 else as_printed(f"~{images}"))
    for claim, split, of in (("table", "all", total), ("train", "train", train), ("test", "test", test)):
        by_class = {name: whole(number) for name, number in zip(classes, of.tolist(), strict=True)}
        yield ClassCounts(id=claim, text="", split=split, counts=by_class)
    yield Images(id="test images", text="", split="test", total=whole(int(test.sum())))
    ratio = Fraction(int(total.max()), int(total.min()))
    way = str(rng.choice(list(WAYS)))
    yield Imbalance(id="ratio", text="", ratio=write(ratio, digits=int(rng.integers(0, 3)), way=way))
    shares, sizes = {}, {}
    for split, of in (("train", train), ("test", test)):
        share = Fraction(int(of.sum()), images)
        shares[split] = write(share, digits=int(rng.integers(0, 3)), way="half even", percent=True)
        sizes[split] = whole(int(of.sum()))
    yield SplitShares(id="split", text="", shares=shares, sizes=sizes)


def accused(claims: Claims) -> list[str]:
    return [
        f"{one.claim.id}: {' '.join(one.arithmetic)}"
        for one in audit_claims(claims)
        if one.verdict == "contradicted_internally"
    ]


@settings(max_examples=300)
@given(st.integers(0, 2**32))
def test_a_record_that_is_true_is_never_called_contradictory(seed: int) -> None:
    claims, matrix = true_record(np.random.default_rng(seed))
    assert accused(claims) == [], matrix


def altered(claims: Claims, rng: np.random.Generator) -> Claims:
    """Return the claims with some of the printed digits changed: mostly no longer true, sometimes still."""

    def other(number: Printed | None) -> Printed | None:
        if number is None or rng.random() < 0.8:
            return number
        by = rng.integers(0, 3) * int(rng.choice([-1, 1]))
        digits = max(0, int(number.value / number.step) + int(by))
        if number.step < 1:
            digits = min(digits, int(1 / number.step))
        return replace(number, value=digits * number.step, text=f"{digits} x {number.step}")

    found: list[Claim] = []
    for claim in claims.claims:
        if isinstance(claim, Rate):
            found.append(
                replace(
                    claim, value=other(claim.value), count=other(claim.count), n=other(claim.n), low=None, high=None
                )
            )
        elif isinstance(claim, Score) and claim.metric.endswith(".f1"):
            found.append(replace(claim, value=other(claim.value)))
        elif isinstance(claim, Errors):
            found.append(replace(claim, count=other(claim.count)))
        elif isinstance(claim, Correct):
            found.append(replace(claim, correct={name: other(number) for name, number in claim.correct.items()}))
        else:
            found.append(claim)
    return replace(claims, claims=tuple(found))


def can_print(number: Printed, count: int, n: int) -> bool:
    """Whether count / n can be printed so, by the four ways of rounding; of 0 / 0 anything is printed."""
    return n == 0 or any(way(Fraction(count, n) / number.step) * number.step == number.value for way in WAYS.values())


def is_true(claim: Claim, matrix: np.ndarray, classes: Sequence[str]) -> bool:
    """Whether a matrix makes a claim true, by definition."""
    if isinstance(claim, Rate):
        count, n = fraction(matrix, claim.metric)
        return (
            (claim.value is None or can_print(claim.value, count, n))
            and (claim.count is None or claim.count.value == count)
            and (claim.n is None or claim.n.value == n)
        )
    if isinstance(claim, Score) and claim.metric.endswith(".f1"):
        return can_print(claim.value, *fraction(matrix, claim.metric))
    if isinstance(claim, Errors):
        index = "abcde".index
        count = sum(int(matrix[index(a), index(b)]) for a, b in claim.cells)
        return claim.count.value <= count if claim.above else claim.count.value == count
    if isinstance(claim, Correct):
        n, right = matrix.sum(axis=1).tolist(), np.diagonal(matrix).tolist()
        return [claim.n[name].value for name in classes] == n and [
            claim.correct[name].value for name in classes
        ] == right
    if isinstance(claim, Matrix):
        return [[int(cell.value) for cell in row] for row in claim.rows] == matrix.tolist()
    return True


@cache
def all_matrices(k: int) -> list[np.ndarray]:
    """List every confusion matrix of at most so many cases."""
    cells = k * k
    bars = combinations(range(MOST_CASES + cells), cells)
    return [np.diff((-1, *places)).reshape(k, k) - 1 for places in bars]


@settings(max_examples=150)
@given(st.integers(0, 2**32))
def test_what_any_matrix_makes_true_is_not_called_contradictory(seed: int) -> None:
    rng = np.random.default_rng(seed)
    claims = altered(true_record(rng, small=True)[0], rng)
    classes = claims.source.classes
    if accused(claims):
        matching = (m for m in all_matrices(len(classes)) if all(is_true(one, m, classes) for one in claims.claims))
        assert next(matching, None) is None


MOST_IN_A_CELL = 20_000


def can_be_true(claims: Sequence[Claim], classes: Sequence[str]) -> bool:
    """Whether some confusion matrix makes all claims true, by integer programming: another route than the audit's.

    Variables are the cells and, for each value of unknown n, whether its denominator is above 0.
    """
    k = len(classes)
    values = [one for one in claims if isinstance(one, Rate) and one.value is not None and one.n is None]
    size = k * k + len(values)
    rows: list[tuple[np.ndarray, float, float]] = []

    def add(cells: np.ndarray, low: float, high: float, flag: int | None = None, by: float = 0) -> None:
        row = np.zeros(size)
        row[: k * k] = cells.ravel()
        if flag is not None:
            row[k * k + flag] = by
        rows.append((row, low, high))

    for claim in claims:
        if isinstance(claim, Rate):
            top, bottom = (np.zeros((k, k)) for _ in range(2))
            for place in np.ndindex(k, k):
                one = np.zeros((k, k), dtype=int)
                one[place] = 1
                top[place], bottom[place] = fraction(one, claim.metric)
            if claim.value is not None and not (claim.n is not None and claim.n.value == 0):
                low, high = claim.value.value - claim.value.step / 2, claim.value.value + claim.value.step
                add(top * low.denominator - bottom * low.numerator, 0, np.inf)
                below = bottom * high.numerator - top * high.denominator
                if claim.n is None:
                    add(below, 0, np.inf, values.index(claim), -1)
                    add(bottom, -np.inf, 0, values.index(claim), -MOST_IN_A_CELL * k * k)
                else:
                    add(below, 1, np.inf)
            for part, number in ((top, claim.count), (bottom, claim.n)):
                if number is not None:
                    add(part, float(number.value), float(number.value))
        elif isinstance(claim, Errors):
            cells = np.array([[(one, other) in claim.cells for other in classes] for one in classes], dtype=float)
            add(cells, float(claim.count.value), np.inf if claim.above else float(claim.count.value))
        elif isinstance(claim, Correct):
            for index, name in enumerate(classes):
                row = np.zeros((k, k))
                row[index, index] = 1
                add(row, float(claim.correct[name].value), float(claim.correct[name].value))
                row[index] = 1
                add(row, float(claim.n[name].value), float(claim.n[name].value))
        elif isinstance(claim, ClassCounts):
            for index, name in enumerate(classes):
                row = np.zeros((k, k))
                row[index] = 1
                add(row, float(claim.counts[name].value), float(claim.counts[name].value))
        elif isinstance(claim, Matrix):
            for place in np.ndindex(k, k):
                row = np.zeros((k, k))
                row[place] = 1
                number = float(claim.rows[place[0]][place[1]].value)
                add(row, number, number)
    if not rows:
        return True
    matrix, low, high = (np.array(part) for part in zip(*rows, strict=True))
    found = optimize.milp(
        np.zeros(size),
        constraints=optimize.LinearConstraint(matrix, low, high),
        integrality=np.ones(size),
        bounds=optimize.Bounds(0, np.concatenate([np.full(k * k, MOST_IN_A_CELL), np.ones(len(values))])),
    )
    assert found.status in (0, 2)  # solved, or shown to be impossible
    return bool(found.status == 0)


def by_its_counts(claim: Claim) -> Claim:
    """Return a claim without the value that does not go with its own counts."""
    return replace(claim, value=None) if isinstance(claim, Rate) and not stands_alone(claim) else claim


@pytest.mark.slow
def test_contradictions_are_impossible_and_hold_no_claim_too_many() -> None:
    blamed, too_many = 0, 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        claims = altered(true_record(rng, small=True)[0], rng)
        claims = replace(claims, claims=tuple(claim for claim in claims.claims if not isinstance(claim, Score)))
        claims = with_possible_counts(replace(claims, claims=tuple(map(by_its_counts, claims.claims))))
        by_id = {claim.id: claim for claim in claims.claims}
        for check in internal_checks(claims, facts_by_split(claims)):
            if check.outcome != "contradicts" or len(check.claims) > 7:
                continue
            for impossible in check.impossible:
                assert not can_be_true([by_id[name] for name in impossible], claims.source.classes), (seed, check)
            smallest: list[set[str]] = []
            for size in range(1, len(check.claims) + 1):
                for some in map(set, combinations(sorted(check.claims), size)):
                    known = any(one <= some for one in smallest)
                    if not known and not can_be_true([by_id[name] for name in sorted(some)], claims.source.classes):
                        smallest.append(some)
            blamed += len(check.claims)
            too_many += len(set(check.claims) - set().union(*smallest))
    assert blamed > 300
    assert too_many / blamed < 0.01
