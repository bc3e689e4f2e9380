"""Every code has its sentence, and every sentence its code; the analysis itself holds none."""

import ast
import string
from collections.abc import Callable, Iterator
from inspect import signature
from pathlib import Path

import pytest

from neuroval import analysis, dashboard
from neuroval.analysis.core import codes, finding
from neuroval.analysis.core.codes import Method, Reason
from neuroval.dashboard.words import findings, interval_methods, reasons
from neuroval.dashboard.words.interval_methods import by
from neuroval.dashboard.words.reasons import why
from neuroval.data.exceptions import InputError

ANALYSIS = Path(str(analysis.__file__)).parent
SOURCES = (ANALYSIS, Path(str(dashboard.__file__)).parent / "words")
MAKERS = {"Reason", "Method", "Finding", "_about", "_finding"}
LISTS = {
    "reasons": (codes.REASONS, reasons.REASONS),
    "methods": (codes.METHODS, interval_methods.METHODS),
    "findings": (finding.FINDINGS, findings.FINDINGS),
}


def gaps(template: str | Callable[..., str]) -> set[str]:
    if isinstance(template, str):
        return {name for _, name, _, _ in string.Formatter().parse(template) if name}
    return {name for name, one in signature(template).parameters.items() if one.kind != one.VAR_KEYWORD}


@pytest.mark.parametrize("name", LISTS)
def test_every_code_has_a_sentence_with_a_gap_for_each_of_its_facts(name: str) -> None:
    known, told = LISTS[name]
    assert set(told) == set(known)
    if name == "findings":
        assert {code: gaps(one) - {"finding", "_"} for code, one in told.items()} == {
            c: set(f) for c, f in known.items()
        }
    else:
        own = {"stratified_percentile_bootstrap"}  # says what another one says, and a word more
        assert {code: gaps(one) for code, one in told.items() if code not in own} == {
            code: set(facts) for code, facts in known.items() if code not in own
        }


def calls(folder: Path) -> Iterator[tuple[Path, ast.Call]]:
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield path, node


def used() -> set[str]:
    """Every text that stands alone in a call of ``Reason``, ``Method`` or a finding, alternatives included."""
    found = set()
    for folder in SOURCES:
        for _, call in calls(folder):
            if isinstance(call.func, ast.Name) and call.func.id in {
                "Reason",
                "Method",
                "Finding",
                "_about",
                "_finding",
            }:
                parts = [*call.args[:1], *(key.value for key in call.keywords if key.arg == "code")]
                texts = (node for part in parts for node in ast.walk(part) if isinstance(node, ast.Constant))
                found |= {node.value for node in texts if isinstance(node.value, str)}
    return found


@pytest.mark.parametrize("name", LISTS)
def test_every_sentence_is_used(name: str) -> None:
    rates = {"wilson", "clopper-pearson", "jeffreys", "agresti-coull"}  # named by what the caller asks for
    named = {"shared_groups"}  # a constant, since others look for it
    assert set(LISTS[name][0]) - used() - rates - named == set()


def test_the_analysis_holds_no_sentence_of_a_reason_or_a_method() -> None:
    for path, call in calls(ANALYSIS):
        for given in call.keywords:
            if given.arg in {"reason", "method", "no_sets", "no_operating_point"}:
                texts = [node for node in ast.walk(given.value) if isinstance(node, (ast.Constant, ast.JoinedStr))]
                assert not any(isinstance(text, ast.JoinedStr) or " " in str(text.value) for text in texts), path


@pytest.mark.parametrize("kind", [Reason, Method])
def test_a_misspelt_code_and_wrong_facts_are_refused(kind: type[Reason | Method]) -> None:
    with pytest.raises(InputError, match="'no_such_code' is not a known code"):
        kind("no_such_code")
    code = next(iter(kind.KNOWN))
    with pytest.raises(InputError, match=r"expected the facts \[\], found \['extra'\]"):
        kind(code, extra=1)


def test_codes_are_equal_by_code_and_facts() -> None:
    assert Reason("no_reference_cases", of="glioma") == Reason("no_reference_cases", of="glioma")
    assert Reason("no_reference_cases", of="glioma") != Reason("no_reference_cases", of="pituitary")
    assert len({Method("t"), Method("t"), Method("t_clustered", groups=2)}) == 2


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (None, ""),
        (Reason("classes_never_predicted", of=("glioma", "pituitary")), "never predicted: glioma, pituitary"),
        (
            Reason("infinite_ratio", empty=("fp", "tn"), least=None),
            "infinite: no false positives and no true negatives",
        ),
        (
            Reason("infinite_ratio", empty=("fp",), least=16.007),
            "infinite: no false positives; at least 16",
        ),
        (Reason("infinite_loss", cases=1), "infinite: 1 case has probability 0 for the reference class"),
        (Reason("infinite_loss", cases=1200), "infinite: 1,200 cases have probability 0 for the reference class"),
        (
            Reason("more_groups_needed", more_than=1, found=1),
            "a cluster-robust interval needs more than 1 group, found 1",
        ),
        (
            Reason("undefined_in_folds", undefined=1, folds=2, reason=Reason("no_cases")),
            "not estimable in 1 of 2 folds (no cases)",
        ),
        (
            Reason("both", first=Reason("no_cases"), second=Reason("one_fold")),
            "no cases; one fold",
        ),
        (Reason("nothing_new_of", of=("a", "b", "c"), n=1200), "no new a, b or c scan among 1,200"),
    ],
)
def test_reasons_in_words(reason: Reason | None, said: str) -> None:
    assert why(reason) == said


@pytest.mark.parametrize(
    ("method", "said"),
    [
        (Method("wilson_on_design_effect", groups=1200), "Wilson, cluster-adjusted (Rao-Scott), 1,200 groups"),
        (Method("t_clustered", groups=1), "t interval, cluster-robust, 1 group"),
        (Method("wald", clip=1e-7), "Wald, probabilities clipped at 1e-07"),
        (
            Method("of_sizes", method=Method("mover", a=Method("wilson"), b=Method("jeffreys")), a=1272, b=300),
            "square-and-add (MOVER) from Wilson and Jeffreys, n 1,272 and 300",
        ),
        (
            Method("stratified_percentile_bootstrap", groups=None, resamples=2000, seed=None),
            "stratified percentile bootstrap over cells, 2,000 resamples",
        ),
        (
            Method("basic_bootstrap", resamples=500, seed=5, unit="group", units=80, normal_limit=True),
            "basic bootstrap, 500 resamples, seed 5, over 80 groups (normal limit)",
        ),
        (
            Method("square_and_add_uncorrelated", reason=Reason("auc_at_an_end")),
            "square-and-add, correlation taken as 0 (an AUC is 0 or 1)",
        ),
        (
            Method("on_effective_sizes", method=Method("logit_mercaldo"), positives=1209.0, negatives=184.25),
            "logit (Mercaldo), cluster-adjusted (effective n 1,209.0 with and 184.2 without the condition)",
        ),
        (
            Method("obuchowski_over_classes_with_newcombe_5", replaced=1, parts=2450, groups=12, freedom=3),
            "Obuchowski, covariance over classes, with Newcombe method 5 on the number of groups for 1 of 2450 parts, "
            "t on 3 df, 12 groups",
        ),
    ],
)
def test_methods_in_words(method: Method, said: str) -> None:
    assert by(method) == said
