"""Why a number is not there: one sentence for each reason that the analysis gives."""

from collections.abc import Mapping
from typing import Final

from neuroval.analysis.core.codes import Reason
from neuroval.dashboard.words.templates import Template, Whole, filled

INFINITE: Final = "infinite: "
CELLS: Final = {"tp": "true positives", "fp": "false positives", "fn": "false negatives", "tn": "true negatives"}


def why(reason: Reason | None) -> str:
    """Return a reason in words; nothing where there is none."""
    return "" if reason is None else filled(REASONS[reason.code], _in_words(reason))


def _in_words(reason: Reason) -> dict[str, object]:
    return {name: why(fact) if isinstance(fact, Reason) else fact for name, fact in reason.facts}


def infinite(reason: Reason | None) -> str | None:
    """Return why a ratio is infinite; none where it is not."""
    text = why(reason)
    return text.removeprefix(INFINITE) if text.startswith(INFINITE) else None


def _at_least(least: float | None) -> str:
    return "" if least is None else f"; at least {least:.3g}"


def _no(empty: tuple[str, ...]) -> str:
    return "no " + " and no ".join(CELLS[cell] for cell in empty)


def _infinite_loss(cases: int) -> str:
    return f"{INFINITE}{Whole(cases):case} {'has' if cases == 1 else 'have'} probability 0 for the reference class"


def _nothing_new_of(of: tuple[str, ...], n: int) -> str:
    names = of[0] if len(of) == 1 else f"{', '.join(of[:-1])} or {of[-1]}"
    return f"no new {names} scan among {n:,}"


def _few_training_cases_have(known_by: str, count: int, cases: int) -> str:
    what = {"patient": "a patient id", "hash": "a file hash"}[known_by]
    if not count:
        return f"no training case has {what}"
    return f"only {count:,} of {cases:,} training cases {'has' if count == 1 else 'have'} {what}"


def _complete_cases_only(cases: int) -> str:
    whole = f"the {cases:,} without a result are" if cases > 1 else "the one without a result is"
    return f"it holds only for scans with a result, not once {whole} taken as wrong"


REASONS: Final[Mapping[str, Template]] = {
    "no_cases": "no cases",
    "complete_cases_only": _complete_cases_only,
    "no_cases_read_twice": "no scan that two readers gave a class",
    "no_cases_of": "no cases of {of}",
    "no_reference_cases": "no reference cases of {of}",
    "no_reference_cases_of_others": "no reference cases of another class than {than}",
    "no_reference_cases_without_tumour": "no reference cases without a tumour",
    "no_reference_cases_with_condition": "no reference cases of the condition",
    "no_reference_cases_without_condition": "no reference cases without the condition",
    "a_class_is_empty": "a class has no cases",
    "no_patient_with_tumour": "no patient with any tumour",
    "no_patient_without_tumour": "no patient without any tumour",
    "no_patient_of_one_class": "no patient has a single reference class",
    "no_training_cases": "the study holds no training cases",
    "nothing_left": "no case is left",
    "nothing_new": "no scan is new to the model",
    "nothing_new_of": _nothing_new_of,
    "no_tuning_cases": "no tuning cases",
    "no_tumour_in_tuning": "no tumour among the tuning cases",
    "too_few_tuning_cases": "too few tuning cases of {of}",
    "tuning_groups_needed": "{groups} patients with a tumour in the tuning split, at least {needed} needed",
    "tuning_cases_needed": "{cases} tuning cases of {of}, at least {needed} needed",
    "never_predicted": "{name} is never predicted",
    "classes_never_predicted": "never predicted: {of}",
    "none_called_positive": "no case is called positive",
    "none_called_negative": "no case is called negative",
    "none_reaches_threshold": "no case reaches the threshold",
    "all_reach_threshold": "every case reaches the threshold",
    "not_known": "not known",
    "not_recorded": "not recorded",
    "no_patient_ids": "no case has a patient id",
    "no_file_hashes": "no case has a file hash",
    "no_patient_ids_on_both_sides": "no patient id is known on both sides",
    "no_file_hashes_on_both_sides": "no file hash is known on both sides",
    "nothing_known_on_both_sides": "no patient id and no file hash is known on both sides",
    "nothing_to_compare_by": "nothing known to compare by",
    "some_cannot_be_compared": "{number:,} of {cases:,} cannot be compared",
    "few_training_cases_have": _few_training_cases_have,
    "at_least_shared": "{reason}; at least {count:,} of {cases:,} are shared",
    "near_duplicates_not_sought": "near-duplicates were not looked for on both sides",
    "no_grouped_folds": "grouped cross-validation is not available in this study",
    "no_ungrouped_folds": "ungrouped cross-validation is not available in this study",
    "no_tuning_predictions": "the study holds no predictions of tuning cases",
    "no_tuning_predictions_by_folds": "the networks of cross-validation called no tuning scans",
    "no_negative_class": "the study names no negative class",
    "no_threshold": "no threshold",
    "no_trial": "the study holds no trial",
    "no_embeddings": "the study does not hold how the network sees its scans",
    "one_case": "one case",
    "one_group": "one group",
    "one_fold": "one fold",
    "one_reference_class": "all cases are of one class",
    "one_predicted_class": "all cases are predicted as one class",
    "one_class_read": "all readings are of one class: chance alone would agree",
    "always_one_class": "reference and prediction are one and the same class in all cases",
    "outcomes_alike": "all {cases:,} cases are {are}",
    "equal_cases": "no variation between cases",
    "equal_groups": "no variation between groups",
    "equal_folds": "all folds have the same value",
    "equal_harm": "all cases have the same harm",
    "equal_scores": "all scores are equal",
    "equal_probabilities": "all probabilities are equal",
    "equal_resamples": "all resamples give the same value",
    "same_order": "both scores order all cases alike",
    "no_error_observed": "no error observed",
    "no_harm_observed": "no harm observed",
    "infinite_ratio": lambda empty, least: f"{INFINITE}{_no(empty)}{_at_least(least)}",
    "zero_by_zero": lambda empty: f"0 divided by 0: {_no(empty)}",
    "no_log_interval": lambda empty: f"no interval by the log method: {_no(empty)}",
    "infinite_loss": _infinite_loss,
    "separated": "perfect separation: one probability divides the cases that are {yes} from those that are {no}",
    "not_converged": "the fit did not converge",
    "auc_at_an_end": "an AUC is 0 or 1",
    "no_variance_of_difference": "the variance of the difference is not estimable",
    "no_variance_between_groups": "one group: the variance between groups is not estimable",
    "one_group_on_a_side": "one group {side} the condition: the variance between groups is not estimable",
    "too_few_groups": lambda groups: f"{groups} group{'s' * (groups != 1)}: too few to resample",
    "too_few_in_bins": "{cases:case}, too few for bins: {needed:,} are needed",
    "too_few_outcomes": "{cases:case} of the rarer outcome, too few for a curve: {needed:,} are needed",
    "small_subgroup": "{cases:case} where at least {needed:,} are needed",
    "few_groups_in_subgroup": "scans of {groups:patient} or images where at least {needed:,} are needed",
    "small_rest": "too few others: {reason}",
    "one_level": "fewer than two subgroups are large enough",
    "error_of_zero": "the bootstrap interval of an error of 0 has no width",
    "by_chance_alone": "chance alone makes it larger than 0",
    "single_bin": "the largest gap rests on a single bin, often of few cases",
    "undefined_in_resamples": "interval not estimable: undefined in {undefined:,} of {resamples:,} resamples",
    "undefined_in_folds": "not estimable in {undefined} of {folds} folds ({reason})",
    "more_groups_needed": "a cluster-robust interval needs more than {more_than:group}, found {found}",
    "no_p_value": "no p-value: {reason}",
    "a_description": "a description of these cases, not an estimate",
    "a_limit": "a limit, not an estimate",
    "a_p_value": "a p-value has no interval",
    "a_setting": "a setting, not an estimate",
    "taken_as_known": "taken as known",
    "chosen_on_these_cases": "the threshold was chosen on these cases",
    "no_interval_known": "no interval is known for this estimate",
    "no_interval_given": "given without interval",
    "single_fold": "not given for a single fold",
    "unknown_metric": "no number is called {metric}",
    "bound_out_of_reach": "too few cases: without any error the lower bound would be {best:.3f}",
    "rate_below_limit": "the observed rate {rate:.4f} is not above the limit {limit:.4f}: more cases do not help",
    "too_many_cases_needed": "more than {cases:,} cases",
    "both": "{first}; {second}",
    "and": "{first} and {second}",
}
