"""Referral as a decision: the rule and the day are in the address, and the counts are those of the cases."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from neuroval.dashboard.session.cache import evidence, study

Open = Callable[..., AppTest]
Said = Callable[[AppTest], str]


def test_a_rule_says_what_a_day_looks_like(open_page: Open, said: Said) -> None:
    app = open_page("confidence", "whole", basis="test", refer="0.95", day="120")
    assert (app.select_slider(key="refer").value, app.number_input(key="day").value) == (0.95, 120)
    results = evidence(study("whole"), "test").results
    confidence = results.evaluated.probabilities.max(axis=1)
    referred = (confidence < 0.95).mean()
    assert 0 < referred < 1
    scans = 120 * referred
    amount = f"{scans:,.0f}" if scans >= 10 else f"{scans:.1f}".removesuffix(".0")
    assert f"Of 120 scans a day, {amount} go to an expert" in said(app)
    tumour = results.evaluated.reference != results.study.classes.index("notumor")
    missed = tumour & (results.evaluated.probabilities.argmax(axis=1) == results.study.classes.index("notumor"))
    before, after = (1000 * among.sum() / tumour.sum() for among in (missed, missed & (confidence >= 0.95)))
    assert f"Missed tumours fall from {before:.0f} (" in said(app)
    assert after < before
    app.select_slider(key="refer").set_value(0.0).run()
    assert "No scan is referred." in said(app)
    assert app.query_params["refer"] == "0"


def test_the_rule_begins_at_the_review_threshold_of_the_study(open_page: Open) -> None:
    app = open_page("confidence", "normal")
    assert app.select_slider(key="refer").value == study("normal").manifest.thresholds.review
    assert app.number_input(key="day").value == 50
