"""What the architecture tests look at: the project's files and its configuration."""

import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {".venv", ".git", "__pycache__", "build", "dist", "node_modules"}


def _project_files() -> list[Path]:
    """Files under version control or about to be; in an unpacked archive, every file that is not ours to ignore."""
    try:
        listing = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError):
        found = [path for path in ROOT.rglob("*") if not _ignored(path.relative_to(ROOT))]
    else:
        found = [ROOT / name for name in listing.stdout.split("\0") if name]
    return sorted(path for path in found if path.is_file())


def _ignored(path: Path) -> bool:
    return any(
        part in NOT_OURS or part.endswith((".egg-info", "_cache")) or part == ".hypothesis" for part in path.parts
    ) or path.name.startswith(".coverage")


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def project_files() -> list[Path]:
    return _project_files()


@pytest.fixture(scope="session")
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
