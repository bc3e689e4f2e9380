"""A trial of the shipped phantom network on a small cohort: what it writes, resuming after a kill, bad input."""

import dataclasses
import multiprocessing
import shutil
import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from neuroval.data.exceptions import InputError
from neuroval.data.images import linking
from neuroval.data.images.decoding import read_image
from neuroval.data.phantom.cohort import Cohort
from neuroval.data.storage import home
from neuroval.data.study.folder import Study, read_study, write_study
from neuroval.data.study.gradcam import GradCams
from neuroval.data.study.manifest import Manifest, ModelFacts
from neuroval.model.evaluation import trial as module
from neuroval.model.evaluation.to_study import evaluate
from neuroval.model.evaluation.trial import run_trial
from neuroval.model.inference.engine import load
from neuroval.model.inference.scan_reader import open_reader

DATA = "trial-phantom"
FEW = ["remove_telea", "remove_harmonic", "blank", "keep_only", "move"]


@pytest.fixture(scope="module")
def evaluated(clean_phantom: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The shipped phantom network on the test scans of a small cohort without flaws."""
    out = tmp_path_factory.mktemp("evaluated") / "cohort"
    model = home.find_model("phantom")
    return evaluate(model, clean_phantom.folder, out=out, data_name=DATA, splits=("test",), embeddings=False).study


@pytest.fixture
def study(evaluated: Study, clean_phantom: Cohort, tmp_path: Path) -> Path:
    """A copy of it, its images linked."""
    linking.link(clean_phantom.folder, data_name=DATA, cases=evaluated.cases)
    shutil.copytree(evaluated.path, tmp_path / "study")
    return tmp_path / "study"


@pytest.fixture
def images(clean_phantom: Cohort, evaluated: Study, tmp_path: Path) -> Path:
    """A copy of the images that a test may spoil, linked in the place of the others."""
    shutil.copytree(clean_phantom.folder, tmp_path / "images")
    linking.link(tmp_path / "images", data_name=DATA, cases=evaluated.cases)
    return tmp_path / "images"


def outlines_of(images: Path) -> list[Path]:
    """The outlines of the test split, in order of their images."""
    table = pd.read_csv(images / "metadata.csv")
    listed = table[(table["split"] == "test") & table["mask_path"].notna()].sort_values("image_path")
    return [images / path for path in listed["mask_path"]]


@pytest.fixture(scope="module")
def whole(evaluated: Study, clean_phantom: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The study with a trial of every kind, four scans corrupted."""
    linking.link(clean_phantom.folder, data_name=DATA, cases=evaluated.cases)
    path = tmp_path_factory.mktemp("whole") / "study"
    shutil.copytree(evaluated.path, path)
    run = run_trial(path, sample=4, map_sample=3)
    assert run.computed
    assert not list(path.parent.glob(".*"))
    return run.study


def rows_of(study: Study, intervention: str, control: str = "") -> pd.DataFrame:
    assert study.trial is not None
    table = study.trial.table
    return table[(table["intervention"] == intervention) & (table["control"] == control)]


def test_the_untouched_image_gets_the_prediction_of_the_study_to_the_bit(whole: Study) -> None:
    columns = ["case_id", *whole.classes.probability_columns]
    untouched = rows_of(whole, "none")[columns].reset_index(drop=True)
    pd.testing.assert_frame_equal(untouched, whole.predictions[columns], check_exact=True)


def test_every_outlined_tumour_is_removed_kept_alone_and_moved(whole: Study) -> None:
    labels = whole.cases.set_index("case_id")["label"]
    tumours = {case for case in whole.predictions["case_id"] if labels[case] != "notumor"}
    for name in FEW:
        assert set(rows_of(whole, name)["case_id"]) == tumours, name
    hosts = rows_of(whole, "move")["host_case_id"]
    assert set(labels[hosts]) == {"notumor"}
    assert hosts.value_counts().max() - hosts.value_counts().min() <= 1  # each in turn
    assert rows_of(whole, "remove_telea")["host_case_id"].isna().all()


def test_each_scan_without_tumour_gets_one_hole(whole: Study) -> None:
    labels = whole.cases.set_index("case_id")["label"]
    healthy = {case for case in whole.predictions["case_id"] if labels[case] == "notumor"}
    for name in FEW[:-1]:
        hosts = rows_of(whole, name, "healthy")["host_case_id"]
        assert sorted(hosts) == sorted(healthy), name
    assert len(rows_of(whole, "remove_telea", "elsewhere")) > 0.9 * len(rows_of(whole, "remove_telea"))
    paired = rows_of(whole, "remove_hemisphere", "elsewhere")["case_id"]
    assert set(paired) <= set(rows_of(whole, "remove_hemisphere")["case_id"])


def test_the_sample_sees_every_corruption_and_repeat_and_is_stratified(whole: Study) -> None:
    assert whole.trial is not None
    graded = whole.trial.table[whole.trial.table["level"] > 0]
    assert graded["case_id"].nunique() == 4
    assert graded.groupby("case_id").size().tolist() == [12 * 5 + 4 + 2] * 4
    assert whole.trial.facts.sample == 4


def test_a_network_that_needs_the_tumour_loses_it_and_keeps_the_control(whole: Study) -> None:
    """The phantom network was trained to look at the tumour: without it most of its calls are gone."""
    negative = f"prob_{whole.classes.negative}"
    gone = {
        control: (rows_of(whole, "remove_harmonic", control)[negative] > 0.5).mean() for control in ("", "elsewhere")
    }
    assert gone[""] > 0.7
    assert gone["elsewhere"] < 0.2


def test_a_complete_trial_is_not_computed_again_and_another_seed_is(whole: Study, tmp_path: Path) -> None:
    shutil.copytree(whole.path, tmp_path / "again")
    again = run_trial(tmp_path / "again", sample=4, map_sample=3)
    assert not again.computed
    assert again.study.fingerprint == whole.fingerprint
    other = run_trial(tmp_path / "again", sample=4, kinds=["repeat"], seed=5)
    assert other.computed
    assert other.study.trial is not None
    assert set(other.study.trial.table["intervention"]) == {"none", "repeat_shift", "repeat_turn"}
    assert other.study.trial_maps is None


def test_the_maps_of_a_sample_are_those_of_the_study_and_those_of_random_networks_are_others(whole: Study) -> None:
    maps, shown = whole.trial_maps, whole.gradcam
    assert maps is not None
    assert shown is not None
    assert len(maps.case_ids) == 3
    for case_id, called, plain in zip(maps.case_ids, maps.called, maps.of_change("none"), strict=True):
        row = shown.row(case_id)
        assert row is not None
        cam = shown.maps[row, called].astype(np.float64)
        np.testing.assert_allclose(plain, cam / cam.max(), atol=2e-3)
    called = whole.predictions.set_index("case_id").loc[maps.case_ids, list(whole.classes.probability_columns)]
    np.testing.assert_allclose(maps.curve("deletion")[:, 0], called.max(axis=1), atol=1e-6)
    for name in ("head_1", "upper_third_2", "all_3"):
        assert np.abs(maps.of_change(name) - maps.of_change("none")).max() > 0.1
    assert np.abs(maps.of_change("repeat_shift_1") - maps.of_change("none")).max() < 0.5


def test_scans_are_flagged_as_the_reader_flags_them(whole: Study, clean_phantom: Cohort) -> None:
    assert whole.trial is not None
    reader = open_reader(home.find_model("phantom"))
    rows = rows_of(whole, "none").head(4)
    paths = whole.cases.set_index("case_id").loc[rows["case_id"], "image_path"]
    readings = [reader.read(read_image(clean_phantom.folder / path).pixels) for path in paths]
    assert [not reading.in_distribution for reading in readings] == rows["unlike"].tolist()
    assert whole.trial.table["unlike"].any()  # the strongest corruptions at least


def _slow_trial(path: Path) -> None:
    module.UNITS_IN_PART, module.AHEAD = 8, 1
    answered = module._answered

    def slowly(*arguments: object) -> object:
        time.sleep(0.02)
        return answered(*arguments)  # type: ignore[arg-type]

    module._answered = slowly  # type: ignore[assignment]
    run_trial(path, kinds=["remove", "move", "maps"], map_sample=2)


def test_a_killed_trial_goes_on_to_the_same_study(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UNITS_IN_PART", 8)
    shutil.copytree(study, tmp_path / "other")
    uninterrupted = run_trial(tmp_path / "other", kinds=["move", "remove", "maps"], map_sample=2).study
    before = read_study(study).fingerprint
    journal = study.with_name(".study.trial.partial")
    context = multiprocessing.get_context("spawn")
    for parts in (2, 5):  # killed twice
        process = context.Process(target=_slow_trial, args=(study,))
        process.start()
        end = time.monotonic() + 120
        while len(list(journal.glob("part-*.npz"))) < parts and time.monotonic() < end:
            time.sleep(0.01)
        process.kill()
        process.join()
        assert len(list(journal.glob("part-*.npz"))) >= parts
        assert read_study(study).fingerprint == before
    resumed = run_trial(study, kinds=["remove", "move", "maps"], map_sample=2).study
    assert resumed.fingerprint == uninterrupted.fingerprint != before
    assert not journal.exists()


# Bad input -----------------------------------------------------------------------------------------------------------


def test_without_linked_images_it_says_how_to_link_them(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match=r"images of 'trial-phantom' are not linked.*neuroval data link FOLDER --data"):
        run_trial(study)


def test_without_any_image_in_the_folder_it_says_so(study: Path, images: Path) -> None:
    shutil.rmtree(images / "Testing")
    with pytest.raises(InputError, match=r"none of the evaluated images can be read \(image-missing: Testing/"):
        run_trial(study)


def changed(study: Path, change: Manifest, **parts: object) -> None:
    whole = read_study(study)
    tables = {"cases": whole.cases, "predictions": whole.predictions, "gradcam": whole.gradcam} | parts
    write_study(study, manifest=change, **tables)  # type: ignore[arg-type]


def test_a_model_that_is_not_on_this_machine_is_named(study: Path) -> None:
    manifest = read_study(study).manifest
    changed(study, dataclasses.replace(manifest, model=ModelFacts(name="elsewhere", sha256="0" * 64)))
    with pytest.raises(InputError, match=r"its network is not on this machine \(elsewhere: no such model.*--model"):
        run_trial(study)
    with pytest.raises(InputError, match=r"another network \(956288f7c1fe\) than the study judges \(000000000000\)"):
        run_trial(study, model="phantom")
    with pytest.raises(InputError, match=r"its network is not on this machine \(no-such-model"):
        run_trial(study, model="no-such-model")


def test_imported_predictions_name_no_network(study: Path) -> None:
    changed(study, dataclasses.replace(read_study(study).manifest, model=None))
    with pytest.raises(InputError, match=r"predictions were imported, so no network is known; name one with --model"):
        run_trial(study)


def test_a_split_without_predictions_is_refused(study: Path) -> None:
    with pytest.raises(InputError, match=r"split 'tuning' has no predictions; evaluated are \['test'\]"):
        run_trial(study, splits=["tuning"])


def test_bad_outlines_are_left_out_with_their_reason_and_the_rest_is_done(study: Path, images: Path) -> None:
    paths = outlines_of(images)
    size = cv2.imread(str(paths[0]), cv2.IMREAD_GRAYSCALE).shape
    cv2.imwrite(str(paths[0]), np.zeros(size, np.uint8))
    cv2.imwrite(str(paths[1]), np.full((size[0] * 2, size[1]), 255, np.uint8))
    cv2.imwrite(str(paths[2]), np.full(size, 255, np.uint8))
    paths[3].write_bytes(b"no picture")
    larger = cv2.imread(str(paths[4]), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(paths[4]), cv2.resize(larger, (size[1] * 3, size[0] * 3), interpolation=cv2.INTER_NEAREST))
    run = run_trial(study, kinds=["keep"])
    assert {reason: len(names) for reason, names in run.left_out.items()} == {
        "outline-empty": 1,
        "outline-of-other-shape": 1,
        "outline-too-large": 1,
        "outline-unreadable": 1,
    }
    assert len(rows_of(run.study, "blank")) == len(paths) - 4  # one three times as large is brought to its image


def test_without_outline_files_those_of_the_study_are_used(study: Path, images: Path) -> None:
    count = len(outlines_of(images))
    shutil.rmtree(images / "masks")
    assert len(rows_of(run_trial(study, kinds=["keep"]).study, "blank")) == count


def test_without_any_outline_only_corruptions_are_done(study: Path, images: Path) -> None:
    shutil.rmtree(images / "masks")
    whole = read_study(study)
    assert whole.gradcam is not None
    bare: GradCams = dataclasses.replace(whole.gradcam, has_mask=np.zeros_like(whole.gradcam.has_mask))
    changed(study, whole.manifest, gradcam=bare)
    with pytest.raises(InputError, match="no tumour has an outline, so there is nothing to remove or move"):
        run_trial(study, kinds=["remove", "move"])
    run = run_trial(study, kinds=["remove", "repeat"], sample=2)
    assert run.study.trial is not None
    assert set(run.study.trial.table["intervention"]) == {"none", "repeat_shift", "repeat_turn"}
    assert set(run.left_out) == {"no-outline"}


def test_probabilities_alone_are_those_of_the_whole_run() -> None:
    engine = load(home.find_model("phantom"), threads=1)
    pixels = np.random.default_rng(1).integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
    np.testing.assert_array_equal(engine.probabilities(pixels), engine.run(pixels).probabilities)
