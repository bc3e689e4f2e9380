"""Two studies are joined on the cases that both predict; what is left out is counted."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from neuroval.data.exceptions import InputError
from neuroval.data.study import common_cases
from neuroval.data.study.common_cases import Matched
from neuroval.data.study.evaluated_cases import evaluated
from neuroval.data.study.folder import Study, write_study
from neuroval.data.study.import_predictions import study_of_predictions

ROWS = {  # case id: label, P(glioma), P(notumor), patient
    "c1": ("glioma", 0.9, 0.1, "P"),
    "c2": ("glioma", 0.6, 0.4, "P"),
    "c3": ("notumor", 0.2, 0.8, ""),
    "c4": ("notumor", 0.3, 0.7, ""),
}
Rows = dict[str, tuple[str, float, float, str]]


@pytest.fixture
def study(tmp_path: Path) -> "Make":
    return Make(tmp_path)


class Make:
    """Writes small studies of two classes, glioma and notumor."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(
        self,
        name: str,
        rows: Rows,
        *,
        data: str = "set",
        hashes: dict[str, str] | None = None,
        negative: str | None = "notumor",
        classes: tuple[str, str] = ("glioma", "notumor"),
        split: str = "test",
    ) -> Study:
        lines = [f"case_id,split,label,patient_id,prob_{classes[0]},prob_{classes[1]}"]
        for case_id, (label, first, second, patient) in rows.items():
            ordered = (first, second) if classes[0] == "glioma" or "glioma" not in classes else (second, first)
            lines.append(f"{case_id},{split},{label},{patient},{ordered[0]},{ordered[1]}")
        file = self.folder / f"{name}.csv"
        file.write_text("\n".join(lines))
        made = study_of_predictions(file, out=self.folder / f"{name}-plain", data_name=data, negative=negative)
        cases = made.cases.assign(sha256=made.cases["case_id"].map(hashes or {}).astype("str"))
        cases["sha256"] = cases["sha256"].where(cases["case_id"].isin(hashes or {}))
        manifest = dataclasses.replace(made.manifest, files={})
        return write_study(self.folder / name, manifest=manifest, cases=cases, predictions=made.predictions)


def matched(a: Study, b: Study) -> Matched:
    return common_cases.matched(a, b, judged=(evaluated(a, "test"), evaluated(b, "test")))


def ids(found: Matched) -> list[tuple[str, str]]:
    return list(zip(found.a.cases["case_id"], found.b.cases["case_id"], strict=True))


def test_cases_of_one_data_set_are_matched_by_id_and_the_others_counted(study: Make) -> None:
    a = study("a", ROWS)
    b = study("b", {"c3": ("notumor", 0.5, 0.5, ""), "c1": ROWS["c1"], "c9": ROWS["c4"]})
    found = matched(a, b)
    assert ids(found) == [("c1", "c1"), ("c3", "c3")]
    assert (found.n, found.by_case_id, found.by_content) == (2, 2, 0)
    assert (found.only_a, found.only_b, found.other_labels) == (2, 1, ())
    assert (found.confirmed, found.other_bytes) == (0, 0)
    assert found.a.reference.tolist() == found.b.reference.tolist() == [0, 1]
    assert found.b.probabilities.tolist() == [[0.9, 0.1], [0.5, 0.5]]


def test_hashes_confirm_an_id_or_say_that_the_bytes_are_others(study: Make) -> None:
    five = ROWS | {"c5": ("notumor", 0.1, 0.9, "")}
    a = study("a", five, hashes={"c1": "h1", "c2": "h2", "c3": "h3", "c5": "h5"})
    b = study("b", five | {"c1": ("glioma", 0.7, 0.3, "")}, hashes={"c1": "h1", "c2": "other", "c5": "another"})
    found = matched(a, b)
    assert (found.by_case_id, found.confirmed, found.other_bytes) == (5, 1, 2)


def test_other_ids_are_matched_by_identical_bytes_copies_in_turn(study: Make) -> None:
    a = study("a", ROWS, hashes={"c1": "h", "c2": "h", "c3": "h3", "c4": "h4"})
    rows = {"x1": ROWS["c1"], "x2": ROWS["c1"], "x3": ROWS["c1"], "c3": ROWS["c3"], "x4": ROWS["c4"]}
    hashes = {"x1": "h", "x2": "h", "x3": "h", "c3": "h3"}
    found = matched(a, study("b", rows, hashes=hashes))
    assert ids(found) == [("c1", "x1"), ("c2", "x2"), ("c3", "c3")]
    assert (found.by_case_id, found.by_content, found.only_a, found.only_b) == (1, 2, 1, 2)
    apart = matched(a, study("other", rows, hashes=hashes, data="elsewhere"))
    assert (apart.by_case_id, apart.by_content) == (0, 3)  # an id counts within its data set only


def test_equal_ids_of_different_data_sets_are_not_the_same_case(study: Make) -> None:
    with pytest.raises(InputError, match=r"no case of basis 'test' is in both \(4 and 4 cases, of data sets 'set' and"):
        matched(study("a", ROWS), study("b", ROWS, data="elsewhere"))


def test_no_common_case_is_an_error(study: Make) -> None:
    with pytest.raises(InputError, match=r"no case of basis 'test' is in both \(4 and 1 cases, both of data set 'set'"):
        matched(study("a", ROWS), study("b", {"x": ROWS["c1"]}))


def test_a_split_that_one_study_does_not_predict_is_an_error(study: Make) -> None:
    with pytest.raises(InputError, match="split 'test' has no predictions; evaluated are: external"):
        matched(study("a", ROWS), study("b", ROWS, split="external"))


def test_cases_whose_label_differs_are_left_out_and_listed(study: Make) -> None:
    found = matched(study("a", ROWS), study("b", ROWS | {"c2": ("notumor", 0.6, 0.4, "")}))
    assert ids(found) == [("c1", "c1"), ("c3", "c3"), ("c4", "c4")]
    (differing,) = found.other_labels
    assert (differing.case_a, differing.label_a, differing.label_b) == ("c2", "glioma", "notumor")
    assert (found.only_a, found.only_b) == (0, 0)


def test_labels_that_mostly_differ_mean_that_the_cases_are_others(study: Make) -> None:
    swapped = {
        case_id: ("notumor" if label == "glioma" else "glioma", *rest) for case_id, (label, *rest) in ROWS.items()
    }
    with pytest.raises(InputError, match="4 of 4 common cases have another label in the second study"):
        matched(study("a", ROWS), study("b", swapped))


def test_half_of_the_labels_may_differ(study: Make) -> None:
    half = ROWS | {"c1": ("notumor", 0.9, 0.1, "P"), "c4": ("glioma", 0.3, 0.7, "")}
    found = matched(study("a", ROWS), study("b", half))
    assert ids(found) == [("c2", "c2"), ("c3", "c3")]
    assert [one.case_a for one in found.other_labels] == ["c1", "c4"]


def test_another_class_order_is_matched_by_name(study: Make) -> None:
    found = matched(study("a", ROWS), study("b", ROWS, classes=("notumor", "glioma")))
    assert found.classes.names == ("glioma", "notumor")
    assert found.in_b.tolist() == [1, 0]
    assert found.b.probabilities[:, found.in_b].tolist() == found.a.probabilities.tolist()


def test_other_classes_and_two_negative_classes_are_errors(study: Make) -> None:
    a = study("a", ROWS)
    others = {"c1": ("tumour", 0.9, 0.1, "")}
    with pytest.raises(InputError, match=r"only in the first: \['glioma'\]; only in the second: \['tumour'\]"):
        matched(a, study("b", others, classes=("tumour", "notumor")))
    with pytest.raises(InputError, match="negative class is 'notumor' in the first and 'glioma' in the second"):
        matched(a, study("c", ROWS, negative="glioma"))
    assert matched(study("d", ROWS, negative=None), a).classes.negative == "notumor"


def test_a_study_is_not_compared_with_itself(study: Make) -> None:
    a = study("a", ROWS)
    with pytest.raises(InputError, match=f"are the same study \\(fingerprint {a.fingerprint[:12]}"):
        matched(a, a)


def test_groups_hold_what_either_study_ties(study: Make) -> None:
    tied = {"c2": ("glioma", 0.6, 0.4, "Q"), "c3": ("notumor", 0.2, 0.8, "Q")}
    found = matched(study("a", ROWS), study("b", ROWS | tied | {"c1": ("glioma", 0.8, 0.2, "")}))
    one, two, three, four = found.groups.tolist()  # c1 and c2 by patient P in a, c2 and c3 by patient Q in b
    assert one == two == three != four


def test_the_order_of_rows_has_no_influence(study: Make) -> None:
    turned = dict(reversed(ROWS.items()))
    found = matched(study("a", turned), study("b", ROWS | {"c1": ("glioma", 0.8, 0.2, "")}))
    assert ids(found) == [(case_id, case_id) for case_id in ROWS]
    assert np.array_equal(found.a.reference, found.b.reference)
