"""Health, model, classes, studies, performance, metrics, and the OpenAPI document."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from neuroval.analysis.study.results import results_of
from neuroval.dashboard.documents.study_document import document_of
from neuroval.data.classes import BRAIN_TUMOR
from neuroval.data.storage.home import SHIPPED_MODELS
from neuroval.data.study.folder import Study
from neuroval.model.card import read_card

Client = Callable[..., TestClient]
ROUTES = {
    *("/health", "/ready", "/model", "/classes", "/predict", "/predict/batch", "/studies"),
    *("/studies/{study_id}/metrics", "/performance", "/metrics"),
}


def test_it_is_there_and_ready(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/ready").json() == {"status": "ready"}


@pytest.mark.parametrize("model", ["no-such-model", "../no-such-model"])
def test_without_a_model_it_is_there_but_not_ready(served: Client, model: str) -> None:
    client = served(model=model)
    assert client.get("/health").status_code == 200
    for path in ("/ready", "/model", "/classes"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert answer.json()["detail"].startswith("no model: the one that is set cannot be used")
        assert model not in answer.text
    assert client.post("/predict", files={"file": b"x"}).status_code == 503
    assert client.get("/studies").status_code == 200


def test_a_damaged_model_is_said_to_be(served: Client, tmp_path: Path, heard: io.StringIO) -> None:
    folder = shutil.copytree(SHIPPED_MODELS / "phantom", tmp_path / "model")
    (folder / "reference.npz").write_bytes(b"PK\x03\x04 no archive")
    client = served(model=str(folder))
    assert client.get("/ready").json()["detail"].startswith("no model: the one that is set cannot be used")
    assert str(tmp_path) not in client.get("/ready").text
    assert "reference.npz: damaged" in heard.getvalue()


def test_the_model_is_as_its_card_says(client: TestClient) -> None:
    card, said = read_card(SHIPPED_MODELS / "phantom"), client.get("/model").json()
    assert (said["name"], said["sha256"], said["classes"]) == (card.name, card.sha256, list(card.classes.names))
    assert (said["limitations"], said["tells_unlike_images"]) == (list(card.limitations), True)
    assert said["use"] == "Research use only. Not a medical device."
    order = client.get("/classes").json()
    assert (order["order"], order["negative"]) == (list(BRAIN_TUMOR.names), "notumor")


def test_studies_are_listed_and_a_broken_one_says_why(
    client: TestClient, scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "studies" / "broken"
    broken.mkdir(parents=True)
    (broken / "study.toml").write_text("[study\n")
    (tmp_path / "studies" / "read").symlink_to(scans / "studies" / "read")
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path))
    first, second = client.get("/studies").json()["studies"]
    assert (first["id"], first["title"]) == ("broken", None)
    assert first["error"].startswith("broken/study.toml: not readable TOML")
    assert (second["id"], second["model"], second["data"], second["error"]) == ("read", "phantom", "read", None)
    answer = client.get("/studies/broken/metrics")
    assert (answer.status_code, str(tmp_path) in answer.text) == (400, False)


def test_the_numbers_of_a_study_are_those_of_the_command(client: TestClient, study: Study) -> None:
    names = ["confusion", "error-rates"]
    answer = client.get("/studies/read/metrics", params={"section": names})
    assert answer.json() == document_of(results_of(study), names=names)
    assert list(client.get("/studies/read/metrics").json()["sections"]) == ["per-class"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/studies/nothing/metrics", 404),
        ("/studies/..%2Fread/metrics", 404),
        ("/studies/read/metrics?section=everything", 422),
        ("/studies/read/metrics?basis=train", 422),
        ("/studies/read/metrics?basis=external", 400),
        ("/studies/read", 404),
        ("/nothing", 404),
    ],
)
def test_what_is_not_there_is_a_problem(client: TestClient, path: str, status: int) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_another_method_is_a_problem_that_names_the_right_one(client: TestClient) -> None:
    answer = client.put("/predict")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["title"] == "Method Not Allowed"


def test_scans_are_counted_and_timed(client: TestClient, scan: bytes) -> None:
    before = client.get("/performance").json()
    for _ in range(3):
        client.post("/predict", files={"file": scan})
    after = client.get("/performance").json()
    assert after["predictions"] == before["predictions"] + 3
    assert 0 < after["latency"]["p50"] <= after["latency"]["p95"] <= after["latency"]["p99"]
    assert after["places"] == 3 * after["workers"]
    samples = {
        (one.name, one.labels.get("route"), one.labels.get("status")): one.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for one in family.samples
    }
    assert samples["neuroval_requests_total", "/predict", "200"] >= 3
    assert samples["neuroval_request_seconds_count", "/predict", None] >= 3


def test_a_server_that_read_nothing_has_no_percentiles(served: Client) -> None:
    latency = served().get("/performance").json()["latency"]
    assert latency == {"n": 0, "p50": None, "p95": None, "p99": None}


def test_the_document_names_every_route_with_its_errors(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert set(document["paths"]) == ROUTES
    assert document["servers"] == [{"url": "/api/v1"}]
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert document["components"]["schemas"]["Scan"]["examples"]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation["summary"], (path, method)
            for status, response in operation["responses"].items():
                kinds = set(response["content"])
                assert kinds == {"application/problem+json"} if status >= "400" else kinds, (path, status)
    assert {"401", "408", "413", "415", "422", "503"} <= set(document["paths"]["/predict"]["post"]["responses"])


def test_the_page_of_the_document_asks_nothing_of_the_internet(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert "http" not in page.text.replace("http-equiv", "")
    assert client.get("/static/swagger-ui-bundle.js").status_code == 200
