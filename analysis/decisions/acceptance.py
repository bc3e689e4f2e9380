"""Whether the criteria that a study names are met, on all evaluated cases and on those that leak nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.metrics import measure
from neuroval.analysis.core.proportions import METHODS, wilson
from neuroval.analysis.decisions.sample_size import RequiredCases, required_cases
from neuroval.analysis.performance.per_class import Performance
from neuroval.analysis.performance.subgroups import SMALLEST
from neuroval.data.study.criteria import TRIED, Acceptance

WORST_FIRST: Final[Mapping[bool | None, int]] = {False: 0, None: 1, True: 2}  # place of what is met

Basis = Literal["all", "new_to_the_model", "folds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A criterion on one set of cases; ``met`` is none when that cannot be said, with the reason.

    ``required`` is how many cases a lower bound that is not reached would take at the observed rate; none for what is
    met, for other bounds, and for numbers that are no rate of cases. ``over_folds`` is the mean over the folds where
    its bound lies below that of ``estimate``, which is of all cases pooled: it then decides. Of what is not met,
    ``shown_below`` says that the whole interval lies below the limit; else it is only not shown to reach it. Of a
    criterion on subgroups it is of the worst, whose ``values`` it names.
    """

    basis: Basis
    estimate: Estimate
    met: bool | None
    reason: Reason | None
    required: RequiredCases | None = None
    over_folds: Estimate | None = None
    shown_below: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OfSubgroup:
    """The performance in a subgroup, by its values; none with the reason."""

    values: tuple[str, ...]
    performance: Performance | None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnBasis:
    """The performance on a basis, most often on cases of which the model has seen no patient and no copy.

    It is none with the reason. ``means`` are numbers over the folds by metric, with the interval that the spread
    between the folds asks for.
    """

    basis: Basis
    performance: Performance | None
    reason: Reason | None = None
    means: Mapping[str, Estimate] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """An acceptance criterion on all cases and, where the test split shares cases with training, without these."""

    criterion: Acceptance
    on_all: Judged
    unleaked: Judged | None = None

    @property
    def decisive(self) -> Judged:
        """The worse of the two: missed before not decidable before met; on all cases when they are equal."""
        if self.unleaked is None:
            return self.on_all
        return min(self.on_all, self.unleaked, key=lambda judged: WORST_FIRST[judged.met])

    @property
    def met(self) -> bool | None:
        return self.decisive.met


BySubgroup = Callable[[Acceptance, Basis], Sequence[OfSubgroup]]


def judge(
    criteria: Sequence[Acceptance],
    judged: OnBasis,
    *,
    unleaked: Sequence[OnBasis] = (),
    tried: Mapping[str, Measure] | None = None,
    by_subgroup: BySubgroup | None = None,
) -> tuple[Criterion, ...]:
    """Return for each acceptance criterion whether the wider interval's bound reaches what was asked.

    A metric is ``overall.<name>``, ``any_tumour.<name>``, ``classes.<class>.<name>`` or ``<class>.<name>``; a bound
    is ``low``, ``value`` or ``high``. A metric that is not estimable here is neither met nor missed; nor is a lower
    bound that so few cases could not reach without any error. ``unleaked`` is given when
    the test split shares cases with training: a criterion is then judged on these too, and the worst counts. Of
    several of them those that decide nothing are left aside as long as one decides. With means over the folds the
    bound is the lower of the pooled number's and the mean's. A number of the trial is looked up in ``tried``, by its
    key, and judged once: what a model needs does not depend on whether it has seen the patient. ``by_subgroup`` gives
    the subgroups that a criterion names; of several the worst counts.
    """
    return tuple(
        _of_subgroups(criterion, judged, unleaked, by_subgroup)
        if criterion.columns and by_subgroup is not None
        else Criterion(criterion=criterion, on_all=_on_trial(criterion, tried or {}))
        if criterion.name in TRIED
        else _on_both(criterion, judged, unleaked)
        for criterion in criteria
    )


def with_worst_case(complete: Criterion, worst: Criterion, *, without: int) -> Criterion:
    """Return a criterion on the cases that have a result, held against the worst case, where the others are wrong.

    ``worst`` is the same criterion with the ``without`` cases that have no result taken as called wrongly. What is met
    on complete cases and not in the worst case is not shown to hold; nor is it shown to be below, since the truth
    lies between. What complete cases do not meet stays as it is.

    Source: Shinkins et al., BMJ 2013;346:f2778.
    """
    unleaked = complete.unleaked
    if unleaked is not None and worst.unleaked is not None:
        unleaked = _held(unleaked, worst.unleaked, without)
    return replace(complete, on_all=_held(complete.on_all, worst.on_all, without), unleaked=unleaked)


def _held(complete: Judged, worst: Judged, without: int) -> Judged:
    if not complete.met or worst.met:
        return complete
    if worst.met is None:
        return worst
    return replace(worst, shown_below=False, reason=Reason("complete_cases_only", cases=without))


def _on_both(criterion: Acceptance, judged: OnBasis, unleaked: Sequence[OnBasis]) -> Criterion:
    on_all, without = _on(criterion, judged), _worst([_on(criterion, subset) for subset in unleaked])
    return _both(criterion, on_all, without)


def _both(criterion: Acceptance, on_all: Judged, without: Judged | None) -> Criterion:
    # The networks of cross-validation have not seen the cases either: what decides nothing is left aside here too.
    if on_all.basis == "folds" and on_all.met is not None and without is not None and without.met is None:
        without = None
    return Criterion(criterion=criterion, on_all=on_all, unleaked=without)


def _of_subgroups(
    criterion: Acceptance,
    judged: OnBasis,
    unleaked: Sequence[OnBasis],
    by_subgroup: BySubgroup,
) -> Criterion:
    """Return a criterion judged on the worst of its subgroups, and so on each basis that leaks nothing."""
    worst: dict[Basis, Judged] = {}
    for basis in (judged.basis, *(subset.basis for subset in unleaked)):
        parts = [_subgroup(criterion, part, basis=basis) for part in by_subgroup(criterion, basis)]
        worst[basis] = min(parts, key=lambda entry: _how_bad(criterion, entry))
    return _both(criterion, worst[judged.basis], _worst([worst[subset.basis] for subset in unleaked]))


def _subgroup(criterion: Acceptance, part: OfSubgroup, *, basis: Basis) -> Judged:
    if part.performance is None:
        estimate = Estimate.undefined(reason=part.reason or Reason("no_cases"))
        return Judged(basis=basis, estimate=estimate, met=None, reason=estimate.reason, values=part.values)
    judged = _judged(criterion, measure(criterion.metric, part.performance), basis=basis)
    n = judged.estimate.n
    if judged.met is not None and n is not None and n < SMALLEST:
        reason = Reason("small_subgroup", cases=n, needed=SMALLEST)
        judged = replace(judged, met=None, reason=reason, required=None, shown_below=False)
    return replace(judged, values=part.values)


def _how_bad(criterion: Acceptance, judged: Judged) -> tuple[int, float]:
    bound = _bound(criterion, judged.estimate)
    return WORST_FIRST[judged.met], 1.0 if bound is None else bound


def _on_trial(criterion: Acceptance, tried: Mapping[str, Measure]) -> Judged:
    if not tried:
        estimate = Estimate.undefined(reason=Reason("no_trial"))
        return Judged(basis="all", estimate=estimate, met=None, reason=estimate.reason)
    return _judged(criterion, tried.get(f"{criterion.subject}.{criterion.name}"), basis="all")


def _worst(judged: Sequence[Judged]) -> Judged | None:
    decided = [criterion for criterion in judged if criterion.met is not None]
    return min(decided or judged, key=lambda criterion: bool(criterion.met), default=None)


def _on(criterion: Acceptance, subset: OnBasis) -> Judged:
    if subset.performance is None:
        estimate = Estimate.undefined(reason=subset.reason or Reason("no_cases"))
        return Judged(basis=subset.basis, estimate=estimate, met=None, reason=estimate.reason)
    pooled = _judged(criterion, measure(criterion.metric, subset.performance), basis=subset.basis)
    mean = subset.means.get(criterion.metric.removeprefix("overall.").removeprefix("classes."))
    ours, theirs = _bound(criterion, pooled.estimate), None if mean is None else _bound(criterion, mean)
    if ours is None or theirs is None or theirs >= ours:
        return pooled
    met = pooled.met and theirs >= criterion.at_least
    # The lower of both bounds counts: folds that differ tell of a doubt that pooling hides, and the pooled number of
    # one that few folds cannot see.
    return replace(pooled, met=met, required=None if pooled.met else pooled.required, over_folds=mean)


def _bound(criterion: Acceptance, estimate: Estimate) -> float | None:
    return {"low": estimate.low, "value": estimate.value, "high": estimate.high}.get(criterion.bound)


def _judged(criterion: Acceptance, value: Measure | None, *, basis: Basis) -> Judged:
    if value is None:
        estimate = Estimate.undefined(reason=Reason("unknown_metric", metric=criterion.metric))
        return Judged(basis=basis, estimate=estimate, met=None, reason=estimate.reason)
    estimate = value.headline
    reached = _bound(criterion, estimate)
    if reached is None:
        return Judged(basis=basis, estimate=estimate, met=None, reason=estimate.reason)
    met: bool | None = reached >= criterion.at_least
    too_few = None if met else _too_few(criterion, estimate)
    return Judged(
        basis=basis,
        estimate=estimate,
        met=None if too_few else met,
        reason=too_few,
        required=None if met else _required(criterion, estimate),
        shown_below=not met and estimate.high is not None and estimate.high < criterion.at_least,
    )


def _required(criterion: Acceptance, estimate: Estimate) -> RequiredCases | None:
    """Return how many cases it would take, each worth as much as these are; none unless a lower bound of a rate."""
    if criterion.bound != "low" or estimate.count is None or not estimate.n:
        return None
    return required_cases(
        estimate.count,
        estimate.n,
        limit=criterion.at_least,
        method=next((key for key, method in METHODS.items() if method == estimate.method), "wilson"),
        design_effect=estimate.design_effect,
    )


def _too_few(criterion: Acceptance, estimate: Estimate) -> Reason | None:
    """Return why a lower bound could not be reached by so few cases, none when it could or is ruled out anyway."""
    if criterion.bound != "low" or not estimate.n or estimate.count is None or estimate.high is None:
        return None
    worth = estimate.effective_n or estimate.n
    best, _ = wilson(worth, worth, level=estimate.level or 0.95)
    if best >= criterion.at_least or estimate.high < criterion.at_least:
        return None
    return Reason("bound_out_of_reach", best=best)
