"""Which words a study begins with: those of a shipped model are for this model, and drawn images are called so."""

import shutil
from pathlib import Path

import pytest

from neuroval.data import phantom
from neuroval.data.storage.files import file_sha256
from neuroval.data.storage.home import SHIPPED_MODELS
from neuroval.model.card import GRAPH, intended, read_card, write_card
from neuroval.model.evaluation.description import CLAIMS, described

OURS = "brain-tumor-mri"


def changed(name: str, folder: Path) -> Path:
    """Copy a shipped model's folder and change its graph by one byte: another model of the same classes and name."""
    shutil.copytree(SHIPPED_MODELS / name, folder)
    with (folder / GRAPH).open("ab") as file:
        file.write(b"\0")
    card = folder / "card.toml"
    card.write_text(
        card.read_text().replace(read_card(SHIPPED_MODELS / name).sha256, file_sha256(folder / GRAPH)), encoding="utf-8"
    )
    return folder


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    (tmp_path / "scans").mkdir()
    return tmp_path / "scans"


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    folder = tmp_path / "cohort" / "Testing"
    folder.mkdir(parents=True)
    (folder.parent / phantom.FACTS).write_text("version = 1\n")
    return folder


@pytest.mark.parametrize("data", [OURS, "scans"])
def test_another_model_of_these_classes_inherits_nothing(tmp_path: Path, scans: Path, data: str) -> None:
    other = changed("phantom", tmp_path / "phantom")
    assert read_card(other).classes == read_card(SHIPPED_MODELS / "phantom").classes
    assert described(other, images=scans, about=None, data_name=data) == (None, None)


def test_its_page_claims_no_intended_use(tmp_path: Path) -> None:
    other = changed("phantom", tmp_path / "phantom")
    assert intended(read_card(SHIPPED_MODELS / "phantom"))
    assert intended(read_card(other)) == {}
    write_card(other, read_card(other))
    assert "Intended use" not in (other / "README.md").read_text()


@pytest.mark.parametrize("model", [OURS, "brain-tumor-b3"])
def test_a_shipped_model_brings_its_words_and_its_title_for_its_own_data(scans: Path, model: str) -> None:
    own, claims = described(SHIPPED_MODELS / model, images=scans, about=None, data_name=OURS)
    assert own is not None
    assert (own["study"]["title"], claims) == ("Brain tumour MRI, four classes", CLAIMS)
    elsewhere, claims = described(SHIPPED_MODELS / model, images=scans, about=None, data_name="hospital")
    assert elsewhere is not None
    assert ("title" in elsewhere["study"], claims, elsewhere["harm"]) == (False, None, own["harm"])


def test_the_words_of_the_phantom_are_for_drawn_images(scans: Path, drawn: Path) -> None:
    model = SHIPPED_MODELS / phantom.NAME
    assert described(model, images=scans, about=None, data_name="hospital") == (None, None)
    found, _ = described(model, images=drawn, about=None, data_name="scans")
    assert found is not None
    assert found["study"]["synthetic"]
    assert found["study"]["title"].startswith("Phantom cohort")


def test_drawn_images_are_synthetic_whatever_the_model_and_whoever_describes_it(tmp_path: Path, drawn: Path) -> None:
    other, about = changed("phantom", tmp_path / "phantom"), tmp_path / "about.toml"
    about.write_text('[study]\ntitle = "Mine"\nsynthetic = false\n')
    for model, file in ((other, None), (SHIPPED_MODELS / OURS, None), (other, about)):
        found, _ = described(model, images=drawn, about=file, data_name="scans")
        assert found is not None
        assert found["study"]["synthetic"] is True
