"""The one evaluation that the page Run has started: a process of its own, which outlives page and browser.

Its folder ``run`` in the working folder holds ``job.json`` (what was asked), ``progress.json``, ``ended.json`` (how it
ended), ``log`` and ``lock``. The process holds the lock from its start to its end, however it ends; so one evaluation
runs at a time, and one that holds no lock and has not ended was stopped and can go on.
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from logging.handlers import RotatingFileHandler
from pathlib import Path
from threading import Thread
from typing import Any, Final
from urllib.parse import quote

from neuroval.dashboard.jobs.image_folders import checked_folder
from neuroval.data.exceptions import InputError
from neuroval.data.storage import progress
from neuroval.data.storage.atomic import write_file
from neuroval.data.storage.files import printable
from neuroval.data.storage.home import home_folder, models, studies
from neuroval.data.storage.lock import held
from neuroval.model.evaluation.journal import journal_of

COMMAND = (sys.executable, "-m", "neuroval.dashboard.jobs.worker")
LOCK_TRIES, WAIT = 40, 0.05  # a look at the lock holds it for a moment
LARGEST_LOG: Final = 1_000_000  # bytes
FORMER_LOGS: Final = 3
LONGEST_NAME: Final = 80
LONGEST_QUOTED: Final = 200  # letters of the name of a file, which may hold it as an address does


class State(StrEnum):
    """What became of a job. Stopped: its process ended before the job did."""

    RUNNING = "running"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    FAILED = "failed"
    DONE = "done"


BUSY: Final = "One evaluation runs at a time on this server; wait for it to end, or cancel it."
OPEN: Final = "The last evaluation was not finished; resume or discard it first."
UNFINISHED: Final = {State.RUNNING: BUSY, State.STOPPED: OPEN, State.CANCELLED: OPEN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What was asked: a model by name, a folder of images, the name of the data set and of the study to be."""

    model: str
    images: str
    data: str
    study: str
    asked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a job has come: ``done`` of ``total`` in this step; ``seconds_left`` of the step where known."""

    step: str
    done: int
    total: int | None
    seconds_left: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A job, what became of it, and why where it failed."""

    job: Job
    state: State
    progress: Progress | None = None
    reason: str = ""


def folder() -> Path:
    """Return where the files of the job are."""
    return home_folder() / "run"


def place(study: str) -> Path:
    """Return the folder of the study that a job writes."""
    return home_folder() / "studies" / study


def status() -> Status | None:
    """Return the last job and what became of it; none where there is none. Raises ``InputError`` when damaged."""
    document = _read("job.json")
    if document is None:
        return None
    held, ended = _held(), _read("ended.json")  # in this order: the last that the process does is to let go of the lock
    try:
        job = Job(**{field.name: str(document[field.name]) for field in fields(Job)})
        if ended is not None and not held:
            return Status(job=job, state=State(ended["state"]), reason=str(ended["reason"]))
    except (KeyError, ValueError) as error:
        raise InputError(f"{folder()}: what it says of the evaluation is damaged ({error}).") from None
    return Status(job=job, state=State.RUNNING if held else State.STOPPED, progress=_progress())


def start(*, model: str, images: str, data: str, study: str, roots: tuple[Path, ...]) -> Job:
    """Start an evaluation into a new study and return the job.

    Raises ``InputError`` when a name is unknown or taken, the folder lies outside ``roots``, a job is running, one
    could go on, or another program writes the study.
    """
    _check_names(data, study)
    job_status = status()
    if job_status is not None and job_status.state in UNFINISHED:
        raise InputError(UNFINISHED[job_status.state])
    if study in studies() or place(study).exists():
        raise InputError(f"{study}: there is a study of this name; choose another one.")
    with held(place(study)):  # said now, not when the process has started
        discard()
    asked = datetime.now(UTC).isoformat(timespec="seconds")
    job = Job(model=model, images=images, data=data, study=study, asked=asked)
    _spawn(job, roots)
    return job


def resume(*, roots: tuple[Path, ...]) -> None:
    """Let the last job go on where it was. Raises ``InputError`` when there is none, or as ``start`` does."""
    job_status = status()
    if job_status is None:
        raise InputError("There is no evaluation that could go on.")
    _spawn(job_status.job, roots)


def cancel() -> None:
    """Stop the job that runs, if one does; what it has computed is kept."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not _held():
            return
        with contextlib.suppress(ProcessLookupError, ValueError):
            os.kill(int((folder() / "lock").read_text()), number)
        for _ in range(LOCK_TRIES):
            if not _held():
                if not (folder() / "ended.json").exists():
                    end(State.CANCELLED)
                return
            time.sleep(WAIT)


def discard() -> None:
    """Forget the last job, and what it has computed unless it is a study. Raises ``InputError`` while it runs."""
    with _locked():
        try:
            job_status = status()
        except InputError:  # what is damaged is forgotten too
            job_status = None
        if job_status is not None and job_status.state != State.DONE:
            study = place(job_status.job.study)
            with held(study):  # the command line may be at work there
                shutil.rmtree(journal_of(study), ignore_errors=True)
        for name in ("job.json", "progress.json", "ended.json"):
            (folder() / name).unlink(missing_ok=True)


def end(state: State, reason: str = "") -> None:
    """Write how the job ended."""
    _write("ended.json", {"state": state, "reason": reason})


def _spawn(job: Job, roots: tuple[Path, ...]) -> None:
    if job.model not in models():
        raise InputError(f"{job.model}: no such model; there is: {', '.join(models())}.")
    checked_folder(Path(job.images), roots)
    with _locked() as lock:
        for name in ("progress.json", "ended.json"):
            (folder() / name).unlink(missing_ok=True)
        _write("job.json", asdict(job))
        variables = {**os.environ, progress.FILE: str(folder() / "progress.json")}
        _begin_log_anew()
        with (folder() / "log").open("ab") as log:
            process = subprocess.Popen(
                COMMAND,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=variables,
                start_new_session=True,  # what ends the server, such as ctrl-C, does not end it
                pass_fds=[lock],  # the lock is held as long as the process lives
            )
        os.pwrite(lock, str(process.pid).encode(), 0)
    Thread(target=process.wait, daemon=True).start()  # nothing is left behind of a process that has ended


def _begin_log_anew() -> None:
    """Put a log that has grown large aside; some former ones are kept."""
    path = folder() / "log"
    if path.exists() and path.stat().st_size > LARGEST_LOG:
        handler = RotatingFileHandler(path, backupCount=FORMER_LOGS, delay=True)
        handler.doRollover()
        handler.close()


@contextlib.contextmanager
def _locked() -> Iterator[int]:
    folder().mkdir(parents=True, exist_ok=True)
    handle = os.open(folder() / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        for _ in range(LOCK_TRIES):
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.ftruncate(handle, 0)  # the number of a process that has ended may be another's by now
                break
            time.sleep(WAIT)
        else:
            raise InputError(BUSY)
        yield handle
    finally:
        os.close(handle)


def _held() -> bool:
    try:
        handle = os.open(folder() / "lock", os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _check_names(data: str, study: str) -> None:
    for what, name in (("data set", data), ("study", study)):
        plain = name.strip() == name and printable(name) == name and name.isprintable()
        long = len(name) > LONGEST_NAME or len(quote(name, safe="")) > LONGEST_QUOTED
        if not name or not plain or long or name.startswith(".") or set(name) & set("/\\"):
            raise InputError(
                f"{name!r}: no name for a {what}; expected one such as my-{what.replace(' ', '-')}, without slashes, "
                f"of at most {LONGEST_NAME} letters."
            )


def _progress() -> Progress | None:
    document = _read("progress.json")
    if document is None:
        return None
    try:
        return Progress(**{field.name: document[field.name] for field in fields(Progress)})
    except KeyError:
        return None


def _read(name: str) -> dict[str, Any] | None:
    try:
        document = json.loads((folder() / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError(f"{folder() / name}: cannot be read ({error}).") from None
    return document if isinstance(document, dict) else {}


def _write(name: str, document: Mapping[str, Any]) -> None:
    write_file(folder() / name, json.dumps(document))
