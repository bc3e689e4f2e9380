"""The shipped networks: each card says what the shipped study of its network gives."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neuroval.analysis.core.estimate import Measure
from neuroval.analysis.explanations.pointing import pointing_game
from neuroval.analysis.study.comparison import comparisons
from neuroval.analysis.study.results import StudyResults, results_of
from neuroval.analysis.trial.need import COUNTED
from neuroval.dashboard.documents.study_document import sections
from neuroval.dashboard.words.compare import label
from neuroval.dashboard.words.formats import points
from neuroval.data.storage.home import SHIPPED_MODELS, SHIPPED_STUDIES
from neuroval.data.study.folder import read_study
from neuroval.model.card import PAGE, as_markdown, read_card

ZOO = SHIPPED_MODELS
ROOT = Path(__file__).parents[2]
STUDIES = SHIPPED_STUDIES
REAL = {"brain-tumor-mri": "brain-tumor-mri", "brain-tumor-b3": "brain-tumor-mri-b3"}  # by model, its study


@pytest.mark.parametrize("name", ["phantom", *REAL])
def test_the_page_of_a_shipped_model_says_what_its_card_says(name: str) -> None:
    folder = ZOO / name
    assert (folder / PAGE).read_text(encoding="utf-8") == as_markdown(read_card(folder))


@pytest.mark.parametrize("name", REAL)
def test_the_card_holds_what_the_shipped_study_gives(name: str) -> None:
    study, card = read_study(STUDIES / REAL[name]), read_card(ZOO / name)
    assert study.manifest.model is not None
    assert study.manifest.model.sha256 == card.sha256
    found = sections(study, basis="test", names=["error-rates", "saliency", "folds"])["sections"]
    errors, n = found["error-rates"]["count"], found["error-rates"]["n"]
    assert card.metrics["published_split_correct"] == f"{n - errors}/{n}"
    folds = {"grouped_folds_correct": found["folds"], "ungrouped_folds_correct": found["folds"]["ungrouped"]}
    for key, one in folds.items():
        pooled = one["overall"]["accuracy"] if one["reason"] is None else None
        assert card.metrics.get(key) == (None if pooled is None else f"{pooled['count']}/{pooled['n']}")
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


def page(name: str) -> str:
    return " ".join((ROOT / name).read_text(encoding="utf-8").split())


def test_readme_and_docs_say_what_the_shipped_study_gives() -> None:
    study = read_study(STUDIES / "brain-tumor-mri")
    found = sections(study, basis="test", names=["per-class", "folds", "audit"])["sections"]
    published = found["per-class"]["overall"]["accuracy_clustered"]
    grouped = found["folds"]["overall"]["accuracy_clustered"]
    ungrouped = found["folds"]["ungrouped"]["overall"]["accuracy_clustered"]
    shared = found["audit"]["shared"]["all"]["group"]
    readme, studies = page("README.md"), page("docs/studies.md")
    for name, row in (
        ("published test scans", published),
        ("new patients (cross-validated)", grouped),
        ("cross-validated without regard to patients and copies", ungrouped),
    ):
        right = f"{row['count']:,} of {row['n']:,} ({row['value']:.3f})"
        assert f"| {name} | {right} | {row['low']:.3f} to {row['high']:.3f} |" in studies
    assert f"right for {published['count']:,} of {published['n']:,} ({published['value']:.3f})" in readme
    interval = f"{grouped['value']:.3f}, 95% interval {grouped['low']:.3f} to {grouped['high']:.3f}"
    assert f"right for {grouped['count']:,} of {grouped['n']:,} scans ({interval})" in readme
    assert f"but {shared['count']:,} of these scans share a patient or a copy" in readme
    assert f"{shared['count']:,} of the {shared['n']:,} test scans share a patient or a copy" in studies
    assert f"raises accuracy from {grouped['value']:.3f} to {ungrouped['value']:.3f}" in studies
    assert len({read.model_sha256 for read in study.manifest.test_reads}) == 4
    assert "It had been read for three earlier networks" in studies


def test_the_second_network_says_what_it_started_from_and_that_it_has_no_folds() -> None:
    study, card = read_study(STUDIES / REAL["brain-tumor-b3"]), read_card(ZOO / "brain-tumor-b3")
    assert (card.recipe["backbone"], card.recipe["weights"]) == ("efficientnet-b3", "efficientnet-lite2")
    said = " ".join(card.limitations)
    assert "It started from the ImageNet weights of EfficientNet-Lite2 as far as they reach" in said
    assert "There is no cross-validation of this network" in said
    assert set(card.limitations) <= set(study.manifest.about.limitations)
    assert study.folds is None
    (read,) = study.manifest.test_reads
    assert (read.model_sha256, read.accuracy >= 0.95) == (card.sha256, True)


def test_the_docs_say_how_the_two_real_networks_compare() -> None:
    first, second = (StudyResults(study=read_study(STUDIES / name)) for name in REAL.values())
    found = comparisons(first, second)
    rates, _ = found.distinct
    said = page("docs/studies.md")
    accuracy = found.accuracy
    assert f"It is right for {accuracy.b.plain.count:,} of the same {accuracy.counts.n:,} test scans" in said
    difference = accuracy.difference.headline
    interval = f"{points(difference.low)} to {points(difference.high)}"
    assert f"better by {points(difference.value)} percentage points (95% interval {interval})" in said
    assert f"right for {accuracy.counts.only_a:,} scans, B3 alone for {accuracy.counts.only_b:,}" in said
    clear = [one for one in rates if one.difference.headline.low > 0 or one.difference.headline.high < 0]
    assert len(clear) == 3  # accuracy and the two that are named
    for one in clear:
        low, high = one.difference.headline.low, one.difference.headline.high
        if one.name != "accuracy":
            named = label(one.name, found.matched.classes).lower()
            assert f"{named} (by {points(low)} to {points(high)}" in said
    tuning = comparisons(first, second, basis="tuning").accuracy
    right = f"right for {tuning.a.plain.count:,} and B3 for {tuning.b.plain.count:,}"
    assert f"Of the {tuning.counts.n:,} tuning scans the first network is {right}" in said


def test_the_docs_say_what_the_trial_of_the_first_network_gives() -> None:
    study, said = read_study(STUDIES / "brain-tumor-mri"), page("docs/studies.md")
    cells: dict[str, list[str]] = {}
    for basis in ("test", "tuning"):
        trial = results_of(study, basis=basis).trial
        assert trial is not None
        tumours = trial.subjects["any_tumour"]
        healthy = min((hole.still_negative for hole in trial.healthy_holes if hole.method in COUNTED), key=rate_of)
        for name, number in (
            ("any tumour removed: still called a tumour", tumours.still_called),
            *((f"{name} removed", trial.subjects[name].still_called) for name in ("glioma", "meningioma", "pituitary")),
            ("the same hole elsewhere: still called a tumour", tumours.need_row.worst.elsewhere),
            ("hole in a scan without a tumour: still called so", healthy),
            ("tumour pasted into a scan without one: called", tumours.called_when_moved),
        ):
            shown = number.headline
            cells.setdefault(name, []).append(f"{shown.count:,} of {shown.n:,} ({shown.value:.3f})")
        if basis == "test":
            still = tumours.still_called.headline
            assert f"it still calls one in {still.count:,} of {still.n:,} test scans." in page("README.md")
    for name, both in cells.items():
        assert f"| {name} | {' | '.join(both)} |" in said


def rate_of(measure: Measure) -> float:
    return measure.headline.value or 0.0
