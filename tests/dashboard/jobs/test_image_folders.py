"""Folders of images for the page Run: what is offered, and that nothing outside the roots can be reached."""

from pathlib import Path

import pytest

from neuroval.dashboard.jobs.image_folders import DEEPEST, checked_folder, data_sets, is_inside
from neuroval.data.exceptions import InputError

CLASSES = ("glioma", "notumor")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("root/plain/glioma", "root/split/Training/notumor", "root/a/b/deep/glioma", "root/other/cats"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "secret" / "glioma").mkdir(parents=True)
    (tmp_path / "secret" / "scan.png").write_bytes(b"x")
    (tmp_path / "root" / ".hidden" / "glioma").mkdir(parents=True)
    return tmp_path / "root"


def test_folders_of_the_classes_are_offered(root: Path) -> None:
    assert data_sets((root,), CLASSES) == {
        "root/plain": root / "plain",
        "root/split": root / "split",
        "root/a/b/deep": root / "a" / "b" / "deep",
    }


def test_a_root_may_be_a_data_set_itself(root: Path) -> None:
    assert data_sets((root / "plain",), CLASSES) == {"plain": root / "plain"}


def test_folders_of_one_name_are_told_apart(root: Path, tmp_path: Path) -> None:
    (tmp_path / "x" / "plain" / "glioma").mkdir(parents=True)
    twin = tmp_path / "x" / "plain"
    assert data_sets((root / "plain", twin), CLASSES) == {"plain": root / "plain", str(twin): twin}


def test_too_deep_is_not_looked_for(root: Path) -> None:
    place = root.joinpath("a", *"12345"[:DEEPEST], "glioma")
    place.mkdir(parents=True)
    assert place.parent not in data_sets((root,), CLASSES).values()


def test_a_link_out_of_the_roots_is_neither_offered_nor_accepted(root: Path, tmp_path: Path) -> None:
    (root / "way-out").symlink_to(tmp_path / "secret")
    assert root / "way-out" not in data_sets((root,), CLASSES).values()
    with pytest.raises(InputError, match="not under one of the configured roots"):
        checked_folder(root / "way-out", (root,))


@pytest.mark.parametrize("path", ["..", "../secret", "plain/../../secret", "/etc", "/"])
def test_a_path_out_of_the_roots_is_refused(root: Path, path: str) -> None:
    assert not is_inside(root / path, (root,))
    with pytest.raises(InputError, match="not under one of the configured roots"):
        checked_folder(root / path, (root,))


def test_a_folder_whose_name_begins_alike_is_outside(root: Path, tmp_path: Path) -> None:
    (tmp_path / "root-2").mkdir()
    assert not is_inside(tmp_path / "root-2", (root,))


@pytest.mark.parametrize("link", ["plain/glioma/scan.png", "plain/metadata.csv"])
def test_a_file_that_is_a_link_out_is_refused(root: Path, tmp_path: Path, link: str) -> None:
    (root / link).symlink_to(tmp_path / "secret" / "scan.png")
    with pytest.raises(InputError, match=f"{Path(link).name}: a link that leads out of the configured roots"):
        checked_folder(root / "plain", (root,))


def test_a_link_out_behind_a_link_within_is_refused(root: Path, tmp_path: Path) -> None:
    (root / "plain" / "more").symlink_to(root / "other")
    (root / "other" / "again").symlink_to(root / "plain")  # a circle ends
    assert checked_folder(root / "plain", (root,)) == root / "plain"
    (root / "other" / "cats" / "scan.png").symlink_to(tmp_path / "secret" / "scan.png")
    with pytest.raises(InputError, match=r"scan.png: a link that leads out"):
        checked_folder(root / "plain", (root,))


def test_a_link_into_another_root_is_fine(root: Path, tmp_path: Path) -> None:
    (root / "plain" / "glioma" / "scan.png").symlink_to(tmp_path / "secret" / "scan.png")
    assert checked_folder(root / "plain", (root, tmp_path / "secret")) == root / "plain"


def test_a_folder_that_is_gone_is_said(root: Path) -> None:
    with pytest.raises(InputError, match="gone: there is no such folder any more"):
        checked_folder(root / "gone", (root,))
