"""The numbers of a study in Python: tables that turn into data frames, and figures."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.analysis.core.metrics import ANY_TUMOUR, OVERALL
from neuroval.analysis.study.results import LEVEL, Results, StudyResults
from neuroval.dashboard.documents.table import tidy_table
from neuroval.dashboard.figures.decision_curve import decision_figure
from neuroval.dashboard.figures.matrix import matrix_figure
from neuroval.dashboard.figures.reliability import reliability_figure
from neuroval.dashboard.figures.risk_coverage import risk_coverage_figure
from neuroval.dashboard.figures.roc import precision_recall_figure, roc_figure
from neuroval.dashboard.notebook.studies import Study
from neuroval.data.exceptions import InputError
from neuroval.data.lazy import once

FIGURES: Final = ("roc", "precision-recall", "confusion", "reliability", "referral", "decision-curve")
OF_A_QUESTION: Final = ("roc", "precision-recall")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Numbers:
    """A table of numbers: a row a number, with its interval, its method and what it rests on.

    ``beside`` names the columns whose values stand beside the metric when it is shown.
    """

    table: pd.DataFrame
    beside: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers as a data frame, a row a number."""
        return self.table.reset_index(drop=True).copy()

    def __repr__(self) -> str:
        return repr(self._shown())

    def _repr_html_(self) -> str:
        return str(self._shown().to_html())

    def _shown(self) -> pd.DataFrame:
        """Return a row for each metric and a column for each subject, as ``0.900 (0.800 to 0.950)``."""
        if self.table.empty:
            return self.table
        table = self.table.assign(shown=[_written(*row) for row in self.table[["value", "low", "high"]].to_numpy()])
        wide = table.pivot(index="metric", columns=list(self.beside), values="shown")
        order = [table[column].drop_duplicates().tolist() for column in ("metric", *self.beside)]
        wide = wide.reindex(order[0])
        return wide[[name for name in order[1] if name in wide]] if len(self.beside) == 1 else wide


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Confusion:
    """How often each class was called what: rows are the reference, columns what the model says."""

    matrix: ConfusionMatrix
    classes: Sequence[str]

    def to_frame(self) -> pd.DataFrame:
        """Return the counts as a data frame."""
        index = pd.Index(self.classes, name="reference")
        return pd.DataFrame(self.matrix.counts, index=index, columns=pd.Index(self.classes, name="predicted"))

    def __repr__(self) -> str:
        return repr(self.to_frame())

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html())


@dataclass(frozen=True, kw_only=True, eq=False)
class StudyNumbers:
    """The results of a study on one basis, each computed when it is first looked at."""

    study: Study
    held: Results

    @property
    def basis(self) -> str:
        """What is judged: a split, or new patients (cross-validated)."""
        return self.held.basis

    @property
    def overall(self) -> Numbers:
        """The numbers over all classes."""
        return self._numbers([OVERALL])

    @property
    def per_class(self) -> Numbers:
        """Sensitivity, specificity, predictive values, F1 and AUC of each class, and of anything against nothing."""
        return self._numbers([ANY_TUMOUR, *self.study.classes])

    @property
    def confusion(self) -> Confusion:
        """The confusion matrix."""
        return Confusion(matrix=self.held.performance.matrix, classes=self.study.classes)

    def subgroups(self, column: str) -> Numbers:
        """Return the rates by the levels of a recorded column, and how far each level lies from the rest.

        Raises ``InputError`` for a column that the study does not record, naming those that it does.
        """
        known = self.held.subgroups.columns
        if column not in known:
            raise InputError(f"subgroups: {column!r} is not recorded, or in one value; there are {list(known)}.")
        table = self._table
        rows = table[table["subgroup"].fillna("").str.startswith(f"{column}=")]
        return Numbers(table=rows, beside=("subject", "subgroup"))

    def figure(self, kind: str, *, class_name: str | None = None) -> go.Figure:
        """Return a figure: roc, precision-recall, confusion, reliability, referral or decision-curve.

        ``class_name`` is the class of a curve; by default anything against nothing, or the first class. Raises
        ``InputError`` for a figure or a class that there is not.
        """
        if kind not in FIGURES:
            raise InputError(f"figure: {kind!r} is not known; expected one of {list(FIGURES)}.")
        results = self.held
        if kind in OF_A_QUESTION:
            curves = results.curves
            name = next(iter(curves)) if class_name is None else class_name
            if name not in curves:
                raise InputError(f"figure: {name!r} is not a class; expected one of {list(curves)}.")
            drawn = curves[name]
            return roc_figure(drawn.roc) if kind == "roc" else precision_recall_figure(drawn.precision_recall)
        if kind == "confusion":
            manifest = self.study.held.manifest
            return matrix_figure(results.performance.matrix, manifest.classes, harm=manifest.harm)
        if kind == "reliability":
            curve, smooth = results.confidence.reliability.top_label, results.confidence.smooth.top_label
            return reliability_figure(curve, x="Confidence", y="Accuracy", smooth=smooth)
        if kind == "referral":
            referred = results.confidence.referral.referred.plain.value
            return risk_coverage_figure(results.confidence.risk_coverage, referred=referred)
        decisions = results.decisions.net_benefit
        if decisions is None:
            raise InputError("figure: a decision curve needs a class that means nothing was found (negative=...).")
        return decision_figure(decisions)

    def to_frame(self) -> pd.DataFrame:
        """Return every number of the study as a data frame, on each basis that it has."""
        return self._table.copy()

    def __repr__(self) -> str:
        return f"Results of {self.study!r} on {self.basis}\n{self.overall!r}"

    def _repr_html_(self) -> str:
        return f"<p>Judged on {self.basis}, {self.held.evaluated.n:,} cases</p>{self.per_class._repr_html_()}"

    def _numbers(self, subjects: Sequence[str]) -> Numbers:
        table = self._table
        here = (table["basis"] == self.basis) & table["subgroup"].isna() & table["subject"].isin(subjects)
        return Numbers(table=table[here], beside=("subject",))

    @once
    def _table(self) -> pd.DataFrame:
        return tidy_table(self.held)


def results(study: Study, *, basis: str | None = None, level: float = LEVEL) -> StudyNumbers:
    """Return the results of a study, with intervals of a level.

    ``basis`` is what is judged, ``new-patients`` or a split; by default what the dashboard opens with. Raises
    ``InputError`` for a basis that the study does not have.
    """
    return StudyNumbers(study=study, held=StudyResults(study=study.held, level=level).on(basis))


def _written(value: float, low: float, high: float) -> str:
    if math.isnan(value):
        return "not estimable"
    return f"{value:.3f}" if math.isnan(low) or math.isnan(high) else f"{value:.3f} ({low:.3f} to {high:.3f})"
