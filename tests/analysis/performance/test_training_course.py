import numpy as np
import pandas as pd

from neuroval.analysis.performance.training_course import training_runs


def history(run: str, fold: int | None, losses: list[float]) -> pd.DataFrame:
    epochs = np.arange(1, len(losses) + 1, dtype=np.int32)
    rest = {"loss": 1.0, "accuracy": 0.5, "tuning_accuracy": epochs / 10, "learning_rate": 1e-3}
    rows = pd.DataFrame({"run": run, "fold": fold, "epoch": epochs, "tuning_loss": losses, **rest})
    return rows.astype({"fold": "Int32"})


def test_runs_come_apart_and_the_first_lowest_loss_is_chosen() -> None:
    table = pd.concat(
        [history("grouped", 2, [0.3, 0.2]), history("grouped", 1, [0.1]), history("final", None, [3, 1, 1])]
    )
    final, first, second = training_runs(table.sample(frac=1, random_state=1))
    assert (final.run, final.fold, final.chosen, final.at_chosen) == ("final", None, 2, 1)
    assert [(one.run, one.fold, one.chosen) for one in (first, second)] == [("grouped", 1, 1), ("grouped", 2, 2)]
    np.testing.assert_array_equal(final.tuning_loss, [3, 1, 1])
    assert not final.loss.flags.writeable


def test_the_scaled_loss_chooses_where_it_is_known() -> None:
    losses = history("final", None, [0.2, 0.3, 0.4])
    assert training_runs(losses.assign(tuning_scaled_loss=np.nan))[0].chosen == 1
    assert training_runs(losses.assign(tuning_scaled_loss=[np.nan, 0.2, 0.1]))[0].chosen == 3


def test_epochs_on_smaller_images_cannot_be_chosen() -> None:
    table = pd.concat([history("final", None, [0.1, 0.2, 0.4, 0.3]), history("grouped", 1, [0.1, 0.2, 0.4])])
    assert [one.chosen for one in training_runs(table, early=2)] == [4, 3]
    assert [one.chosen for one in training_runs(table, early=2, early_of_folds=0)] == [4, 1]
    assert [one.chosen for one in training_runs(table, early=4)] == [1, 1]


def test_no_history_has_no_runs() -> None:
    assert training_runs(history("final", None, [])) == ()
