"""What the report is made of: letters, lines and ticks."""

import re
from pathlib import Path

import pytest

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate
from neuroval.dashboard.report import drawings, letters
from neuroval.dashboard.report.blocks import heading, laid_out, paragraph, table
from neuroval.dashboard.report.chapters.reporting_checklists import HOMES, answered
from neuroval.dashboard.report.letters import TEMPLATE, breakable, fonts, printable, shortened
from neuroval.dashboard.report.options import SECTIONS, Options
from neuroval.dashboard.words import report as text_report
from neuroval.dashboard.words.ai_checklists import STARD_AI_ITEMS, TRIPOD_AI_ITEMS
from neuroval.dashboard.words.checklists import CLAIM_ITEMS, LEFT_OUT, NOT_REPORTED, STARD_ITEMS, Item
from neuroval.data.classes import END, ISOLATE, isolated

SPACE = "\N{ZERO WIDTH SPACE}"


@pytest.mark.usefixtures("usual_fonts")
def test_letters_without_a_glyph_are_shown_by_their_code_points() -> None:
    shown, missing = printable({"text": "é → ≥ 胶 \u202e", "rows": [["瘤"]], "label": "胶"})
    assert shown == {"text": "é → ≥ [U+80F6] [U+202E]", "rows": [["[U+7624]"]], "label": "胶"}
    assert missing == ("\u202e", "瘤", "胶")


def test_what_is_printed_already_stays() -> None:
    document = {"text": "0.967 (0.938\N{EN DASH}0.982), 263/272", "number": 1.5, "none": None}
    assert printable(document) == (document, ())


def test_long_words_may_break_and_short_ones_do_not() -> None:
    assert breakable("a" * 24) == "a" * 24
    assert breakable("a" * 25) == f"{'a' * 12}{SPACE}{'a' * 12}{SPACE}a"
    assert breakable("see https://example.org/one/two/three.html") == (
        f"see https://{SPACE}example.{SPACE}org/{SPACE}one/{SPACE}two/{SPACE}three.{SPACE}html"
    )


def test_text_is_shortened_to_one_line() -> None:
    assert shortened("one\ntwo", 20) == "one two"
    assert shortened("abcdef", 4) == "abc\N{HORIZONTAL ELLIPSIS}"


@pytest.mark.usefixtures("usual_fonts")
def test_fonts_are_those_of_the_packages_only() -> None:
    assert set(fonts().families()) == {
        "DejaVu Sans Mono",
        "Libertinus Serif",
        "New Computer Modern",
        "New Computer Modern Math",
        "Source Sans Pro",
    }


@pytest.mark.parametrize(
    ("low", "high", "about", "ticks"),
    [
        (0.0, 1.0, 5, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.85, 1.0, 4, [0.85, 0.9, 0.95, 1.0]),
        (0, 1240, 2, [0, 1000]),
        (0.7, 12.3, 8, [2, 4, 6, 8, 10, 12]),
    ],
)
def test_ticks_are_round(low: float, high: float, about: int, ticks: list[float]) -> None:
    steps = (1, 2, 5, 10)
    assert [tick["at"] for tick in drawings.axis(low, high, None, about=about, steps=steps)["ticks"]] == ticks


def test_a_paragraph_stays_with_its_table() -> None:
    laid = laid_out([heading("One"), paragraph("first"), paragraph("second"), table([{"Class": "x"}], "A table.")])
    assert [block.get("sticky") for block in laid] == [None, False, True, None]


@pytest.mark.parametrize(
    ("letters", "widths"),
    [
        ((1, 1), ["auto", 0.5]),
        ((10, 25, 25), ["auto", 1.0, 1.0]),
        ((100, 1), [2.0, "auto"]),  # a long name leaves room
        ((10, 30, 5, 144), ["auto", "auto", "auto", 2.4]),  # text takes what the others leave
        ((36, 36, 36, 100), ["auto", 1.2, 1.2, 2.0]),  # and gets some where they are many
    ],
)
def test_columns_are_as_wide_as_what_they_hold(letters: tuple[int, ...], widths: list[float | str]) -> None:
    cells = {str(place): "x" * count + "\n" + "y" for place, count in enumerate(letters)}
    (block,) = laid_out([table([cells, dict.fromkeys(cells, "")], "A table.")])
    assert [column["width"] for column in block["columns"]] == widths


def test_an_item_is_answered_left_out_or_not_reported() -> None:
    item = Item(number="1", topic="T", asked="What", labels=("flow", "splits"), open="a part")
    assert answered(item, {"splits"}, set()) == {"labels": ["splits"], "note": "a part"}
    assert answered(item, set(), {"flow"})["text"] == LEFT_OUT
    assert answered(item, set(), set())["text"] == NOT_REPORTED


LISTED = (*STARD_ITEMS, *STARD_AI_ITEMS, *CLAIM_ITEMS, *TRIPOD_AI_ITEMS)


def test_tripod_ai_has_its_27_items_and_their_parts_in_order() -> None:
    numbers = [item.number for item in TRIPOD_AI_ITEMS]
    assert list(dict.fromkeys(int(number.rstrip("abcdefg")) for number in numbers)) == list(range(1, 28))
    assert len(set(numbers)) == len(numbers) == 52
    assert numbers == sorted(numbers, key=lambda number: (int(number.rstrip("abcdefg")), number))


def test_each_topic_of_stard_ai_stands_at_an_item_of_stard() -> None:
    known = {item.number for item in STARD_ITEMS}
    assert {item.number.removeprefix("to ") for item in STARD_AI_ITEMS} <= known


def test_what_the_study_does_not_hold_is_not_reported() -> None:
    """Without any label, every item that needs evidence says that it is not reported; none is answered by itself."""
    assert {answered(item, set(), set())["text"] for item in LISTED} == {NOT_REPORTED}
    assert len({item.asked for item in LISTED}) > 0.95 * len(LISTED)


def test_every_label_of_the_checklists_is_set_somewhere() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in TEMPLATE.parent.rglob("*.py"))
    named = {label for item in LISTED for label in item.labels} - {"external"}  # a split's name
    assert {label for label in named if not re.search(rf'"{label}"', code.replace(str(HOMES), ""))} == set()
    assert set(HOMES) <= set(SECTIONS)


def test_settings_of_the_study_are_not_marked() -> None:
    rows = text_report.setting_rows(Options(), basis="test", usual="test")
    assert [row[""] for row in rows] == ["", "", "", ""]
    assert text_report.changed(Options(level=0.99), basis="tuning", usual="test") == [
        "Judged on: Tuning split",
        "Level of the intervals: 99%",
    ]


def test_an_estimate_in_two_lines() -> None:
    found = Estimate(value=0.5, low=0.25, high=0.75, level=0.95, method=Method("wilson"), n=4, count=2)
    assert text_report.two_lines(found) == "0.500 (0.250\N{EN DASH}0.750)\n2/4"
    assert text_report.two_lines(Estimate.undefined(reason=Reason("no_cases"), n=3)) == "not estimable (no cases)"


def test_the_template_reads_nothing_as_markup() -> None:
    """No word of a study is evaluated: Typst has one function for it, which the template does not call."""
    assert [path.name for path in Path(TEMPLATE).glob("*.typ") if "eval(" in path.read_text(encoding="utf-8")] == []


def test_a_name_that_runs_from_right_to_left_keeps_its_marks_and_is_cut_with_them() -> None:
    name = isolated("ورم دبقي")
    shown, missing = letters.printable({"text": f"{name} 0.5 (0.4-0.6)"})
    assert (shown["text"], missing) == (f"{name} 0.5 (0.4-0.6)", ())
    cut = letters.shortened(f"{name} {name}", 14)
    assert cut.count(ISOLATE) == cut.count(END) == 2


def test_the_optional_font_is_among_those_of_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / letters.CJK
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "Some.otf").write_bytes(b"a font")
    given: list[Path] = []
    monkeypatch.setattr("typst.Fonts", lambda *, font_paths, **_: given.extend(map(Path, font_paths)))
    monkeypatch.syspath_prepend(tmp_path)
    letters.fonts.__wrapped__()
    assert (given[0] / "Some.otf").read_bytes() == b"a font"


def test_with_it_east_asian_names_are_printed() -> None:
    pytest.importorskip(letters.CJK, reason="the extra cjk is not installed")
    shown, missing = letters.printable({"text": "胶质瘤 グリオーマ 교모세포종"})
    assert (shown["text"], missing) == ("胶质瘤 グリオーマ 교모세포종", ())
