"""The page Claims on the shipped study, a study without claims, one with a few, and a broken claims file."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from neuroval.analysis.claims.audit import AuditedClaim, audit_claims
from neuroval.analysis.claims.published_matrices import matrices_of
from neuroval.analysis.study.results import Results, results_of
from neuroval.dashboard.documents.plain_values import plain as as_values
from neuroval.dashboard.documents.study_document import sections
from neuroval.dashboard.session import state
from neuroval.dashboard.words import claims as text_claims
from neuroval.dashboard.words.formats import full
from neuroval.data.storage.home import SHIPPED_STUDIES, STUDY_FILE
from neuroval.data.study.folder import Study, add_claims, read_study

SHIPPED = "brain-tumor-mri"
# Of the 40 test cases of the study "normal" 35 are called correctly; 2 of 10 gliomas are called wrongly.
CLAIMS = """schema = 1
[source]
title = "A <b>paper</b>"
dataset = "normal"
classes = ["pituitary", "glioma", "meningioma", "notumor"]
negative = "notumor"
[[claim]]
id = "agrees"
kind = "rate"
text = "Accuracy 90.0% (36/40)"
metric = "overall.accuracy"
value = "90.0%"
count = "36"
n = "40"
[[claim]]
id = "differs"
kind = "rate"
text = "PPV for glioma 10/10"
metric = "glioma.ppv"
count = "10"
n = "10"
[[claim]]
id = "figure"
kind = "matrix"
text = "Figure 2"
rows = [["10", "0", "0", "0"], ["1", "8", "1", "0"], ["1", "0", "9", "0"], ["0", "0", "1", "9"]]
[[claim]]
id = "pair"
kind = "errors"
text = "2 gliomas called meningioma"
reference = ["glioma"]
predicted = ["meningioma"]
count = "2"
[[claim]]
id = "auc"
kind = "score"
text = "AUC 0.99"
metric = "glioma.auc"
value = "0.99"
"""
Open = Callable[..., AppTest]
Said = Callable[[AppTest], str]


@pytest.fixture(scope="module")
def claimed_home(dashboard_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home of the studies ``claimed``, with the claims above, and ``broken-claims``."""
    home = tmp_path_factory.mktemp("claimed-home")
    (home / "claims.toml").write_text(CLAIMS)
    for name in ("claimed", "broken-claims", "normal"):
        shutil.copytree(dashboard_home / "studies" / "normal", home / "studies" / name)
    for name in ("claimed", "broken-claims"):
        add_claims(home / "studies" / name, home / "claims.toml")
    (home / "studies" / "broken-claims" / "claims.toml").write_text("cut")
    return home


@pytest.fixture
def open_claims(open_page: Open, claimed_home: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open the page, with the shipped study among the others."""
    monkeypatch.setenv("NEUROVAL_HOME", str(claimed_home))
    monkeypatch.setattr("neuroval.data.storage.home.SHIPPED_STUDIES", SHIPPED_STUDIES)
    return lambda study, **query: open_page("claims", study, **query)


@pytest.fixture(scope="module")
def claimed(claimed_home: Path) -> Results:
    return results_of(read_study(claimed_home / "studies" / "claimed"))


@pytest.fixture(scope="module")
def shipped() -> Study:
    return read_study(SHIPPED_STUDIES / SHIPPED)


def plain(text: str) -> str:
    return text.replace("\\", "")


def test_the_shipped_study_shows_every_claim_of_its_section(open_claims: Open, said: Said, shipped: Study) -> None:
    section = sections(shipped, names=["claims"])["sections"]["claims"]
    app = open_claims(SHIPPED)
    assert not app.exception
    assert plain(app.main.markdown[0].value) == text_claims.answer([one["verdict"] for one in section])
    rows = app.dataframe[0].value
    assert rows["Claim, as printed"].tolist() == [one["text"] for one in section]
    assert rows["Verdict"].tolist() == [text_claims.verdict(one["verdict"]) for one in section]
    shown = plain(said(app))
    first = next(one for one in section if one["verdict"] == "contradicted_internally")
    assert f"## {first['text']}" in shown
    for line in first["arithmetic"]:
        assert f"- {line}" in shown


def test_the_address_chooses_a_claim_and_the_selector_another(open_claims: Open, said: Said) -> None:
    app = open_claims("claimed", claim="differs")
    assert "## PPV for glioma 10/10" in said(app)
    assert app.session_state[state.CLAIMS]["selection"]["rows"] == [1]
    app.selectbox(key=state.CLAIM).set_value("auc").run()
    assert app.query_params["claim"] == "auc"
    assert "## AUC 0.99" in said(app)
    assert app.session_state[state.CLAIMS]["selection"]["rows"] == [4]
    assert "## PPV for glioma 10/10" in said(open_claims("claimed", claim="gone"))  # the first of the worst verdict


def test_consistent_says_what_it_means(open_claims: Open, said: Said, claimed: Results) -> None:
    agrees = next(audited for audited in claimed.claims if audited.verdict == "consistent")
    shown = plain(said(open_claims("claimed", claim=agrees.claim.id)))
    assert "Nothing that could be checked speaks against it. That does not prove it." in shown
    assert "Consistent means that nothing that could be checked speaks against a claim." in shown


@pytest.mark.parametrize(
    ("rows", "cells", "chosen"), [([1], [], "differs"), ([3], [(1, "Claim, as printed")], "differs"), ([], [], None)]
)
def test_a_click_into_a_row_or_on_its_button_is_carried_into_the_address(
    monkeypatch: pytest.MonkeyPatch, rows: list[int], cells: list[tuple[int, str]], chosen: str | None
) -> None:
    address: dict[str, str] = {}
    clicked = {state.CLAIMS: {"selection": {"rows": rows, "columns": [], "cells": cells}}}
    monkeypatch.setattr("streamlit.session_state", clicked)
    monkeypatch.setattr("streamlit.query_params", address)
    state.take_clicked_claim(["agrees", "differs", "figure", "pair"])
    assert address.get("claim") == chosen


def test_a_study_without_claims_says_calmly_what_they_are(open_claims: Open, said: Said) -> None:
    app = open_claims("normal")
    assert not app.exception
    assert not app.dataframe
    (info,) = app.info
    assert text_claims.NO_CLAIMS in info.value
    assert "``neuroval claims normal FILE``" in info.value
    assert "contradict" not in said(app).replace(app.main.expander[0].markdown[0].value, "")


def test_a_claims_file_without_claims_says_so(claimed_home: Path, open_claims: Open, said: Said) -> None:
    (claimed_home / "none.toml").write_text(CLAIMS.split("[[claim]]")[0])
    shutil.copytree(claimed_home / "studies" / "normal", claimed_home / "studies" / "empty", dirs_exist_ok=True)
    add_claims(claimed_home / "studies" / "empty", claimed_home / "none.toml")
    app = open_claims("empty")
    assert not app.exception
    assert text_claims.NOTHING_CLAIMED in said(app)


def test_a_broken_claims_file_is_one_message_and_the_picker_works(open_claims: Open) -> None:
    app = open_claims("broken-claims")
    assert not app.exception
    (message,) = (plain(error.value) for error in app.error)
    assert f"broken-claims/claims.toml: content differs from the hash in {STUDY_FILE}" in message
    app.selectbox(key="study").set_value("claimed").run()
    assert not app.error


def test_the_source_is_shown_as_it_is(open_claims: Open) -> None:
    assert "Source: A \\<b\\>paper\\</b\\>." in open_claims("claimed").main.caption[0].value


def by_id(found: Results) -> dict[str, AuditedClaim]:
    return {one.claim.id: one for one in found.claims}


def test_verdicts_are_those_worked_by_hand(claimed: Results) -> None:
    # Figure: 10 + 8 + 9 + 9 = 36 of 40 as printed; 8 scans are called glioma, not 10; one glioma is called meningioma.
    assert {name: one.verdict for name, one in by_id(claimed).items()} == {
        "agrees": "consistent",
        "differs": "contradicted_internally",
        "figure": "contradicted_internally",
        "pair": "contradicted_internally",
        "auc": "not_checkable",
    }
    assert by_id(claimed)["pair"].against == (("figure",),)


def test_our_numbers_are_those_of_the_other_pages(claimed: Results) -> None:
    one = by_id(claimed)
    assert one["agrees"].ours == claimed.performance.overall.accuracy.headline
    assert one["differs"].ours == claimed.performance.classes[0].ppv.headline
    assert one["auc"].ours == claimed.aucs.classes[0].headline
    assert one["agrees"].published == (36, 40)


def test_the_section_holds_what_the_audit_gives(claimed: Results) -> None:
    section = sections(claimed.study, names=["claims"])["sections"]["claims"]
    for one, shown in zip(claimed.claims, section, strict=True):
        assert shown["ours"] == as_values(one.ours)
        assert shown["difference"] == as_values(one.difference)
        assert (shown["id"], shown["verdict"], shown["split"]) == (one.claim.id, one.verdict, "test")
        assert shown["against"] == [list(names) for names in one.against]
        assert shown["published"] is None or tuple(shown["published"].values()) == one.published
        assert (shown["source"], shown["where"]) == ("A <b>paper</b>", "")
    assert json.loads(json.dumps(section, allow_nan=False)) == section


def test_contradictions_do_not_depend_on_the_study(shipped: Study) -> None:
    assert shipped.claims is not None
    section = sections(shipped, names=["claims"])["sections"]["claims"]
    alone = {one.claim.id: one for one in audit_claims(shipped.claims)}
    for shown in section:
        one = alone[shown["id"]]
        contradicted = "contradicted_internally"
        assert (shown["verdict"] == contradicted) == (one.verdict == contradicted)
        assert shown["arithmetic"][: len(one.arithmetic)] == list(one.arithmetic) or one.verdict == "not_checkable"


def test_a_published_matrix_is_drawn_beside_ours_in_the_order_of_the_study(open_claims: Open, claimed: Results) -> None:
    (published,) = matrices_of(claimed.study, by_id(claimed)["pair"])
    assert published.matrix.counts.tolist() == [[8, 1, 0, 1], [0, 9, 0, 1], [0, 1, 9, 0], [0, 0, 0, 10]]
    assert (published.cell, published.classes) == (("glioma", "meningioma"), claimed.study.classes)
    assert matrices_of(claimed.study, by_id(claimed)["agrees"]) == ()
    charts = [json.loads(chart.proto.spec) for chart in open_claims("claimed", claim="figure").get("plotly_chart")]
    shown = [{tuple(cell): text for trace in chart["data"] for cell, text in cells(trace)} for chart in charts]
    names, ours = claimed.study.classes.names, claimed.performance.matrix.counts
    assert len(shown) == 2
    for counts, spec in zip((published.matrix.counts, ours), shown, strict=True):
        found = [[int(spec[one, other].rpartition(": ")[2]) for other in names] for one in names]
        assert found == counts.tolist()
    assert not open_claims("claimed", claim="agrees").get("plotly_chart")


def cells(trace: dict[str, list[str]]) -> list[tuple[str, str]]:
    return list(zip(trace["customdata"], trace["text"], strict=True)) if trace.get("customdata") else []


def test_a_row_for_download_holds_all(claimed: Results) -> None:
    one = by_id(claimed)["agrees"]
    assert one.ours is not None
    row = text_claims.claim_export(one)
    assert (row["Published"], row["What we get"]) == ("36/40", full(one.ours))
    assert row["Arithmetic"].splitlines() == list(map(text_claims.line, one.arithmetic))
    assert text_claims.claim_export(by_id(claimed)["pair"])["Cannot be true"] == "with figure"


def test_the_overview_leads_to_the_claims(open_page: Open, open_claims: Open, said: Said) -> None:
    assert open_claims  # the home is that of the claims
    app = open_page("overview", "claimed")
    assert " are contradicted by other numbers in the same document." in said(app)
    assert ":blue[See claims]" in [link.proto.label for link in app.main.get("page_link")]


@pytest.mark.parametrize(
    ("verdicts", "answer"),
    [
        ((), text_claims.NOTHING_CLAIMED),
        (("consistent",), "Of 1 published claim, 1 is consistent with what could be checked."),
        (
            ("consistent", "not_comparable", "not_checkable", "not_checkable", "contradicted_internally"),
            "Of 5 published claims, 1 is contradicted by the numbers of the same source, 1 is not comparable with this "
            "study, 2 cannot be checked and 1 is consistent with what could be checked.",
        ),
    ],
)
def test_the_answer_counts_each_verdict(verdicts: tuple[str, ...], answer: str) -> None:
    assert text_claims.answer(verdicts) == answer


def test_the_text_of_a_cut_section_counts_nothing(shipped: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neuroval.dashboard.documents.study_document.LONGEST", 3)
    section = sections(shipped, names=["claims"])["sections"]["claims"]
    said = text_claims.lines(section)
    assert said[-1] == "... 41 in all"
    assert not any(line.startswith("Of ") for line in said)


def test_studies_of_one_title_are_told_apart(open_claims: Open) -> None:
    picker = open_claims("claimed").selectbox(key="study")
    assert {"claimed: Study normal", "normal: Study normal"} <= set(picker.options)
    assert picker.value == "claimed"
