"""Recording training runs where others can compare them: MLflow, or Weights & Biases.

Both are optional packages, imported when they are asked for. Neither sends anything from this machine unless it is
told to: MLflow writes a SQLite file under ``NEUROVAL_HOME``, or to the server in ``MLFLOW_TRACKING_URI``; Weights &
Biases is offline unless ``WANDB_MODE`` says otherwise.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol, get_args

from neuroval import data, model
from neuroval.data.exceptions import InputError
from neuroval.data.storage import home
from neuroval.data.storage.atomic import write_file

Tool = Literal["mlflow", "wandb", "none"]
PROJECT: Final = "neuroval"
RUN_FILE: Final = "tracking-run"


class Record(Protocol):
    """Where a training run is written down."""

    def epoch(self, row: Mapping[str, Any]) -> None:
        """Write one row of the history; a row that is there already is left."""

    def result(self, facts: Mapping[str, Any], files: tuple[Path, ...]) -> None:
        """Write what came out of the run, and keep copies of files."""


@contextmanager
def recorded(tool: Tool, *, name: str, work: Path, settings: Mapping[str, Any]) -> Iterator[Record]:
    """Give the record of a run, closed at the end as finished or failed.

    ``work`` remembers which run it is: training that goes on goes on in the same record. Raises ``InputError`` for an
    unknown tool and when its package is not installed.
    """
    if tool not in get_args(Tool):
        raise InputError(f"tracking: {tool!r} is not known; expected one of {list(get_args(Tool))}.")
    work.mkdir(parents=True, exist_ok=True)
    facts = {**settings, "code_sha256": code_sha256()}
    kinds: dict[Tool, type[_Mlflow] | type[_Wandb] | type[_Nothing]]
    kinds = {"mlflow": _Mlflow, "wandb": _Wandb, "none": _Nothing}
    record = kinds[tool].begin(name, work, facts)
    try:
        yield record
    except BaseException:  # an interrupted run is recorded as failed too; nothing is swallowed
        record.end(failed=True)
        raise
    record.end(failed=False)


def code_sha256() -> str:
    """Return the sha256 over the source files that data sets and networks are made with."""
    digest = hashlib.sha256()
    for package in (data, model):
        folder = Path(str(package.__file__)).parent
        for path in sorted(folder.rglob("*.py")):
            digest.update(f"{path.relative_to(folder)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class _Nothing:
    @classmethod
    def begin(cls, name: str, work: Path, settings: Mapping[str, Any]) -> "_Nothing":  # noqa: ARG003
        return cls()

    def epoch(self, row: Mapping[str, Any]) -> None: ...

    def result(self, facts: Mapping[str, Any], files: tuple[Path, ...]) -> None: ...

    def end(self, *, failed: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class _Mlflow:
    client: Any
    run: str
    logged: set[int]

    @classmethod
    def begin(cls, name: str, work: Path, settings: Mapping[str, Any]) -> "_Mlflow":
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        try:
            from mlflow import MlflowClient
            from mlflow.exceptions import MlflowException
        except ImportError:
            raise _not_installed("MLflow", "mlflow") from None
        place = home.home_folder() / "mlflow"
        place.mkdir(parents=True, exist_ok=True)
        client = MlflowClient(os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{place / 'mlflow.db'}")
        known = _remembered(work, "mlflow")
        try:
            steps = {metric.step for metric in client.get_metric_history(known, "tuning_loss")} if known else set()
            if known:
                client.update_run(known, status="RUNNING")
        except MlflowException:  # recorded elsewhere, or deleted: begin another
            known, steps = None, set()
        if known is None:
            known = client.create_run(_experiment(client, place), run_name=name).info.run_id
            for key, value in settings.items():
                client.log_param(known, key, value)
            _remember(work, "mlflow", known)
        return cls(client, known, steps)

    def epoch(self, row: Mapping[str, Any]) -> None:
        step = int(row["epoch"])
        if step in self.logged:
            return
        self.logged.add(step)
        for key, value in _numbers(row).items():
            self.client.log_metric(self.run, key, value, step=step)

    def result(self, facts: Mapping[str, Any], files: tuple[Path, ...]) -> None:
        for key, value in facts.items():
            self.client.set_tag(self.run, key, str(value))
        for path in files:
            self.client.log_artifact(self.run, str(path))

    def end(self, *, failed: bool) -> None:
        self.client.set_terminated(self.run, "FAILED" if failed else "FINISHED")


@dataclass(frozen=True, slots=True)
class _Wandb:
    run: Any

    @classmethod
    def begin(cls, name: str, work: Path, settings: Mapping[str, Any]) -> "_Wandb":
        os.environ.setdefault("WANDB_MODE", "offline")
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        try:
            import wandb
        except ImportError:
            raise _not_installed("Weights & Biases", "wandb") from None
        place = home.home_folder()
        place.mkdir(parents=True, exist_ok=True)
        known = _remembered(work, "wandb")
        run = wandb.init(
            project=PROJECT, name=name, dir=place, config=dict(settings), id=known, resume="allow" if known else None
        )
        _remember(work, "wandb", run.id)
        return cls(run)

    def epoch(self, row: Mapping[str, Any]) -> None:
        self.run.log(_numbers(row), step=int(row["epoch"]))  # a step that is there already is left out by wandb

    def result(self, facts: Mapping[str, Any], files: tuple[Path, ...]) -> None:
        self.run.summary.update(dict(facts))
        for path in files:
            self.run.save(path, base_path=path.parent, policy="now")

    def end(self, *, failed: bool) -> None:
        self.run.finish(exit_code=int(failed))


def _experiment(client: Any, place: Path) -> str:
    known = client.get_experiment_by_name(PROJECT)
    if known is not None:
        return str(known.experiment_id)
    # A server keeps artefacts where it was told to; the file beside the SQLite store is ours.
    ours = None if os.environ.get("MLFLOW_TRACKING_URI") else (place / "artifacts").as_uri()
    return str(client.create_experiment(PROJECT, artifact_location=ours))


def _numbers(row: Mapping[str, Any]) -> dict[str, float]:
    return {key: float(value) for key, value in row.items() if key != "epoch" and isinstance(value, (int, float))}


def _remembered(work: Path, tool: str) -> str | None:
    path = work / RUN_FILE
    lines = dict(line.split(" ", 1) for line in path.read_text().splitlines()) if path.is_file() else {}
    return lines.get(tool)


def _remember(work: Path, tool: str, run: str) -> None:
    write_file(work / RUN_FILE, f"{tool} {run}\n")


def _not_installed(name: str, extra: str) -> InputError:
    return InputError(
        f"tracking: {name} is not installed; install the extra {extra!r} (make test does), or use --track none."
    )
