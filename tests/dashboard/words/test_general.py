"""Sentences are written from the numbers, and claim no more than these say."""

import dataclasses
from collections.abc import Callable
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from neuroval.analysis.calibration.conformal import class_limits, evaluate_sets
from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.finding import Finding
from neuroval.analysis.core.proportions import proportion
from neuroval.analysis.data_audit.training_overlap import SHARED_GROUPS
from neuroval.analysis.decisions.acceptance import Criterion, Judged
from neuroval.analysis.explanations.pointing import ClassSaliency
from neuroval.analysis.performance.comparison import compare
from neuroval.analysis.performance.per_class import performance
from neuroval.analysis.performance.ranked_errors import rank_errors
from neuroval.analysis.study.results import Results, StudyResults, performance_of
from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.report.options import SECTIONS, Options
from neuroval.dashboard.session.cache import evidence, study
from neuroval.dashboard.words import audit as text_audit
from neuroval.dashboard.words import cases as text_cases
from neuroval.dashboard.words import confidence as text_confidence
from neuroval.dashboard.words import cross_validation as text_cross_validation
from neuroval.dashboard.words import data_set as text_data_set
from neuroval.dashboard.words import errors as text_errors
from neuroval.dashboard.words import findings as text_findings
from neuroval.dashboard.words import general as text
from neuroval.dashboard.words import overview as text_overview
from neuroval.dashboard.words import report as text_report
from neuroval.dashboard.words import training as text_training
from neuroval.dashboard.words.formats import at_most, full
from neuroval.data.classes import BRAIN_TUMOR, ClassOrder
from neuroval.data.images.linking import LinkedImages
from neuroval.data.study.criteria import Acceptance
from neuroval.data.study.manifest import About, DataFacts, Manifest, ModelFacts

CRITICAL = Finding(severity="critical", code="ties", check="probabilities", page="confidence", count=1, n=2)


@pytest.mark.parametrize(
    ("met", "title"),
    [((), "Not decidable"), ((True, None), "Not decidable"), ((True, False, None), "Fails"), ((True, True), "Passes")],
)
def test_the_verdict_is_that_of_the_weakest_criterion(met: tuple[bool | None, ...], title: str) -> None:
    assert text_overview.verdict_title(_criteria(*met))[0] == title


def test_the_reason_says_what_is_recorded_and_what_limits_it() -> None:
    reason = text_overview.verdict_basis(_criteria(True, False), readings=2)
    assert reason.startswith("1 of 2 criteria met. The test scans were used twice. Whether the criteria ")
    assert text_overview.verdict_limit([CRITICAL]) == "1 serious problem (below) weakens these results."
    assert "nothing to pass or to fail" in text_overview.verdict_basis((), readings=1)


def test_criteria_that_were_set_late_are_said_to_be() -> None:
    reason = text_overview.verdict_basis(_criteria(True), readings=1, late=date(2026, 12, 1))
    assert reason.endswith("The criteria were set on 1 December 2026, when the results were already known.")
    assert text_overview.set_late(None) == ""


def _criteria(*met: bool | None) -> tuple[Criterion, ...]:
    criterion, estimate = Acceptance(metric="overall.accuracy", at_least=0.9), proportion(9, 10)
    return tuple(
        Criterion(
            criterion=criterion,
            on_all=Judged(basis="all", estimate=estimate, met=one, reason=None if one else Reason("not_known")),
        )
        for one in met
    )


def test_a_pass_with_an_open_critical_finding_is_not_green() -> None:
    assert text_overview.verdict_title(_criteria(True), [CRITICAL]) == (
        "Passes, with critical findings open",
        "orange",
    )
    assert text_overview.verdict_title(_criteria(True), []) == ("Passes", "green")


@pytest.mark.parametrize(
    ("met", "findings", "sentence"),
    [
        ((), (), "No acceptance criteria are set, so nothing can pass"),
        ((True, None), (), "Whether to rely on it cannot be decided: 1 criterion undecided"),
        ((True, False), (), "Do not rely on it: accuracy not shown"),
        ((False, False, None), (CRITICAL,), "Do not rely on it: 2 criteria fail"),
        ((True, True), (CRITICAL,), "Criteria met, but 1 serious finding speaks against relying on it"),
        ((True, True), (), "All 2 criteria are met"),
        ((True,), (), "The criterion is met"),
    ],
)
def test_the_verdict_is_said_in_twelve_words(
    met: tuple[bool | None, ...], findings: tuple[Finding, ...], sentence: str
) -> None:
    assert text_overview.verdict_sentence(_criteria(*met), findings, BRAIN_TUMOR) == sentence
    assert len(sentence.split()) <= 12


def test_the_verdict_leads_with_a_model_that_needs_no_tumour_and_says_for_whom_it_fails() -> None:
    facts = dict.fromkeys(("subject", "method", "need", "kept_elsewhere", "others"))
    needless = dataclasses.replace(CRITICAL, code="needs_no_tumour", facts=facts)
    assert text_overview.verdict_sentence(_criteria(True), [needless], BRAIN_TUMOR) == (
        "Do not rely on it: it does not need the tumour"
    )
    (judged,) = _criteria(False)
    asked = Acceptance(metric="classes.glioma.sensitivity", at_least=0.9)
    on_folds = dataclasses.replace(judged.on_all, basis="folds", shown_below=True)
    failed = Criterion(criterion=asked, on_all=on_folds)
    sentence = text_overview.verdict_sentence([failed], (), BRAIN_TUMOR)
    assert sentence == "Do not rely on it for new patients: glioma sensitivity too low"
    assert len(sentence.split()) <= 12


def test_a_criterion_is_drawn_with_the_interval_that_decides() -> None:
    (judged,) = _criteria(False)
    mean = dataclasses.replace(judged.on_all.estimate, low=0.1)
    wide = dataclasses.replace(judged, on_all=dataclasses.replace(judged.on_all, over_folds=mean))
    (row,) = text_overview.limit_rows([wide], BRAIN_TUMOR)
    assert (row.label, row.met, row.estimate, row.at_least) == ("Accuracy", False, mean, 0.9)
    assert row.outcome == "fails, limit 0.9"
    (row,) = text_overview.limit_rows([judged], BRAIN_TUMOR)
    assert row.estimate is judged.on_all.estimate


def test_what_is_not_decidable_says_why_in_the_verdict() -> None:
    assert " Accuracy: not known. " in text_overview.verdict_basis(_criteria(True, None), readings=1)
    assert "why" not in text_overview.verdict_basis(_criteria(False, None), readings=1)


@pytest.fixture
def evidence_of(studies_at_home: object) -> Callable[[str], Evidence]:  # noqa: ARG001
    return lambda name: evidence(study(name))


def replaced(found: Evidence, **values: object) -> Evidence:
    """The evidence with some of its results put in by hand."""
    other = Evidence(results=Results(of_study=StudyResults(study=found.study), evaluated=found.results.evaluated))
    for name, value in values.items():
        part = next(
            part for part in (other.results.audit, other.results.whole, other.results) if hasattr(type(part), name)
        )
        vars(part)[name] = value  # as if they had been computed
    return other


def emptied(found: Evidence) -> Evidence:
    """The evidence with new cases of three classes only, all called right."""
    unseen = found.results.audit.unseen.performance
    assert unseen is not None
    reference = np.repeat([0, 1, 3], [9, 9, 18])
    judged = performance(
        reference, reference, classes=BRAIN_TUMOR.names, negative="notumor", rng=np.random.default_rng(0), resamples=50
    )
    return replaced(found, unseen=dataclasses.replace(found.results.audit.unseen, performance=judged))


def test_new_scans_of_all_classes_are_compared_by_balanced_accuracy(evidence_of: Callable[[str], Evidence]) -> None:
    found, described = evidence_of("normal"), study("normal").manifest
    first, second = text_overview.headlines(found.published, described)
    assert (first.label, second.label) == ("Balanced accuracy, test split", "Balanced accuracy, new to the model")
    assert second.note.startswith("36 of 40 test scans share no patient and no copy with training or tuning, as far ")
    assert "14 glioma, 6 meningioma, 10 no tumour, 6 pituitary." in second.note
    assert second.note.endswith("Grouped cross-validation: not available in this study.")
    assert text_overview.gap(found.published, described) == (
        "Balanced accuracy is 11.0 percentage points higher on scans that are new to the model."
    )


def test_new_scans_without_a_class_have_no_headline(evidence_of: Callable[[str], Evidence]) -> None:
    found, described = emptied(evidence_of("normal")), study("normal").manifest
    second = text_overview.headlines(found.published, described)[1]
    assert (second.estimate.value, second.estimate.reason) == (None, Reason("nothing_new_of", of=("no tumour",), n=36))
    assert text_overview.gap(found.published, described) == (
        "The gap between the two is not estimable: no new no tumour scan among 36."
    )
    rows = {row["Number"]: row["New to the model"] for row in text_overview.comparison(found.published, described)}
    assert "9 glioma, 9 meningioma, 0 no tumour, 18 pituitary" in text_overview.new_cases(found, described.classes)
    assert text_overview.compared_on(found.published, described) == ""
    assert rows["Balanced accuracy"] == "not estimable (no reference cases of notumor)"
    assert rows["Sensitivity, any tumour"].endswith("36/36")


def test_without_training_cases_nothing_is_called_new(evidence_of: Callable[[str], Evidence]) -> None:
    found, described = evidence_of("no-training"), study("no-training").manifest
    second = text_overview.headlines(found.published, described)[1]
    assert (second.estimate.value, second.estimate.reason) == (None, Reason("no_training_cases"))
    assert "share" not in second.note
    assert text_overview.gap(found.published, described) == (
        "The gap between the two is not estimable: the study holds no training cases."
    )
    assert {case.shared for case in found.cases.values()} == {None}
    assert {"Fact": "Shared with training", "Value": "not known"} in text_cases.case_facts(found.wrong[0])
    assert text_data_set.answer(found.results.whole.dataset, found.results.audit.leakage, BRAIN_TUMOR).endswith(
        "Sharing with training is not estimable: the study holds no training cases."
    )


def test_grouped_folds_are_the_second_number(evidence_of: Callable[[str], Evidence]) -> None:
    found, described = evidence_of("folded"), study("folded").manifest
    first, second = text_overview.headlines(found.published, described)
    assert (first.label, second.label) == ("Accuracy, test split", "Accuracy, grouped cross-validation")
    assert (second.estimate.count, second.estimate.n) == (58, 60)
    assert second.estimate.method == Method("wilson_on_design_effect", groups=53)
    assert second.note == "60 scans in 5 folds: 20 glioma, 12 meningioma, 16 no tumour, 12 pituitary."
    assert text_overview.gap(found.published, described) == (
        "Accuracy is 3.3 percentage points lower in grouped cross-validation. Letting the same patient into training "
        "and test raises it from 0.967 to 0.983 on the same 60 scans: by 1.7 percentage points (95% interval "
        "\N{MINUS SIGN}5.1 to 9.3)."
    )
    assert text_overview.compared_on(found.published, described).startswith("36 of 40 test scans share no patient")
    assert "In grouped cross-validation the sensitivity is 0.9" in text_overview.answer(found.published)
    (criterion,) = found.published.results.criteria
    assert criterion.unleaked is not None
    assert (criterion.unleaked.basis, criterion.met) == ("folds", None)


def test_a_rate_of_some_classes_is_no_rate_of_all(evidence_of: Callable[[str], Evidence]) -> None:
    """New scans without any glioma: accuracy and sensitivity are not comparable, specificity is."""
    found, described = evidence_of("normal"), study("normal").manifest
    table = found.results.audit.unseen.performance.matrix.counts.copy()
    table[0] = 0
    reference, predicted = (np.repeat(index.ravel(), table.ravel()) for index in np.indices(table.shape))
    left = performance_of(study("normal"), reference, predicted, groups=np.arange(len(reference)))
    found = replaced(found, unseen=dataclasses.replace(found.results.audit.unseen, performance=left))
    rows = {row["Number"]: row["New to the model"] for row in text_overview.comparison(found.published, described)}
    right, n = np.trace(table), table.sum()
    assert rows["Accuracy"] == f"{right}/{n}, not comparable: no glioma"
    assert rows["Sensitivity, any tumour"].endswith(", not comparable: no glioma")
    assert rows["Specificity, any tumour"] == full(left.any_tumour.specificity.headline)


@pytest.mark.parametrize(
    ("only_a", "only_b", "said"), [(30, 2, "raises it from 0.970 to 0.998 "), (2, 30, "lowers it from 0.998 to 0.970 ")]
)
def test_what_grouping_takes_off_is_said_with_its_interval(only_a: int, only_b: int, said: str) -> None:
    reference = np.zeros(1000, dtype=np.int64)
    a, b = reference.copy(), reference.copy()
    b[:only_a], a[only_a : only_a + only_b] = 1, 1
    (added, *_) = compare(reference, a, b, classes=["x", "y"], negative=None).numbers
    text_of = text_cross_validation.like_for_like(added)
    assert said in text_of
    assert "-" not in text_of.replace("cross-validation", "")


def test_the_mean_of_the_folds_decides_where_its_interval_is_wider(evidence_of: Callable[[str], Evidence]) -> None:
    (criterion,) = evidence_of("folded").published.results.criteria
    wide = Estimate(value=0.97, low=0.9, high=1.0, level=0.95, method=Method("t"), n=5)
    judged = dataclasses.replace(criterion.unleaked, met=False, required=None, over_folds=wide)
    _, found = text_overview.criterion_lines(dataclasses.replace(criterion, unleaked=judged), BRAIN_TUMOR)
    assert "Averaged over the 5 parts (wider, because they differ): 0.970 (0.900\N{EN DASH}1.000)." in found
    assert found.endswith("Scans it would take: more would not settle this, the 5 parts differ too much.")


def test_a_group_in_two_folds_is_left_out_and_said(evidence_of: Callable[[str], Evidence]) -> None:
    found = evidence_of("folded")
    grouped = dataclasses.replace(found.results.whole.grouped, left_out=3)
    assert "3 scans left out: a patient or copy is in another fold." in text_cross_validation.basis(
        grouped, BRAIN_TUMOR
    )


def test_folds_of_another_recipe_say_how_it_differs(evidence_of: Callable[[str], Evidence]) -> None:
    found, described = evidence_of("folded"), study("folded").manifest
    model = ModelFacts(name="m", recipe={"epochs": 16, "seed": 1}, folds_recipe={"epochs": 4, "seed": 1})
    assert text_cross_validation.lighter(described) == ""
    assert text_training.curves(described) == text_training.CURVES
    described = dataclasses.replace(described, model=model)
    said = "another recipe than the model: epochs 4 in place of 16."
    assert said in text_cross_validation.lighter(described)
    assert said in text_overview.headlines(found.published, described)[1].note


@pytest.mark.parametrize(("count", "said"), [(10, text_audit.PARTLY_SEEN), (11, text_audit.MOSTLY_SEEN)])
def test_how_far_training_has_seen_the_scans_is_not_softened(count: int, said: str) -> None:
    found = Finding(
        severity="critical",
        code=SHARED_GROUPS,
        check="training_overlap",
        page="data_set",
        count=count,
        n=20,
        facts={"split": "test", "share": count / 20},
    )
    assert text_audit.seen([found]) == f"{text_findings.text(found)} {said}"
    assert text_audit.seen([]) == ""


@pytest.mark.usefixtures("studies_at_home")
def test_epochs_on_smaller_images_are_said() -> None:
    recipe = {"early_sizes": [96, 96, 128], "input_size": 224, "hidden_units": []}
    described = dataclasses.replace(study("folded").manifest, model=ModelFacts(name="m", recipe=recipe))
    assert text_training.curves(described).endswith("Epochs 1 to 3 saw smaller images and could not be chosen.")
    rows = {row["Setting"]: row["Value"] for row in text_training.recipe_rows(recipe)}
    assert rows == {"Early sizes, epochs x pixels": "2 x 96, 1 x 128", "Input size, pixels": "224"}


def test_specificity_is_not_called_grouped_without_patient_ids(evidence_of: Callable[[str], Evidence]) -> None:
    grouped = evidence_of("folded").results.whole.grouped
    assert "Specificity" not in text_cross_validation.basis(grouped, BRAIN_TUMOR)
    unknown = dataclasses.replace(grouped, known_patient={**grouped.known_patient, "notumor": proportion(0, 15)})
    said = text_cross_validation.basis(unknown, BRAIN_TUMOR)
    assert said.endswith("The no tumour scans carry no patient ids: specificity is not grouped by patient.")


def test_errors_of_one_image_are_one_tile(evidence_of: Callable[[str], Evidence]) -> None:
    found = evidence_of("copies")
    assert [case.copies for case in found.worst] == [2, 1, 1, 1]
    assert text_errors.confidence(found.worst[0]).endswith("high confidence, 2 copies]]")
    assert "cop" not in text_errors.confidence(found.worst[1])


def test_classes_without_patient_ids_are_named() -> None:
    known = {"glioma": proportion(9, 9), "notumor": proportion(0, 5), "meningioma": proportion(61, 100)}
    assert text.patients(known, BRAIN_TUMOR) == (
        "Scans with a patient id: 9/9 glioma, 0/5 no tumour, 61/100 meningioma. "
        "For scans without one we can only detect copied images."
    )
    assert text.patients({"glioma": proportion(9, 9)}, BRAIN_TUMOR) == ""


def test_an_abbreviation_keeps_its_capitals() -> None:
    classes = ClassOrder(names=("a", "b"), display={"a": "MS", "b": "No tumour"})
    assert (text.spoken("a", classes), text.spoken("b", classes)) == ("MS", "no tumour")


@pytest.mark.parametrize(
    ("model", "source", "synthetic", "name"),
    [
        (ModelFacts(name="m"), "https://x", False, "published split"),
        (None, "https://x", False, "test split"),
        (ModelFacts(name="m"), "", False, "test split"),
        (ModelFacts(name="m"), "https://x", True, "test split"),
    ],
)
def test_a_split_is_published_only_with_a_publisher(
    model: ModelFacts | None, source: str, synthetic: bool, name: str
) -> None:
    about = About(name="s", title="S", synthetic=synthetic)
    data = DataFacts(name="d", source_url=source)
    manifest = Manifest(about=about, classes=BRAIN_TUMOR, data=data, model=model)
    assert text_overview.split_name("test", manifest) == name
    assert text_overview.split_name("external", manifest) == "external data"


@pytest.mark.parametrize(
    ("n", "wrong", "start"),
    [
        (1, 0, "Of 1 test scan, none is called wrongly. "),
        (1, 1, "Of 1 test scan, 1 is called wrongly. "),
        (2, 1, "Of 2 test scans, 1 is called wrongly. "),
        (3, 2, "Of 3 test scans, 2 are called wrongly, 2 of them with high confidence. "),
    ],
)
def test_one_and_many(evidence_of: Callable[[str], Evidence], n: int, wrong: int, start: str) -> None:
    reference = np.zeros(n, dtype=np.int64)
    predicted = np.array([1] * wrong + [0] * (n - wrong), dtype=np.int64)
    judged = performance(
        reference, predicted, classes=BRAIN_TUMOR.names, negative="notumor", rng=np.random.default_rng(0), resamples=50
    )
    errors = rank_errors(np.arange(n), reference, np.eye(4)[predicted], classes=BRAIN_TUMOR.names)
    found = replaced(evidence_of("no-training"), performance=judged, errors=errors)
    said = text_overview.answer(found)
    assert said.startswith(start)
    assert f"Of {n} scan{'s' if n > 1 else ''} with a tumour, none was called no tumour" in said


def test_the_bound_without_errors_has_two_digits_and_is_rounded_up() -> None:
    n = 90127
    probabilities = np.tile([0.9, 0.05, 0.03, 0.02], (n, 1))
    errors = rank_errors(np.arange(n), np.zeros(n, dtype=int), probabilities, classes=BRAIN_TUMOR.names)
    assert text_errors.answer(errors) == (
        "No errors in 90,127 scans: an error rate up to 0.0043% is still compatible with this."
    )
    groups = np.arange(n) // 100
    grouped = rank_errors(np.arange(n), np.zeros(n, dtype=int), probabilities, classes=BRAIN_TUMOR.names, groups=groups)
    assert "up to 0.43% is" in text_errors.answer(grouped)


@pytest.mark.parametrize(
    ("share", "written"),
    [
        (0.0, "0%"),
        (0.00004262, "0.0043%"),
        (0.0876, "8.8%"),
        (0.09991, "10.0%"),
        (0.5, "50%"),
        (0.501, "51%"),
        (1, "100%"),
    ],
)
def test_an_upper_bound_is_never_less_than_it_is(share: float, written: str) -> None:
    assert at_most(share) == written


def test_no_tumour_in_the_split_is_said() -> None:
    reference = np.full(3, 2)
    judged = performance(
        reference, reference, classes=BRAIN_TUMOR.names, negative="notumor", rng=np.random.default_rng(0), resamples=50
    )
    assert text.missed(judged) == "No scan shows a tumour: sensitivity is not estimable."


def test_linked_images_that_differ_are_counted(tmp_path: object) -> None:
    images = LinkedImages(folder=tmp_path, other_encoding=frozenset("a"), refused=frozenset("bc"))  # type: ignore[arg-type]
    assert text_data_set.linked(images) == (
        "1 linked image: other encoding, predictions may differ slightly. "
        "2 linked images look different and are not shown."
    )


def test_what_fails_comes_first() -> None:
    assert [one.met for one in text_overview.hardest_first(_criteria(True, None, False, True))] == [
        False,
        None,
        True,
        True,
    ]


def test_tuning_stands_beside_test_with_what_each_shares_with_training(evidence_of: Callable[[str], Evidence]) -> None:
    assert text_training.tuning_and_test(evidence_of("normal")) == ""  # without predictions of tuning scans
    found = replaced(evidence_of("normal"), on_tuning=proportion(9, 10), tuning_shared=0)
    said = text_training.tuning_and_test(found)
    assert said.startswith(
        "Of the tuning scans, none of which shares a patient or a copy with training, the network as it "
    )
    shared = found.results.audit.leakage.overall.group.count
    assert f"Of the test scans, {shared} of which share a patient or a copy with training, it calls 0.875" in said
    assert ", 1 of which shares a patient" in text_training.tuning_and_test(
        replaced(found, on_tuning=proportion(9, 10), tuning_shared=1)
    )


def test_scans_without_evidence_are_counted() -> None:
    one = {"correct": Measure(plain=proportion(1, 2)), "wrong": Measure(plain=proportion(1, 2))}
    hits = [
        ClassSaliency(name="glioma", without_evidence=2, **one),
        ClassSaliency(name="pituitary", without_evidence=0, **one),
    ]
    assert text_audit.without_evidence(hits, BRAIN_TUMOR).endswith("is empty: 2 glioma.")
    assert text_audit.without_evidence(hits[1:], BRAIN_TUMOR) == ""


def test_the_report_says_what_it_was_made_with() -> None:
    said = text_report.made_for(Options(reviewer="Dr A", sections=("data",)))
    assert said.startswith(f"In this file: Reviewer: Dr A, Site: not named, Sections: 1 of {len(SECTIONS)}.")
    assert "with remarks" in text_report.made_for(Options(remarks="Seen."))


def test_classes_that_a_set_holds_too_seldom_are_named() -> None:
    rng = np.random.default_rng(4)
    reference = np.repeat(np.arange(4), 50)
    chances = rng.dirichlet(np.ones(4), 200)
    chances[np.arange(200), reference] += 1.0
    chances /= chances.sum(axis=1, keepdims=True)
    limits = class_limits(reference, chances, classes=BRAIN_TUMOR.names)
    spoilt = chances.copy()
    spoilt[:50] = 0.25  # of the first class nothing is sure any more
    for scores, starts in (
        (chances, "Every class is held in 90% of its scans, as far as chance"),
        (spoilt, "The set misses its 90% target, beyond chance, for glioma 0.000"),
    ):
        sets = evaluate_sets(reference, scores, limits=limits, groups=np.arange(200), level=0.95)
        assert text_confidence.held_too_seldom(SimpleNamespace(sets=sets), BRAIN_TUMOR).startswith(starts)
    assert text_confidence.held_too_seldom(SimpleNamespace(sets=None), BRAIN_TUMOR) == ""


def test_studies_whose_titles_begin_alike_are_told_apart_where_the_list_is_cut_off() -> None:
    long = "Brain tumour MRI, four classes"
    titles = {"one": long, "two": f"{long}, hospital A", "three": f"{long.upper()}, hospital B", "four": "Phantom"}
    shown = text.told_apart(titles)
    assert len({label[: text.SEEN] for label in shown.values()}) == 4
    assert (shown["one"], shown["four"]) == (f"one: {long}", "Phantom")


def test_copies_and_patients_across_splits_can_be_taken_away() -> None:
    known = {"t": ("test", "glioma"), "u": ("tuning", "notumor")}
    (copy,) = text_cases.pair_rows("across", [("t", "u", "mirrored")], known, "test")  # type: ignore[arg-type]
    assert list(copy.values()) == ["t", "test", "glioma", "u", "tuning", "notumor", "Mirrored copy"]
    patients = text_cases.pair_rows("patients", [("P", 2, 12)], known, "test")  # type: ignore[arg-type]
    assert patients == [{"Patient": "P", "Scans in test": "2", "Scans in training or tuning": "12"}]
    assert text_cases.patient("P", 2, 12, "test") == "Patient P: 2 scans in test, 12 scans in training or tuning"
    assert text_cases.patient("P", 2, 12, "tuning") == "Patient P: 2 scans in tuning, 12 scans in training"
