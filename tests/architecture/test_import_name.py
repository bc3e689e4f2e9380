"""Nobody's own ``data`` or ``model`` is in the way, from a clone and from a wheel, which holds what a server needs."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

RUN = "import sys; sys.argv[0] = 'neuroval'; from neuroval.dashboard.cli.main import main; main()"
TRAP = "raise RuntimeError('the module of somebody else was imported')\n"


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder in which somebody works: packages and modules with the names of our folders."""
    folder = tmp_path / "work"
    for name in ("data", "dashboard"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(TRAP)
    for name in ("model", "analysis", "settings", "cases", "study"):
        (folder / f"{name}.py").write_text(TRAP)
    return folder


@pytest.fixture(scope="session")
def unpacked(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built and unpacked as an installer does it."""
    place = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)]
    subprocess.run(build, cwd=root, check=True, capture_output=True)
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place / "site")
    return place / "site"


def neuroval(*arguments: str, path: tuple[Path, ...], cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path)), "NEUROVAL_HOME": str(cwd / "home")}
    command = [sys.executable, "-c", RUN, *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


COMMANDS = [
    ("--help",),
    ("settings",),
    ("analyze", "brain-tumor-mri", "--section", "acceptance"),
    ("data", "check", "."),
    ("report", "brain-tumor-mri", "-o", "report.pdf", "--section", "data"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_folders_of_the_user_are_not_in_the_way_of_a_clone(root: Path, hostile: Path, command: tuple[str, ...]) -> None:
    done = neuroval(*command, path=(hostile, root), cwd=hostile)
    assert "Traceback" not in done.stderr
    assert done.returncode == (2 if command[0] == "data" else 0), done.stderr  # nothing to read there, in one line


def test_folders_of_the_user_are_not_in_the_way_of_a_wheel(unpacked: Path, hostile: Path) -> None:
    done = neuroval("analyze", "brain-tumor-mri", "--section", "acceptance", path=(hostile, unpacked), cwd=hostile)
    assert done.returncode == 0, done.stderr
    assert "any_tumour.sensitivity" in done.stdout


def test_the_modules_of_a_wheel_are_its_own(root: Path, unpacked: Path, hostile: Path) -> None:
    code = "import neuroval.data.storage.home as home; print(home.__file__, home.SHIPPED_MODELS)"
    path = os.pathsep.join(map(str, (hostile, unpacked)))
    environment = os.environ | {"PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", code], cwd=hostile, env=environment, capture_output=True, text=True)
    file, zoo = done.stdout.split()
    assert Path(file).is_relative_to(unpacked)
    assert Path(zoo, "phantom", "model.onnx").is_file()
    assert not Path(file).is_relative_to(root)


def test_a_wheel_holds_every_file_of_the_four_folders(root: Path, unpacked: Path, project_files: list[Path]) -> None:
    ours = {
        path.relative_to(root)
        for path in project_files
        if path.relative_to(root).parts[0] in ("data", "model", "analysis", "dashboard", ".streamlit")
    }
    assert {path for path in ours if not (unpacked / "neuroval" / path).is_file()} == set()
    assert {path.name for path in unpacked.iterdir()} - {"neuroval"} == {
        path.name for path in unpacked.iterdir() if path.name.endswith(".dist-info")
    }


def test_a_server_of_a_wheel_has_our_settings_of_streamlit(unpacked: Path, hostile: Path) -> None:
    """``serve`` starts Streamlit; instead of it the options it would have are printed, from where it is started."""
    code = (
        "import os, sys\n"
        "def instead(_, arguments):\n"
        "    from streamlit import config\n"
        "    names = ('browser.gatherUsageStats', 'client.showErrorDetails', 'client.toolbarMode')\n"
        "    print(*(config.get_option(name) for name in names), arguments[-1], os.path.isfile(arguments[4]))\n"
        "    sys.exit()\n"
        "os.execv = instead\n"
        "sys.argv = ['neuroval', 'serve', '--no-browser', '--port', '8769']\n"
        "from neuroval.dashboard.cli.main import main\n"
        "main()\n"
    )
    environment = os.environ | {"PYTHONPATH": str(unpacked), "NEUROVAL_HOME": str(hostile / "home")}
    done = subprocess.run([sys.executable, "-c", code], cwd=hostile, env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "type", "viewer", "20", "True"], done.stderr
