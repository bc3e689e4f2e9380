"""Recording a run: MLflow in a file of our own, Weights & Biases offline, one record for a run that goes on."""

import sys
from pathlib import Path

import pytest

from neuroval.data.exceptions import InputError
from neuroval.model.training.tracking import RUN_FILE, code_sha256, recorded

SETTINGS = {"epochs": 3, "learning_rate": 0.001}


def row(epoch: int) -> dict:
    return {"run": "final", "epoch": epoch, "loss": 1 / epoch, "tuning_loss": 2 / epoch, "tuning_accuracy": 0.5}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path / "home"


def test_mlflow_holds_settings_epochs_and_files_of_a_run_that_went_on(home: Path, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    work, card = tmp_path / "work", tmp_path / "card.toml"
    card.write_text("name = 'toy'")

    def stopped() -> None:
        with recorded("mlflow", name="toy", work=work, settings=SETTINGS) as record:
            record.epoch(row(1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    client = MlflowClient(f"sqlite:///{home / 'mlflow' / 'mlflow.db'}")
    run_id = (work / RUN_FILE).read_text().split()[1]
    assert client.get_run(run_id).info.status == "FAILED"
    with recorded("mlflow", name="toy", work=work, settings=SETTINGS) as record:
        for epoch in (1, 2):  # the first is there already
            record.epoch(row(epoch))
        record.result({"model_sha256": "ab"}, (card,))
    experiment = client.get_experiment_by_name("neuroval")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.run_id == run_id
    assert run.info.status == "FINISHED"
    assert run.data.params == {"epochs": "3", "learning_rate": "0.001", "code_sha256": code_sha256()}
    assert run.data.tags["model_sha256"] == "ab"
    history = client.get_metric_history(run_id, "tuning_loss")
    assert [(metric.step, metric.value) for metric in history] == [(1, 2.0), (2, 1.0)]
    assert [file.path for file in client.list_artifacts(run_id)] == ["card.toml"]


def test_wandb_records_offline(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANDB_MODE", raising=False)
    with recorded("wandb", name="toy", work=tmp_path / "work", settings=SETTINGS) as record:
        record.epoch(row(1))
        record.result({"model_sha256": "ab"}, ())
    (folder,) = (home / "wandb").glob("offline-run-*")
    assert (tmp_path / "work" / RUN_FILE).read_text().split()[1] in folder.name
    assert any(path.suffix == ".wandb" and path.stat().st_size for path in folder.iterdir())


def test_nothing_is_written_without_a_tool(home: Path, tmp_path: Path) -> None:
    with recorded("none", name="toy", work=tmp_path / "work", settings=SETTINGS) as record:
        record.epoch(row(1))
        record.result({}, ())
    assert not home.exists()


@pytest.mark.parametrize(("tool", "module"), [("mlflow", "mlflow"), ("wandb", "wandb")])
@pytest.mark.usefixtures("home")
def test_a_missing_package_is_named(tool: str, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with (
        pytest.raises(InputError, match=f"install the extra '{module}'"),
        recorded(tool, name="toy", work=tmp_path, settings={}),
    ):
        pass


def test_an_unknown_tool_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match="'notes' is not known"),
        recorded("notes", name="a", work=tmp_path, settings={}),
    ):
        pass
