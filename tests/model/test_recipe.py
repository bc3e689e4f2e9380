"""The recipe file: the table of counterfactual training in it, and that what is written reads back."""

from pathlib import Path

import pytest

from neuroval.data.exceptions import InputError
from neuroval.data.storage.toml import as_toml
from neuroval.model.recipe import CounterfactualShares, TrainingConfig, read_recipe, written


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "recipe.toml"


def test_a_table_of_counterfactual_training_is_read(file: Path) -> None:
    file.write_text('epochs = 3\n[counterfactual]\nremoved = 0.5\nwidest = 0.03\nfillings = ["telea"]\n')
    recipe = read_recipe(file)
    assert recipe.epochs == 3
    assert recipe.counterfactual == CounterfactualShares(removed=0.5, widest=0.03, fillings=("telea",))
    file.write_text("[counterfactual]")
    assert read_recipe(file).counterfactual == CounterfactualShares()
    file.write_text("")
    assert read_recipe(file).counterfactual is None


@pytest.mark.parametrize("shares", [None, CounterfactualShares(pasted=0.2, fillings=("level", "telea"))])
def test_what_is_written_reads_back(file: Path, shares: CounterfactualShares | None) -> None:
    config = TrainingConfig(counterfactual=shares, early_sizes=(96,), averaging=0.9, balance_sources=True)
    file.write_text(as_toml(written(config)))
    assert read_recipe(file) == config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("counterfactual = true", "counterfactual is True, expected a table"),
        ("[counterfactual]\nremove = 0.3", r"\[counterfactual\]: unknown key 'remove'"),
        ("[counterfactual]\nremoved = 'all'", r"\[counterfactual\]: removed is 'all', expected float"),
        ("[counterfactual]\nremoved = 0.6\nelsewhere = 0.5", "removed and elsewhere not exceed 1 together"),
        ("[counterfactual]\npasted = -0.1", "must not be negative"),
        ("[counterfactual]\nfillings = [1]", "fillings is .1., expected a list of names"),
        ("[counterfactual]\nfillings = ['magic']", r"fillings of \[counterfactual\] are \['magic'\], expected some of"),
        ("[counterfactual]\nfillings = []", r"fillings of \[counterfactual\] are \[\], expected some of"),
        ("[counterfactual]\nnarrowest = 0.04\nwidest = 0.03", "narrowest not above widest"),
        ("averaging = 1.0", "averaging is 1.0, expected from 0 to below 1"),
        ("wrong = 1", "unknown key 'wrong'; expected some of .*'counterfactual'"),
    ],
)
def test_a_wrong_table_is_named(file: Path, text: str, message: str) -> None:
    file.write_text(text)
    with pytest.raises(InputError, match=message):
        read_recipe(file)
