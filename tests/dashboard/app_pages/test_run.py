"""The page Run: the form, a running evaluation, how it ended, and that it needs no study that can be opened."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from neuroval.dashboard.jobs import job as jobs
from neuroval.dashboard.jobs.job import BUSY, OPEN, Progress, State
from neuroval.dashboard.words import run as text_run
from neuroval.dashboard.words.formats import time_left

Open = Callable[..., AppTest]
Said = Callable[[AppTest], str]


@pytest.fixture(autouse=True)
def asleep(monkeypatch: pytest.MonkeyPatch, studies_at_home: Path) -> Iterator[None]:
    """One data set under the roots; the process of a job does nothing, for a long time."""
    monkeypatch.setattr(jobs, "COMMAND", (sys.executable, "-c", "import time; time.sleep(100)"))
    folder = studies_at_home / "images" / "scans" / "glioma"
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("L", (40, 30), 90).save(folder / "0.png")
    yield
    jobs.cancel()
    jobs.discard()
    shutil.rmtree(studies_at_home / "images")  # the home is that of all tests


def buttons(app: AppTest) -> dict[str, bool]:
    return {button.label: button.disabled for button in app.main.button}


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.main.button if button.label == label).click().run()


def finish(how: State = State.DONE, reason: str = "") -> None:
    jobs.end(how, reason)
    jobs.cancel()  # the process


def test_the_form_offers_models_and_folders(open_page: Open, said: Said) -> None:
    app = open_page("run", "normal")
    assert app.selectbox(key="run-model").options == ["brain-tumor-b3", "brain-tumor-mri", "phantom"]
    assert app.selectbox(key="run-images-brain-tumor-mri").options == ["images/scans"]
    assert [one.value for one in app.text_input] == ["scans", "scans-brain-tumor-mri"]
    assert buttons(app) == {"Evaluate": False}
    assert text_run.NONE_YET in said(app)
    app.selectbox(key="run-model").set_value("phantom").run()
    assert app.text_input[1].value == "scans-phantom"


def test_a_model_with_its_own_images_is_proposed(open_page: Open, said: Said, studies_at_home: Path) -> None:
    assert open_page("run", "normal").selectbox(key="run-model").value == "brain-tumor-mri"  # that of the API
    own = studies_at_home / "images" / "phantom"
    shutil.copytree(studies_at_home / "images" / "scans", own)
    try:
        app = open_page("run", "normal")
    finally:
        shutil.rmtree(own)
    assert app.selectbox(key="run-model").value == "phantom"
    assert app.selectbox(key="run-images-phantom").value == "images/phantom"
    assert "Classes: Glioma, Meningioma, No tumour, Pituitary. Trained on the data set phantom." in said(app)


def test_an_evaluation_is_started_cancelled_and_resumed(open_page: Open, said: Said) -> None:
    app = press(open_page("run", "normal"), "Evaluate")
    found = jobs.status()
    assert found is not None
    assert (found.state, found.job.study) == (State.RUNNING, "scans-brain-tumor-mri")
    assert buttons(app) == {"Evaluate": True, "Cancel": False}
    assert BUSY in said(app)
    assert r"Model brain\-tumor\-mri on scans" in said(app) or "Model brain-tumor-mri on scans" in said(app)
    app = open_page("run", "normal")  # another browser
    assert buttons(app) == {"Evaluate": True, "Cancel": False}
    app = press(app, "Cancel")
    assert "Cancelled. What it has computed is kept." in [one.value for one in app.warning]
    assert buttons(app) == {"Evaluate": True, "Resume": False, "Discard": False}
    assert OPEN in said(app)
    assert "Cancel" in buttons(press(app, "Resume"))
    jobs.cancel()
    assert buttons(press(open_page("run", "normal"), "Discard")) == {"Evaluate": False}


def test_a_finished_evaluation_opens_for_who_saw_it_run(open_page: Open) -> None:
    app = open_page("run", "normal")
    app.text_input[1].set_value("whole-2").run()
    app = press(app, "Evaluate")
    finish()
    app.run()
    assert not app.exception
    assert app.title[0].value == "Can this model be trusted?"
    assert app.query_params["study"] == "whole-2"


def test_a_finished_evaluation_is_offered_to_others(open_page: Open) -> None:
    press(open_page("run", "normal"), "Evaluate")
    finish()
    app = open_page("run", "normal")
    assert [one.value for one in app.success] == ["Done: the study scans-brain-tumor-mri is there."]
    assert buttons(app) == {"Evaluate": False}


def test_what_failed_says_why_without_places(open_page: Open, studies_at_home: Path) -> None:
    press(open_page("run", "normal"), "Evaluate")
    folder = studies_at_home / "images" / "scans"
    finish(State.FAILED, f"{folder}: no image; {studies_at_home}/run/log says what.")
    app = open_page("run", "normal")
    (message,) = [one.value.replace("\\", "") for one in app.error]
    assert message == "It failed: scans: no image; run/log says what."
    assert buttons(app) == {"Evaluate": False, "Resume": False, "Discard": False}


def test_a_bad_name_is_said(open_page: Open) -> None:
    app = open_page("run", "normal")
    app.text_input[1].set_value("../up").run()
    app = press(app, "Evaluate")
    assert "no name for a study" in app.error[0].value
    assert jobs.status() is None


def test_without_folders_the_page_says_what_to_do(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NEUROVAL_IMAGE_ROOTS", str(tmp_path))
    app = open_page("run", "normal")
    assert [one.value for one in app.info] == [text_run.NO_FOLDER]
    assert buttons(app) == {}


@pytest.fixture
def broken(studies_at_home: Path) -> Iterator[Path]:
    """The folder of a model; gone afterwards, for the home is that of all tests."""
    folder = studies_at_home / "models" / "broken"
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder.parent)


def test_a_broken_model_is_one_message(
    open_page: Open, broken: Path, studies_at_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (broken / "model.onnx").write_bytes(b"x")
    monkeypatch.setattr("neuroval.data.storage.home.SHIPPED_MODELS", studies_at_home / "none")
    app = open_page("run", "normal")
    assert [one.value.replace("\\", "") for one in app.error] == [
        "broken: not a model folder; expected model.onnx and card.toml."
    ]


def test_a_damaged_job_can_be_discarded(open_page: Open) -> None:
    press(open_page("run", "normal"), "Evaluate")
    jobs.cancel()
    (jobs.folder() / "job.json").write_text("{}")
    app = open_page("run", "normal")
    assert "damaged" in app.error[0].value
    assert not press(app, "Discard").error


def test_a_broken_study_does_not_close_the_page(open_page: Open) -> None:
    app = open_page("run", "broken")
    assert app.title[0].value == "How does a model do on other scans?"
    assert buttons(app) == {"Evaluate": False}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (None, "Starting"),
        (
            Progress(step="Evaluating", done=1, total=1, seconds_left=0.0),
            "Evaluating: 1 of 1 image, less than a minute",
        ),
        (Progress(step="Evaluating", done=9, total=1200, seconds_left=None), "Evaluating: 9 of 1,200 images"),
        (Progress(step="Comparing", done=2, total=8, seconds_left=125), "2 of 8 pairs, about 2 minutes left"),
        (Progress(step="Odd", done=2, total=None, seconds_left=None), "Odd: 2 steps"),
    ],
)
def test_progress_is_a_sentence(found: Progress | None, words: str) -> None:
    assert words in text_run.progress(found)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (59, "less than a minute left"),
        (61, "about 1 minute left"),
        (5000, "about 83 minutes left"),
        (7300, "about 2 h"),
    ],
)
def test_the_time_left_is_no_finer_than_a_guess(seconds: float, words: str) -> None:
    assert time_left(seconds).startswith(words)


def test_who_may_not_run_evaluations_sees_how_far_they_have_come(
    open_page: Open, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    press(open_page("run", "normal"), "Evaluate")
    monkeypatch.setattr("neuroval.dashboard.components.run.may_run", lambda: False)
    app = open_page("run", "normal")
    assert buttons(app) == {}
    assert text_run.OTHERS_MAY in said(app)
    assert text_run.OPENS in said(app)
