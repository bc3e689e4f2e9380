"""From every number to the images behind it: tiers, bins, findings, suspects, copies side by side, one case."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from neuroval import data
from neuroval.dashboard.documents.study_document import document_of
from neuroval.dashboard.session.cache import evidence, study
from neuroval.dashboard.words import cases as text
from neuroval.data.study.import_predictions import study_of_predictions

Open = Callable[..., AppTest]
Said = Callable[[AppTest], str]
CASE = f"{20:016x}"
SHIPPED_STUDIES = Path(str(data.__file__)).parent / "studies"


def links(app: AppTest) -> dict[str, str]:
    """The page links by label, with their query."""
    found = [element.proto for element in app.main.get("page_link")]
    return {one.label.removeprefix(":blue[").removesuffix("]").replace("\\", ""): one.query_string for one in found}


def test_the_gallery_shows_all_scans_when_asked(open_page: Open, said: Said) -> None:
    app = open_page("errors", "normal", cases="all")
    assert "40 of 40 shown, 40 scans in all" in said(app)
    app.button_group(key="cases").set_value("errors").run()
    assert "cases" not in app.query_params
    assert "5 of 5 shown, 5 errors in all" in said(app)


def test_a_hidden_filter_is_said(open_page: Open, said: Said) -> None:
    app = open_page("errors", "normal", cases="all", bin="15", source="north")
    chips = [button.label for button in app.button if (button.key or "").startswith("chip-")]
    assert chips == ["Bin of confidence: 0.93 to 1.00", "Source: north", "Take all off"]
    shown = said(app)
    assert "2 scans with bin of confidence 0.93 to 1.00 and source north" in shown
    assert "2 of 2 shown, 40 scans in all" in shown


def test_a_study_without_errors_still_shows_its_scans(open_page: Open, said: Said) -> None:
    assert "None of 0 errors matches." in said(open_page("errors", "no-errors"))
    assert "40 of 40 shown" in said(open_page("errors", "no-errors", cases="all"))


def test_a_tier_and_a_bin_lead_to_their_scans(open_page: Open, said: Said) -> None:
    app = open_page("confidence", "normal")
    assert "17 scans, 3 errors. Errors come first" in said(app)
    assert links(app)["See all 17 scans in the gallery"] == "study=normal&cases=all&confidence=high"
    app.selectbox(key="of").set_value("bin-15").run()
    assert app.query_params["of"] == "bin-15"
    assert links(app)["See all 6 scans in the gallery"] == "study=normal&cases=all&bin=15"
    assert app.selectbox(key="of").format_func("bin-15") == "Confidence 0.93 to 1.00"


def test_a_bin_that_is_not_there_chooses_the_first_tier(open_page: Open) -> None:
    app = open_page("confidence", "normal", of="bin-2")
    assert not app.exception
    assert app.selectbox(key="of").value == "tier-high"


def test_a_cell_leads_to_all_its_scans(open_page: Open) -> None:
    found = links(open_page("confusion", "normal", row="glioma", column="glioma"))
    assert found["See all 13 scans in the gallery"] == "study=normal&cases=all&reference=glioma&predicted=glioma"


def test_a_class_leads_to_its_errors(open_page: Open) -> None:
    found = links(open_page("per_class", "normal"))
    assert found["Glioma: 2 missed"] == "study=normal&reference=glioma"
    assert found["2 of other classes called meningioma"] == "study=normal&predicted=meningioma"


def test_a_source_leads_to_its_scans(open_page: Open) -> None:
    assert links(open_page("data_set", "normal"))["north: 17 test scans"] == "study=normal&cases=all&source=north"


def test_from_the_finding_to_the_pairs_to_the_case(open_page: Open, said: Said) -> None:
    app = open_page("overview", "twins")
    queries = [element.proto.query_string for element in app.main.get("page_link")]
    assert {"study=twins&pairs=across", "study=twins&pairs=labels"} <= set(queries)
    app = open_page("data_set", "twins", pairs="across")
    shown = said(app)
    assert app.title[0].value == text.PAIRS_TITLE
    assert "2 pairs of copies across splits, 1 image with copies of different labels and 4 patients across" in shown
    assert "**Saved again, two labels**" in shown
    assert shown.index("Saved again, two labels") < shown.index("**Exact copy**")
    assert links(app)["No tumour"] == f"study=twins&case={46:016x}"
    assert links(app)["Meningioma"] == f"study=twins&case={1:016x}"
    assert text.TAKE_AWAY in [button.label for button in app.main.get("download_button")]


def test_copies_with_two_labels_say_which_is_odd(open_page: Open, said: Said) -> None:
    shown = said(open_page("data_set", "twins", pairs="labels"))
    assert "Labelled meningioma once and no tumour once; the model says no tumour (0.662)" in shown


def test_a_kind_of_copy_can_be_chosen(open_page: Open, said: Said) -> None:
    app = open_page("data_set", "twins", pairs="across")
    app.selectbox(key="kind").set_value("exact").run()
    assert app.query_params["kind"] == "exact"
    assert "1\N{EN DASH}1 of 1 shown, 2 pairs in all" in said(app)


def test_patients_across_splits_stand_side_by_side(open_page: Open, said: Said) -> None:
    app = open_page("data_set", "twins", pairs="patients")
    assert f"**Patient {0:016x}: 1 scan in test, 1 scan in training or tuning**" in said(app)
    next(button for button in app.button if button.label == "Back to the data set").click().run()
    assert app.title[0].value == "What was it tested on?"
    assert "pairs" not in app.query_params
    next(button for button in app.button if button.key == "show-labels").click().run()
    assert app.query_params["pairs"] == "labels"


def test_without_pairs_the_page_says_so(open_page: Open, said: Said) -> None:
    app = open_page("data_set", "no-training", pairs="across")
    assert not app.exception
    assert text.NO_PAIRS in said(app)


def test_a_suspect_leads_to_its_scan_of_any_split(open_page: Open, said: Said) -> None:
    app = open_page("cross_validation", "folded")
    shown = said(app)
    assert "2 labels of 60 are contradicted with confidence." in shown
    assert "Rank 1, an independent network: 0.96" in shown
    assert links(app)["Glioma \N{RIGHTWARDS ARROW} Meningioma"] == f"study=folded&case={0:016x}"
    app = open_page("errors", "folded", case=f"{0:016x}", basis="test")
    assert app.title[0].value == "Glioma, train"
    shown = said(app)
    assert text.TRAINED_ON in shown
    assert "says Meningioma with 0.960, and Glioma, its label, with 0.008." in shown


def test_suspect_copies_of_one_image_are_one_tile(open_page: Open, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neuroval.data.storage.home.SHIPPED_STUDIES", SHIPPED_STUDIES)
    found = evidence(study("brain-tumor-mri"))
    shown = found.suspect_images
    assert found.results.whole.suspects is not None
    assert sum(copies for _, copies in shown) == len(found.results.whole.suspects.cases) > len(shown)
    assert [one.rank for one, _ in shown] == sorted(one.rank for one, _ in shown)
    page = said(open_page("cross_validation", "brain-tumor-mri"))
    assert f"of {len(shown)} shown" in page
    assert f"{max(copies for _, copies in shown[:12])} copies" in page


def test_without_folds_no_label_is_suspected(open_page: Open) -> None:
    titles = [title.value for title in open_page("cross_validation", "normal").header]
    assert "Labels to look at again" not in titles


def in_viewer(app: AppTest) -> dict[str, Any]:
    """What the viewer of the page is given."""
    (drawn,) = app.get("bidi_component")
    return json.loads(drawn.proto.json)


def test_opacity_and_cells_of_the_address_are_in_the_viewer_and_in_the_link(open_page: Open, said: Said) -> None:
    app = open_page("errors", "normal", case=CASE, opacity="30", cells="shown")
    given = in_viewer(app)
    assert (given["opacity"], given["cells"]) == (30, True)
    assert "The network sees 7 x 7 cells." in said(app)
    assert app.code[0].value.endswith(f"study=normal&case={CASE}&opacity=30&cells=shown")
    assert "between them the map is smoothed" in said(open_page("errors", "normal", case=CASE))


def test_the_viewer_has_the_scan_the_maps_and_what_looks_alike(open_page: Open) -> None:
    views = in_viewer(open_page("errors", "whole", case=CASE, basis="test"))["views"]
    assert [view["label"].split(" (")[-1] for view in views[1:3]] == ["predicted)", "reference)"]
    assert [view["label"] for view in views[3:]] == ["Copy of this scan", "Similar scan 1", "Similar scan 2"]
    assert all("layer=map" in view["map"] and "cells=1" in view["cells"] for view in views[1:3])
    assert not any(view["map"] for view in (views[0], *views[3:]))


@pytest.mark.parametrize("opacity", ["", "much", "1000", "33"])
def test_an_opacity_that_is_not_there_is_one_that_is(open_page: Open, opacity: str) -> None:
    app = open_page("errors", "normal", case=CASE, opacity=opacity)
    assert not app.exception
    assert in_viewer(app)["opacity"] == (30 if opacity == "33" else 60)


def test_a_case_shows_what_looks_alike(open_page: Open, said: Said) -> None:
    app = open_page("errors", "copies", case=CASE)
    labels = [button.label.replace("\\", "") for button in app.button if (button.key or "").startswith("similar-")]
    assert len(labels) == 8
    assert labels[0] == ":blue[Pituitary, 0.10]"
    assert "2 of 8 scans carry the label Glioma." in said(app)


def test_without_embeddings_the_case_says_so(open_page: Open, said: Said) -> None:
    assert text.NO_EMBEDDINGS in said(open_page("errors", "normal", case=CASE))


def test_all_numbers_can_be_downloaded(open_page: Open) -> None:
    app = open_page("overview", "normal")
    assert "Download all numbers as JSON" in [one.label for one in app.main.get("download_button")]
    document = document_of(evidence(study("normal")).results, everything=True)
    again = json.loads(json.dumps(document, allow_nan=False))
    assert again["sections"]["error-rates"]["count"] == 5


@pytest.mark.parametrize(
    ("page", "files"),
    [
        ("overview", 2),
        ("data_set", 4),
        ("training", 1),
        ("cross_validation", 3),
        ("confusion", 2),
        ("errors", 1),
        ("confidence", 1),
    ],
)
def test_tables_can_be_downloaded(open_page: Open, page: str, files: int) -> None:
    assert len(open_page(page, "folded").main.get("download_button")) >= files


def test_a_link_too_long_for_its_tile_is_told_in_full_when_pointed_at(
    open_page: Open, studies_at_home: Path, tmp_path: Path
) -> None:
    long, short = "Melanoma, invasive, nodular type", "Naevus"
    rows = [f'label,site,"prob_{long}",prob_{short}']
    rows += [f'"{long if number % 2 else short}",{"ns"[number % 4 // 2]},0.8,0.2' for number in range(80)]
    (tmp_path / "p.csv").write_text("\n".join(rows))
    study_of_predictions(tmp_path / "p.csv", out=studies_at_home / "studies" / "long-names")
    shown = [one.proto for one in open_page("subgroups", "long-names").main.get("page_link")]
    told = [(link.label, link.help) for link in shown if "case=" in link.query_string]
    assert told
    assert all(whole == label.removeprefix(":blue[").removesuffix("]") and long in whole for label, whole in told)
