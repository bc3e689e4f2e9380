"""The theme: readable in both modes, and nothing fetched from elsewhere."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

AA_TEXT = 4.5
AA_CONTROL = 3.0
CAPTION_OPACITY = 0.6
SEGMENT_OPACITY = 0.1
WHITE = "#ffffff"


def rgb(colour: str) -> list[float]:
    return [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]


def mixed(front: str, back: str, *, opacity: float) -> str:
    parts = zip(rgb(front), rgb(back), strict=True)
    return "#" + "".join(f"{round(255 * (opacity * a + (1 - opacity) * b)):02x}" for a, b in parts)


def luminance(colour: str) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.fixture(scope="module")
def config(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / ".streamlit" / "config.toml").read_text(encoding="utf-8"))


def test_the_ratio_is_the_one_of_the_standard() -> None:
    assert contrast("#000000", WHITE) == pytest.approx(21)
    assert contrast("#777777", WHITE) == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_and_controls_are_readable(config: dict[str, Any], mode: str) -> None:
    theme = config["theme"][mode]
    sidebar = theme["sidebar"]
    for back in (theme["backgroundColor"], theme["secondaryBackgroundColor"], sidebar["backgroundColor"]):
        assert contrast(theme["textColor"], back) >= 7
        assert contrast(theme["linkColor"], back) >= AA_TEXT
        assert contrast(mixed(theme["textColor"], back, opacity=CAPTION_OPACITY), back) >= AA_TEXT
        # The value of a slider is written in it; a chosen segment too, on a ground tinted with it.
        assert contrast(theme["primaryColor"], back) >= AA_TEXT
    tinted = mixed(theme["primaryColor"], theme["backgroundColor"], opacity=SEGMENT_OPACITY)
    assert contrast(theme["primaryColor"], tinted) >= AA_TEXT
    assert contrast(WHITE, theme["primaryColor"]) >= AA_CONTROL
    for name in ("red", "orange", "yellow", "green", "gray", "blue"):
        assert contrast(theme[f"{name}TextColor"], theme["backgroundColor"]) >= AA_TEXT
    for name in ("red", "gray", "blue"):
        assert contrast(theme[f"{name}TextColor"], theme[f"{name}BackgroundColor"]) >= AA_TEXT


def test_no_widget_writes_white_on_the_primary_colour(root: Path) -> None:
    """No colour carries white text and is itself text on the dark ground, so these widgets are not used."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in (root / "dashboard").rglob("*.py"))
    assert "st.button(" in code
    assert [widget for widget in ('type="primary"', "st.multiselect(") if widget in code] == []


def test_nothing_is_fetched_or_sent(root: Path, config: dict[str, Any]) -> None:
    settings = [line.partition("#")[0] for line in (root / ".streamlit" / "config.toml").read_text().splitlines()]
    assert not any("//" in line for line in settings)
    assert config["browser"]["gatherUsageStats"] is False
    assert config["client"]["showErrorLinks"] is False
