import pandas as pd

from data.duplicates import exact_copies


def test_each_copy_is_paired_with_the_first_of_its_content() -> None:
    cases = pd.DataFrame(
        {"case_id": ["d", "c", "b", "a", "e", "f"], "sha256": ["x", "y", "x", "x", None, None]},
    )
    pairs = exact_copies(cases)
    assert pairs[["case_a", "case_b"]].to_numpy().tolist() == [["a", "b"], ["a", "d"]]
    assert set(pairs["kind"]) == {"exact"}
    assert set(pairs["score"]) == {1.0}


def test_distinct_images_have_no_pairs() -> None:
    assert exact_copies(pd.DataFrame({"case_id": ["a", "b"], "sha256": ["x", "y"]})).empty
