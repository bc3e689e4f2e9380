"""What the images are like: quartiles by hand, formats, and what is not recorded."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.data_audit.image_contents import METADATA, Format, Images, Spread, describe_images
from neuroval.data.exceptions import InputError
from neuroval.data.schema import CASES

CLASSES = ("glioma", "notumor", "pituitary")


@pytest.fixture
def cases() -> pd.DataFrame:
    rows = [
        # label, source, width, height, file_format, file_bytes, mean_intensity, sd_intensity, patient_id
        ("glioma", "x", 100, 110, "JPEG", 1000, 10.0, 1.0, "A"),
        ("glioma", "x", 200, 110, "PNG", 2000, 20.0, 2.0, "A"),
        ("glioma", "y", 300, 110, "JPEG", 3000, 40.0, None, None),
        ("glioma", None, 400, 110, None, 4000, None, None, None),
        ("glioma", "y", 500, 110, "PNG", 5000, 80.0, 4.0, "B"),
        ("notumor", "y", None, None, None, None, None, None, None),
    ]
    columns = [
        *("label", "source", "width", "height", "file_format"),
        *("file_bytes", "mean_intensity", "sd_intensity", "patient_id"),
    ]
    return pd.DataFrame(rows, columns=columns).assign(split="train", case_id=list("abcdef"), group_id=list("abcdef"))


def test_a_class_by_hand(cases: pd.DataFrame) -> None:
    glioma = describe_images(cases, classes=CLASSES).classes[0]
    assert (glioma.name, glioma.n) == ("glioma", 5)
    assert glioma.width == Spread(
        n=5, known=5, smallest=100, lower_quartile=200, median=300, upper_quartile=400, largest=500
    )
    assert (glioma.height.smallest, glioma.height.largest) == (110, 110)
    # Of 10, 20, 40, 80 the quartiles lie a quarter of the way from 10 to 20 short of 20, and so on.
    assert glioma.mean_intensity == Spread(
        n=5, known=4, smallest=10, lower_quartile=17.5, median=30, upper_quartile=50, largest=80
    )
    assert (glioma.sd_intensity.known, glioma.sd_intensity.median) == (3, 2)
    assert glioma.file_bytes.median == 3000
    assert glioma.formats == (Format(name="JPEG", n=2), Format(name="PNG", n=2))  # of equals the first by name


def test_what_is_not_recorded_is_none_with_the_reason(cases: pd.DataFrame) -> None:
    _, notumor, pituitary = describe_images(cases, classes=CLASSES).classes
    assert notumor.width == Spread(n=1, known=0, reason=Reason("not_recorded"))
    assert (notumor.n, notumor.formats) == (1, ())
    assert pituitary.width == Spread(n=0, known=0, reason=Reason("no_cases"))
    assert pituitary.n == 0


def test_sources_are_sorted_and_the_unknown_is_named(cases: pd.DataFrame) -> None:
    unknown, x, y = describe_images(cases, classes=CLASSES).sources
    assert [(one.name, one.n) for one in (unknown, x, y)] == [("unknown", 1), ("x", 2), ("y", 3)]
    assert (x.width.smallest, x.width.median, x.width.largest) == (100, 150, 200)
    assert (y.width.known, y.formats) == (2, (Format(name="JPEG", n=1), Format(name="PNG", n=1)))


def test_a_source_that_is_called_unknown_holds_those_without_one_too(cases: pd.DataFrame) -> None:
    named = cases.assign(source=cases["source"].replace("x", "unknown"))
    assert [(one.name, one.n) for one in describe_images(named, classes=CLASSES).sources] == [("unknown", 3), ("y", 3)]


def test_missing_metadata_by_hand(cases: pd.DataFrame) -> None:
    missing = {one.name: one for one in describe_images(cases, classes=CLASSES).missing}
    patient = missing["patient_id"]
    assert (patient.share.value, patient.share.count, patient.share.n) == (0.5, 3, 6)
    assert patient.by_class == (2, 1, 0)
    assert patient.share.low is None
    assert patient.share.reason == Reason("a_description")
    assert (missing["file_format"].share.count, missing["source"].share.count) == (2, 1)
    assert (missing["height"].by_class, missing["plane"].by_class) == ((0, 1, 0), (5, 1, 0))  # no such column here


def test_every_nullable_column_of_the_contract_is_looked_at(cases: pd.DataFrame) -> None:
    names = [one.name for one in describe_images(cases, classes=CLASSES).missing]
    assert names == list(METADATA) == [field.name for field in CASES if field.nullable]
    assert "label" not in names


def test_a_table_without_any_optional_column(cases: pd.DataFrame) -> None:
    content = describe_images(cases[["case_id", "split", "label", "group_id"]], classes=CLASSES)
    assert content.classes[0].width.reason == Reason("not_recorded")
    assert [(one.name, one.n) for one in content.sources] == [("unknown", 6)]
    assert {one.share.value for one in content.missing} == {1.0}


def test_columns_as_a_study_reads_them(cases: pd.DataFrame) -> None:
    text = dict.fromkeys(("label", "source", "file_format", "patient_id"), "str")
    numbers = {"width": "Int32", "height": "Int32", "file_bytes": "Int64", "mean_intensity": "float64"}
    assert describe_images(cases.astype(text | numbers), classes=CLASSES) == describe_images(cases, classes=CLASSES)


def test_no_cases_at_all(cases: pd.DataFrame) -> None:
    content = describe_images(cases.iloc[:0], classes=CLASSES)
    assert (content.n, content.sources) == (0, ())
    assert [one.n for one in content.classes] == [0, 0, 0]
    assert {one.share.reason for one in content.missing} == {Reason("no_cases")}
    assert content.missing[0].by_class == (0, 0, 0)


def test_a_label_that_is_no_class_is_refused(cases: pd.DataFrame) -> None:
    with pytest.raises(InputError, match=r"label: found \['notumor'\] in the cases, expected one of \['glioma'\]"):
        describe_images(cases, classes=("glioma",))
    with pytest.raises(InputError, match="label: found none"):
        describe_images(cases.assign(label=None), classes=CLASSES)


def test_classes_stay_in_their_given_order(cases: pd.DataFrame) -> None:
    content = describe_images(cases, classes=("pituitary", "notumor", "glioma"))
    assert [(one.name, one.n) for one in content.classes] == [("pituitary", 0), ("notumor", 1), ("glioma", 5)]
    assert content.missing[0].by_class == (0, 1, 2)


def described(rows: list[tuple[str, str | None, float | None]]) -> Images:
    labels, sources, grey = zip(*rows, strict=True)
    return describe_images(
        pd.DataFrame({"label": labels, "source": sources, "mean_intensity": pd.Series(grey, dtype="float64")}),
        classes=CLASSES,
    )


@given(
    st.lists(
        st.tuples(st.sampled_from(CLASSES), st.sampled_from(["x", "y", None]), st.one_of(st.none(), st.floats(0, 255))),
        min_size=1,
    ),
    st.randoms(),
)
def test_spreads_agree_with_pandas_and_the_order_of_cases_does_not_matter(rows: list, random: object) -> None:
    content = described(rows)
    assert content == described(random.sample(rows, len(rows)))
    assert sum(one.n for one in content.classes) == sum(one.n for one in content.sources) == len(rows)
    for one in content.classes:
        grey = pd.Series([value for label, _, value in rows if label == one.name], dtype="float64")
        found = one.mean_intensity
        assert (found.n, found.known) == (len(grey), grey.count())
        if found.known:
            numbers = [found.smallest, found.lower_quartile, found.median, found.upper_quartile, found.largest]
            assert numbers == pytest.approx(grey.quantile([0, 0.25, 0.5, 0.75, 1]).tolist(), abs=1e-9)
            assert numbers == sorted(numbers)
            assert np.isfinite(numbers).all()
