"""The container image: what its steps copy is there, what it installs is what it should be, and its command serves."""

import json
import re
import socket
import subprocess
import sys
import time
from pathlib import Path, PurePosixPath

import pytest

from neuroval.dashboard.settings import ELSEWHERE, PREFIX, Settings

LOCK = re.compile(r"^([A-Za-z0-9_.-]+)==", re.MULTILINE)


def steps(root: Path) -> list[tuple[str, str, str]]:
    """The instructions of the Dockerfile: stage, word, the rest."""
    text = re.sub(r"\\\n", " ", (root / "Dockerfile").read_text())
    found, stage = [], ""
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            stage = rest.split(" AS ")[1]
        if word and not word.startswith("#"):
            found.append((stage, word, rest))
    return found


def listed(root: Path, stage: str, word: str) -> list[str]:
    """The list that an instruction of a stage ends with."""
    (rest,) = [rest for at, name, rest in steps(root) if (at, name) == (stage, word)]
    names = json.loads(rest[rest.index("[") :])
    assert isinstance(names, list)
    return names


def test_the_base_is_pinned(root: Path) -> None:
    bases = [rest.split(" AS ")[0] for _, word, rest in steps(root) if word == "FROM"]
    stages = {stage for stage, _, _ in steps(root)}
    assert [base for base in bases if base not in stages] == ["python:3.12.12-slim-bookworm"]


def test_what_is_copied_is_there_and_not_ignored(root: Path) -> None:
    kept = {line[1:] for line in (root / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [
        source
        for _, word, rest in steps(root)
        if word == "COPY" and "--from" not in rest
        for source in rest.split()[:-1]
    ]
    assert len(copied) > 8
    for source in copied:
        assert (root / source).exists(), source
        assert any(PurePosixPath(source).match(pattern) for pattern in kept), source
    assert not any("secrets" in source or source == ".streamlit" for source in copied)


def test_every_package_of_the_project_is_copied(root: Path) -> None:
    packages = {path.parent.name for path in root.glob("*/__init__.py")}
    copied = {rest.split()[0] for stage, word, rest in steps(root) if (stage, word) == ("build", "COPY")}
    assert packages <= copied


@pytest.mark.parametrize(
    ("lock", "holds"), [("requirements-serve.lock", "streamlit"), ("requirements-mlflow.lock", "mlflow")]
)
def test_what_is_installed_is_no_training_environment(root: Path, lock: str, holds: str) -> None:
    names = set(LOCK.findall((root / lock).read_text()))
    assert holds in names
    assert {"tensorflow", "keras", "tf2onnx", "torch"} & names == set()
    assert (lock == "requirements-serve.lock") != ("mlflow" in names)


def test_each_lock_is_part_of_the_whole(root: Path) -> None:
    pins = re.compile(r"^(\S+==\S+)", re.MULTILINE)
    whole, serve = (
        set(pins.findall((root / name).read_text())) for name in ("requirements.lock", "requirements-serve.lock")
    )
    assert serve <= whole


def test_nobody_is_root(root: Path) -> None:
    for stage in ("app", "mlflow"):
        words = [word for at, word, _ in steps(root) if at == stage]
        assert [rest for at, word, rest in steps(root) if (at, word) == (stage, "USER")] == ["1000"]
        assert words.index("USER") > max(place for place, word in enumerate(words) if word == "RUN")


def test_the_uv_is_the_one_of_the_makefile(root: Path) -> None:
    (version,) = re.findall(r"^UV_VERSION := (\S+)$", (root / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"uv==(\S+)", (root / "Dockerfile").read_text())) == {version}


def test_settings_in_files_are_settings(root: Path) -> None:
    known = {*ELSEWHERE, *(PREFIX + name.upper() for name in Settings.model_fields)}
    files = ("Dockerfile", "compose.yaml", "DEPLOYMENT.md", "README.md", "CONTRIBUTING.md", ".github/workflows/ci.yml")
    for path in (*map(root.joinpath, files), root / "tests" / "conftest.py", *sorted((root / "docs").glob("*.md"))):
        assert set(re.findall(r"NEUROVAL_[A-Z_]+", path.read_text())) - known == set(), path.name


def test_actions_are_pinned_and_may_only_read(root: Path) -> None:
    text = (root / ".github" / "workflows" / "ci.yml").read_text()
    used = re.findall(r"uses: (\S+)", text)
    assert used
    assert [one for one in used if not re.fullmatch(r"\S+@[0-9a-f]{40}", one)] == []
    assert re.findall(r"^permissions:\n((?:  .*\n)+)", text, re.MULTILINE) == ["  contents: read\n"]
    assert text.count("persist-credentials: false") == text.count("actions/checkout@")


def test_the_command_serves_and_the_health_check_sees_it(root: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    bin_folder = Path(sys.executable).parent
    command, *rest = [part.replace("8501", port) for part in listed(root, "app", "CMD")]
    (health,) = [rest for stage, word, rest in steps(root) if (stage, word) == ("app", "HEALTHCHECK")]
    check = [part.replace("8501", port) for part in json.loads(health[health.index("[") :])]
    log = tmp_path / "log"
    with log.open("wb") as stream:
        server = subprocess.Popen([bin_folder / command, *rest], stdout=stream, stderr=stream, cwd=root)
    try:
        end = time.monotonic() + 90
        while True:
            found = subprocess.run([bin_folder / check[0], *check[1:]], capture_output=True, check=False)
            if found.returncode == 0:
                break
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.5)
    finally:
        server.terminate()
        server.wait(timeout=30)
    assert subprocess.run([bin_folder / check[0], *check[1:]], capture_output=True, check=False).returncode != 0
