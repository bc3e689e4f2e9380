"""The map of cases: what a region of it holds is what lies there, and every odd address opens the page."""

from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from neuroval.dashboard.figures.case_map import DENSE, case_map_figure, drawn_of
from neuroval.dashboard.session.cache import evidence, study

Open = Callable[..., AppTest]
Said = Callable[[AppTest], str]


def test_a_region_holds_its_scans_and_their_errors(open_page: Open, said: Said) -> None:
    case_map = evidence(study("whole"), "test").case_map
    assert case_map is not None
    low, middle = np.quantile(case_map.places[:, 0], [0, 0.5])
    bottom, top = case_map.places[:, 1].min() - 1, case_map.places[:, 1].max() + 1
    region = ";".join(
        f"{x:.4g},{y:.4g}" for x, y in ((low - 1, bottom), (middle, bottom), (middle, top), (low - 1, top))
    )
    page = said(open_page("map", "whole", basis="test", region=region, colour="reference"))
    there = case_map.rows[case_map.places[:, 0] < float(f"{middle:.4g}")]
    wrong = case_map.selection.wrong(there)
    assert 0 < len(there) < len(case_map.rows)
    assert f"Of {len(there):,} scans in the region, {wrong:,} {'is an error' if wrong == 1 else 'are errors'}" in page


@pytest.mark.parametrize(
    "region", ["", "1,2", "a,b;c,d;e,f", "1,2;3,4;nan,5", "1,2,3;1,2,3;1,2,3", ";".join(["1,2"] * 99)]
)
def test_an_odd_region_is_the_whole_map(open_page: Open, said: Said, region: str) -> None:
    app = open_page("map", "whole", basis="test", region=region)
    assert not app.exception
    assert "in the region" not in said(app)


def test_without_embeddings_the_page_says_so(open_page: Open, said: Said) -> None:
    assert "holds no embeddings" in said(open_page("map", "normal"))


def test_errors_are_drawn_first_and_many_cases_have_their_density() -> None:
    rng = np.random.default_rng(3)
    errors = np.arange(100, 200)
    drawn = drawn_of(DENSE + 1, errors, rng=rng)
    assert len(drawn) == len(np.unique(drawn)) == 3000
    assert np.isin(errors, drawn).all()
    places, codes = rng.normal(size=(DENSE + 1, 2)), rng.integers(-1, 2, DENSE + 1)
    options = {"levels": ["a", "b"], "colours": None, "region": np.zeros((0, 2))}
    figure = case_map_figure(places, codes, drawn=drawn, **options)
    assert [trace.type for trace in figure.data] == ["heatmap", "scatter", "scatter", "scatter"]
    assert sum(len(trace.x) for trace in figure.data[1:]) == 3000
    few = case_map_figure(places[:50], codes[:50], drawn=np.arange(50), **options)
    assert {trace.type for trace in few.data} == {"scatter"}
