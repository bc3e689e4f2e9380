"""Counterfactual training scans: what is changed, what it then counts as, and that held-out outlines stay closed."""

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from neuroval.data.classes import ClassOrder
from neuroval.data.exceptions import ContractError
from neuroval.model.interventions.outline import grown
from neuroval.model.recipe import CounterfactualShares, Filling, TrainingConfig
from neuroval.model.training import counterfactual as made
from neuroval.model.training import loop
from neuroval.model.training.batches import CaseBatches
from neuroval.model.training.counterfactual import all_changed, counterfactual, training_scans
from neuroval.model.training.loop import train

CLASSES = ClassOrder(names=("disc", "square", "nothing"), negative="nothing")
SIDE = 96
TISSUE, TUMOUR = 90, 220
NONE = {"removed": 0.0, "elsewhere": 0.0, "pasted": 0.0, "filled": 0.0, "patched": 0.0}
Y, X = np.mgrid[:SIDE, :SIDE]
HEAD = ((Y - 48) / 42) ** 2 + ((X - 48) / 36) ** 2 < 1


def scan(label: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A head of even tissue, and in it, left of the middle, the tumour of its class with its outline."""
    row, column = rng.integers(38, 58), rng.integers(28, 38)
    shapes = {"disc": (Y - row) ** 2 + (X - column) ** 2 < 49, "square": np.maximum(abs(Y - row), abs(X - column)) < 6}
    outline = shapes.get(label, np.zeros_like(HEAD))
    pixels = np.where(HEAD, np.where(outline, TUMOUR, TISSUE) + rng.normal(0, 4, HEAD.shape), 0)
    return np.clip(pixels, 0, 255).astype(np.uint8), outline


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten scans a class, with outlines of the tumours."""
    folder, rng = tmp_path_factory.mktemp("heads"), np.random.default_rng(4)
    for label in CLASSES.names:
        for number in range(10):
            pixels, outline = scan(label, rng)
            for kind, array in (("images", pixels), ("masks", (255 * outline).astype(np.uint8))):
                path = folder / kind / f"{label}-{number}.png"
                path.parent.mkdir(exist_ok=True)
                Image.fromarray(array).save(path)
    return folder


@pytest.fixture
def cases() -> pd.DataFrame:
    names = [f"{label}-{number}" for label in CLASSES.names for number in range(10)]
    labels = [name.split("-")[0] for name in names]
    return pd.DataFrame(
        {
            "case_id": names,
            "label": labels,
            "split": ["tuning" if name.endswith(("8", "9")) else "train" for name in names],
            "group_id": names,
            "plane": "axial",
            "source": None,
            "sha256": names,
            "image_path": [f"images/{name}.png" for name in names],
            "mask_path": [
                None if label == "nothing" else f"masks/{name}.png" for name, label in zip(names, labels, strict=True)
            ],
        }
    )


def pixels_of(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def changed(
    cases: pd.DataFrame, folder: Path, case_id: str, *, seed: int = 0, **shares: Any
) -> made.Counterfactual | None:
    scans = training_scans(
        cases, folder, classes=CLASSES, settings=CounterfactualShares(**{**NONE, **shares}), size=SIDE
    )
    row = cases["case_id"].tolist().index(case_id)
    return counterfactual(scans, row, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("filling", get_args(Filling))
def test_a_removed_tumour_leaves_a_scan_of_the_negative_class(cases: pd.DataFrame, folder: Path, filling: str) -> None:
    before, outline = pixels_of(folder / "images/disc-1.png"), pixels_of(folder / "masks/disc-1.png") > 0
    for seed in range(4):
        after = changed(cases, folder, "disc-1", seed=seed, removed=1.0, fillings=(filling,), blended=seed % 2)
        assert after is not None
        assert (after.label, after.outline) == ("nothing", None)
        assert after.grey[outline].mean() == pytest.approx(TISSUE, abs=35)
        untouched = ~grown(outline, by=0.06)
        np.testing.assert_array_equal(after.grey[untouched], before[untouched])


def test_the_control_elsewhere_keeps_tumour_class_and_outline(cases: pd.DataFrame, folder: Path) -> None:
    before, outline = pixels_of(folder / "images/square-2.png"), pixels_of(folder / "masks/square-2.png") > 0
    after = changed(cases, folder, "square-2", elsewhere=1.0)
    assert after is not None
    assert after.label == "square"
    np.testing.assert_array_equal(after.outline, outline)
    np.testing.assert_array_equal(after.grey[outline], before[outline])
    assert (after.grey != before).sum() > outline.sum() / 2
    assert (before[after.grey != before] > 0).mean() > 0.95  # in the head


def test_a_pasted_tumour_brings_its_class_and_outline(cases: pd.DataFrame, folder: Path) -> None:
    before, labels = pixels_of(folder / "images/nothing-3.png"), set()
    for seed in range(8):
        after = changed(cases, folder, "nothing-3", seed=seed, pasted=1.0)
        assert after is not None
        assert after.outline is not None
        labels.add(after.label)
        assert after.grey[after.outline].mean() > TISSUE + 60
        assert before[after.outline].mean() == pytest.approx(TISSUE, abs=15)
        assert after.grey[~grown(after.outline, by=0.08)].max() < TISSUE + 60
    assert labels == {"disc", "square"}


@pytest.mark.parametrize("control", ["filled", "patched"])
def test_controls_of_healthy_scans_stay_negative(cases: pd.DataFrame, folder: Path, control: str) -> None:
    before = pixels_of(folder / "images/nothing-4.png")
    after = changed(cases, folder, "nothing-4", **{control: 1.0})
    assert after is not None
    assert (after.label, after.outline) == ("nothing", None)
    assert 20 < (after.grey != before).sum() < 1500
    assert after.grey.max() < TISSUE + 60


def test_shares_are_of_the_scans_of_each_kind(cases: pd.DataFrame, folder: Path) -> None:
    shares = CounterfactualShares(removed=0.4, elsewhere=0.1, pasted=0.5, filled=0.0, patched=0.0, fillings=("level",))
    scans = training_scans(cases, folder, classes=CLASSES, settings=shares, size=SIDE)
    shown = [
        (row, counterfactual(scans, row, rng=np.random.default_rng([5, row, n])))
        for row in range(30)
        for n in range(20)
    ]
    now = pd.DataFrame(
        [(cases["label"][row], "as it is" if result is None else result.label) for row, result in shown],
        columns=["was", "is"],
    )
    share = pd.crosstab(now["was"] == "nothing", now["is"], normalize="index")
    assert share.loc[False, "nothing"] == pytest.approx(0.4, abs=0.08)
    assert share.loc[False, "as it is"] == pytest.approx(0.5, abs=0.08)
    assert share.loc[True, ["disc", "square"]].sum() == pytest.approx(0.5, abs=0.12)


def test_chance_is_that_of_the_generator(cases: pd.DataFrame, folder: Path) -> None:
    first, again, other = (changed(cases, folder, "disc-5", seed=seed, removed=1.0) for seed in (7, 7, 8))
    assert first is not None
    assert again is not None
    assert other is not None
    np.testing.assert_array_equal(first.grey, again.grey)
    assert (first.grey != other.grey).any()


def test_tumours_of_the_same_patient_and_without_outline_are_left_alone(cases: pd.DataFrame, folder: Path) -> None:
    assert changed(cases.assign(group_id="p"), folder, "nothing-3", pasted=1.0) is None
    without = cases.assign(mask_path=cases["mask_path"].where(cases["case_id"] != "disc-1"))
    assert changed(without, folder, "disc-1", removed=1.0) is None
    assert changed(without, folder, "disc-2", removed=1.0) is not None


def test_without_outlines_or_negative_class_it_is_said(cases: pd.DataFrame, folder: Path) -> None:
    with pytest.raises(ContractError, match=r"no training case has an outline of its tumour, and .counterfactual. of"):
        changed(cases.assign(mask_path=None), folder, "disc-1", removed=1.0)
    positive = ClassOrder(names=CLASSES.names, negative=None)
    with pytest.raises(ContractError, match="needs a negative class"):
        training_scans(cases, folder, classes=positive, settings=CounterfactualShares(), size=SIDE)


CONFIG = {"input_size": 32, "weights": None, "freeze_batch_norm": False, "epochs": 1, "warmup_epochs": 0, "seed": 3}


def test_a_batch_has_the_labels_and_outlines_of_what_it_shows(cases: pd.DataFrame, folder: Path) -> None:
    shares = CounterfactualShares(**{**NONE, "removed": 1.0, "pasted": 1.0})
    config = TrainingConfig(counterfactual=shares, class_weights=True, batch_size=30, rotation=0, **CONFIG)
    cases = cases.iloc[5:].reset_index(drop=True)  # five discs, ten squares, ten without
    batches = CaseBatches(cases, folder, CLASSES, config, epoch=0, grid=(4, 4))
    inputs, targets, weights = batches[0]
    was = batches.labels[batches.order]
    now = targets["probabilities"].argmax(axis=1)
    assert (now[was != 2] == 2).all()
    assert (now[was == 2] != 2).all()
    np.testing.assert_array_equal(inputs["label"], targets["probabilities"])
    whole_grid = inputs["inside"].min(axis=(1, 2)) == 1
    np.testing.assert_array_equal(whole_grid, now == 2)  # evidence of a pasted tumour belongs inside it
    np.testing.assert_allclose(weights["probabilities"], (25 / (3 * np.array([5, 10, 10])))[now], rtol=1e-6)
    again = CaseBatches(cases, folder, CLASSES, config, epoch=0, grid=(4, 4))[0]
    np.testing.assert_array_equal(again[0]["image"], inputs["image"])
    plain = CaseBatches(cases, folder, CLASSES, config, epoch=None)[0]
    np.testing.assert_array_equal(plain[1].argmax(axis=1), batches.labels)


@pytest.mark.usefixtures("eagerly")
def test_outlines_of_held_out_cases_are_never_opened(
    cases: pd.DataFrame, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: set[str] = set()
    cases["split"] = ["test" if name.endswith("9") else split for name, split in cases[["case_id", "split"]].to_numpy()]
    for name in ("read_image", "grey_of"):
        read = getattr(made, name)
        monkeypatch.setattr(made, name, lambda path, read=read: (opened.add(path.stem), read(path))[1])
    shares = CounterfactualShares(removed=0.5, elsewhere=0.5, pasted=0.4, filled=0.3, patched=0.3)
    config = TrainingConfig(counterfactual=shares, batch_size=8, **CONFIG)
    result = train(cases, folder=folder, classes=CLASSES, config=config, work=tmp_path)
    assert len(result.history) == 1
    assert len(opened) > 10
    assert opened <= set(cases.loc[cases["split"] != "test", "case_id"])


def test_sources_of_a_class_are_seen_equally_often(cases: pd.DataFrame, folder: Path) -> None:
    few = [f"disc-{number}" for number in range(3)]
    cases = cases.assign(source=np.where(cases["case_id"].isin(few), "small", "large"))
    config = TrainingConfig(balance_sources=True, **CONFIG)
    batches = CaseBatches(cases, folder, CLASSES, config, epoch=0)
    shown = cases.iloc[batches.order]
    assert shown["label"].value_counts().to_dict() == {"disc": 10, "square": 10, "nothing": 10}
    discs = shown.loc[shown["label"] == "disc"]
    assert discs["source"].value_counts().to_dict() == {"small": 5, "large": 5}
    assert set(discs.loc[discs["source"] == "small", "case_id"]) == set(few)
    assert discs["case_id"].value_counts().max() == 2
    images = [batches[index][0] for index in range(len(batches))]
    twice = np.flatnonzero(batches.order == discs.index[discs["case_id"].duplicated()][0])
    first, second = (np.concatenate(images)[place] for place in twice[:2])
    assert (first != second).any()  # not the same change twice


def test_on_tuning_every_tumour_is_removed_and_every_healthy_scan_gets_one(cases: pd.DataFrame, folder: Path) -> None:
    tuning = cases[cases["split"] == "tuning"].reset_index(drop=True)
    settings = CounterfactualShares(removed=0.1, elsewhere=0.9, pasted=0.0)
    images, shown = all_changed(tuning, folder, classes=CLASSES, settings=settings, size=SIDE, seed=1)
    assert images.shape == (6, SIDE, SIDE, 3)
    assert [CLASSES.names[place] for place in shown[:4]] == ["nothing"] * 4
    assert {CLASSES.names[place] for place in shown[4:]} <= {"disc", "square"}
    again, _ = all_changed(tuning, folder, classes=CLASSES, settings=settings, size=SIDE, seed=1)
    np.testing.assert_array_equal(images, again)
    none, nothing = all_changed(
        tuning.assign(mask_path=None), folder, classes=CLASSES, settings=settings, size=SIDE, seed=1
    )
    assert none.shape == (0, SIDE, SIDE, 3)
    assert nothing.shape == (0,)


def test_the_epoch_is_chosen_by_changed_tuning_scans_too(cases: pd.DataFrame, folder: Path) -> None:
    tuning = cases[cases["split"] == "tuning"].reset_index(drop=True)

    class Knows:
        """Calls the first scans it is given by their label, and takes all others for a disc."""

        def predict(self, images: Any, **_: Any) -> np.ndarray:
            if isinstance(images, CaseBatches):
                return 4 * np.eye(3)[[CLASSES.index(label) for label in tuning["label"]]]
            return np.tile([4.0, 0.0, 0.0], (len(images), 1))

    config = {"input_size": SIDE, "batch_size": 4}
    plain, changed = (
        loop._on_tuning(
            Knows(), tuning, folder=folder, classes=CLASSES, config=TrainingConfig(**config, counterfactual=shares)
        )
        for shares in (None, CounterfactualShares())
    )
    assert changed["tuning_accuracy"] == plain["tuning_accuracy"] == 1.0
    assert changed["tuning_loss"] == plain["tuning_loss"]
    assert changed[loop.CHOSEN_BY] > plain[loop.CHOSEN_BY] + 1
