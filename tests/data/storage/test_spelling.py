import pytest

from neuroval.data.storage.spelling import is_missing, named, plain, relative_path, split_of


@pytest.mark.parametrize(
    ("split", "words"),
    [
        ("train", "train Train TRAINING training_set train-data Train_Images trn learning trainset"),
        ("tuning", "val Val validation Validation_set valid dev DEV development eval evaluation tuning tune val2"),
        ("test", "test Testing TEST test_set testdata Test-Images tst hold-out holdout held_out internal_test"),
        ("external", "external External_Test external-validation ext ext_val external_test_set"),
        (None, "glioma notumor masks other trained latest contest valley device images extra"),
    ],
)
def test_a_split_is_known_in_any_usual_spelling(split: str | None, words: str) -> None:
    assert {word: split_of(word) for word in words.split()} == dict.fromkeys(words.split(), split)


@pytest.mark.parametrize("text", ["", " ", "NA", "n/a", "nan", "NaN", "None", "null", "NULL", "unknown", "-", "?"])
def test_what_stands_for_a_missing_value(text: str) -> None:
    assert is_missing(text)
    assert is_missing(f" {text}\u00a0")


@pytest.mark.parametrize("text", ["<NA>", "#N/A", "N.A.", "\u2013", ".", "-999", "-1", "Not available", "anonymous"])
def test_rarer_ways_to_say_it(text: str) -> None:
    assert is_missing(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "not_available",
            "NOT-AVAILABLE",
            "(null)",
            "<missing>",
            "[none]",
            "{}",
            "'NA'",
            '"nan"',
            "Unknown.",
            "(unknown)",
        ),
        *("UNKNOWN_PATIENT", "TBD", "no id", "n.k.", "NA_character_", "#DIV/0!", "N\\A", "redacted", "not provided"),
        *("n/d", "n.d.", "No data", "nodata", "NOID", "tba", "pd.NA", "None None", "_", "\u2026", "Keine Angabe"),
        *(
            "nezna\u0301my\u0301",
            "\u672a\u77e5",
            "\u4e0d\u660e",
            "\u7121",
            "\u043d\u0435\u0438\u0437\u0432\u0435\u0441\u0442\u043d\u043e",
        ),
        *("unbekannt", "__HIVE_DEFAULT_PARTITION__", "..."),
    ],
)
def test_words_for_it_are_known_in_brackets_and_with_other_gaps(text: str) -> None:
    assert is_missing(text)


@pytest.mark.parametrize("text", ["(7)", "no_7", "P_none", "NK", "<7>", "not_7", "1.", "missing_1", "no"])
def test_an_id_in_brackets_or_with_gaps_is_an_id(text: str) -> None:
    assert not is_missing(text)


@pytest.mark.parametrize("text", ["0", "1", "NAN1", "Nancy", "P-", "no", "007", "x", "999"])
def test_what_is_a_value(text: str) -> None:
    assert not is_missing(text)


def test_accents_blanks_and_unseen_marks() -> None:
    assert plain(" \ufeffa\u0308\u200b ") == "\u00e4"


def test_a_name_is_found_however_it_is_spelled() -> None:
    names = ("Gliom \u00e4", "a", "A", "notumor")
    assert named("Gliom a\u0308 ", names) == "Gliom \u00e4"
    assert named("NoTumor", names) == "notumor"
    assert (named("a", names), named("A", names)) == ("a", "A")
    assert named("no tumor", names) is None
    assert named("X", ("x", "x\u0301")) == "x"


@pytest.mark.parametrize(
    ("written", "path"),
    [("./a.jpg", "a.jpg"), ("x\\a.jpg", "x/a.jpg"), (".\\x\\\\a.jpg", "x/a.jpg"), ("x//./a.jpg", "x/a.jpg"), ("", "")],
)
def test_one_file_has_one_path(written: str, path: str) -> None:
    assert relative_path(written) == path
    assert relative_path("a\u0308.jpg") == "\u00e4.jpg"
