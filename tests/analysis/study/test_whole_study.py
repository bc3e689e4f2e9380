from neuroval.analysis.study.results import results_of
from neuroval.data.storage.home import SHIPPED_STUDIES
from neuroval.data.study.folder import read_study


def test_the_recipe_of_a_study_says_which_epochs_could_not_be_chosen() -> None:
    study = read_study(SHIPPED_STUDIES / "brain-tumor-mri-b3")  # its first epochs saw smaller images
    final = results_of(study, basis="test").whole.training[0]
    assert (final.run, final.chosen, len(final.epoch)) == ("final", 8, 8)
    assert round(float(final.tuning_accuracy[final.at_chosen]), 3) == 0.937
    assert final.tuning_accuracy.max() > final.tuning_accuracy[final.at_chosen]
