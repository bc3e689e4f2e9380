"""One damaged study, model or link costs that one entry in every list, never the others."""

import os
import shutil
from pathlib import Path

import pytest

from neuroval.dashboard.api.studies import _all
from neuroval.dashboard.scans.prediction import model_of
from neuroval.dashboard.session import cache as compute
from neuroval.data.exceptions import InputError
from neuroval.data.images.linking import _link_file
from neuroval.data.storage import home
from neuroval.data.study.folder import read_study
from neuroval.model.card import read_card
from tests.dashboard.conftest import write

DAMAGED = {
    "brackets": b"x = " + b"[" * 5000,
    "digits": b"[study]\nschema = " + b"9" * 5000,
    "not-utf-8": b"\xff\xfe",
    "empty": b"",
    "wrong-types": b"study = 1\nclasses = []\n",
    "bad\xff name": b"[study]\n",
}


@pytest.fixture
def neighbours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with one good study and a good model between damaged ones."""
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path))
    write(tmp_path, "good")
    for name, content in DAMAGED.items():
        folder = Path(os.fsdecode(os.fsencode(tmp_path / "studies") + b"/" + name.encode("latin-1")))
        folder.mkdir()
        (folder / "study.toml").write_bytes(content)
        model = tmp_path / "models" / folder.name
        shutil.copytree(home.SHIPPED_MODELS / "phantom", model)
        (model / "card.toml").write_bytes(content)
    return tmp_path


@pytest.mark.usefixtures("neighbours")
def test_every_list_holds_the_good_and_says_of_the_damaged_that_it_cannot_be_opened() -> None:
    folders = home.studies()
    titles = compute.titles(folders)
    assert titles["good"] == "Study good"
    broken = [name for name, title in titles.items() if title == f"{name} (cannot be opened)"]
    assert len(broken) == len(DAMAGED)
    assert r"bad\xff name" in broken
    "".join(titles.values()).encode()
    listed = _all()
    assert {entry.id for entry in listed.studies if entry.error} == set(broken)
    assert all("\n" not in entry.error for entry in listed.studies if entry.error)
    listed.model_dump_json()
    study = read_study(folders["good"])
    assert model_of(study.manifest) is None
    refused = 0
    for name, folder in home.models().items():
        name.encode()
        try:
            read_card(folder)
        except InputError as error:
            str(error).encode()
            refused += 1
    assert refused == len(DAMAGED)


@pytest.mark.usefixtures("neighbours")
@pytest.mark.parametrize(
    "content", ["{", "[]", '{"folder": 1, "moved": {}, "refused": []}', '{"folder": "/", "moved": 1}']
)
def test_a_damaged_link_leaves_a_study_without_images(content: str) -> None:
    study = read_study(home.studies()["good"])
    file = _link_file(study.manifest.data.name)
    file.parent.mkdir(parents=True)
    file.write_text(content)
    assert compute.linked(study) is None
