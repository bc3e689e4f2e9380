"""The demonstration: drawn and evaluated once, kept afterwards; and the figures of the shipped model's card."""

from functools import partial
from pathlib import Path

import pytest

from neuroval.dashboard.documents.study_document import sections
from neuroval.data import phantom
from neuroval.data.phantom import cohort
from neuroval.data.storage.home import SHIPPED_MODELS
from neuroval.data.study.folder import read_study
from neuroval.model.card import read_card
from neuroval.model.evaluation.demo import make_demo


def test_the_demonstration_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of few patients: what is drawn and evaluated is the same, in seconds."""
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path))
    monkeypatch.setattr(cohort, "generate", partial(cohort.generate, patients=48, workers=1))
    monkeypatch.setattr(phantom, "facts", partial(phantom.facts, patients=48))
    demo = make_demo()
    assert demo.made
    study = read_study(demo.study)
    assert study.manifest.about.synthetic
    games = sections(study, basis="test", names=["saliency"])["sections"]["saliency"]["pointing_game"]
    assert games.keys() >= read_card(SHIPPED_MODELS / phantom.NAME).metrics["pointing_game_with_confounder"].keys()
    assert not make_demo().made
    assert read_study(demo.study).fingerprint == study.fingerprint


@pytest.mark.slow
def test_the_card_holds_what_the_demonstration_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path))
    demo = make_demo()
    study = read_study(demo.study)
    found = sections(study, basis="test", names=["error-rates", "saliency", "folds"])["sections"]
    metrics = read_card(SHIPPED_MODELS / phantom.NAME).metrics
    rate = found["error-rates"]["rate"]
    assert f"{rate['count']}/{rate['n']}" == metrics["test_errors"]
    assert 0.03 <= rate["value"] <= 0.08
    for name, said in metrics["pointing_game_with_confounder"].items():
        game = found["saliency"]["pointing_game"][name]["correct"]
        assert f"{game['count']}/{game['n']}" == said
        assert game["value"] > 0.6
    pooled = found["folds"]["overall"]["accuracy"]
    assert f"{pooled['count']}/{pooled['n']}" == metrics["grouped_folds_correct"]
    assert found["folds"]["left_out"] == 0
