"""The shipped networks: each card says what the shipped study of its network gives."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import model
from analysis.saliency import pointing_game
from dashboard.sections import sections
from data.study import read_study
from model.card import PAGE, as_markdown, read_card

ZOO = Path(model.__file__).parent / "zoo"
ROOT = ZOO.parents[1]
STUDIES = ROOT / "data" / "studies"


@pytest.mark.parametrize("name", ["phantom", "brain-tumor-mri"])
def test_the_page_of_a_shipped_model_says_what_its_card_says(name: str) -> None:
    folder = ZOO / name
    assert (folder / PAGE).read_text(encoding="utf-8") == as_markdown(read_card(folder))


def test_the_card_holds_what_the_shipped_study_gives() -> None:
    study, card = read_study(STUDIES / "brain-tumor-mri"), read_card(ZOO / "brain-tumor-mri")
    assert study.manifest.model is not None
    assert study.manifest.model.sha256 == card.sha256
    found = sections(study, names=["error-rates", "saliency", "folds"])["sections"]
    errors, n = found["error-rates"]["count"], found["error-rates"]["n"]
    assert card.metrics["published_split_correct"] == f"{n - errors}/{n}"
    pooled = found["folds"]["overall"]["accuracy"]
    assert card.metrics["grouped_folds_correct"] == f"{pooled['count']}/{pooled['n']}"
    leaky = found["folds"]["ungrouped"]["overall"]["accuracy"]
    assert card.metrics["ungrouped_folds_correct"] == f"{leaky['count']}/{leaky['n']}"
    for name, game in found["saliency"]["pointing_game"].items():
        both = (game["correct"], game["wrong"])
        scans = sum(part["n"] for part in both) + game["without_evidence"]  # no evidence points nowhere
        assert card.metrics["pointing_game"][name] == f"{sum(part['count'] for part in both)}/{scans}"


def test_the_card_holds_what_the_network_without_guidance_gives() -> None:
    """``without_guidance.parquet`` keeps, for each test case, its call and its map of the reference class (7 x 7)."""
    study, folder = read_study(STUDIES / "brain-tumor-mri"), ZOO / "brain-tumor-mri"
    metrics, kept = read_card(folder).metrics, pd.read_parquet(folder / "without_guidance.parquet")
    cases, maps = study.cases.set_index("case_id"), np.stack(kept["map"]).reshape(-1, 7, 7)
    assert set(kept["case_id"]) == set(cases.index[cases["split"] == "test"])
    labels, gradcam = cases.loc[kept["case_id"], "label"].to_numpy(), study.gradcam
    right = int((kept["predicted"] == labels).sum())
    assert metrics["network_without_guidance"].endswith(f"; {right}/{len(kept)} correct")
    assert gradcam is not None
    places = gradcam.case_ids.get_indexer(kept["case_id"])
    hits = pointing_game(maps, gradcam.masks[places])
    for name, said in metrics["pointing_game_without_guidance"].items():
        own = (labels == name) & gradcam.has_mask[places]
        assert said == f"{int(hits[own].sum())}/{int(own.sum())}"


def test_the_readme_says_what_the_shipped_study_gives() -> None:
    study = read_study(STUDIES / "brain-tumor-mri")
    found = sections(study, names=["error-rates", "folds", "audit"])["sections"]
    errors, n = found["error-rates"]["count"], found["error-rates"]["n"]
    shared, honest = found["audit"]["shared"]["all"]["group"], found["folds"]["overall"]["accuracy_clustered"]
    said = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"{n - errors:,} of the {n:,} test images correctly ({1 - errors / n:.3f})" in said
    assert f"{shared['count']:,} of these {n:,} share a patient or a copy" in said
    interval = f"{honest['value']:.3f}, 95% interval {honest['low']:.3f} to {honest['high']:.3f}"
    assert f"{honest['count']:,} of all {honest['n']:,} images are called correctly ({interval})" in said
    leaky = found["folds"]["ungrouped"]["overall"]["accuracy_clustered"]
    interval = f"{leaky['value']:.3f}, 95% interval {leaky['low']:.3f} to {leaky['high']:.3f}"
    assert f"call {leaky['count']:,} correctly ({interval})" in said
    assert len({read.model_sha256 for read in study.manifest.test_reads}) == 4
