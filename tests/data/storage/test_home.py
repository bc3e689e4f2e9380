import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from neuroval.data.classes import BRAIN_TUMOR
from neuroval.data.dataset.folder import read_dataset
from neuroval.data.exceptions import InputError
from neuroval.data.images import linking
from neuroval.data.storage import home
from neuroval.data.storage.files import file_sha256
from neuroval.data.study.folder import Study


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(home, "SHIPPED_STUDIES", tmp_path / "shipped")
    monkeypatch.setattr(home, "SHIPPED_MODELS", tmp_path / "zoo")
    return tmp_path / "home"


@pytest.fixture
def drawn(dataset_folder: Path) -> pd.DataFrame:
    return read_dataset(dataset_folder, name="drawn", classes=BRAIN_TUMOR).cases


def test_home_is_read_at_each_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert home.home_folder() == tmp_path / "home"
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "other"))
    assert home.home_folder() == tmp_path / "other"
    monkeypatch.delenv("NEUROVAL_HOME")
    assert home.home_folder().name == "neuroval"


def test_studies_are_the_shipped_ones_then_ones_own(write: Callable[..., Study], tmp_path: Path) -> None:
    for place in ("shipped/b", "home/studies/a", "home/studies/b"):
        write(tmp_path / place)
    (tmp_path / "home" / "studies" / "no study").mkdir()
    assert home.studies() == {"b": tmp_path / "shipped" / "b", "a": tmp_path / "home" / "studies" / "a"}
    assert list(home.studies()) == ["b", "a"]
    assert home.find_study("a") == tmp_path / "home" / "studies" / "a"
    assert home.find_study(str(tmp_path / "home" / "studies" / "b")) == tmp_path / "home" / "studies" / "b"
    with pytest.raises(InputError, match=r"c: no such study\. By name there is: b, a\."):
        home.find_study("c")
    with pytest.raises(InputError, match=r"a folder without study\.toml, so not a study"):
        home.find_study(tmp_path)


def test_a_study_whose_writing_was_killed_is_still_listed(write: Callable[..., Study], tmp_path: Path) -> None:
    study = write(tmp_path / "home" / "studies" / "a")
    for name in ("a", str(study.path)):
        study.path.rename(study.path.with_name(".a.old"))
        assert home.find_study(name) == study.path


def test_a_bare_name_is_a_place_that_the_dashboard_looks_in(
    write: Callable[..., Study], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "shipped" / "ours")
    (tmp_path / "here").mkdir()
    assert home.new_study("mine") == tmp_path / "home" / "studies" / "mine"
    assert home.new_study("here") == Path("here")
    assert home.new_study("./mine") == Path("mine")
    assert home.new_study(tmp_path / "mine") == tmp_path / "mine"
    with pytest.raises(InputError, match="the name of a shipped study"):
        home.new_study("ours")


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", os.fsdecode(b"bad\xff")])
def test_what_is_no_name_for_a_study_is_said(name: str) -> None:
    with pytest.raises(InputError, match="no name for a study"):
        home.new_study(name)


def test_a_studies_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "studies").write_text("a file")
    with pytest.raises(InputError, match=r"studies: cannot be read \(Not a directory\)"):
        home.studies()


def test_models_are_found_by_name_or_path(tmp_path: Path) -> None:
    for place in ("zoo/lite", "home/models/mine"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "model.onnx").write_bytes(b"onnx")
    assert list(home.models()) == ["lite", "mine"]
    assert home.find_model("mine") == tmp_path / "home" / "models" / "mine"
    assert home.find_model(tmp_path / "zoo" / "lite") == tmp_path / "zoo" / "lite"
    with pytest.raises(InputError, match=r"x: no such model\. By name there is: lite, mine\."):
        home.find_model("x")


def test_nothing_is_linked_at_first() -> None:
    assert linking.linked_images("drawn") is None


def test_a_copy_of_the_data_set_is_linked(dataset_folder: Path, drawn: pd.DataFrame, own_home: Path) -> None:
    report = linking.link(dataset_folder, data_name="drawn", cases=drawn)
    assert (report.matched, report.moved, report.other_encoding, report.different, report.missing) == (5, 0, 0, 0, 0)
    images = linking.linked_images("drawn")
    assert images is not None
    assert images.path("Training/glioma/a.png") == dataset_folder.resolve() / "Training/glioma/a.png"
    assert [images.path(path) for path in ("gone.png", "../home", "/etc/passwd", None)] == [None] * 4
    assert [path.name for path in (own_home / "links").iterdir()] == ["drawn.json"]


def test_moved_changed_and_missing_images_are_told_apart(
    dataset_folder: Path, drawn: pd.DataFrame, draw: Callable[..., Path]
) -> None:
    glioma = dataset_folder / "Training" / "glioma"
    (dataset_folder / "elsewhere").mkdir()
    (glioma / "a.png").rename(dataset_folder / "elsewhere" / "z.png")
    with Image.open(glioma / "b.png") as image:
        image.resize((200, 200), Image.Resampling.BICUBIC).save(glioma / "b.png")
    draw(dataset_folder / "Testing" / "glioma" / "c.png", seed=99)
    (dataset_folder / "Testing" / "notumor" / "d.png").unlink()
    report = linking.link(dataset_folder, data_name="drawn", cases=drawn)
    assert (report.matched, report.moved, report.other_encoding, report.different, report.missing) == (1, 1, 1, 1, 1)
    assert "3 of 5 images found" in report.as_text()
    assert "1 in another encoding: predictions may differ slightly." in report.as_text()
    images = linking.linked_images("drawn")
    assert images is not None
    moved = images.path("Training/glioma/a.png")
    assert moved is not None
    assert moved.name == "z.png"
    assert images.path("Training/glioma/b.png") is not None
    assert images.other_encoding == {"Training/glioma/b.png"}
    assert images.path("Testing/glioma/c.png") is None  # another image is never shown in its place
    assert images.path("Testing/notumor/d.png") is None


def test_other_bytes_need_a_perceptual_hash_to_be_accepted(dataset_folder: Path, drawn: pd.DataFrame) -> None:
    image = dataset_folder / "Training" / "glioma" / "b.png"
    with Image.open(image) as opened:
        opened.resize((200, 200)).save(image)
    report = linking.link(dataset_folder, data_name="drawn", cases=drawn.assign(phash=None))
    assert (report.matched, report.other_encoding, report.different) == (4, 0, 1)


@pytest.mark.parametrize(("bits", "taken"), [(8, 1), (9, 0)])
def test_looks_may_differ_by_8_of_64_bits(dataset_folder: Path, drawn: pd.DataFrame, bits: int, taken: int) -> None:
    changed = drawn["image_path"] == "Training/glioma/b.png"
    look = int(drawn.loc[changed, "phash"].item(), 16) ^ (2**bits - 1)
    cases = drawn.assign(
        sha256=drawn["sha256"].mask(changed, "0" * 64), phash=drawn["phash"].mask(changed, f"{look:016x}")
    )
    report = linking.link(dataset_folder, data_name="drawn", cases=cases)
    assert (report.matched, report.other_encoding, report.different) == (4, taken, 1 - taken)


def test_without_recorded_content_the_path_decides(dataset_folder: Path, drawn: pd.DataFrame) -> None:
    imported = drawn.assign(sha256=None, phash=None, file_bytes=None)
    report = linking.link(dataset_folder, data_name="drawn", cases=imported)
    assert (report.matched, report.unchecked) == (5, 5)
    assert "found by their path alone" in report.as_text()


def test_nothing_matched_keeps_the_former_link(dataset_folder: Path, drawn: pd.DataFrame, tmp_path: Path) -> None:
    linking.link(dataset_folder, data_name="drawn", cases=drawn)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"none of the 5 images of 'drawn' is in it; expected for example Testing/"):
        linking.link(tmp_path / "empty", data_name="drawn", cases=drawn)
    with pytest.raises(InputError, match="no such folder"):
        linking.link(tmp_path / "nowhere", data_name="drawn", cases=drawn)
    with pytest.raises(InputError, match="names no image files"):
        linking.link(dataset_folder, data_name="drawn", cases=drawn.assign(image_path=None))
    images = linking.linked_images("drawn")
    assert images is not None
    assert images.folder == dataset_folder.resolve()


def test_a_data_name_cannot_leave_the_links_folder(dataset_folder: Path, drawn: pd.DataFrame, own_home: Path) -> None:
    linking.link(dataset_folder, data_name="../../x", cases=drawn)
    assert [path.parent for path in own_home.rglob("*.json")] == [own_home / "links"]
    assert linking.linked_images("../../x") is not None


def test_a_linked_folder_that_is_gone_is_no_link(dataset_folder: Path, drawn: pd.DataFrame, own_home: Path) -> None:
    linking.link(dataset_folder, data_name="drawn", cases=drawn)
    dataset_folder.rename(dataset_folder.with_name("gone"))
    assert linking.linked_images("drawn") is None
    (own_home / "links" / "drawn.json").write_text("{")
    with pytest.raises(InputError, match="damaged; link the image folder again"):
        linking.linked_images("drawn")


def test_images_behind_a_linked_folder_are_found_by_their_content(tmp_path: Path, draw: Callable[..., Path]) -> None:
    image = draw(tmp_path / "elsewhere" / "renamed.png")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "link").symlink_to("../elsewhere")
    (tmp_path / "elsewhere" / "loop").symlink_to(".")
    content = {"sha256": [file_sha256(image)], "phash": [None], "file_bytes": [image.stat().st_size]}
    cases = pd.DataFrame({"image_path": ["glioma/a.png"], **content})
    assert linking.link(tmp_path / "set", data_name="linked", cases=cases).moved == 1
