"""Fixtures for all tests: real images, phantoms, a browser, toy trainings, and a home folder that is thrown away."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import Phase, settings
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from neuroval.data.phantom.cohort import Cohort, generate
from neuroval.data.storage.lock import held

# Before anything imports TensorFlow: warnings and errors only. Subprocesses inherit it.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

# A slow machine is no failure of the code.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")
# For make mutants: always the same examples, and a failure needs no smallest one.
quick = (Phase.explicit, Phase.generate)
settings.register_profile("mutants", deadline=None, derandomize=True, database=None, phases=quick)

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FIXTURE_MARKERS = {"brain_tumor_mri": "needs_data", "chromium": "browser", "snapshot": "snapshot"}
LONGEST, SHORTEST = "tests/dashboard/browser/", "tests/data/"  # files that take minutes, and seconds


UNSTABLE = (  # what differs by version, machine or the writer of Parquet files
    (re.compile(r"\b(?!0{8})(?=[0-9a-f]*[a-f])[0-9a-f]{12,64}\b"), "HASH"),
    (re.compile(r"\d\.\d MB"), "SIZE"),
    (re.compile(r"\b\d+\.\d+\.\d+\b"), "VERSION"),
)


class TextFile(SingleFileSnapshotExtension):
    """A snapshot is a text file of its own: the words as a reader sees them, without what differs by machine."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"

    def serialize(self, data: object, **_: object) -> str:
        words = re.sub(r"\\(?=[!-/:-@\[-`{-~])|[\u2060\u200b]", "", str(data))  # escapes of Markdown, joiners of words
        for pattern, name in UNSTABLE:
            words = pattern.sub(name, words)
        return "".join(f"{line.rstrip()}\n" for line in words.splitlines())


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() == "true"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that asks for the data, the browser or a snapshot carries the marker, so that -m can choose.

    Where files run side by side, the longest come first and the shortest last: no core waits long for another's file.
    """
    for item in items:
        for fixture, marker in FIXTURE_MARKERS.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(marker)
    items.sort(key=lambda item: item.nodeid.startswith(SHORTEST) - item.nodeid.startswith(LONGEST))


@pytest.fixture(scope="session", autouse=True)
def neuroval_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that NEUROVAL_HOME names during the tests; nobody's own studies are read or changed."""
    home = tmp_path_factory.mktemp("neuroval-home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEUROVAL_HOME", str(home))
        patch.delenv("NEUROVAL_REVIEWS", raising=False)
        patch.delenv("NEUROVAL_REVIEWER", raising=False)
        yield home


@pytest.fixture(scope="session")
def brain_tumor_mri() -> Path:
    """The public Brain Tumor MRI data set: NEUROVAL_BRAIN_TUMOR_MRI, else the folder shared/ beside the repository.

    Without it the test is skipped; under CI=true it fails, unless NEUROVAL_DATA_TESTS=skip says that the data cannot
    be had there.
    """
    if os.environ.get("NEUROVAL_DATA_TESTS", "").lower() == "skip":
        pytest.skip("NEUROVAL_DATA_TESTS=skip: the real images cannot be had here")
    given = os.environ.get("NEUROVAL_BRAIN_TUMOR_MRI")
    folder = Path(given) if given else ROOT / "../shared/brain-tumor-mri"
    if all((folder / part).is_dir() for part in ("Training", "Testing")):
        return folder.resolve()
    reason = f"no Brain Tumor MRI data set in {folder}: set NEUROVAL_BRAIN_TUMOR_MRI to a copy"
    if given or in_ci():
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser for tests in tests/dashboard/browser; without one they are skipped, and under CI=true they fail."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return Path(found)
    reason = f"no browser found (looked for {', '.join(BROWSERS)})"
    if in_ci():
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Return the folder of a name, made by the first process that wants it; it may be read, and never written."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        place, part = shared / name, shared / f"{name}.part"
        with held(place, patience=600):
            if not place.is_dir():
                shutil.rmtree(part, ignore_errors=True)
                make(part)
                part.rename(place)
        return place

    return folder


def drawn(folder: Path) -> Cohort:
    """The cohort in a folder."""
    metadata, planted = (
        pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False) for name in ("metadata", "planted")
    )
    return Cohort(folder=folder, metadata=metadata, planted=planted)


@pytest.fixture(scope="session")
def phantom(made_once: Callable[..., Path]) -> Cohort:
    """A small phantom cohort, 16 patients with about 100 images, with every planted flaw."""
    return drawn(made_once("flawed", partial(generate, seed=3, patients=16, workers=1)))


@pytest.fixture(scope="session")
def clean_phantom(made_once: Callable[..., Path]) -> Cohort:
    """The same cohort without any flaw."""
    return drawn(made_once("clean", partial(generate, seed=3, patients=16, flaws=(), workers=1)))


@pytest.fixture
def eagerly() -> Iterator[None]:
    """Without graphs: a toy training is over before TensorFlow would have traced one, and gives the same numbers."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """What a text has to be equal to; ``--snapshot-update`` writes the text anew."""
    return snapshot.use_extension(TextFile)
