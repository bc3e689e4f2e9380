"""What a paper or README may say about a classifier: one class for each kind of claim.

Numbers are kept as they are printed, so that it is known how many digits there are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from neuroval.data.claims.printed_number import Printed

ALL: Final = "all"  # the whole data set, where others name a split
ANY_TUMOUR: Final = "any_tumour"
OVERALL: Final = "overall"
RATES: Final = ("sensitivity", "specificity", "ppv", "npv", "accuracy")
CLASS_SCORES: Final = ("f1", "auc")
OVERALL_SCORES: Final = (
    "balanced_accuracy",
    "macro_sensitivity",
    "macro_ppv",
    "macro_f1",
    "weighted_f1",
    "mcc",
    "kappa",
    "auc_macro_ovr",
    "hand_till",
)
IntervalMethod = Literal["wilson", "clopper-pearson", "wald", "agresti-coull", "jeffreys"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the claims stand, and the order of its classes.

    ``dataset`` is the data set by the name that studies give it, empty when it is not known. ``unit`` is what its
    results count; ``level`` the confidence level of its intervals.
    """

    title: str
    classes: tuple[str, ...]
    where: str = ""
    dataset: str = ""
    negative: str | None = None
    unit: str = "images"
    level: Printed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What every claim has: an id, the words as printed, and the split that they speak of."""

    id: str
    text: str
    split: str = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Images(Statement):
    """So many images, in all or in a split."""

    total: Printed
    split: str = ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded(Statement):
    """So many images of a split were left out of the results, whose n may be smaller by as many."""

    total: Printed


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassCounts(Statement):
    """Images per class, in all or in a split."""

    counts: Mapping[str, Printed]
    split: str = ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitShares(Statement):
    """The share of the images that each split gets, and the sizes of splits that are printed with it."""

    shares: Mapping[str, Printed]
    sizes: Mapping[str, Printed] = field(default_factory=dict)
    split: str = ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Imbalance(Statement):
    """The largest class is ``ratio`` times as large as the smallest."""

    ratio: Printed
    split: str = ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate(Statement):
    """A share of cases: its value, or ``count`` of ``n``, or both; with the interval where one is printed.

    ``metric`` is ``overall.accuracy``, ``<class>.<rate>`` or ``any_tumour.<rate>``. ``method`` is that of the
    interval, none where the source does not name it.
    """

    metric: str
    value: Printed | None = None
    count: Printed | None = None
    n: Printed | None = None
    low: Printed | None = None
    high: Printed | None = None
    method: IntervalMethod | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score(Statement):
    """A number that is no share of cases: F1, an AUC, an average over classes, MCC, kappa."""

    metric: str
    value: Printed


@dataclass(frozen=True, slots=True, kw_only=True)
class Correct(Statement):
    """The cases of each reference class, and how many of them are classified correctly."""

    n: Mapping[str, Printed]
    correct: Mapping[str, Printed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors(Statement):
    """The number of errors with a reference class among ``reference`` and a predicted class among ``predicted``.

    Both are all classes where the file names none. With ``above``, only errors of a confidence above it count.
    """

    count: Printed
    reference: tuple[str, ...]
    predicted: tuple[str, ...]
    above: Printed | None = None

    @property
    def cells(self) -> frozenset[tuple[str, str]]:
        """The pairs of reference and predicted class that are counted."""
        return frozenset(
            (reference, other) for reference in self.reference for other in self.predicted if reference != other
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossValidation(Statement):
    """The mean of a metric over ``folds`` folds, and its standard deviation where one is printed.

    ``grouped`` says whether the folds keep patients together; none where the source does not say.
    """

    metric: str
    folds: Printed
    mean: Printed
    sd: Printed | None = None
    grouped: bool | None = None
    split: str = ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix(Statement):
    """A confusion matrix, in the order of the source's classes; rows are the reference standard."""

    rows: tuple[tuple[Printed, ...], ...]


Claim: TypeAlias = (
    Images
    | Excluded
    | ClassCounts
    | SplitShares
    | Imbalance
    | Rate
    | Score
    | Correct
    | Errors
    | CrossValidation
    | Matrix
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """All claims of one source, in the order of the file."""

    source: Source
    claims: tuple[Claim, ...]
