"""A network that runs leaves nothing at home: ONNX Runtime would keep there, and send, what it is used for."""

import os
import subprocess
import sys
from pathlib import Path

CODE = """
from neuroval.data.storage.home import SHIPPED_MODELS
from neuroval.model.inference.scan_reader import open_reader
open_reader(SHIPPED_MODELS / "phantom").warm_up()
"""


def test_a_network_that_runs_writes_nothing_at_home(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("ORT_DISABLE_TELEMETRY", "CI")}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", CODE], env=environment, check=True, cwd=Path(__file__).parents[3])
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*")) == []
