"""How an interval was made: one name for each method that the analysis uses."""

from collections.abc import Mapping
from typing import Final

from neuroval.analysis.core.codes import Method, Reason
from neuroval.dashboard.words.reasons import why
from neuroval.dashboard.words.templates import Template, Whole, filled


def by(method: Method) -> str:
    """Return a method in words."""
    return filled(METHODS[method.code], {name: _known(fact) for name, fact in method.facts})


def in_words(code: Reason | Method) -> str:
    """Return a reason or a method in words."""
    return by(code) if isinstance(code, Method) else why(code)


def _known(fact: object) -> object:
    return in_words(fact) if isinstance(fact, (Reason, Method)) else fact


def _curve(knots: int, usual: float, most: float) -> str:
    """Return the curve that a distance is measured from, and the distance that chance alone gives."""
    bent = f"spline with {knots} knots" if knots else "straight line"
    chance = f"a perfectly calibrated model has {usual:.3f} by chance, up to {most:.3f} in 95 of 100"
    return f"smooth curve (logistic regression on the log-odds, {bent}); {chance}"


def _seed(seed: int | None) -> str:
    return "" if seed is None else f", seed {seed}"


def _percentile_bootstrap(groups: int | None, resamples: int, seed: int | None) -> str:
    over = "cells" if groups is None else f"{groups:,} groups"
    return f"percentile bootstrap over {over}, {resamples:,} resamples{_seed(seed)}"


def _basic_bootstrap(resamples: int, seed: int | None, unit: str, units: int, normal_limit: bool) -> str:
    limit = " (normal limit)" if normal_limit else ""
    return f"basic bootstrap, {resamples:,} resamples{_seed(seed)}, over {format(Whole(units), unit)}{limit}"


METHODS: Final[Mapping[str, Template]] = {
    "not_estimable": "not estimable",
    "wilson": "Wilson",
    "clopper-pearson": "Clopper-Pearson",
    "jeffreys": "Jeffreys",
    "agresti-coull": "Agresti-Coull",
    "wilson_on_design_effect": "Wilson, cluster-adjusted (Rao-Scott), {groups:group}",
    "wilson_on_group_means": "Wilson on the number of groups, for the mean of their shares, {groups:group}",
    "wilson_on_groups": "Wilson on the number of groups (design effect not estimable), {groups:group}",
    "newcombe_paired": "Newcombe, paired (score, method 10)",
    "tango": "Tango (score, paired)",
    "tango_on_design_effect": "Tango (score, paired) on n / design effect",
    "newcombe_paired_on_groups": "Newcombe, paired (score, method 10) on the number of groups, {groups:group}",
    "newcombe_paired_on_design_effect": ("Newcombe, paired (score, method 10) on n / design effect, {groups:group}"),
    "newcombe_unpaired": "Newcombe, unpaired (score, method 10)",
    "mover": "square-and-add (MOVER) from {a} and {b}",
    "of_sizes": "{method}, n {a:,} and {b:,}",
    "square_and_add_of_rates": "square-and-add of Wilson intervals (Newcombe)",
    "square_and_add_of_adjusted_rates": (
        "square-and-add of cluster-adjusted Wilson intervals (Zou and Donner), {groups:group}"
    ),
    "square_and_add_of_classes": "square-and-add of the class intervals (Zou and Donner)",
    "f1_of_jaccard": "{method} on J = TP / (TP + FP + FN), F1 = 2 J / (1 + J)",
    "wilson_on_linearised": "Wilson on the effective n (linearised variance)",
    "wilson_on_linearised_between_groups": (
        "Wilson on the effective n (linearised variance between groups), {groups:group}"
    ),
    "lower_and_upper": "lower bound: {lower}; upper bound: {upper}",
    "mover_on_wilson": "MOVER on Wilson limits",
    "mover_on_wilson_adjusted": "MOVER on Wilson limits, cluster-adjusted (Rao-Scott), {groups:group}",
    "percentile_bootstrap": _percentile_bootstrap,
    "stratified_percentile_bootstrap": lambda **facts: f"stratified {_percentile_bootstrap(**facts)}",
    "strata_of_one": lambda method, strata: (
        f"{method}; {strata} {'class' if strata == 1 else 'classes'} of a single case or patient cannot vary"
    ),
    "undefined_dropped": "{method}, {undefined:,} undefined dropped",
    "basic_bootstrap": _basic_bootstrap,
    "delong": "DeLong",
    "obuchowski": "Obuchowski, logit scale, t on {freedom:,} df, {groups:group}",
    "newcombe_5": "Newcombe method 5",
    "newcombe_5_on_design_effect": "Newcombe method 5 on n / design effect, {groups:group}",
    "newcombe_5_without_delong": "Newcombe method 5 (DeLong not estimable)",
    "newcombe_5_without_obuchowski": (
        "Newcombe method 5 on the number of groups (Obuchowski not estimable), {groups:group}"
    ),
    "delong_over_classes": "DeLong, covariance over classes",
    "obuchowski_over_classes": (
        "Obuchowski, covariance over classes, logit scale, t on {freedom:,} df, {groups:group}"
    ),
    "delong_over_classes_with_newcombe_5": (
        "DeLong, covariance over classes, with Newcombe method 5 for {replaced} of {parts} parts"
    ),
    "obuchowski_over_classes_with_newcombe_5": (
        "Obuchowski, covariance over classes, with Newcombe method 5 on the number of groups for {replaced} of "
        "{parts} parts, t on {freedom:,} df, {groups:group}"
    ),
    "mean_newcombe_5": "Newcombe method 5, mean of {parts} parts",
    "mean_newcombe_5_on_design_effect": (
        "Newcombe method 5 on n / design effect, mean of {parts} parts, {groups:group}"
    ),
    "delong_paired": "DeLong, paired",
    "obuchowski_paired": "Obuchowski, paired, t on {freedom:,} df, {groups:group}",
    "z_test": "{method}, z test",
    "t_test": "{method}, t test",
    "square_and_add_uncorrelated": "square-and-add, correlation taken as 0 ({reason})",
    "square_and_add_correlated": "square-and-add of both intervals with their correlation",
    "logit_boyd": "logit (Boyd, Eng and Page)",
    "logit_boyd_on_groups": (
        "logit (Boyd, Eng and Page) on the number of groups with cases of {of}, {holding:,} of {groups:group}"
    ),
    "wilson_near_one": "Wilson, as the logit interval is too wide near 1",
    "wilson_near_one_on_groups": (
        "Wilson, as the logit interval is too wide near 1 on the number of groups with cases of {of}, {holding:,} of "
        "{groups:group}"
    ),
    "log_simel": "log method (Simel)",
    "log_woolf": "log method (Woolf)",
    "koopman_score": "score (Koopman), as a cell is empty",
    "between_groups": ("{method}, linearised variance between groups, t on {freedom:.1f} df, {groups:group}"),
    "logit_mercaldo": "logit (Mercaldo)",
    "adjusted_logit_mercaldo": "adjusted logit (Mercaldo)",
    "on_effective_sizes": (
        "{method}, cluster-adjusted (effective n {positives:,.1f} with and {negatives:,.1f} without the condition)"
    ),
    "t": "t interval",
    "t_clustered": "t interval, cluster-robust, {groups:group}",
    "t_of_mean": "t interval of a mean",
    "t_of_mean_clustered": "t interval of a mean, cluster-robust, {groups:group}",
    "corrected_resampled_t": "corrected resampled t (Nadeau and Bengio)",
    "wald": "Wald, probabilities clipped at {clip:g}",
    "wald_sandwich": "Wald, probabilities clipped at {clip:g}, cluster-robust (sandwich), {groups:group}",
    "given": "given",
    "as_observed": "as observed",
    "mean_of_sensitivities": "mean of the sensitivities",
    "mean_self_confidence": "mean self-confidence",
    "confident_learning": "confident learning",
    "largest_gap": "largest gap of any bin",
    "integrated_calibration_index": lambda knots, usual, most: f"mean distance from the {_curve(knots, usual, most)}",
    "median_distance": lambda knots, usual, most: f"median distance from the {_curve(knots, usual, most)}",
    "ninetieth_distance": lambda knots, usual, most: (
        f"90th percentile of the distance from the {_curve(knots, usual, most)}"
    ),
    "split_conformal": "split-conformal by class",
    "mean_error_over_coverage": "mean error rate over coverage",
    "pure_levels": "cases in pure levels",
    "largest_over_smallest": "largest class over smallest",
    "without_value": "cases without a value",
}
