"""Every sentence of the page Confusion: what is mistaken for what, how often, and what it costs."""

from collections.abc import Sequence

from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.analysis.performance.error_pairs import ConfusionPair
from neuroval.dashboard.words.formats import (
    counted,
    full,
)
from neuroval.dashboard.words.general import arrow
from neuroval.dashboard.words.interval_methods import by
from neuroval.data.classes import ClassOrder
from neuroval.data.study.manifest import Manifest

ORDER = "Ordered by harm times the upper limit of the rate: what may cost most, as far as these scans tell."
ORDER_WITHOUT_HARM = "Ordered by number, then by the upper limit of the rate: this study gives no weights of harm."


def answer(pairs: Sequence[ConfusionPair], classes: ClassOrder, n: int) -> str:
    """Return the answer of the confusion page."""
    seen = [pair for pair in pairs if pair.count]
    if not seen:
        return f"Nothing was mistaken in {counted(n, 'scan')}."
    total = sum(pair.count for pair in seen)
    return (
        f"{counted(total, 'error')} in {counted(n, 'scan')}. Most often {arrow(seen[0], classes)}: "
        f"{full(seen[0].rate.headline)} of the {classes.display[seen[0].reference]} scans."
    )


def matrix_rows(matrix: ConfusionMatrix, classes: ClassOrder) -> list[dict[str, str]]:
    """Return the confusion matrix as rows for download: a row a reference class, a column a predicted one."""
    shown = [classes.display[name] for name in matrix.classes]
    numbers = matrix.counts.tolist()
    return [
        {"Reference": name, **{f"Predicted {called}": str(n) for called, n in zip(shown, row, strict=True)}}
        for name, row in zip(shown, numbers, strict=True)
    ]


def pair_cost(pair: ConfusionPair, manifest: Manifest) -> str:
    """Return how often an error occurs and its harm, in one line."""
    harm = harm_of(pair, manifest)
    rate = full(pair.rate.headline)
    return rate if harm is None else f"{rate}, harm {harm:g}"


def pair_row(pair: ConfusionPair, manifest: Manifest) -> dict[str, str]:
    """Return one kind of error as a row for download."""
    classes, impact = manifest.classes, manifest.impact(pair.reference, pair.predicted)
    harm = harm_of(pair, manifest)
    return {
        "Error": arrow(pair, classes),
        "Rate": full(pair.rate.headline),
        "Method": by(pair.rate.headline.method),
        "Harm": "" if harm is None else f"{harm:g}",
        "What it means": impact.text if impact else "",
        "Next step": impact.next_step if impact else "",
    }


def harm_of(pair: ConfusionPair, manifest: Manifest) -> float | None:
    """Return the study's weight of an error; none when it gives none."""
    if not manifest.harm:
        return None
    classes = manifest.classes
    return manifest.harm[classes.index(pair.reference)][classes.index(pair.predicted)]
