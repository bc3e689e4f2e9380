"""Classes without cases, classes never predicted, and too few cases to judge anything."""

from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.analysis.core.finding import Finding
from neuroval.data.classes import ClassOrder


def few_cases(matrix: ConfusionMatrix, *, split: str) -> Finding | None:
    """Return that there is no case or only one, none with more."""
    if matrix.n > 1:
        return None
    return Finding(
        code="one_case" if matrix.n else "no_cases",
        severity="critical",
        check="empty_classes",
        page="data_set",
        count=matrix.n,
        n=None,
        facts={"split": split},
    )


def classes_without_cases(matrix: ConfusionMatrix, *, classes: ClassOrder, split: str) -> Finding | None:
    """Return which classes have no case, none when all have or there is no case at all."""
    empty = _without(matrix.support, classes=classes)
    if not empty or matrix.n == 0:
        return None
    return Finding(
        code="empty_class",
        severity="warning",
        check="empty_classes",
        page="per_class",
        count=len(empty),
        n=len(classes),
        facts={"split": split, "names": empty},
    )


def never_predicted(matrix: ConfusionMatrix, *, classes: ClassOrder) -> Finding | None:
    """Return which classes the model never predicts in two cases or more, none when it predicts all."""
    unseen = _without(matrix.predicted, classes=classes)
    if not unseen or matrix.n < 2:
        return None
    return Finding(
        code="never_predicted",
        severity="warning",
        check="empty_classes",
        page="per_class",
        count=len(unseen),
        n=len(classes),
        facts={"names": unseen, "cases": matrix.n},
    )


def _without(cases: tuple[int, ...], *, classes: ClassOrder) -> tuple[str, ...]:
    """Return the classes without cases, as they are shown."""
    return tuple(classes.display[name] for name, number in zip(classes.names, cases, strict=True) if number == 0)
