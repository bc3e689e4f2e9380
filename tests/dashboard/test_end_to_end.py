"""The whole line with the commands a user has: draw, train, cross-validate, evaluate, analyse, look."""

import json
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from neuroval.dashboard.cli.main import main
from neuroval.data.schema import PAIR_KINDS
from neuroval.model.training import lite_backbone

APP = Path(__file__).parents[2] / "dashboard" / "app.py"
RECIPE = """
backbone = "efficientnet-lite0"
input_size = 64
epochs = 1
warmup_epochs = 0
batch_size = 8
guidance = 0.3
tuning_parts = 2
"""


@pytest.mark.usefixtures("eagerly")
def test_from_nothing_to_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(lite_backbone, "STAGES", lite_backbone.STAGES[:2])  # every kind of layer, in seconds
    images, model, recipe = tmp_path / "images", tmp_path / "home" / "models" / "small", tmp_path / "recipe.toml"
    recipe.write_text(RECIPE)

    def neuroval(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["neuroval", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        assert not end.value.code
        return capsys.readouterr().out

    neuroval("data", "phantom", images, "--patients", 16, "--without", "corrupt_file")
    neuroval("train", "--images", images, "--data", "phantom", "--recipe", recipe, "--out", model)
    neuroval("cross-validate", "--model", "small", "--images", images, "--data", "phantom", "--folds", 2)
    trained = (model / "reference.npz").read_bytes()
    assert "tuning" in neuroval("reference", "--model", "small", "--images", images, "--data", "phantom")
    assert (model / "reference.npz").read_bytes() == trained
    about = APP.parents[1] / "data" / "descriptions" / "phantom.toml"
    neuroval(
        "evaluate", "--model", "small", "--images", images, "--data", "phantom", "--out", "small", "--about", about
    )
    neuroval("data", "link", images, "--data", "phantom")
    document = json.loads(neuroval("analyze", "small", "--json"))
    assert document["study"]["synthetic"] is True
    kinds = {twin["kind"] for twin in document["sections"]["audit"]["twins_across_splits"]}
    assert kinds == set(PAIR_KINDS)
    accuracy = document["sections"]["per-class"]["overall"]["accuracy"]
    page = AppTest.from_file(str(APP), default_timeout=60)
    page.query_params["study"] = "small"
    page.run()
    assert not page.exception
    said = " ".join(element.value for element in [*page.markdown, *page.metric, *page.caption] if element.value)
    assert f"{accuracy['count']}/{accuracy['n']}" in said
    assert "Synthetic" in said
