"""Tables that name columns, classes and splits in their own way, and what is proposed where they do not fit."""

from pathlib import Path
from typing import Any

import pytest

from neuroval.data.exceptions import InputError
from neuroval.data.study.column_mapping import ColumnMapping, pairs_of
from neuroval.data.study.folder import Study
from neuroval.data.study.import_predictions import study_of_predictions


def study(tmp_path: Path, text: str, *, negative: str | None = None, name: str = "p.csv", **options: Any) -> Study:
    (tmp_path / name).write_text(text, encoding="utf-8")
    mapping = ColumnMapping(**options) if options else None
    return study_of_predictions(tmp_path / name, out=tmp_path / "study", negative=negative, mapping=mapping)


def test_integer_labels_with_a_map(tmp_path: Path) -> None:
    made = study(
        tmp_path,
        "y_true,prob_0,prob_1\n0,0.9,0.1\n1,0.2,0.8\n1.0,0.4,0.6\n",
        negative="healthy",
        label="y_true",
        class_map={"0": "healthy", "1": "ill"},
    )
    assert made.classes.names == ("healthy", "ill")
    assert made.cases.set_index("case_id")["label"].value_counts().to_dict() == {"ill": 2, "healthy": 1}
    assert sorted(made.predictions["prob_ill"]) == [0.1, 0.6, 0.8]


def test_columns_named_by_the_class_alone(tmp_path: Path) -> None:
    made = study(tmp_path, "target;a;b;age\na;0,75;0,25;50\nb;0,5;0,5;60\n", label="target", prob="{class}")
    assert made.classes.names == ("a", "b")
    assert sorted(made.predictions["prob_a"]) == [0.5, 0.75]


@pytest.mark.parametrize("pattern", ["p_{class}", "{class}_score"])
def test_a_pattern_of_columns(tmp_path: Path, pattern: str) -> None:
    header = ",".join(["label", *(pattern.replace("{class}", name) for name in "abc")])
    made = study(tmp_path, f"{header}\na,0.5,0.25,0.25\nb,0,1,0\nc,0,0,1\n", prob=pattern)
    assert made.classes.names == ("a", "b", "c")


def test_one_column_of_the_positive_class(tmp_path: Path) -> None:
    made = study(
        tmp_path,
        "label,score\nnormal,0.25\npneumonia,0.75\n",
        negative="normal",
        positive=("pneumonia", "score"),
    )
    assert set(made.classes.names) == {"normal", "pneumonia"}
    assert sorted(made.predictions["prob_normal"]) == [0.25, 0.75]


@pytest.mark.parametrize(
    ("root", "path"), [("/data/scans", "/data/scans/a/1.png"), ("D:\\scans", "D:\\scans\\a\\1.png")]
)
def test_absolute_paths_become_relative(tmp_path: Path, root: str, path: str) -> None:
    made = study(
        tmp_path,
        f"label,file,part,prob_a,prob_b\na,{path},dev,1,0\nb,a/2.png,hold,0,1\n",
        image_path="file",
        image_root=root,
        split_map={"dev": "tuning", "hold": "test"},
    )
    assert set(made.cases["image_path"]) == {"a/1.png", "a/2.png"}


def test_splits_by_a_map(tmp_path: Path) -> None:
    made = study(
        tmp_path,
        "label,split,prob_a,prob_b\na,dev,1,0\nb,hold,0,1\n",
        split_map={"dev": "tuning", "hold": "test"},
    )
    assert set(made.cases["split"]) == {"tuning", "test"}


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("y_true,p_a,p_b\na,1,0\nb,0,1\n", "Try --label y_true --prob 'p_{class}'."),
        ("label,a_score,b_score\na,1,0\nb,0,1\n", "Try --prob '{class}_score'."),
        ("diagnosis,chance\nno,0.1\nyes,0.9\n", "Try --label diagnosis --positive yes=chance."),
    ],
)
def test_what_would_fit_is_proposed_and_fits(tmp_path: Path, text: str, options: str) -> None:
    with pytest.raises(InputError, match="Try") as refused:
        study(tmp_path, text)
    assert str(refused.value).endswith(options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label": "gone"}, "'gone' is missing"),
        ({"prob": "p"}, "expected a pattern"),
        ({"prob": "p_{class}"}, "no column is as"),
        ({"positive": ("a", "gone")}, "'gone' is missing"),
        ({"image_path": "file", "image_root": "/elsewhere"}, "expected below --image-root"),
    ],
)
def test_what_does_not_fit_is_said(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        study(tmp_path, "label,file,prob_a,prob_b\na,/x/1.png,1,0\nb,/x/2.png,0,1\n", **options)
    assert not (tmp_path / "study").exists()


def test_pairs_that_are_none_are_refused() -> None:
    assert pairs_of("--class-map", "0=a, 1=b") == {"0": "a", "1": "b"}
    with pytest.raises(InputError, match="--class-map 'a': expected pairs"):
        pairs_of("--class-map", "a")
