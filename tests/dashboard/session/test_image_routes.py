"""The image addresses: what they serve, and what they refuse."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from neuroval.dashboard import permissions
from neuroval.dashboard.access.address_names import name_of_case
from neuroval.dashboard.access.api_keys import PERSON
from neuroval.dashboard.server import ROUTES
from neuroval.dashboard.settings import current_settings
from neuroval.data.images.linking import link
from neuroval.data.storage.access_log import Wanted, accesses
from neuroval.data.study.import_predictions import study_of_predictions

CASE = f"{20:016x}"


@pytest.fixture
def client(studies_at_home: Path) -> Iterator[TestClient]:  # noqa: ARG001
    with TestClient(Starlette(routes=ROUTES)) as client:
        yield client


@pytest.mark.parametrize(
    ("address", "size"),
    [
        (f"{CASE}.webp?size=thumbnail", (40, 30)),
        (f"{CASE}.webp", (40, 30)),
        (f"{CASE}.webp?size=original&class=0", (40, 30)),
        (f"{CASE}.webp?size=pair&class=3", (84, 30)),
    ],
)
def test_a_case_is_served_as_webp(client: TestClient, address: str, size: tuple[int, int]) -> None:
    answer = client.get(f"/images/normal/{address}")
    assert answer.headers["content-type"] == "image/webp"
    assert "max-age" in answer.headers["cache-control"]
    assert Image.open(io.BytesIO(answer.content)).size == size


def test_what_the_browser_has_is_not_sent_again(client: TestClient) -> None:
    first = client.get(f"/images/normal/{CASE}.webp")
    again = client.get(f"/images/normal/{CASE}.webp", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_map_changes_the_picture(client: TestClient) -> None:
    scan, painted = (client.get(f"/images/normal/{CASE}.webp{tail}").content for tail in ("", "?class=0"))
    assert scan != painted


def test_layers_lie_over_the_scan(client: TestClient) -> None:
    def pixels(tail: str) -> np.ndarray:
        content = client.get(f"/images/normal/{CASE}.webp?size=original{tail}").content
        return np.asarray(Image.open(io.BytesIO(content)).convert("RGBA")).astype(int)

    smooth, cells = pixels("&class=0&layer=map"), pixels("&class=0&layer=map&cells=1")
    outline = pixels("&layer=outline")
    assert smooth.shape == cells.shape == outline.shape == pixels("").shape
    assert np.ptp(smooth[..., 3]) > 100
    assert np.abs(smooth - cells).mean() > 1
    assert 0 < (outline[..., 3] > 0).mean() < 0.5
    assert client.get(f"/images/normal/{21:016x}.webp?layer=outline").status_code == 404  # no outline is known


def test_another_layer_is_another_picture_to_the_browser(client: TestClient) -> None:
    tags = {
        client.get(f"/images/normal/{CASE}.webp?class=0{tail}").headers["etag"]
        for tail in ("", "&layer=map", "&layer=map&cells=1", "&layer=outline")
    }
    assert len(tags) == 4


def test_the_reference_outline_is_drawn_where_it_is_known(client: TestClient) -> None:
    def has_line(case: str) -> bool:
        content = client.get(f"/images/normal/{case}.webp?size=original&class=0").content
        return bool(np.ptp(np.asarray(Image.open(io.BytesIO(content)).convert("L")).astype(int)) > 150)

    assert has_line(CASE)
    assert not has_line(f"{21:016x}")


@pytest.mark.parametrize(
    "address",
    [
        "normal/ffffffffffffffff.webp",
        "normal/..%2F..%2Fstudy.webp",
        f"normal/{CASE}.webp?size=huge",
        f"normal/{CASE}.webp?class=4",
        f"normal/{CASE}.webp?class=glioma",
        f"normal/{CASE}.webp?class=0&layer=scan",
        f"normal/{CASE}.webp?layer=map",
        f"normal/{CASE}.webp?class=0&cells=yes",
        f"normal/{CASE}/glioma.webp",
        f"nothing/{CASE}.webp",
        f"broken/{CASE}.webp",
        f"empty-class/{CASE}.webp",
    ],
)
def test_everything_else_is_not_found(client: TestClient, address: str) -> None:
    assert client.get(f"/images/{address}").status_code == 404


def test_a_scan_is_served_as_the_trial_changed_it(client: TestClient) -> None:
    plain = client.get(f"/images/whole/{CASE}.webp?size=thumbnail")
    compressed = client.get(f"/images/whole/{CASE}.webp?size=thumbnail&change=jpeg&level=5")
    assert compressed.headers["content-type"] == "image/webp"
    assert Image.open(io.BytesIO(compressed.content)).size == (40, 30)
    assert compressed.headers["etag"] != plain.headers["etag"]


@pytest.mark.parametrize(
    "tail",
    [
        "change=magic",
        "change=jpeg&level=6",
        "change=jpeg&level=-1",
        "change=blur&level=1",  # not in this trial
        "change=jpeg&level=0",
        "change=remove_telea&level=0",  # an outline of one scan only, and this is another
    ],
)
def test_a_change_that_the_trial_does_not_hold_is_no_image(client: TestClient, tail: str) -> None:
    assert client.get(f"/images/whole/{21:016x}.webp?size=thumbnail&{tail}").status_code == 404


def test_a_study_without_a_trial_has_no_changed_scans(client: TestClient) -> None:
    assert client.get(f"/images/normal/{CASE}.webp?change=jpeg&level=1").status_code == 404


def test_who_sees_a_scan_is_written_down_without_the_id_that_an_import_brings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ids of this study are its own and may say whose scan it is."""
    permissions._last.clear()
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path))
    (tmp_path / "images").mkdir()
    Image.new("L", (40, 30), 99).save(tmp_path / "images" / "a.png")
    predictions = tmp_path / "mine.csv"
    predictions.write_text('case_id,label,image_path,prob_a,prob_b\n"Miller, 7",a,a.png,0.9,0.1\n')
    study = study_of_predictions(predictions, out=tmp_path / "studies" / "mine")
    link(tmp_path / "images", data_name="mine", cases=study.cases)
    monkeypatch.setenv("NEUROVAL_LOGIN", "required")
    current_settings.cache_clear()

    async def signed_in(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})[PERSON] = "ann@hospital.example"
        await Starlette(routes=ROUTES)(scope, receive, send)

    name = name_of_case("Miller, 7")
    with TestClient(signed_in) as client:
        assert client.get(f"/images/mine/{name}.webp").status_code == 200
        assert client.get(f"/images/mine/{name}x.webp").status_code == 404
    (row,) = accesses(Wanted())
    assert (row.who, row.kind, row.study, row.what) == ("ann@hospital.example", "view", "mine", f"scan {name}")
    kept = [file.read_bytes() for file in (tmp_path / "access").glob("log.db*")]
    assert any(name.encode() in content for content in kept)
    assert not any(b"Miller" in content for content in kept)
    (tmp_path / "access" / "log.db").unlink()
    (tmp_path / "access" / "log.db").mkdir()
    permissions._last.clear()
    with TestClient(signed_in) as client:
        answer = client.get(f"/images/mine/{name}.webp")
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (503, "text/plain")
