"""Why a number is missing and how its interval was made, as codes with their facts.

Nobody reads these codes: whoever shows a number puts them into words. Two of them are equal when code and facts are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Union

from neuroval.data.exceptions import InputError

Fact = Union[str, int, float, None, tuple[str, ...], "Coded"]

REASONS: Final[Mapping[str, tuple[str, ...]]] = {  # each with the names of its facts
    # cases that are not there
    "no_cases": (),
    "no_cases_of": ("of",),
    "no_cases_read_twice": (),
    "no_reference_cases": ("of",),
    "no_reference_cases_of_others": ("than",),
    "no_reference_cases_without_tumour": (),
    "no_reference_cases_with_condition": (),
    "no_reference_cases_without_condition": (),
    "a_class_is_empty": (),
    "no_patient_with_tumour": (),
    "no_patient_without_tumour": (),
    "no_patient_of_one_class": (),
    "no_training_cases": (),
    "nothing_left": (),
    "nothing_new": (),
    "nothing_new_of": ("of", "n"),
    "no_tuning_cases": (),
    "no_tumour_in_tuning": (),
    "too_few_tuning_cases": ("of",),
    "tuning_cases_needed": ("of", "cases", "needed"),
    "tuning_groups_needed": ("groups", "needed"),
    # what the model never does
    "never_predicted": ("name",),
    "classes_never_predicted": ("of",),
    "none_called_positive": (),
    "none_called_negative": (),
    "none_reaches_threshold": (),
    "all_reach_threshold": (),
    # what the study does not hold
    "not_known": (),
    "not_recorded": (),
    "no_patient_ids": (),
    "no_file_hashes": (),
    "no_patient_ids_on_both_sides": (),
    "no_file_hashes_on_both_sides": (),
    "nothing_known_on_both_sides": (),
    "nothing_to_compare_by": (),
    "some_cannot_be_compared": ("number", "cases"),
    "few_training_cases_have": ("known_by", "count", "cases"),
    "at_least_shared": ("reason", "count", "cases"),
    "near_duplicates_not_sought": (),
    "no_grouped_folds": (),
    "no_ungrouped_folds": (),
    "no_tuning_predictions": (),
    "no_tuning_predictions_by_folds": (),
    "no_negative_class": (),
    "no_threshold": (),
    "no_trial": (),
    "no_embeddings": (),
    # nothing varies
    "one_case": (),
    "one_group": (),
    "one_fold": (),
    "one_reference_class": (),
    "one_predicted_class": (),
    "always_one_class": (),
    "one_class_read": (),
    "outcomes_alike": ("cases", "are"),
    "equal_cases": (),
    "equal_groups": (),
    "equal_folds": (),
    "equal_harm": (),
    "equal_scores": (),
    "equal_probabilities": (),
    "equal_resamples": (),
    "same_order": (),
    "no_error_observed": (),
    "no_harm_observed": (),
    # the method ends here
    "infinite_ratio": ("empty", "least"),
    "zero_by_zero": ("empty",),
    "no_log_interval": ("empty",),
    "infinite_loss": ("cases",),
    "separated": ("yes", "no"),
    "not_converged": (),
    "auc_at_an_end": (),
    "no_variance_of_difference": (),
    "no_variance_between_groups": (),
    "one_group_on_a_side": ("side",),
    "too_few_groups": ("groups",),
    "too_few_in_bins": ("cases", "needed"),
    "too_few_outcomes": ("cases", "needed"),
    "small_subgroup": ("cases", "needed"),
    "few_groups_in_subgroup": ("groups", "needed"),
    "small_rest": ("reason",),
    "one_level": (),
    "error_of_zero": (),
    "single_bin": (),
    "by_chance_alone": (),
    "undefined_in_resamples": ("undefined", "resamples"),
    "undefined_in_folds": ("undefined", "folds", "reason"),
    "more_groups_needed": ("more_than", "found"),
    "no_p_value": ("reason",),
    # no interval by design
    "a_description": (),
    "a_limit": (),
    "a_p_value": (),
    "a_setting": (),
    "taken_as_known": (),
    "chosen_on_these_cases": (),
    "no_interval_known": (),
    "no_interval_given": (),
    "single_fold": (),
    # criteria
    "unknown_metric": ("metric",),
    "bound_out_of_reach": ("best",),
    "complete_cases_only": ("cases",),
    "rate_below_limit": ("rate", "limit"),
    "too_many_cases_needed": ("cases",),
    "both": ("first", "second"),
    "and": ("first", "second"),
}

METHODS: Final[Mapping[str, tuple[str, ...]]] = {
    "not_estimable": (),
    # proportions
    "wilson": (),
    "clopper-pearson": (),
    "jeffreys": (),
    "agresti-coull": (),
    "wilson_on_design_effect": ("groups",),
    "wilson_on_groups": ("groups",),
    "wilson_on_group_means": ("groups",),
    # differences and sums
    "newcombe_paired": (),
    "tango": (),
    "tango_on_design_effect": (),
    "newcombe_paired_on_groups": ("groups",),
    "newcombe_paired_on_design_effect": ("groups",),
    "newcombe_unpaired": (),
    "mover": ("a", "b"),
    "of_sizes": ("method", "a", "b"),
    "square_and_add_of_rates": (),
    "square_and_add_of_adjusted_rates": ("groups",),
    "square_and_add_of_classes": (),
    "lower_and_upper": ("lower", "upper"),
    "f1_of_jaccard": ("method",),
    "wilson_on_linearised": (),
    "wilson_on_linearised_between_groups": ("groups",),
    "mover_on_wilson": (),
    "mover_on_wilson_adjusted": ("groups",),
    # resampling
    "percentile_bootstrap": ("groups", "resamples", "seed"),
    "stratified_percentile_bootstrap": ("groups", "resamples", "seed"),
    "undefined_dropped": ("method", "undefined"),
    "strata_of_one": ("method", "strata"),
    "basic_bootstrap": ("resamples", "seed", "unit", "units", "normal_limit"),
    # areas under curves
    "delong": (),
    "obuchowski": ("groups", "freedom"),
    "newcombe_5": (),
    "newcombe_5_on_design_effect": ("groups",),
    "newcombe_5_without_delong": (),
    "newcombe_5_without_obuchowski": ("groups",),
    "delong_over_classes": (),
    "obuchowski_over_classes": ("groups", "freedom"),
    "delong_over_classes_with_newcombe_5": ("replaced", "parts"),
    "obuchowski_over_classes_with_newcombe_5": ("replaced", "parts", "groups", "freedom"),
    "mean_newcombe_5": ("parts",),
    "mean_newcombe_5_on_design_effect": ("parts", "groups"),
    "delong_paired": (),
    "obuchowski_paired": ("groups", "freedom"),
    "z_test": ("method",),
    "t_test": ("method",),
    "square_and_add_uncorrelated": ("reason",),
    "square_and_add_correlated": (),
    "logit_boyd": (),
    "logit_boyd_on_groups": ("of", "holding", "groups"),
    "wilson_near_one": (),
    "wilson_near_one_on_groups": ("of", "holding", "groups"),
    # ratios and predictive values
    "log_simel": (),
    "log_woolf": (),
    "koopman_score": (),
    "between_groups": ("method", "groups", "freedom"),
    "logit_mercaldo": (),
    "adjusted_logit_mercaldo": (),
    "on_effective_sizes": ("method", "positives", "negatives"),
    # means and fits
    "t": (),
    "t_clustered": ("groups",),
    "t_of_mean": (),
    "t_of_mean_clustered": ("groups",),
    "corrected_resampled_t": (),
    "wald": ("clip",),
    "wald_sandwich": ("clip", "groups"),
    # without interval
    "given": (),
    "as_observed": (),
    "mean_of_sensitivities": (),
    "mean_self_confidence": (),
    "confident_learning": (),
    "largest_gap": (),
    "integrated_calibration_index": ("knots", "usual", "most"),
    "median_distance": ("knots", "usual", "most"),
    "ninetieth_distance": ("knots", "usual", "most"),
    "split_conformal": (),
    "mean_error_over_coverage": (),
    "pure_levels": (),
    "largest_over_smallest": (),
    "without_value": (),
}


@dataclass(frozen=True, slots=True, init=False)
class Coded:
    """A code of a closed list with exactly the facts that the list names. Raises ``InputError`` for any other."""

    KNOWN: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    code: str
    facts: tuple[tuple[str, Fact], ...]

    def __init__(self, code: str, /, **facts: Fact) -> None:
        if code not in self.KNOWN:
            raise InputError(f"{type(self).__name__.lower()}: {code!r} is not a known code.")
        if set(facts) != set(self.KNOWN[code]):
            expected, given = sorted(self.KNOWN[code]), sorted(facts)
            raise InputError(f"{type(self).__name__.lower()} {code}: expected the facts {expected}, found {given}.")
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "facts", tuple((name, facts[name]) for name in self.KNOWN[code]))


class Reason(Coded):
    """Why a number or its interval is missing, for example ``Reason("no_reference_cases", of="glioma")``."""

    __slots__ = ()
    KNOWN: ClassVar[Mapping[str, tuple[str, ...]]] = REASONS


class Method(Coded):
    """How an interval was made, for example ``Method("wilson_on_design_effect", groups=12)``."""

    __slots__ = ()
    KNOWN: ClassVar[Mapping[str, tuple[str, ...]]] = METHODS
