"""The API as a client sees it, without a network; one that is loaded for all tests, and others made for a test."""

import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from neuroval.dashboard.api import log
from neuroval.dashboard.api.app import PATH, standalone
from neuroval.dashboard.settings import Settings
from neuroval.data.study.folder import Study, read_study

Client = Callable[..., TestClient]


@pytest.fixture(scope="session")
def loaded(scans: Path) -> Iterator[TestClient]:
    """The API with the phantom model, as it comes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEUROVAL_HOME", str(scans))
        patch.setattr(
            "neuroval.data.storage.home.SHIPPED_STUDIES", scans / "none"
        )  # the thresholds are those of the study ``read``
        client = TestClient(standalone(Settings(model="phantom")), base_url=f"http://localhost{PATH}").__enter__()
    yield client
    client.__exit__(None, None, None)


@pytest.fixture
def client(loaded: TestClient, scans_at_home: Path) -> TestClient:  # noqa: ARG001
    return loaded


@pytest.fixture
def served(scans_at_home: Path) -> Iterator[Client]:  # noqa: ARG001
    """Makes an API with other settings."""
    made: list[TestClient] = []

    def serve(**settings: object) -> TestClient:
        app = standalone(Settings(**{"model": "phantom", **settings}))
        made.append(TestClient(app, base_url=f"http://localhost{PATH}", raise_server_exceptions=False))
        return made[-1].__enter__()

    yield serve
    for one in made:
        one.__exit__(None, None, None)


@pytest.fixture(scope="session")
def study(scans: Path) -> Study:
    return read_study(scans / "studies" / "read")


@pytest.fixture
def heard() -> Iterator[io.StringIO]:
    """What the log says."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(log.AsJson())
    log.log.addHandler(handler)
    yield stream
    log.log.removeHandler(handler)


@pytest.fixture(scope="session")
def evaluated(study: Study) -> pd.DataFrame:
    """The evaluated cases, probabilities and image path of each."""
    return study.predictions.merge(study.cases[["case_id", "split", "image_path"]], on="case_id")


@pytest.fixture(scope="session")
def folder(clean_phantom: object) -> Path:
    path: Path = clean_phantom.folder  # type: ignore[attr-defined]
    return path


@pytest.fixture(scope="session")
def scan(folder: Path, evaluated: pd.DataFrame) -> bytes:
    """The first evaluated image."""
    return (folder / evaluated["image_path"].iloc[0]).read_bytes()


@pytest.fixture(scope="session")
def photograph() -> bytes:

    from PIL import Image
    from sklearn.datasets import load_sample_images

    buffer = io.BytesIO()
    Image.fromarray(np.asarray(load_sample_images().images[0])).save(buffer, "JPEG")
    return buffer.getvalue()
