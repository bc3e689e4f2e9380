"""The page of the model card: what the study says the model is for, what not, and what is not recorded."""

import tomllib
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from neuroval.dashboard.words import model_card as text_model
from neuroval.data.storage.home import SHIPPED_MODELS, SHIPPED_STUDIES
from neuroval.data.study.folder import read_study
from neuroval.data.study.manifest import About, Manifest, fingerprint, from_document, to_document
from neuroval.model.card import DESCRIPTIONS, as_markdown, intended, read_card

Open = Callable[..., AppTest]
Said = Callable[[AppTest], str]


def test_the_real_study_says_what_it_is_not_for(open_page: Open, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neuroval.data.storage.home.SHIPPED_STUDIES", SHIPPED_STUDIES)
    app = open_page("model_card", "brain-tumor-mri")
    shown = said(app).replace("\\", "")
    assert [one.value for one in app.header] == [
        "Regulatory status",
        "Not for",
        "Modalities",
        "Limitations",
        "Model and data",
    ]
    for words in (
        "Research use only. Not a medical device",
        "under 18 years",
        "riage",
        "A radiologist confirms every call",
    ):
        assert words in shown
    about = read_study(SHIPPED_STUDIES / "brain-tumor-mri").manifest.about
    assert about.intended_use in shown
    assert all(f"- {line}" in shown for line in (*about.contraindications, *about.limitations))


def test_what_is_not_recorded_is_said(open_page: Open, said: Said) -> None:
    app = open_page("model_card", "two-classes")
    shown = said(app)
    assert "The study does not say what the model is for." in shown
    assert shown.count(text_model.NOT_RECORDED) == 3
    assert text_model.NO_MODEL in shown


@pytest.mark.parametrize("name", ["brain-tumor-mri", "phantom"])
def test_descriptions_say_all_that_a_card_needs(name: str) -> None:
    about = tomllib.loads((DESCRIPTIONS / f"{name}.toml").read_text())["study"]
    for key in ("intended_use", "contraindications", "modalities", "limitations"):
        assert about[key]
    page = as_markdown(read_card(SHIPPED_MODELS / name))
    for line in (about["intended_use"], *about["contraindications"], *about["modalities"]):
        assert line in page


def test_the_real_model_is_not_for_children_nor_for_triage() -> None:
    words = " ".join(intended(read_card(SHIPPED_MODELS / "brain-tumor-mri"))["contraindications"])
    assert "under 18 years" in words
    assert "Triage" in words
    assert "a radiologist, who confirms every call" in words


def test_a_model_of_other_data_says_nothing_of_its_use() -> None:
    card = read_card(SHIPPED_MODELS / "phantom")
    for name in ("../../pyproject", "unknown", None):
        assert not intended(type(card)(**{**{f: getattr(card, f) for f in card.__slots__}, "data": {"name": name}}))


def test_modalities_are_part_of_a_study_that_says_them() -> None:
    manifest = read_study(SHIPPED_STUDIES / "brain-tumor-mri").manifest
    assert (
        "modalities"
        not in to_document(Manifest(about=About(name="a", title="A"), classes=manifest.classes, data=manifest.data))[
            "study"
        ]
    )
    about = About(name="a", title="A", modalities=("MRI",))
    one = Manifest(about=about, classes=manifest.classes, data=manifest.data)
    assert from_document(to_document(one)).about.modalities == ("MRI",)
    assert fingerprint(one) != fingerprint(
        Manifest(about=About(name="a", title="A"), classes=one.classes, data=one.data)
    )
