"""The forest plot of subgroups: what differs is a diamond, every row answers a click, what is too few says so."""

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate
from neuroval.dashboard.figures.palette import ACCENT, ALARM, NEUTRAL
from neuroval.dashboard.figures.subgroup_forest import Row, subgroup_forest


def row(name: str, value: float | None, *, differs: bool = False) -> Row:
    if value is None:
        difference = Estimate.undefined(reason=Reason("small_subgroup", cases=3, needed=20))
    else:
        ends = {"low": value - 0.1, "high": value + 0.1, "level": 0.95}
        difference = Estimate(value=value, method=Method("newcombe_unpaired"), **ends)
    return Row(label=name, name=f"site={name}", difference=difference, differs=differs, beside=f"of {name}", hover="x")


def test_each_row_is_marked_by_what_it_says() -> None:
    rows = [row("a", -0.3, differs=True), row("b", 0.2, differs=True), row("c", 0.0), row("d", None)]
    figure = subgroup_forest(rows, beside="Accuracy", worse="Worse", better="Better")
    marks, clicks = figure.data[-2:]
    assert list(marks.marker.color) == [ALARM, ACCENT, NEUTRAL, NEUTRAL]
    assert list(marks.marker.symbol) == ["diamond", "diamond", "square", "square"]
    assert list(marks.x) == [-0.3, 0.2, 0.0, None]
    assert [data[0] for data in clicks.customdata] == ["site=a", "site=b", "site=c", "site=d"]
    assert None not in list(clicks.x)
    lines = [trace for trace in figure.data if trace.mode == "lines"]
    assert [list(trace.y) for trace in lines] == [[0, 0], [1, 1], [2, 2]]
    written = [note.text for note in figure.layout.annotations]
    assert written == ["of a", "of b", "of c", "of d", "Accuracy", "Worse", "Better"]
    assert list(figure.layout.yaxis.ticktext) == ["a", "b", "c", "d"]
