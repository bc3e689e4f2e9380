"""Numbers as text, and figures drawn from results."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.confusion import confusion_matrix
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.proportions import proportion
from neuroval.analysis.data_audit.composition import describe
from neuroval.dashboard.figures import look, palette
from neuroval.dashboard.figures.forest_plot import Row, forest, lowest
from neuroval.dashboard.figures.matrix import harm_colour, matrix_figure
from neuroval.dashboard.figures.probabilities import probability_bars
from neuroval.dashboard.figures.split_composition import split_bars
from neuroval.dashboard.figures.typeface import widest, width
from neuroval.dashboard.session import cache as compute
from neuroval.dashboard.words import formats
from neuroval.data.classes import BRAIN_TUMOR, ClassOrder

ROOT = Path(__file__).parents[3]
HARM = ((0, 5, 10, 5), (4, 0, 7, 4), (3, 2, 0, 2), (4, 4, 7, 0))


def test_a_rate_is_written_with_interval_and_counts() -> None:
    assert formats.full(proportion(263, 272)) == "0.967 (0.938\N{EN DASH}0.982), 263/272"


def test_undefined_is_said_with_its_reason() -> None:
    assert formats.full(Estimate.undefined(reason=Reason("no_cases"), n=0)) == "not estimable (no cases)"


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0%"), (1.0, "100%"), (0.7613, "76%"), (0.0312, "3.1%"), (0.994, "99.4%")]
)
def test_percentages_keep_what_matters(value: float, text: str) -> None:
    assert formats.percent(value) == text


def test_the_area_of_a_square_is_its_count() -> None:
    matrix = confusion_matrix(np.array([0] * 64 + [1] * 16), np.array([0] * 64 + [2] * 16), classes=BRAIN_TUMOR.names)
    sizes = matrix_figure(matrix, BRAIN_TUMOR, harm=HARM).data[0].marker.size
    assert (sizes[0] / sizes[6]) ** 2 == pytest.approx(4)


def test_every_cell_can_be_clicked_and_names_itself() -> None:
    matrix = confusion_matrix(np.array([0]), np.array([1]), classes=BRAIN_TUMOR.names)
    figure = matrix_figure(matrix, BRAIN_TUMOR, harm=HARM, selected=("glioma", "meningioma"))
    clickable = next(trace for trace in figure.data if trace.customdata is not None)
    assert [list(pair) for pair in clickable.customdata][1] == ["glioma", "meningioma"]
    assert len(clickable.customdata) == 16
    numbers = [text for trace in figure.data if trace.mode == "text" for text in trace.text]
    assert len(numbers) == 16


MARKUP = ("$x^2$", "[x](javascript:a)", "<b>B</b>", "**x**", ":red[x]", "<i>" * 9)


@pytest.fixture
def odd() -> ClassOrder:
    """Names that are markup, differ only in case, or are long and alike."""
    return ClassOrder(names=(*MARKUP, "a", "A", "GBM", "a very long name of a class, first", "2"))


def test_names_that_look_alike_keep_their_rows(odd: ClassOrder) -> None:
    k = len(odd)
    rows = [Row(label=name, colour="#111111", estimate=proportion(9, 10)) for name in odd.names]
    points = next(trace for trace in forest([("Sensitivity", rows)], start=0.5).data if trace.mode == "markers")
    assert list(points.y) == list(range(1, k + 1))  # below the heading
    assert list(probability_bars(dict.fromkeys(odd.names, 0.1), odd, reference="a").data[0].y) == list(range(k))
    matrix = matrix_figure(confusion_matrix(np.array([6]), np.array([7]), classes=odd.names), odd, harm=())
    assert matrix.layout.xaxis.ticktext == matrix.layout.yaxis.ticktext
    assert len(set(matrix.layout.xaxis.ticktext)) == k


def test_no_name_becomes_markup_in_a_figure(odd: ClassOrder) -> None:
    columns = {"split": ["test"], "label": ["a"], "case_id": ["1"], "group_id": ["1"]}
    unknown = dict.fromkeys(["source", "patient_id", "width", "height", "sha256"])
    cases = pd.DataFrame({**columns, **unknown})
    figures = (
        matrix_figure(confusion_matrix(np.array([0]), np.array([2]), classes=odd.names), odd, harm=()),
        probability_bars(dict.fromkeys(odd.names, 0.1), odd, reference="a"),
        forest([("x", [Row(label=name, colour="#111111", estimate=proportion(9, 10)) for name in odd.names])], start=0),
        split_bars(describe(cases, classes=odd.names), odd),
    )
    for figure in figures:
        written = figure.to_json()
        assert "B" in written
        assert "<b>B" not in written
        assert "<i>" not in written


def test_a_long_name_is_cut_and_numbered_and_whole_under_the_pointer(odd: ClassOrder) -> None:
    figure = probability_bars(dict.fromkeys(odd.names, 0.1), odd, reference="a")
    shown, whole = figure.layout.yaxis.ticktext[-2], figure.data[0].customdata[-2]
    number = len(odd.names) - 1
    assert shown.startswith(f"{number}: a very long")
    assert len(shown) <= formats.LONGEST
    assert whole == "a very long name of a class, first"


def test_a_matrix_of_many_classes_stays_readable() -> None:
    def numbers(k: int) -> list[str]:
        order = ClassOrder(names=tuple(f"class {i}" for i in range(k)))
        matrix = confusion_matrix(np.array([0, 1]), np.array([0, 2]), classes=order.names)
        figure = matrix_figure(matrix, order, harm=(), selected=("class 1", "class 2"))
        assert figure.layout.height <= 1000
        assert len(next(trace for trace in figure.data if trace.customdata is not None).customdata) == k * k
        return [text.strip() for trace in figure.data if trace.mode == "text" for text in trace.text]

    assert len(numbers(10)) == 100
    assert numbers(12) == ["1", "1"]
    assert numbers(50) == []


@pytest.mark.parametrize(
    "text", [*MARKUP, "a_b", "12. x", "# x", "- x", ":smile:", "a :my_face: b", "`x`", "a & b", "~~x~~", "a|b", "a\\b"]
)
def test_every_mark_of_markdown_is_escaped(text: str) -> None:
    shown = formats.escaped(text)
    assert shown != text
    assert formats.escaped("a\n\nb") == "a b"
    assert re.sub(r"\\(?=[!-/:-@\[-`{-~])", "", shown) == text  # what a Markdown reader takes the backslashes for


def test_an_ordinary_sentence_is_left_as_it_is() -> None:
    sentence = "Glioma \N{RIGHTWARDS ARROW} No tumour: 0.967 (0.938\N{EN DASH}0.982), 263/272 at 95%. It's 1 of 3."
    assert formats.escaped(sentence).replace("\N{WORD JOINER}", "") == sentence


def test_no_line_ends_within_an_interval() -> None:
    assert formats.escaped("0.938\N{EN DASH}0.982") == "0.938\N{EN DASH}\N{WORD JOINER}0.982"
    assert formats.escaped("a \N{EN DASH} b, Hosmer\N{EN DASH}Lemeshow") == "a \N{EN DASH} b, Hosmer\N{EN DASH}Lemeshow"


def test_only_the_first_letter_is_raised() -> None:
    assert [formats.sentence_case(text) for text in ("GBM", "any tumour", "")] == ["GBM", "Any tumour", ""]


def test_harm_goes_from_amber_to_red() -> None:
    assert harm_colour(0, most=10) == palette.AMBER
    assert harm_colour(10, most=10) == palette.ALARM
    assert harm_colour(0, most=0) == harm_colour(0, most=10)


def test_the_forest_draws_no_line_for_what_is_undefined() -> None:
    rows = [
        Row(label="A", colour="#111111", estimate=proportion(9, 10)),
        Row(label="B", colour="#222222", estimate=Estimate.undefined(reason=Reason("no_cases"), n=0)),
    ]
    figure = forest([("Sensitivity", rows)], start=lowest([row.estimate for row in rows]))
    assert len([trace for trace in figure.data if trace.mode == "lines"]) == 1
    assert [note.text for note in figure.layout.annotations] == ["0.900, 9/10", "not estimable"]
    assert figure.layout.xaxis.range[0] <= proportion(9, 10).low


def test_what_stands_beside_a_forest_has_room() -> None:
    few = [Row(label="A", colour="#111111", estimate=proportion(9, 10))]
    many = [Row(label="A", colour="#111111", estimate=proportion(956_668, 1_007_019))]
    narrow, wide = (forest([("Sensitivity", rows)], start=0).layout for rows in (few, many))
    assert wide.margin.r - narrow.margin.r == width("0.950, 956,668/1,007,019") - width("0.900, 9/10") > 0


@given(st.text(), st.text())
def test_more_text_is_no_narrower(text: str, more: str) -> None:
    plain, longer = (formats.figure_text(one) for one in (text, text + more))
    assert 0 <= width(plain) <= width(longer) + 1  # letters may be kerned


def test_the_width_is_that_of_the_widest_line_with_its_weight() -> None:
    assert width("no<br>Meningioma<br>") == width("Meningioma") > width("no")
    assert width("<b>Meningioma</b>") > width("Meningioma")
    assert width("a &lt; b") == width("a < b")
    assert widest([]) == 0


def test_bars_have_the_colours_of_their_classes() -> None:
    values = dict(zip(BRAIN_TUMOR.names, (0.1, 0.2, 0.3, 0.4), strict=True))
    figure = probability_bars(values, BRAIN_TUMOR, reference="glioma")
    bars = figure.data[0]
    assert list(bars.marker.color) == [BRAIN_TUMOR.colour[name] for name in BRAIN_TUMOR.names]
    assert figure.layout.yaxis.ticktext[0] == "<b>Glioma</b> (reference)"


@given(st.integers(0, 0xFFFFFF))
def test_text_on_a_coloured_ground_is_readable(colour: int) -> None:
    ground = f"#{colour:06x}"
    assert look.contrast(look.text_on(ground), ground) >= 4.5


def test_contrast_is_that_of_the_standard() -> None:
    assert look.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert look.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize(
    ("mode", "name", "colour"),
    [
        ("light", "textColor", palette.INK),
        ("light", "redColor", palette.ALARM),
        ("light", "redTextColor", palette.ALARM),
        ("light", "primaryColor", palette.PAPER["accent"]),
        ("light", "orangeTextColor", palette.PAPER["caution"]),
        ("light", "greenTextColor", palette.PAPER["good"]),
        ("dark", "secondaryBackgroundColor", palette.GROUND),
    ],
)
def test_pages_and_report_have_the_colours_of_the_theme(mode: str, name: str, colour: str) -> None:
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
    assert theme[mode][name] == colour


def test_colours_are_named_in_one_place() -> None:
    """But those of classes, which are the study's."""
    files = [path for kind in ("py", "typ") for path in (ROOT / "dashboard").rglob(f"*.{kind}")]
    found = {path.name for path in files if re.search(r"#[0-9a-fA-F]{6}\b", path.read_text(encoding="utf-8"))}
    assert found == {"palette.py"}


def test_a_figure_says_when_its_values_have_changed() -> None:
    """The browser draws no value anew that comes with the revision that it has drawn."""
    values = (dict.fromkeys(BRAIN_TUMOR.names, 0.25), dict(zip(BRAIN_TUMOR.names, (0.7, 0.1, 0.1, 0.1), strict=True)))
    one, other = (tuple(value.items()) for value in values)

    def bars(pairs: tuple[tuple[str, float], ...]) -> go.Figure:
        return probability_bars(dict(pairs), BRAIN_TUMOR, reference=None)

    drawn = [compute.figure(bars, pairs).layout.datarevision for pairs in (one, other)]
    compute._figure.cache_clear()
    assert len(set(drawn)) == 2
    assert [compute.figure(bars, pairs).layout.datarevision for pairs in (one, other)] == drawn


def test_the_ground_is_transparent() -> None:
    values = dict.fromkeys(BRAIN_TUMOR.names, 0.25)
    assert probability_bars(values, BRAIN_TUMOR, reference="glioma").layout.paper_bgcolor == "rgba(0,0,0,0)"
