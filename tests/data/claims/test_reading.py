import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from neuroval.data.claims.kinds import (
    ClassCounts,
    Correct,
    CrossValidation,
    Errors,
    Images,
    Imbalance,
    Matrix,
    Rate,
    Score,
    SplitShares,
)
from neuroval.data.claims.printed_number import printed
from neuroval.data.claims.reading import KINDS, Claims, read_claims
from neuroval.data.exceptions import InputError
from neuroval.data.storage.home import DESCRIPTIONS

SHIPPED = DESCRIPTIONS / "brain-tumor-readme-claims.toml"
HEAD = """
schema = 1
[source]
title = "A paper"
classes = ["glioma", "notumor"]
negative = "notumor"
"""
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(claim: str = "", *, head: str = HEAD) -> Path:
        file = tmp_path / "claims.toml"
        file.write_text(head + (f'\n[[claim]]\nid = "one"\ntext = "as printed"\n{claim}' if claim else ""))
        return file

    return write_file


def test_the_shipped_claims_are_those_of_a_readme() -> None:
    claims = read_claims(SHIPPED)
    by_id = {claim.id: claim for claim in claims.claims}
    assert len(by_id) == len(claims.claims) == 41
    assert (claims.source.title, claims.source.negative) == ("A public README of this kind", "notumor")
    assert claims.source.level == printed("95%")
    assert by_id["images"] == Images(id="images", text="5,712 images", total=printed("5,712"))
    assert by_id["split"].sizes["test"].about
    ppv = by_id["meningioma-ppv"]
    assert [number.text for number in (ppv.value, ppv.low, ppv.high)] == ["0.9869", "0.970", "0.996"]
    assert by_id["no-confident-error"].reference == claims.source.classes
    assert {type(claim) for claim in claims.claims} == {
        Images, ClassCounts, SplitShares, Imbalance, Rate, Score, Correct, Errors, CrossValidation, Matrix,
    }  # fmt: skip


def test_each_kind_is_read(write: Write) -> None:
    examples = {
        "images": 'total = "~100"\nsplit = "train"',
        "excluded": 'total = "3"',
        "class_counts": 'counts = {glioma = "60", notumor = "40"}',
        "split_shares": 'shares = {train = "70%", test = "30%"}\nsizes = {test = "~30"}',
        "imbalance": 'ratio = "1.5:1"',
        "rate": 'metric = "any_tumour.npv"\nvalue = "0.97"\nlow = "-0.01"\nhigh = "1.02"\nmethod = "wald"',
        "score": 'metric = "overall.kappa"\nvalue = "-0.02"',
        "correct": 'n = {glioma = "6", notumor = "4"}\ncorrect = {glioma = "5", notumor = "4"}',
        "errors": 'count = "0"\nreference = ["glioma"]\npredicted = ["notumor"]\nabove = "90%"',
        "cross_validation": 'metric = "overall.accuracy"\nfolds = "5"\nmean = "98.2%"\nsd = "0.8%"\ngrouped = false',
        "matrix": 'rows = [["5", "1"], ["0", "4"]]',
    }
    assert set(examples) == set(KINDS)
    for kind, text in examples.items():
        (claim,) = read_claims(write(f'kind = "{kind}"\n{text}')).claims
        assert isinstance(claim, KINDS[kind][0])
        assert (claim.id, claim.text) == ("one", "as printed")


def test_what_is_not_said_has_its_usual_meaning(write: Write) -> None:
    (claim,) = read_claims(write('kind = "errors"\ncount = "12"')).claims
    assert claim.cells == {("glioma", "notumor"), ("notumor", "glioma")}
    assert (claim.split, claim.above) == ("test", None)
    (claim,) = read_claims(write('kind = "images"\ntotal = "12"')).claims
    assert claim.split == "all"


def test_numbers_keep_their_digits(write: Write) -> None:
    (claim,) = read_claims(write('kind = "rate"\nmetric = "glioma.ppv"\nvalue = "0.9700"')).claims
    assert (claim.value.text, claim.value) == ("0.9700", printed("0.9700"))
    assert claim.value != printed("0.97")


def test_a_source_without_claims_is_read(write: Write) -> None:
    assert read_claims(write()).claims == ()


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ("", "one', kind: found None, expected one of ['images'"),
        ('kind = "imges"', "kind: found 'imges', expected one of"),
        ('kind = "images"', "'one', total: found None, expected this key"),
        ('kind = "images"\ntotal = 5712', "total: found 5712, expected a number in quotes as it is printed"),
        ('kind = "images"\ntotal = "many"', "total: found 'many', expected a number in quotes"),
        ('kind = "images"\ntotal = "5.5"', "total: found '5.5', expected a whole number of 0 or more"),
        ('kind = "images"\ntotal = "-5"', "total: found '-5', expected a whole number of 0 or more"),
        ('kind = "images"\ntotal = "50%"', "total: found '50%', expected a whole number"),
        ('kind = "images"\ntotal = "5"\nsplit = "validation"', "split: found 'validation', expected one of ['all'"),
        ('kind = "images"\ntotal = "5"\nnumber = "5"', "number: found '5', expected no such key, only ['id', 'split'"),
        ('kind = "excluded"\ntotal = "~5"', "total: found '~5', expected an exact whole number"),
        ('kind = "class_counts"\ncounts = {glioma = "5"}', "counts: found {'glioma': '5'}, expected a number for each"),
        ('kind = "class_counts"\ncounts = "5"', "counts: found '5', expected a number for each of ['glioma'"),
        ('kind = "split_shares"\nshares = {half = "50%"}', "expected a number for some of ['train', 'tuning'"),
        ('kind = "split_shares"\nshares = {test = "150%"}', "shares: found '150%', expected a share from 0 to 1"),
        ('kind = "imbalance"\nratio = "0.5:1"', "ratio: found '0.5:1', expected how many times as large"),
        ('kind = "imbalance"\nratio = 1.5', "ratio: found 1.5, expected how many times as large"),
        ('kind = "rate"\nvalue = "0.5"', "metric: found None, expected this key"),
        ('kind = "rate"\nmetric = "recall"\nvalue = "0.5"', "metric: found 'recall', expected overall. with one of"),
        ('kind = "rate"\nmetric = "other.ppv"\nvalue = "0.5"', "or one of ['glioma', 'notumor', 'any_tumour'] with"),
        ('kind = "rate"\nmetric = "glioma.f1"\nvalue = "0.5"', "metric: found 'glioma.f1'"),
        ('kind = "rate"\nmetric = "glioma.ppv"', "value: found None, expected a value, or a count and n"),
        ('kind = "rate"\nmetric = "glioma.ppv"\ncount = "5"', "n: found None, expected what the count is of"),
        ('kind = "rate"\nmetric = "glioma.ppv"\nvalue = "97"', "value: found '97', expected a share from 0 to 1"),
        ('kind = "rate"\nmetric = "glioma.ppv"\nvalue = "~0.97"', "value: found '~0.97', expected a share"),
        ('kind = "rate"\nmetric = "glioma.ppv"\nvalue = "0.9"\nlow = "0.8"', "high: found None, expected low and high"),
        ('kind = "rate"\nmetric = "glioma.ppv"\nvalue = "0.9"\nmethod = "exact"', "method: found 'exact', expected"),
        ('kind = "score"\nmetric = "glioma.auc"\nvalue = "99"', "value: found '99', expected a number from 0 to 1"),
        ('kind = "score"\nmetric = "overall.mcc"\nvalue = "-1.1"', "value: found '-1.1', expected a number from -1"),
        ('kind = "errors"\ncount = "1"\nreference = []', "reference: found [], expected a list of class names"),
        ('kind = "errors"\ncount = "1"\nreference = "glioma"', "reference: found 'glioma', expected a list"),
        ('kind = "errors"\ncount = "1"\nreference = ["other"]', "reference: found 'other', expected classes of"),
        ('kind = "errors"\ncount = "1"\nreference = ["glioma", "glioma"]', "expected each class once"),
        (
            'kind = "errors"\ncount = "1"\nreference = ["glioma"]\npredicted = ["glioma"]',
            "predicted: found ['glioma'], expected a class other than the reference class",
        ),
        ('kind = "matrix"\nrows = [["5", "1"], ["0"]]', "rows: found [['5', '1'], ['0']], expected 2 rows"),
        ('kind = "matrix"\nrows = 4', "rows: found 4, expected 2 rows of 2 numbers"),
        ('kind = "matrix"\nrows = [[5, 1], [0, 4]]', "rows: found 5, expected a number in quotes"),
        (
            'kind = "cross_validation"\nmetric = "overall.accuracy"\nfolds = "5"\nmean = "0.9"\ngrouped = "no"',
            "grouped: found 'no', expected true or false",
        ),
    ],
)  # fmt: skip
def test_a_malformed_claim_is_named_with_its_key_and_what_was_expected(write: Write, claim: str, said: str) -> None:
    file = write(claim or "unused = 1")
    with pytest.raises(InputError) as error:
        read_claims(file)
    assert str(error.value).startswith(f"{file}: claim 'one', ")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("schema = ", "not readable TOML"),
        ("", "schema is None, expected 1"),
        ("schema = 2", "schema is 2, expected 1"),
        ("schema = true", "schema is True, expected 1"),
        ("schema = 1", "table [source] is missing"),
        ("schema = 1\nsource = 3", "table [source] is missing"),
        (HEAD.replace("schema = 1", "schema = 1\nclaims = 3"), "unknown key 'claims', expected schema, [source] and"),
        (HEAD.replace("schema = 1", "schema = 1\nclaim = 3"), "claim is no list of tables, expected [[claim]]"),
        (HEAD.replace("schema = 1", "schema = 1\nclaim = [3]"), "claim is no list of tables, expected [[claim]]"),
        (HEAD.replace("title", "name"), "[source], name: found 'A paper', expected no such key"),
        (HEAD.replace('title = "A paper"', ""), "[source], title: found None, expected this key"),
        (HEAD.replace('"A paper"', '" "'), "[source], title: found ' ', expected a text that is not empty"),
        (HEAD.replace(', "notumor"]', "]"), "[source], classes: found ['glioma'], expected at least two class names"),
        (HEAD.replace('"glioma"', '"overall"'), "classes: found 'overall', expected another name"),
        (
            HEAD.replace('["glioma", "notumor"]', str([str(i) for i in range(51)])),
            "[source], negative: found 'notumor'",
        ),
        (
            HEAD.replace('["glioma", "notumor"]', str(["notumor", *(str(i) for i in range(50))])),
            "[source], classes: found 51 names, expected 2 to 50",
        ),
        (HEAD.replace('negative = "notumor"', 'negative = "none"'), "negative: found 'none', expected one of"),
        (HEAD + 'level = "100%"', "[source], level: found '100%', expected a confidence level"),
        (HEAD + 'unit = "slices"', "[source], unit: found 'slices', expected one of ['images', 'patients']"),
    ],
)
def test_a_malformed_source_is_named_with_its_key_and_what_was_expected(write: Write, head: str, said: str) -> None:
    file = write(head=head)
    with pytest.raises(InputError) as error:
        read_claims(file)
    assert str(error.value).startswith(f"{file}: ")
    assert said in str(error.value)


def test_an_id_is_given_once(write: Write) -> None:
    claim = 'kind = "images"\ntotal = "5"'
    file = write(f'{claim}\n[[claim]]\nid = "one"\ntext = "again"\n{claim}')
    with pytest.raises(InputError, match="claim 'one', id: found 'one', expected an id that no other claim has"):
        read_claims(file)


def test_a_claim_without_an_id_is_named_by_its_number(write: Write) -> None:
    file = write('kind = "images"\ntotal = "5"\n[[claim]]\ntext = "x"\nkind = "images"\ntotal = "5"')
    with pytest.raises(InputError, match="claim 2, id: found None, expected this key"):
        read_claims(file)


def test_without_a_negative_class_there_is_no_any_tumour(write: Write) -> None:
    claim = 'kind = "rate"\nmetric = "any_tumour.ppv"\nvalue = "0.5"'
    assert read_claims(write(claim)).claims
    with pytest.raises(InputError, match=r"metric: found 'any_tumour\.ppv'"):
        read_claims(write(claim, head=HEAD.replace('negative = "notumor"', "")))


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_claims(tmp_path / "claims.toml")
    with pytest.raises(InputError, match="cannot be read"):
        read_claims(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b'title = "\xe9"')
    with pytest.raises(InputError, match="not readable TOML"):
        read_claims(tmp_path / "latin.toml")


def test_claims_cannot_be_changed() -> None:
    claims: Claims = read_claims(SHIPPED)
    table = next(claim for claim in claims.claims if isinstance(claim, ClassCounts))
    with pytest.raises(AttributeError):
        table.id = "another"  # type: ignore[misc]
    with pytest.raises(TypeError):
        table.counts["glioma"] = printed("1")  # type: ignore[index]


values = st.recursive(
    st.booleans() | st.integers(-3, 3) | st.floats() | st.sampled_from(["", "5", "0.5", "glioma", "test", "1.5:1"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["glioma", "notumor", "test"]), inner),
    max_leaves=4,
)


@given(st.data())
def test_any_value_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    kind = data.draw(st.sampled_from(list(KINDS)))
    made, keys = KINDS[kind]
    claim = {"id": "one", "text": "as printed", "kind": kind, **{key: data.draw(values) for key in keys}}
    file = tmp_path_factory.getbasetemp() / "claims.toml"
    file.write_text(tomli_w.dumps({**tomllib.loads(HEAD), "claim": [claim]}))
    try:
        (read,) = read_claims(file).claims
    except InputError as error:
        said = str(error)
    else:
        said = ""
        assert isinstance(read, made)
    assert not said or (said.startswith(f"{file}: claim ") and "\n" not in said)
