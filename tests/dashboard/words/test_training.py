"""Words about training: the settings of a recipe as rows."""

from neuroval.dashboard.words.training import recipe_rows


def test_a_table_in_a_recipe_has_a_row_for_each_of_its_settings() -> None:
    recipe = {"epochs": 6, "early_sizes": [], "counterfactual": {"removed": 0.3, "fillings": ["telea", "own_tissue"]}}
    assert {row["Setting"]: row["Value"] for row in recipe_rows(recipe)} == {
        "Epochs": "6",
        "Counterfactual: removed": "0.3",
        "Counterfactual: fillings": "telea, own tissue",
    }
