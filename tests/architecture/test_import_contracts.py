"""Each import contract in pyproject.toml is broken once in a toy tree, and lint-imports has to name it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TOP = ("neuroval.data", "neuroval.model", "neuroval.analysis", "neuroval.dashboard")
# The rooms of the dashboard that draw with Streamlit; every other works without.
WITH_STREAMLIT = {"access", "app", "app_pages", "components", "server", "session"}


def contracts_of(pyproject: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {contract["id"]: contract for contract in pyproject["tool"]["importlinter"]["contracts"]}


def mentioned_modules(contracts: dict[str, dict[str, Any]]) -> set[str]:
    """Every module of ours that a contract names."""
    names: set[str] = set()
    for contract in contracts.values():
        for key in ("source_modules", "forbidden_modules", "protected_modules", "allowed_importers"):
            names.update(contract.get(key, ()))
        for expression in contract.get("ignore_imports", ()):
            names.update(part.strip() for part in expression.split("->"))
    rooms = {
        f"{container}.{room.strip()}"
        for contract in contracts.values()
        for container in contract.get("containers", ())
        for layer in contract["layers"]
        for room in layer.split("|")
    }
    return {name for name in names if name.startswith("neuroval.") and "*" not in name} | rooms


def write_module(tree: Path, module: str, source: str) -> None:
    """Put a module and the packages above it into the tree."""
    path = tree.joinpath(*module.split("."))
    path.mkdir(parents=True, exist_ok=True)
    for folder in (path, *path.parents):
        if folder == tree:
            break
        (folder / "__init__.py").touch()
    (path / "__init__.py").write_text(source, encoding="utf-8")


def broken_contracts(tree: Path) -> tuple[list[str], str]:
    """The names of the contracts that lint-imports calls broken, and all it said."""
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    output = done.stdout + done.stderr
    names = [name for name, broken, _ in (line.partition(" BROKEN") for line in output.splitlines()) if broken]
    assert (done.returncode == 0) == (not names), output
    return names, output


@pytest.fixture
def toy_tree(root: Path, pyproject: dict[str, Any], tmp_path: Path) -> Path:
    """Empty modules for all that the contracts name, under the real configuration."""
    (tmp_path / "pyproject.toml").write_bytes((root / "pyproject.toml").read_bytes())
    for module in {*TOP, *mentioned_modules(contracts_of(pyproject))}:
        write_module(tmp_path, module, "")
    return tmp_path


TRAINING_COMMANDS = "neuroval.dashboard.cli.train_cross_validate_benchmark"
KEPT = {
    "neuroval.model.training.loop": "import keras\nimport tensorflow\nimport tf2onnx\n",
    TRAINING_COMMANDS: "def train():\n    from neuroval.model.training.pipeline import fit\n",
    "neuroval.model.training.pipeline": "import neuroval.model.training.loop\n",
    "neuroval.dashboard.session.cache": "import numpy\nimport pandas\nimport streamlit\n",
    "neuroval.dashboard.app_pages.overview": "import streamlit\nfrom neuroval.dashboard.session import cache\n",
    "neuroval.dashboard.figures.roc": "import plotly\nimport neuroval.analysis.core.confusion\n",
    "neuroval.analysis.core.confusion": "import numpy\nimport neuroval.data.study.folder\n",
    "neuroval.model.inference.run": "import onnxruntime\nimport neuroval.data.study.folder\n",
    "neuroval.data.study.folder": "import pandas\n",
}

BROKEN = [
    ("layers", {"neuroval.data.study.bad": "import neuroval.analysis"}),
    ("layers", {"neuroval.data.study.bad": "from neuroval.model.inference import run"}),
    ("layers", {"neuroval.data.study.bad": "import neuroval.dashboard"}),
    ("layers", {"neuroval.analysis.core.bad": "def inner():\n    import neuroval.model.inference.run"}),
    ("layers", {"neuroval.model.inference.bad": "import neuroval.analysis"}),
    ("layers", {"neuroval.model.inference.bad": "from neuroval.dashboard.session import cache"}),
    ("rooms-of-data", {"neuroval.data.storage.bad": "import neuroval.data.study.folder"}),
    ("rooms-of-data", {"neuroval.data.loose": ""}),
    ("rooms-of-model", {"neuroval.model.inference.bad": "import neuroval.model.training.loop"}),
    ("rooms-of-model", {"neuroval.model.loose": ""}),
    ("rooms-of-analysis", {"neuroval.analysis.core.bad": "import neuroval.analysis.study"}),
    ("rooms-of-analysis", {"neuroval.analysis.loose": ""}),
    ("rooms-of-dashboard", {"neuroval.dashboard.words.bad": "import neuroval.dashboard.report"}),
    ("rooms-of-dashboard", {"neuroval.dashboard.loose": ""}),
    ("streamlit-in-dashboard", {"neuroval.data.study.bad": "import streamlit"}),
    ("streamlit-in-dashboard", {"neuroval.model.inference.bad": "from streamlit import progress"}),
    ("streamlit-in-dashboard", {"neuroval.analysis.core.bad": "import streamlit.runtime"}),
    ("streamlit-free", {"neuroval.dashboard.figures.bad": "import streamlit as st"}),
    (
        "streamlit-free",
        {TRAINING_COMMANDS: "from neuroval.dashboard.session import cache"},
    ),
    ("streamlit-free", {"neuroval.dashboard.report.bad": "from streamlit import pdf"}),
    ("keras-files", {"neuroval.model.inference.bad": "import keras"}),
    ("keras-files", {"neuroval.model.inference.bad": "def inner():\n    import tensorflow as tf"}),
    ("keras-files", {"neuroval.model.inference.bad": "from keras.applications import EfficientNetB3"}),
    ("keras-files", {"neuroval.model.inference.bad": "import tf2onnx"}),
    ("keras-free", {"neuroval.data.study.bad": "import keras"}),
    (
        "keras-free",
        {
            "neuroval.analysis.core.bad": "import neuroval.analysis.core.worse",
            "neuroval.analysis.core.worse": "from neuroval.model.training.loop import fit",
        },
    ),
    (
        "keras-free-dashboard",
        {
            "neuroval.dashboard.session.cache": "import neuroval.model.inference.run",
            "neuroval.model.inference.run": "import neuroval.model.training.loop",
        },
    ),
    (
        "keras-free-dashboard",
        {"neuroval.dashboard.app_pages.bad": "def inner():\n    import neuroval.model.training.loop"},
    ),
    ("thin-pages", {"neuroval.dashboard.app_pages.bad": "import numpy as np"}),
    ("thin-pages", {"neuroval.dashboard.app_pages.bad": "from scipy import stats"}),
    ("thin-pages", {"neuroval.dashboard.app_pages.bad": "import pandas as pd"}),
]


def test_what_the_design_allows_breaks_no_contract(toy_tree: Path) -> None:
    for module, source in KEPT.items():
        write_module(toy_tree, module, source)
    names, output = broken_contracts(toy_tree)
    assert names == [], output


@pytest.mark.parametrize(("contract", "modules"), BROKEN, ids=lambda value: value if isinstance(value, str) else "")
def test_a_forbidden_import_breaks_its_contract(
    toy_tree: Path, pyproject: dict[str, Any], contract: str, modules: dict[str, str]
) -> None:
    for module, source in (KEPT | modules).items():
        write_module(toy_tree, module, source)
    names, output = broken_contracts(toy_tree)
    assert contracts_of(pyproject)[contract]["name"] in names, output


def test_every_contract_has_been_broken_here(pyproject: dict[str, Any]) -> None:
    assert {contract for contract, _ in BROKEN} == set(contracts_of(pyproject))


def test_what_works_without_streamlit_is_listed(root: Path, pyproject: dict[str, Any]) -> None:
    entries = {path.stem for path in (root / "dashboard").iterdir() if path.suffix == ".py" or path.is_dir()}
    there = {
        f"neuroval.dashboard.{name}"
        for name in entries - WITH_STREAMLIT
        if not name.startswith("__")
        and (name in ("pages", "permissions", "settings") or (root / "dashboard" / name / "__init__.py").is_file())
    }
    listed = set(contracts_of(pyproject)["streamlit-free"]["source_modules"])
    assert there == listed, f"adjust the contract streamlit-free in pyproject.toml: {sorted(there ^ listed)}"
