"""The server beside the pages: the API in it, and what is imported to start it."""

import subprocess
import sys
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from neuroval.dashboard import server

HEAVY = {"onnxruntime", "cv2", "fastapi", "scipy", "sklearn", "tensorflow"}


@pytest.mark.usefixtures("scans_at_home")
def test_the_api_is_there_beside_the_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROVAL_MODEL", "phantom")
    api = server.Api()
    assert any(isinstance(route, Mount) and route.path == server.API for route in server.ROUTES)
    with TestClient(Starlette(routes=[Mount(server.API, api)])) as client:
        assert client.get("/api/v1/health").json() == {"status": "ok"}
        assert client.get("/api/v1/ready").status_code == 503
        api.load()
        assert client.get("/api/v1/model").json()["name"] == "phantom"
        assert client.get("/api/v1/openapi.json").json()["servers"] == [{"url": "/api/v1"}]


def test_nothing_heavy_is_imported_to_start(tmp_path: Path) -> None:
    """The browser loads the frame of the page while the rest is imported."""
    code = (
        "import sys, streamlit; old = set(sys.modules); import neuroval.dashboard.server; "
        "print(*(set(sys.modules) - old))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    found = set(done.stdout.split())
    assert "neuroval.dashboard.server" in found
    assert found & HEAVY == set()
