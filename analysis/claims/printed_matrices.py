"""Whether a printed confusion matrix gives the numbers that its source prints elsewhere. It settles all of them."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Final

import numpy as np

from neuroval.analysis.claims.printed_classes import f1_of_printed, stands_alone
from neuroval.analysis.claims.regions import fraction_of
from neuroval.analysis.claims.rounding import decimals, fits, nearly_fits, quotient
from neuroval.analysis.claims.statements import Check, about_class, in_words, matrix_counts, named, of_kind, plus
from neuroval.analysis.core.confusion import ConfusionMatrix, two_by_two
from neuroval.analysis.performance import summaries
from neuroval.data.claims.kinds import OVERALL, Claims, Correct, Errors, Matrix, Rate, Score

AVERAGES: Final[dict[str, Callable[[summaries.Counts], summaries.Floats]]] = {
    "balanced_accuracy": summaries.macro_sensitivity,
    "macro_sensitivity": summaries.macro_sensitivity,
    "macro_ppv": summaries.macro_ppv,
    "macro_f1": summaries.macro_f1,
    "weighted_f1": summaries.weighted_f1,
}
AGREEMENTS: Final[dict[str, Callable[[summaries.Counts], summaries.Floats]]] = {
    "mcc": summaries.mcc,
    "kappa": summaries.kappa,
}
ROUNDED_TWICE: Final = 2  # units in the last digit by which an average of rounded numbers may be off


def matrix_checks(claims: Claims, *, split: str) -> list[Check]:
    """Return for each printed matrix of a split what it makes of the other claims."""
    checks: list[Check] = []
    matrices = of_kind(claims, Matrix, split=split)
    for position, claim in enumerate(matrices):
        counts = np.array(matrix_counts(claim), dtype=np.int64)
        matrix = ConfusionMatrix(classes=claims.source.classes, counts=counts)
        all_checks = [
            *_against_rates(claims, matrix, split=split),
            *_against_scores(claims, matrix, split=split),
            *_against_counts(claims, matrix, split=split),
            *_against_matrices(matrix, matrices[position + 1 :]),
        ]
        checks += [
            Check(
                claims=(claim.id, other),
                outcome="holds" if agrees else "contradicts",
                lines=(
                    f"Matrix ({named([claim.id])}): {line}, "
                    f"{'as ' if agrees else 'not as '}{printed} ({named([other])}).",
                ),
            )
            for other, agrees, line, printed in all_checks
        ]
    return checks


def _against_rates(claims: Claims, matrix: ConfusionMatrix, *, split: str) -> Iterator[tuple[str, bool, str, str]]:
    for rate in of_kind(claims, Rate, split=split):
        name, metric = about_class(rate, claims=claims)
        if name:
            count, n = fraction_of(metric, two_by_two(matrix, index=matrix.classes.index(name)))
        else:
            count, n = matrix.n - matrix.errors, matrix.n
        what = f"{in_words(metric)} of {name}" if name else metric
        # What is printed beside counts that it does not go with is no fault of the matrix.
        printed, agrees = [], True
        if rate.count is not None and rate.n is not None:
            printed.append(f"{rate.count.text} of {rate.n.text}")
            agrees = (int(rate.count.value), int(rate.n.value)) == (count, n)
        elif not stands_alone(rate):
            continue
        elif rate.n is not None:
            printed.append(f"a share of {rate.n.text}")
            agrees = int(rate.n.value) == n
        if rate.value is not None and (rate.count is None or stands_alone(rate)):
            printed.append(rate.value.text)
            agrees = agrees and (n == 0 or fits(rate.value, Fraction(count, n)))
        yield rate.id, agrees, f"{what} {quotient(count, n, rate.value)}", " and ".join(printed)


def _against_scores(claims: Claims, matrix: ConfusionMatrix, *, split: str) -> Iterator[tuple[str, bool, str, str]]:
    for score in of_kind(claims, Score, split=split):
        name, _, metric = score.metric.rpartition(".")
        if metric == "f1" and name in matrix.classes:
            count, n = fraction_of("f1", two_by_two(matrix, index=matrix.classes.index(name)))
            known = f1_of_printed(score, claims)
            exact = Fraction(count, n) if n else None
            agrees = exact is None or fits(score.value, exact) or (known is not None and known[0] <= exact <= known[1])
            yield score.id, agrees, f"F1 of {name} {quotient(count, n, score.value)}", score.value.text
        elif name == OVERALL and metric in AVERAGES | AGREEMENTS:
            value = float((AVERAGES | AGREEMENTS)[metric](matrix.counts))
            if not np.isfinite(value):
                continue  # not defined for this matrix: then nothing can be said about what is printed
            twice = abs(Fraction(value) - score.value.value) <= ROUNDED_TWICE * score.value.step
            agrees = nearly_fits(score.value, value) or (metric in AVERAGES and twice)
            yield score.id, agrees, f"{metric} {decimals(value, score.value)}", score.value.text


def _against_counts(claims: Claims, matrix: ConfusionMatrix, *, split: str) -> Iterator[tuple[str, bool, str, str]]:
    for table in of_kind(claims, Correct, split=split):
        correct = np.diagonal(matrix.counts).tolist()
        printed = [int(table.correct[name].value) for name in matrix.classes]
        yield table.id, correct == printed, f"correct {plus(correct)} = {sum(correct):,}", plus(printed)
    for errors in of_kind(claims, Errors, split=split):
        index = matrix.classes.index
        cells = [int(matrix.counts[index(reference), index(other)]) for reference, other in sorted(errors.cells)]
        if errors.above is None:
            whole = len(cells) == len(matrix.classes) * (len(matrix.classes) - 1)
            pair = f"{' or '.join(errors.reference)} wrongly called {' or '.join(errors.predicted)}"
            of_claim = f"{sum(cells):,} {'errors' if whole else f'of {pair}'}"
            yield errors.id, sum(cells) == errors.count.value, of_claim, errors.count.text


def _against_matrices(matrix: ConfusionMatrix, others: list[Matrix]) -> Iterator[tuple[str, bool, str, str]]:
    for other in others:
        same = matrix.counts.tolist() == matrix_counts(other)
        yield other.id, same, f"{matrix.errors:,} errors in {matrix.n:,}", "another matrix"
