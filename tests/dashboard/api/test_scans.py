"""``predict`` and ``predict/batch``: the numbers of an evaluation, and a clear answer to every file that is none."""

import base64
import hashlib
import io
import tempfile
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from starlette.testclient import TestClient

from neuroval.dashboard.api.app import PATH, standalone
from neuroval.dashboard.settings import Settings
from neuroval.data.classes import BRAIN_TUMOR
from neuroval.data.study.folder import Study

NAMES = BRAIN_TUMOR.names
FRAMES = Path(str(get_testdata_file("examples_ybr_color.dcm")))
PALETTE = Path(str(get_testdata_file("examples_palette.dcm")))


def sent(client: TestClient, content: bytes, name: str = "scan", **query: object) -> httpx.Response:
    return client.post("/predict", files={"file": (name, content)}, params=query)  # type: ignore[arg-type]


def test_probabilities_are_those_of_an_evaluation_to_the_last_bit(
    client: TestClient, folder: Path, evaluated: pd.DataFrame
) -> None:
    assert len(evaluated) > 15
    for row in evaluated.to_dict("records"):
        answer = sent(client, (folder / row["image_path"]).read_bytes()).json()
        given = np.array([answer["probabilities"][name] for name in NAMES], np.float32)
        expected = np.array([row[f"prob_{name}"] for name in NAMES], np.float32)
        np.testing.assert_array_equal(given, expected)
        assert answer["class"] == NAMES[int(expected.argmax())]
        assert np.float32(answer["confidence"]) == expected.max()


@pytest.mark.anyio
@pytest.mark.usefixtures("scans_at_home")
async def test_an_asynchronous_client_gets_the_same(folder: Path, evaluated: pd.DataFrame) -> None:
    app = standalone(Settings(model="phantom"))
    row = evaluated.iloc[3]
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://localhost{PATH}") as http,
    ):
        answer = await http.post("/predict", files={"file": (folder / row["image_path"]).read_bytes()})
    given = [np.float32(answer.json()["probabilities"][name]) for name in NAMES]
    assert given == [np.float32(row[f"prob_{name}"]) for name in NAMES]


def test_the_answer_says_what_to_do(client: TestClient, scan: bytes, study: Study) -> None:
    answer = sent(client, scan)
    said = answer.json()
    assert answer.status_code == 200
    assert answer.headers["x-request-id"] == said["request_id"]
    assert (said["model"], said["gradcam"], said["frame"], said["frames"]) == ("phantom", None, 1, 1)
    assert said["sha256"] == hashlib.sha256(scan).hexdigest() in set(study.cases["sha256"])
    assert said["in_distribution"] is True
    assert said["out_of_distribution_score"] <= said["out_of_distribution_limit"]
    words = {"high": "a radiologist confirms", "review": "Consider a review", "expert": "Expert review required"}
    assert words[said["tier"]] in said["advice"]


def test_thresholds_are_those_of_the_study(client: TestClient, folder: Path, evaluated: pd.DataFrame) -> None:
    """High from 0.95 and review from 0.45, where 0.90 and 0.80 are usual: some scans lie between."""
    thresholds = client.get("/model").json()["thresholds"]
    assert (thresholds["high_confidence"], thresholds["review"]) == (0.95, 0.45)
    largest = evaluated[[f"prob_{name}" for name in NAMES]].max(axis=1)
    for low, high, tier in ((0.45, 0.8, "review"), (0.9, 0.95, "review"), (0.95, 1.0, "high"), (0.0, 0.45, "expert")):
        path = evaluated["image_path"][largest.between(low, high)].iloc[0]
        said = sent(client, (folder / path).read_bytes()).json()
        assert said["in_distribution"]
        assert said["tier"] == tier


def test_a_photograph_is_met_with_doubt(client: TestClient, photograph: bytes) -> None:
    said = sent(client, photograph).json()
    assert said["in_distribution"] is False
    assert said["advice"].startswith("This image is not like those the model was trained on")
    assert said["advice"].endswith("Expert review required.")


def test_the_map_comes_as_a_picture(client: TestClient, scan: bytes) -> None:
    found = sent(client, scan, gradcam=True).json()
    picture = Image.open(io.BytesIO(base64.b64decode(found["gradcam"]["png"])))
    plain = Image.open(io.BytesIO(scan))
    assert (picture.format, picture.size) == ("PNG", plain.size)
    assert found["gradcam"]["class"] == found["class"]
    assert found["gradcam"]["grid"] == [14, 14]
    assert found["gradcam"]["has_evidence"] is bool(np.any(np.asarray(picture) != np.asarray(plain.convert("RGB"))))


def test_a_frame_of_a_dicom_file_is_chosen(client: TestClient) -> None:
    content = FRAMES.read_bytes()
    found = sent(client, content, frame=7).json()
    assert (found["frame"], found["frames"]) == (7, 30)
    assert "The file says that it is US and not MR." in found["advice"]
    assert "choose one of them" in sent(client, content).json()["detail"]
    for frame in (0, -1, "last", 10**9):
        assert sent(client, content, frame=frame).status_code == 422


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"", "empty file"),
        (b"\xff\xd8\xff\xe0 torn", "cannot be decoded"),
        (PALETTE.read_bytes(), "palette"),
        (FRAMES.read_bytes()[:3000], "DICOM"),
    ],
)
def test_what_is_no_scan_is_a_problem(client: TestClient, content: bytes, detail: str) -> None:
    answer = sent(client, content, name="../../etc/Emily Dickinson.dcm")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    said = answer.json()
    assert detail in said["detail"]
    assert "Emily" not in answer.text
    assert said == {
        "type": "about:blank",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": said["detail"],
        "request_id": answer.headers["x-request-id"],
    }


def test_one_bad_file_does_not_fail_the_rest(client: TestClient, scan: bytes, photograph: bytes) -> None:
    files = [("files", ("same name", content)) for content in (scan, b"nothing", photograph, b"")]
    answer = client.post("/predict/batch", files=files)
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [one["index"] for one in results] == [0, 1, 2, 3]
    assert [one["problem"] is None for one in results] == [True, False, True, False]
    assert results[0]["scan"]["probabilities"] == sent(client, scan).json()["probabilities"]
    assert results[2]["scan"]["in_distribution"] is False
    assert results[1]["problem"]["status"] == 422


def test_a_batch_has_a_limit(client: TestClient) -> None:
    answer = client.post("/predict/batch", files=[("files", b"x")] * 33)
    assert (answer.status_code, answer.json()["detail"]) == (413, "33 files, the limit is 32")


def test_a_large_upload_is_turned_away_and_the_server_lives_on(client: TestClient, scan: bytes) -> None:
    answer = sent(client, bytes(30_000_000))
    assert (answer.status_code, answer.json()["detail"]) == (413, "more than 20,000,000 bytes")
    assert sent(client, bytes(20_000_001)).status_code == 413
    assert sent(client, scan).status_code == 200


def test_a_body_that_grows_beyond_the_limit_is_cut_off(client: TestClient) -> None:
    def chunks() -> object:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(25):
            yield bytes(1_000_000)

    headers = {"content-type": "multipart/form-data; boundary=b"}
    answer = client.post("/predict", content=chunks(), headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["status"]) == (413, 413)


def test_nothing_is_written_while_a_file_arrives(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def rollover(_: object) -> None:
        raise AssertionError("written to a disk")

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", rollover)
    pixels = np.random.default_rng(1).integers(0, 256, size=(1500, 1500, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    assert buffer.tell() > 5_000_000
    assert sent(client, buffer.getvalue()).json()["in_distribution"] is False


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"json": {"file": "x"}}, 415),
        ({"content": b"\xff\xd8", "headers": {"content-type": "image/jpeg"}}, 415),
        ({}, 415),
        ({"files": {"scan": b"x"}}, 422),
        ({"files": [("file", b"x"), ("file", b"y")]}, 400),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400),
        ({"content": b"--b\r\nx", "headers": {"content-type": "multipart/form-data; boundary=b"}}, 422),
        ({"files": {"file": b"x"}, "headers": {"content-length": "many"}}, 400),
        ({"data": {"file": "x"}, "files": {"other": b"y"}}, 422),
    ],
)
def test_a_wrong_request_is_a_problem(client: TestClient, options: dict[str, object], status: int) -> None:
    answer = client.post("/predict", **options)  # type: ignore[arg-type]
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert answer.json()["status"] == status


def test_a_call_in_doubt_is_for_an_expert_however_confident(client: TestClient, scan: bytes, photograph: bytes) -> None:
    file = pydicom.dcmread(str(get_testdata_file("MR_small.dcm")))
    file.Modality = "CT"
    buffer = io.BytesIO()
    file.save_as(buffer)
    of_ct, of_photograph = sent(client, buffer.getvalue()).json(), sent(client, photograph).json()
    assert (of_ct["tier"], of_ct["other_modality"]) == ("expert", "CT")
    assert (of_photograph["tier"], of_photograph["in_distribution"]) == ("expert", False)
    assert sent(client, scan).json()["other_modality"] is None
