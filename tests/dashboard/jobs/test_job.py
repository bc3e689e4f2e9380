"""The evaluation that a page starts: one at a time, outliving its server, cancelled, killed, resumed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neuroval.dashboard.jobs import job as jobs
from neuroval.dashboard.jobs.job import State
from neuroval.data.exceptions import InputError, InUseError
from neuroval.data.images import linking
from neuroval.data.storage import home
from neuroval.data.storage.lock import held
from neuroval.data.study.folder import read_study
from neuroval.model.evaluation.to_study import evaluate

SLEEP = (sys.executable, "-c", "import time; time.sleep(100)")
MODEL = "phantom"
CLASSES = ("glioma", "meningioma", "notumor", "pituitary")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("roots") / "scans"
    rng = np.random.default_rng(1)
    for name in CLASSES:
        (folder / name).mkdir(parents=True)
        for number in range(3):
            pixels = rng.integers(0, 255, (40, 40), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path))
    yield tmp_path
    jobs.cancel()


@pytest.fixture
def asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process of a job does nothing, for a long time."""
    monkeypatch.setattr(jobs, "COMMAND", SLEEP)


def start(folder: Path, name: str = "new", **changed: str) -> jobs.Job:
    given = {"model": MODEL, "images": str(folder), "data": "scans", "study": name, **changed}
    return jobs.start(roots=(folder.parent,), **given)


def ended() -> jobs.Status:
    end = time.monotonic() + 90
    while (found := jobs.status()) is not None and found.state == State.RUNNING and time.monotonic() < end:
        time.sleep(0.05)
    assert found is not None
    return found


def pid() -> int:
    return int((jobs.folder() / "lock").read_text())


@pytest.mark.usefixtures("asleep")
def test_a_log_that_has_grown_large_begins_anew(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LARGEST_LOG", 100)
    monkeypatch.setattr(jobs, "FORMER_LOGS", 2)
    for turn in range(5):
        start(images)
        jobs.cancel()
        jobs.discard()
        with (jobs.folder() / "log").open("a") as log:
            log.write(f"{turn}" * 101)
    logs = sorted(path.name for path in jobs.folder().iterdir() if path.name.startswith("log"))
    assert logs == ["log", "log.1", "log.2"]
    assert [(jobs.folder() / name).read_text()[:1] for name in logs] == ["4", "3", "2"]


def test_without_a_job_there_is_no_status() -> None:
    assert jobs.status() is None
    jobs.cancel()
    with pytest.raises(InputError, match="no evaluation that could go on"):
        jobs.resume(roots=())


def test_a_job_outlives_its_server_and_writes_the_study_of_the_command(images: Path, tmp_path: Path) -> None:
    code = (
        "import os; from pathlib import Path; from neuroval.dashboard.jobs import job as jobs; "
        f"jobs.start(model={MODEL!r}, images={str(images)!r}, data='scans', study='new', "
        f"roots=(Path({str(images.parent)!r}),)); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    found = jobs.status()
    assert found is not None
    assert found.state == State.RUNNING
    assert ended().state == State.DONE, (jobs.folder() / "log").read_text()
    study = read_study(home.find_study("new"))
    assert len(study.predictions) == 12
    assert linking.linked_images("scans") is not None
    same = evaluate(home.find_model(MODEL), images, out=tmp_path / "same" / "new", data_name="scans").study
    assert study.predictions.equals(same.predictions)


def test_a_killed_job_goes_on(images: Path) -> None:
    start(images)
    os.kill(pid(), signal.SIGKILL)
    stopped = ended()
    assert stopped.state == State.STOPPED
    with pytest.raises(InputError, match="was not finished; resume or discard it first"):
        start(images, "second")
    jobs.resume(roots=(images.parent,))
    assert ended().state == State.DONE
    assert "new" in home.studies()


def test_what_fails_says_why(images: Path, tmp_path: Path) -> None:
    empty = images.parent / "empty"
    (empty / "glioma").mkdir(parents=True, exist_ok=True)
    start(empty)
    found = ended()
    assert found.state == State.FAILED
    assert found.reason.startswith(f"{empty}: no image found in class folders {list(CLASSES)}.")
    assert not (tmp_path / "studies" / "new").exists()
    jobs.discard()
    assert jobs.status() is None


@pytest.mark.usefixtures("asleep")
def test_one_job_runs_at_a_time_and_can_be_cancelled(images: Path, tmp_path: Path) -> None:
    start(images)
    for again in (lambda: start(images, "second"), lambda: jobs.resume(roots=(images.parent,)), jobs.discard):
        with pytest.raises(InputError, match="One evaluation runs at a time"):
            again()
    journal = tmp_path / "studies" / ".new.partial"
    journal.mkdir(parents=True)
    jobs.cancel()
    found = jobs.status()
    assert found is not None
    assert found.state == State.CANCELLED
    assert journal.exists()
    jobs.discard()
    assert not journal.exists()


@pytest.mark.usefixtures("asleep")
def test_a_study_that_another_program_writes_is_left_alone(images: Path, tmp_path: Path) -> None:
    study, journal = tmp_path / "studies" / "new", tmp_path / "studies" / ".new.partial"

    def in_another_thread(act: Callable[[], object]) -> str:
        with ThreadPoolExecutor(1) as pool, pytest.raises(InUseError) as told:
            pool.submit(act).result()
        return str(told.value)

    with held(study):
        assert in_another_thread(lambda: start(images)).startswith(f"{study}: ")
    start(images)
    jobs.cancel()
    journal.mkdir(parents=True)
    with held(study):
        assert "is writing it" in in_another_thread(jobs.discard)
    assert journal.exists()
    jobs.discard()
    assert not journal.exists()


@pytest.mark.usefixtures("asleep")
def test_a_job_that_still_holds_the_lock_has_not_ended(images: Path) -> None:
    start(images)
    jobs.end(State.DONE)  # the last but one thing that the process does
    found = jobs.status()
    assert found is not None
    assert found.state == State.RUNNING


@pytest.mark.usefixtures("asleep")
def test_a_job_that_ends_while_one_looks_was_not_stopped(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start(images)
    jobs.cancel()
    (jobs.folder() / "ended.json").unlink()

    def let_go() -> bool:
        jobs.end(State.DONE)
        return False

    monkeypatch.setattr(jobs, "_held", let_go)
    found = jobs.status()
    assert found is not None
    assert found.state == State.DONE


def test_a_number_of_a_process_that_has_ended_is_forgotten(images: Path) -> None:
    """It may be another's by now, and a cancel would end that one."""
    start(images)
    jobs.cancel()
    assert (jobs.folder() / "lock").read_text()
    jobs.discard()
    assert (jobs.folder() / "lock").read_text() == ""


@pytest.mark.usefixtures("asleep")
def test_progress_is_read_while_it_runs(images: Path) -> None:
    start(images)
    first = jobs.status()
    assert first is not None
    assert first.progress is None
    (jobs.folder() / "progress.json").write_text(
        '{"step": "Evaluating", "done": 3, "total": 12, "seconds_left": 9.5, "at": 1}'
    )
    found = jobs.status()
    assert found is not None
    assert found.progress == jobs.Progress(step="Evaluating", done=3, total=12, seconds_left=9.5)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"model": "gone"}, "gone: no such model; there is: brain-tumor-b3, brain-tumor-mri, phantom."),
        ({"model": "../zoo/phantom"}, "../zoo/phantom: no such model"),
        ({"images": "/etc"}, "not under one of the configured roots"),
        ({"study": "brain-tumor-mri"}, "brain-tumor-mri: there is a study of this name"),
        ({"study": "../up"}, "'../up': no name for a study"),
        ({"study": "a\\b"}, "no name for a study"),
        ({"study": ".hidden"}, "no name for a study"),
        ({"study": ""}, "no name for a study"),
        ({"study": "line\nbreak"}, "no name for a study"),
        ({"study": "x" * 81}, "of at most 80 letters"),
        ({"data": "ä" * 40}, "of at most 80 letters"),
        ({"data": ""}, "'': no name for a data set; expected one such as my-data-set"),
        ({"data": "a/b"}, "no name for a data set"),
    ],
)
@pytest.mark.usefixtures("asleep")
def test_what_cannot_be_done_is_refused_before_anything_starts(
    images: Path, changed: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError) as error:
        start(images, **changed)
    assert message in str(error.value)
    assert jobs.status() is None


@pytest.mark.usefixtures("asleep")
def test_a_name_that_is_a_folder_here_is_no_way_out(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    start(images, "elsewhere")
    assert jobs.place("elsewhere") == tmp_path / "studies" / "elsewhere"


def test_a_resumed_job_is_checked_against_the_roots_of_now(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "COMMAND", SLEEP)
    start(images)
    jobs.cancel()
    with pytest.raises(InputError, match="not under one of the configured roots"):
        jobs.resume(roots=(tmp_path,))


@pytest.mark.parametrize("text", ["{", "{}", '{"state": "odd", "reason": ""}'])
@pytest.mark.usefixtures("asleep")
def test_damaged_files_are_said_and_can_be_discarded(images: Path, text: str) -> None:
    start(images)
    jobs.cancel()
    (jobs.folder() / "ended.json").write_text(text)
    with pytest.raises(InputError, match=r"damaged|cannot be read"):
        jobs.status()
    jobs.discard()
    assert jobs.status() is None
