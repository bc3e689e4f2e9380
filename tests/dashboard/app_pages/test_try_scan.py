"""Try a scan: the call of an evaluation, doubts first, several files, frames, and nothing that stays."""

import dataclasses
import hashlib
import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from streamlit.testing.v1 import AppTest

from neuroval.dashboard.settings import current_settings
from neuroval.dashboard.words import try_scan as text_scan
from neuroval.dashboard.words import without_region as text_without
from neuroval.dashboard.words.trial_names import FILLED
from neuroval.data.storage.home import SHIPPED_MODELS
from neuroval.data.study.folder import Study, read_study

APP = Path(__file__).parents[3] / "dashboard" / "app.py"
FRAMES = Path(str(get_testdata_file("examples_ybr_color.dcm"))).read_bytes()
Open = Callable[..., AppTest]
Said = Callable[[AppTest], str]


@pytest.fixture
def page(scans_at_home: Path) -> AppTest:  # noqa: ARG001
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.query_params["study"] = "read"
    app.run()
    app.switch_page("app_pages/try_scan.py")
    app.query_params["study"] = "read"
    return app.run()


@pytest.fixture(scope="module")
def study(scans: Path) -> Study:
    return read_study(scans / "studies" / "read")


def test_a_model_trained_on_drawings_warns_before_an_upload(
    page: AppTest, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not page.warning
    drawn = dataclasses.replace(study.manifest.about, synthetic=True)
    for name, warned in (("phantom", [text_scan.DRAWN]), ("read", [])):  # the model's own data set, and another
        facts = dataclasses.replace(study.manifest.data, name=name)
        shown = dataclasses.replace(study, manifest=dataclasses.replace(study.manifest, about=drawn, data=facts))
        monkeypatch.setattr("neuroval.dashboard.session.cache.study", lambda _, shown=shown: shown)
        assert [one.value for one in page.run().warning] == warned


@pytest.fixture(scope="module")
def test_images(study: Study, clean_phantom: object) -> pd.DataFrame:
    """The evaluated cases of the test split with label, probabilities and the file of each."""
    cases = study.cases[study.cases["split"] == "test"]
    folder: Path = clean_phantom.folder  # type: ignore[attr-defined]
    merged = cases.merge(study.predictions, on="case_id")
    return merged.assign(file=[folder / path for path in merged["image_path"]])


def photograph() -> bytes:
    from sklearn.datasets import load_sample_images

    buffer = io.BytesIO()
    Image.fromarray(np.asarray(load_sample_images().images[1])).save(buffer, "PNG")
    return buffer.getvalue()


def changed(file: Path) -> bytes:
    """The same scan as another file: one pixel in a corner differs."""
    pixels = np.asarray(Image.open(file)).copy()
    pixels[0, 0] = 1
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def uploaded(page: AppTest, *files: tuple[str, bytes]) -> AppTest:
    for name, content in files:
        page.file_uploader(key="scans").upload(name, content)
    page.run()
    assert not page.exception
    return page


def test_without_a_scan_the_page_says_what_to_do(page: AppTest, said: Said) -> None:
    assert not page.exception
    shown = said(page)
    assert text_scan.NO_SCAN in shown
    assert "Nothing of them is stored." in shown
    assert "Read by phantom, version 1" in shown


def test_the_call_is_that_of_the_evaluation(page: AppTest, said: Said, test_images: pd.DataFrame) -> None:
    row = test_images.iloc[0]
    shown = said(uploaded(page, ("scan.jpg", row["file"].read_bytes())))
    names = [column for column in test_images if column.startswith("prob_")]
    assert f"with a confidence of {row[names].max():.3f}" in shown
    assert f"The study holds this very file, in test, with the label {row['label'].capitalize()}" in shown
    assert not page.warning


def test_the_advice_is_by_the_thresholds_of_the_study(page: AppTest, said: Said, test_images: pd.DataFrame) -> None:
    largest = test_images[[column for column in test_images if column.startswith("prob_")]].max(axis=1)
    between = test_images[largest.between(0.9, 0.95)].iloc[0]  # high as a rule, for a review in this study
    assert text_scan.ADVICE["review"] in said(uploaded(page, ("scan.jpg", between["file"].read_bytes())))


def test_a_training_image_proves_nothing(
    page: AppTest, said: Said, study: Study, test_images: pd.DataFrame, clean_phantom: object
) -> None:
    assert len(test_images)
    path = study.cases.loc[study.cases["split"] == "train", "image_path"].iloc[0]
    shown = said(uploaded(page, ("scan.jpg", (clean_phantom.folder / path).read_bytes())))  # type: ignore[attr-defined]
    assert "The model was fitted on it, so its call proves nothing." in shown


def test_what_looks_like_it_stands_with_how_often_the_model_was_right(
    page: AppTest, said: Said, test_images: pd.DataFrame
) -> None:
    app = uploaded(page, ("scan.png", changed(test_images["file"].iloc[0])))
    shown = said(app)
    assert "this very file" not in shown
    assert "evaluated scans nearest to it, the model was right in" in shown
    links = [one.proto for one in app.main.get("page_link")]
    found = [one.query_string for one in links if "case=" in one.query_string]
    assert len(found) == 8
    assert found[0] == f"study=read&case={test_images['case_id'].iloc[0]}"


def test_doubt_comes_first(page: AppTest, said: Said) -> None:
    app = uploaded(page, ("cat.png", photograph()))
    (warning,) = app.warning
    assert warning.value == text_scan.UNLIKE
    shown = said(app)
    assert "Taken as it is, the model says" in shown
    assert text_scan.ADVICE["expert"] in shown
    assert text_scan.NOT_SEARCHED in shown


def test_several_files_stand_in_a_table_and_a_bad_one_stops_nothing(
    page: AppTest, said: Said, test_images: pd.DataFrame
) -> None:
    scan = test_images["file"].iloc[1].read_bytes()
    app = uploaded(page, ("cat.png", photograph()), ("no *scan*.dcm", b"nothing"), ("scan.jpg", scan))
    table = app.table[0].value
    assert list(table["Scan"]) == ["1\\. cat.png", "2\\. no \\*scan\\*.dcm", "3\\. scan.jpg"]
    assert table["Call"].iloc[1] == "cannot be read"
    assert list(table["Like the training images"]) == ["no", "", "yes"]
    app.selectbox(key="scan").set_value(1).run()
    assert "not an image of a known format" in app.error[0].value
    app.selectbox(key="scan").set_value(2).run()
    assert not app.exception
    assert not app.warning
    assert "The model says" in said(app)


def test_a_frame_is_chosen(page: AppTest) -> None:
    app = uploaded(page, ("many", FRAMES))
    (frame,) = [slider for slider in app.slider if slider.key.startswith("frame-")]
    assert (frame.value, frame.max) == (15, 30)
    first = [table.value for table in app.table]
    assert "15 of 30" in str(first)
    frame.set_value(30).run()
    assert "30 of 30" in str([table.value for table in app.table])
    assert "The file says that it is US and not MR." in app.warning[0].value


def test_settings_of_the_map_are_those_of_a_case(page: AppTest, said: Said, test_images: pd.DataFrame) -> None:
    app = uploaded(page, ("scan.jpg", test_images["file"].iloc[0].read_bytes()))
    (drawn,) = app.get("bidi_component")
    given = json.loads(drawn.proto.json)
    assert (given["opacity"], given["cells"]) == (60, False)
    assert [bool(view["map"]) for view in given["views"]] == [False, True, True]
    assert all(view["scan"].startswith("data:image/webp;base64,") for view in given["views"])
    assert "The network sees 14 x 14 cells; between them the map is smoothed." in said(app)


def test_nothing_of_a_scan_stays(
    page: AppTest, scans: Path, test_images: pd.DataFrame, capfd: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in scans.rglob("*")}
    app = uploaded(page, ("Emily Dickinson.jpg", test_images["file"].iloc[0].read_bytes()))
    assert len(app.session_state["kept"]["readings"]) == 1
    assert "Dickinson" not in "".join(capfd.readouterr())
    assert {path: path.stat().st_mtime_ns for path in scans.rglob("*")} == before
    uploaded(app, ("other.jpg", test_images["file"].iloc[1].read_bytes()))
    app.file_uploader(key="scans").clear()
    app.run()
    assert "kept" not in app.session_state


def test_a_scan_is_forgotten_when_the_page_is_left(page: AppTest, test_images: pd.DataFrame) -> None:
    app = uploaded(page, ("scan.jpg", test_images["file"].iloc[0].read_bytes()))
    app.switch_page("app_pages/claims.py").run()
    assert "kept" not in app.session_state


def test_a_study_without_a_model_says_so_calmly(open_page: Open, said: Said) -> None:
    app = open_page("try_scan", "normal")
    assert not app.exception
    assert text_scan.IMPORTED in said(app)
    assert not app.file_uploader


def test_a_model_that_is_not_here_is_said_calmly(
    page: AppTest, said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neuroval.data.storage.home.SHIPPED_MODELS", tmp_path)
    page.run()
    assert not page.exception
    assert text_scan.NO_MODEL in said(page)
    shutil.copytree(SHIPPED_MODELS / "phantom", tmp_path / "moved")
    page.run()
    assert text_scan.NO_SCAN in said(page)
    (tmp_path / "moved" / "model.onnx").write_bytes(b"cut")
    page.run()
    assert "hash" in page.error[0].value


def test_files_beyond_the_limit_are_not_dropped_silently(
    monkeypatch: pytest.MonkeyPatch, page: AppTest, test_images: pd.DataFrame
) -> None:
    monkeypatch.setenv("NEUROVAL_BATCH_FILES", "2")
    current_settings.cache_clear()
    uploaded(page, *((path.name, path.read_bytes()) for path in test_images["file"][:3]))
    assert [one.value for one in page.warning] == ["3 files were chosen; the first 2 are read."]
    assert len(page.selectbox(key="scan").options) == 2


def test_what_the_model_says_without_a_region_is_asked_of_it(
    page: AppTest, said: Said, test_images: pd.DataFrame
) -> None:
    wanted = test_images[test_images["label"] == "glioma"].iloc[0]
    content = wanted["file"].read_bytes()
    name = hashlib.sha256(content).hexdigest()[:12]
    app = uploaded(page, ("scan.png", content))
    assert text_without.MEANS not in said(app)  # nothing is asked before it is opened
    app.session_state[f"without-{name}"] = True
    app.run()
    assert not app.exception
    shown = said(app)
    assert text_without.MEANS in shown
    assert re.search(r"(still says|says .*no longer|with one filling)", shown)
    assert all(f"{FILLED[way]}: " in shown for way in ("remove_telea", "remove_harmonic"))
    app.slider(key=f"share-{name}").set_value(90).run()
    assert not app.exception
