"""Pages and command line show the same digits: each number of a page is the one that ``neuroval analyze --json`` has
under the same name. What a page says is rebuilt from the document, label by label, and nothing with a digit is left.
"""

import copy
import json
import math
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.dashboard.documents.study_document import sections
from neuroval.dashboard.words import interval_methods, reasons
from neuroval.dashboard.words.audit import STEPS
from neuroval.dashboard.words.formats import NOT_ESTIMABLE, area, counts, fine, full, interval, ratio, short
from neuroval.dashboard.words.interval_methods import by
from neuroval.data.classes import BRAIN_TUMOR
from neuroval.data.study.folder import Study, read_study

ROOT = Path(__file__).parents[3]
DISPLAY = BRAIN_TUMOR.display
OVERALL = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy (macro sensitivity)",
    "macro_ppv": "Macro PPV",
    "macro_f1": "Macro F1",
    "weighted_f1": "F1 weighted by cases",
    "mcc": "Matthews correlation coefficient",
    "kappa": "Cohen's kappa",
    "auc_macro_ovr": "AUC, macro one against the rest",
    "hand_till": "AUC, Hand and Till",
}
TIERS = {"high": "high confidence", "review": "review", "expert": "refer to an expert"}
RULES = ("A tumour on any slice", "Most of the slices", "Mean probability of the slices")
RATES = {"sensitivity": "Sensitivity", "specificity": "Specificity", "ppv": "PPV", "npv": "NPV"}
METRICS = {
    "overall.accuracy": "Accuracy",
    "overall.balanced_accuracy": "Balanced accuracy",
    "any_tumour.sensitivity": "Sensitivity, any tumour",
    "any_tumour.specificity": "Specificity, any tumour",
}
PAGES = ("overview", "data_set", "per_class", "confusion", "errors")
Said = dict[Any, str]
Document = dict[str, Any]


@pytest.fixture(scope="module")
def document(dashboard_home: Path) -> Document:
    command = [
        sys.executable,
        "-c",
        "from neuroval.dashboard.cli.main import main; main()",
        "analyze",
        "normal",
        "--json",
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEUROVAL_HOME", str(dashboard_home))
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    parsed: Document = json.loads(answer.stdout)["sections"]
    return parsed


@pytest.fixture(scope="module")
def study(dashboard_home: Path) -> Study:
    return read_study(dashboard_home / "studies" / "normal")


# What the document says, by label ------------------------------------------------------------------------------------


class Told(Reason):
    """A reason that a document has in words."""

    __slots__ = ()
    KNOWN: ClassVar = {"told": ("text",)}


class ToldMethod(Method):
    """A method that a document has in words."""

    __slots__ = ()
    KNOWN: ClassVar = {"told": ("text",)}


@pytest.fixture(autouse=True)
def _words_of_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(reasons.REASONS, "told", "{text}")
    monkeypatch.setitem(interval_methods.METHODS, "told", "{text}")


def estimate(value: dict[str, Any]) -> Estimate:
    reason = None if value["reason"] is None else Told("told", text=value["reason"])
    return Estimate(**{**value, "method": ToldMethod("told", text=value["method"]), "reason": reason})


def headline(owner: dict[str, Any], name: str) -> Estimate:
    clustered = owner.get(f"{name}_clustered")
    return Measure(plain=estimate(owner[name]), clustered=None if clustered is None else estimate(clustered)).headline


def subjects(document: Document) -> dict[str, dict[str, Any]]:
    found = document["per-class"]
    return {"Any tumour": found["any_tumour"], **{DISPLAY[name]: one for name, one in found["classes"].items()}}


def arrow(pair: dict[str, Any]) -> str:
    return f"{DISPLAY[pair['reference']]} \N{RIGHTWARDS ARROW} {DISPLAY[pair['predicted']]}"


def mix(numbers: dict[str, int]) -> str:
    return ", ".join(f"{numbers[name]:,} {DISPLAY[name].lower()}" for name in DISPLAY)


def evaluated(document: Document) -> dict[str, int]:
    (split,) = (split for split in document["dataset"]["splits"] if split["name"] == "test")
    found: dict[str, int] = split["counts"]
    return found


def overview(document: Document, _: Study) -> Said:
    audit, rates, per_class = document["audit"], document["error-rates"], document["per-class"]
    rows = {METRICS[row["metric"]]: row for row in audit["without_leaks"]}
    numbers = [estimate(rows["Balanced accuracy"][basis]) for basis in ("all", "without")]
    names = ("Balanced accuracy, test split", "Balanced accuracy, new to the model")
    new, n = audit["new_to_the_model"], rates["n"]
    sensitivity = headline(per_class["any_tumour"], "sensitivity")
    (criterion,) = document["acceptance"]
    points = 100 * (numbers[1].value - numbers[0].value)
    critical = sum(finding["severity"] == "critical" for finding in audit["findings"])
    required, limit = criterion["required_cases"], criterion["at_least"]
    return {
        "answer": f"Of {n} test scans, {rates['count']} are called wrongly, {rates['high_confidence_count']} of them "
        f"with high confidence. Of {sensitivity.n} scans with a tumour, {sensitivity.n - sensitivity.count} was called "
        f"no tumour: sensitivity {full(sensitivity)}. {audit['shared']['all']['group']['count']} of the {n} scans "
        "share a patient or a copy with training. On scans new to the model the sensitivity is "
        f"{full(estimate(rows['Sensitivity, any tumour']['without']))}.",
        **{("metric", name): f"{one.value:.3f}" for name, one in zip(names, numbers, strict=True)},
        **{("interval", i): f"{interval(one)} · {counts(one)}" for i, one in enumerate(numbers)},
        ("note", 0): f"All test scans, as the data set is split: {mix(evaluated(document))}.",
        ("note", 1): f"{new['n']} of {n} test scans share no patient and no copy with training or tuning, as far as is "
        f"known: {mix(new['counts'])}. Grouped cross-validation: not available in this study.",
        "gap": f"Balanced accuracy is {points:.1f} percentage points higher on scans that are new to the model.",
        "verdict": f"{sum(one['met'] is True for one in document['acceptance'])} of 1 criterion met: 0 of 1, with 1 "
        "not decidable, on all scans; 0 of 1, with 1 not decidable, on those new to the model. The worse counts. "
        f"Sensitivity, any tumour: {criterion['reason']}.",
        "limit": f"{critical} critical findings below limit what this is worth.",
        "criterion": f"? Sensitivity, any tumour, lower bound at least {limit:g}: not decidable: {criterion['reason']}",
        "found": f"All scans: {full(estimate(criterion['estimate']))}. "
        f"New to the model: {full(estimate(criterion['without_leaks']['estimate']))}. "
        f"Cases it would take: more do not help: {required['rate']:.3f} is not above {limit:g}.",
        **{
            ("row", name): f"{full(estimate(row['all']))}; {full(estimate(row['without']))}"
            for name, row in rows.items()
        },
        **{
            ("forest", name, label): f"{full(one)}; {one.value:.3f}, {counts(one)}"
            for name, row in rows.items()
            for label, one in (("Test split", estimate(row["all"])), ("New to the model", estimate(row["without"])))
        },
        "lines": "Lines are 95% intervals",
        **{("finding", i): f"badge[{f['severity'].capitalize()}] {f['text']}" for i, f in enumerate(audit["findings"])},
        **tiles(document["errors"][:5]),
    }


def tiles(errors: list[dict[str, Any]]) -> Said:
    return {
        ("tile", i): f"{arrow(error)}: {error['confidence']:.2f} {TIERS[error['tier']]}"
        for i, error in enumerate(errors)
    }


def data_set(document: Document, study: Study) -> Said:
    facts, shared = document["dataset"], document["audit"]["shared"]
    parts = ", ".join(f"{split['n']} {split['name']}" for split in facts["splits"])
    group, (test,) = estimate(shared["all"]["group"]), [one for one in facts["splits"] if one["name"] == "test"]
    sizes = study.cases["group_id"].value_counts()
    (factor,) = document["audit"]["confounding"]
    members = {
        name: (f"{one['n']}", f"{one['share']['value']:.0%}", f"{one['groups']}", f"{one['patients']}")
        for name, one in facts["classes"].items()
    }
    share = estimate(factor["share"])
    steps = {STEPS[one["name"]]: one for one in document["audit"]["steps"]}
    steps["All"] = {"n": document["error-rates"]["n"], **document["per-class"]}
    return {
        "answer": f"{facts['n']} scans ({parts}) in {facts['groups']} groups. {group.value:.0%} of {group.n} test "
        f"scans share a patient or a copy of the image with the training data: {full(group)}.",
        "caption": f"n = {facts['n']}. Imbalance in test: the largest class has "
        f"{estimate(test['imbalance_ratio']).value:.1f} times the scans of the smallest.",
        **{
            ("row", DISPLAY.get(name, "All")): "; ".join(
                [
                    *members.get(name, ()),
                    *(full(estimate(row[key])) for key in ("group", "copy", "patient")),
                    *(str(one["counts"][name]) for one in facts["sources"] if name in one["counts"]),
                ]
            )
            for name, row in shared.items()
        },
        **{("row", f"{name}, n = {one['n']:,}"): at_step(one) for name, one in steps.items()},
        "groups": f"{facts['groups']} groups; the largest holds {sizes.max()} scans.",
        ("row", factor["factor"].capitalize()): f"{share.value:.0%}, {share.count}/{share.n}; "
        f"{factor['accuracy']:.0%}; {factor['base_rate']:.0%}",
        **{
            ("bar", DISPLAY[name], split["name"].capitalize()): f"{split['counts'][name]} of {split['n']}"
            for split in facts["splits"]
            for name in DISPLAY
        },
    }


def at_step(one: dict[str, Any]) -> str:
    """A row of the numbers without what training has seen."""
    if one.get("reason"):
        return "; ".join([f"not estimable ({one['reason']})"] * 3)
    rates = [headline(one["overall"], "accuracy"), headline(one["overall"], "balanced_accuracy")]
    return "; ".join(map(full, [*rates, headline(one["any_tumour"], "sensitivity")]))


def known(document: Document) -> str:
    """That the model knows some of the scans."""
    (found,) = [one for one in document["audit"]["findings"] if one["code"] == "shared_groups"]
    most = "The model knows most of the scans below: the numbers say little about new patients."
    some = "The numbers below are of scans that the model partly knows."
    return f"{found['text']} {most if found['count'] > found['n'] / 2 else some}"


def per_class(document: Document, _: Study) -> Said:
    found, rates = subjects(document), document["per-class"]["classes"]
    weakest = min(rates, key=lambda name: headline(rates[name], "sensitivity").value)
    sensitivity = headline(found["Any tumour"], "sensitivity")
    said: Said = {
        "answer": f"The weakest class is {DISPLAY[weakest]}: sensitivity "
        f"{full(headline(rates[weakest], 'sensitivity'))}. Of {sensitivity.n} scans with a tumour, "
        f"{sensitivity.n - sensitivity.count} was called no tumour: sensitivity {full(sensitivity)}.",
        "caption": f"n = {document['error-rates']['n']} test scans. Lines are 95% intervals",
        "known": known(document),
        **at_prevalence(found["Any tumour"]["at_prevalence"]),
        "elsewhere": elsewhere(found["Any tumour"]["where_rare"]),
        **{("row", label): averaged(document["per-class"]["overall"], name) for name, label in OVERALL.items()},
        **by_patient(document["per-class"]["patients"], seen=len(document["audit"]["patients_across_splits"])),
    }
    for subject, one in found.items():
        said["row", subject, area(headline(one, "auc"))] = "; ".join(
            ratio(headline(one, name)) for name in ("lr_pos", "lr_neg", "dor", "youden")
        )
        for name, label in RATES.items():
            clustered = one.get(f"{name}_clustered")
            second = "as plain: groups of one" if clustered is None else short(estimate(clustered))
            wide = headline(one, name)
            said["row", subject, label] = f"{full(estimate(one[name]))}; {second}; {by(wide.method)}"
            said["forest", label, subject] = f"{full(wide)}; {wide.value:.3f}, {counts(wide)}"
    return said


def averaged(owner: dict[str, Any], name: str) -> str:
    found = headline(owner, name)
    return area(found) if found.count is None else full(found)


def at_prevalence(found: dict[str, Any]) -> Said:
    scans = found["frequencies"]
    called, ppv = scans["found"] + scans["false_alarms"], headline(found, "ppv")
    return {
        ("row", "With tumour"): f"{scans['found']}; {scans['missed']}; {scans['positives']}",
        ("row", "Others"): f"{scans['false_alarms']}; {scans['cleared']}; {scans['negatives']}",
        ("row", "All"): f"{called}; {scans['scans'] - called}; {scans['scans']:,}",
        **{("row", name.upper()): fine(headline(found, name)) for name in ("ppv", "npv")},
        "frequencies": f"Of 1,000 scans, {scans['positives']} have a tumour: {scans['found']} are found, "
        f"{scans['missed']} are missed. Of the {scans['negatives']} others, {scans['false_alarms']} are called a "
        f"tumour by mistake. So of {called} calls, {scans['found']} are right. As far as these scans can tell, of 100 "
        f"such calls between {math.floor(100 * ppv.low)} and {math.ceil(100 * ppv.high)} are right.",
    }


def elsewhere(found: dict[str, Any]) -> str:
    ppv = headline(found, "ppv")
    return (
        f"Where {found['prevalence']:.1%} have it, as far as these scans can tell, of 100 such calls between "
        f"{math.floor(100 * ppv.low)} and {math.ceil(100 * ppv.high)} would be right."
    )


def by_patient(found: dict[str, Any], *, seen: int) -> Said:
    rows = zip(RULES, found["tumour"], [None, *found["classes"]], strict=True)
    return {
        "patients seen": f"{seen} of {found['n']} patients also have scans in training or tuning.",
        "patients": f"n = {found['n']} patients with {found['slices']} slices.",
        **{
            ("row", rule): "; ".join(
                [
                    full(headline(tumour, "sensitivity")),
                    full(headline(tumour, "specificity")),
                    "" if one is None else full(headline(one, "accuracy")),
                ]
            )
            for rule, tumour, one in rows
        },
    }


def confusion(document: Document, study: Study) -> Said:
    found, classes = document["confusion"], document["confusion"]["classes"]
    harm = study.manifest.harm
    total = sum(pair["count"] for pair in found["pairs"])
    first, n = found["pairs"][0], document["error-rates"]["n"]
    bounds = {
        arrow(pair): harm[classes.index(pair["reference"])][classes.index(pair["predicted"])]
        * headline(pair, "rate").high
        for pair in found["pairs"]
    }
    parts = found["expected_harm"]["parts"]
    largest = max(
        (
            (parts[classes.index(pair["reference"])][classes.index(pair["predicted"])], arrow(pair))
            for pair in found["pairs"]
        ),
        key=lambda part: part[0],
    )
    seen = {arrow(pair) for pair in found["pairs"] if pair["count"]}
    worst = max((pair for pair in found["pairs"] if pair["count"]), key=lambda pair: bounds[arrow(pair)])
    return {
        "answer": f"{total} errors in {n} scans. Most often {arrow(first)}: {full(headline(first, 'rate'))} of the "
        f"{DISPLAY[first['reference']]} scans.",
        "caption": f"n = {n} test scans.",
        "known": known(document),
        "harm": f"Mean harm per scan: {short(headline(found['expected_harm'], 'mean'))} on the scale of this study, 0 "
        f"for a correct call to {max(map(max, harm)):g} for the worst. The largest part, "
        f"{largest[0] / headline(found['expected_harm'], 'mean').value:.0%}, comes from {largest[1]}.",
        "cell": f"**{worst['count']} case{'' if worst['count'] == 1 else 's'}**, the most confident first",
        **{
            ("matrix", row, column): str(found["matrix"][i][j])
            for i, row in enumerate(classes)
            for j, column in enumerate(classes)
        },
        **{
            ("cost", arrow(pair)): f"{full(headline(pair, 'rate'))}, harm "
            f"{harm[classes.index(pair['reference'])][classes.index(pair['predicted'])]:g}"
            for pair in found["pairs"]
            if pair["count"]
        },
        "order": ", ".join([name for name in sorted(bounds, key=bounds.__getitem__, reverse=True) if name in seen][:3]),
        **tiles([error for error in document["errors"] if arrow(error) == arrow(worst)][:6]),
    }


def errors(document: Document, study: Study) -> Said:
    rates = document["error-rates"]
    return {
        "answer": f"{rates['count']} errors in {rates['n']} scans: rate {full(headline(rates, 'rate'))}. "
        f"{rates['high_confidence_count']} of them have a confidence of {study.manifest.thresholds.high_confidence:g} "
        "or more.",
        "known": known(document),
        **{
            key: row
            for name in document["saliency"]["pointing_game"]
            for key, row in on_target(document["saliency"], name).items()
        },
        "shown": f"1\N{EN DASH}{rates['count']} of {rates['count']} shown, {rates['count']} errors in all",
        **tiles(document["errors"]),
    }


def on_target(found: dict[str, Any], name: str) -> Said:
    """A class of the table of evidence on the tumour: called rightly, and wrongly."""
    game, inside = found["pointing_game"][name], found["evidence_inside"][name]
    area = short(headline(inside, "area"))
    return {
        ("row", f"{DISPLAY[name]}, {called}"): "; ".join([full(estimate(game[key])), full(headline(inside, key)), area])
        for called, key in (("right", "correct"), ("wrong", "wrong"))
    }


EXPECTED: dict[str, Callable[[Document, Study], Said]] = {
    "overview": overview,
    "data_set": data_set,
    "per_class": per_class,
    "confusion": confusion,
    "errors": errors,
}


# What the page says, by label ----------------------------------------------------------------------------------------


def plain(text: object) -> str:
    """What a reader sees of Markdown: without what keeps a name from being markup and an interval from being broken."""
    return re.sub(r"\\(?=[!-/:-@\[-`{-~])|\u2060", "", str(text))


def texts(app: AppTest) -> list[str]:
    """All sentences of the page but those that say how it was computed."""
    how = {element.value for expander in app.main.expander for element in expander.markdown}
    found = [element.value for kind in (app.main.markdown, app.main.caption) for element in kind]
    return [plain(text) for text in found if text not in how]


def labelled(app: AppTest) -> Said:
    """Everything on the page that has a label of its own: metrics, table rows, marks of figures, tiles, costs."""
    said: Said = {("metric", metric.label): str(metric.value) for metric in app.main.metric}
    for table in app.main.table:
        frame: pd.DataFrame = table.value
        for label, *rest in frame.itertuples(index=False, name=None):
            cells = [said["row", plain(label)]] if ("row", plain(label)) in said else []  # of a table further up
            said["row", plain(label)] = "; ".join([*cells, *(plain(cell) for cell in rest)])
    for table in app.main.dataframe:
        for subject, rate, *rest in table.value.itertuples(index=False, name=None):
            said["row", subject, rate] = "; ".join(str(cell) for cell in rest)
    for chart in app.main.get("plotly_chart"):
        said |= figure(json.loads(chart.proto.spec))
    captions = [plain(element.value) for element in app.main.markdown]
    for i, (label, confidence) in enumerate(zip(links(app), (c for c in captions if ":small[" in c), strict=True)):
        words = re.sub(r"&ensp;|:small\[|:red\[|:gray\[|\]", "", confidence)
        said["tile", i] = f"{label.removeprefix(':blue[').removesuffix(']')}: {words}"
    return said


def links(app: AppTest) -> list[str]:
    """The captions of the tiles, in their order: links on other pages, buttons on the page of errors."""
    pages = [element.proto.label for element in app.main.get("page_link")]
    buttons = [button.label for button in app.main.button]
    return [plain(label) for label in (*pages, *buttons) if "\N{RIGHTWARDS ARROW}" in label]


def figure(spec: dict[str, Any]) -> Said:
    said: Said = {}
    for trace in spec["data"]:
        if trace["type"] == "bar":
            for row, value in zip(trace["y"], trace["x"], strict=True):
                split, n = row.split("<br>n = ")
                said["bar", trace["name"], split] = f"{value} of {n}"
        elif trace.get("customdata") and headings(spec):
            beside = {note["y"]: note["text"] for note in spec["layout"]["annotations"]}
            for row, (text, name) in zip(trace["y"], trace["customdata"], strict=True):
                said["forest", headings(spec)[row], name] = f"{text}; {beside[row]}"
        elif trace.get("customdata") and "text" in trace:
            for cell, text in zip(trace["customdata"], trace["text"], strict=True):
                said["matrix", *cell] = text.rpartition(": ")[2]
    return said


def headings(spec: dict[str, Any]) -> dict[int, str]:
    """The heading above each row of a figure whose rows come in sections; empty for another figure."""
    axis = spec["layout"].get("yaxis", {})
    found: dict[int, str] = {}
    heading = None
    for row, label in zip(axis.get("tickvals", ()), axis.get("ticktext", ()), strict=True):
        bold = re.fullmatch("<b>(.*)</b>", label)
        heading = bold[1] if bold else heading
        if heading and not bold:
            found[row] = heading
    return found


def costs(app: AppTest) -> Said:
    """The costs of the confusion page: a bold pair, and the caption below it."""
    bold = [plain(one.value).strip("*") for one in app.main.markdown]
    pairs = [name for name in bold if re.fullmatch(r"[A-Z][\w ]+ \N{RIGHTWARDS ARROW} [A-Z][\w ]+", name)]
    rates = [plain(one.value) for one in app.main.caption if ", harm " in str(one.value)]
    said: Said = {("cost", pair): rate for pair, rate in zip(pairs, rates, strict=True)}
    return {**said, "order": ", ".join(pairs[:3])} if pairs else {}


def with_digits(said: Said) -> Said:
    return {key: text for key, text in said.items() if re.search(r"\d", text)}


def compare(app: AppTest, expected: Said) -> None:
    """Fail unless each label of the page says what is expected, and no other number is on it."""
    found = labelled(app) | costs(app)
    sentences = {key: text for key, text in expected.items() if key not in found and key != "order"}
    by_label = {key: text for key, text in expected.items() if key not in sentences}
    assert with_digits(found) == with_digits(by_label)
    assert found.get("order") == expected.get("order")
    rest = "\n".join(texts(app))
    for key, text in sorted(sentences.items(), key=lambda pair: -len(pair[1])):
        assert text in rest, key
        rest = rest.replace(text, "", 1)
    for text in costs(app).values():  # these were compared with their label, and so were the confidences of tiles
        rest = rest.replace(text, "", 1)
    rest = re.sub(r":small\[.*\]", "", rest)
    assert [line for line in rest.splitlines() if re.search(r"\d", line)] == []


@pytest.fixture(scope="module")
def pages() -> dict[str, AppTest]:
    return {}


@pytest.fixture
def page_of(open_page: Callable[..., AppTest], pages: dict[str, AppTest]) -> Callable[[str], AppTest]:
    """Each page is opened once, with all that is folded away on a page unfolded."""

    def page(name: str) -> AppTest:
        if name not in pages:
            pages[name] = open_page(name, "normal")
            for key in ("ranking", "averages", "intervals"):
                pages[name].session_state[key] = True
            pages[name].run()
        return pages[name]

    return page


@pytest.mark.parametrize("page", PAGES)
def test_every_number_of_a_page_is_that_of_its_name(
    page_of: Callable[[str], AppTest], document: Document, study: Study, page: str
) -> None:
    compare(page_of(page), EXPECTED[page](document, study))


def exchanged(value: Any, one: str, other: str) -> Any:
    """The document with what it says of one class said of the other."""
    names = {one: other, other: one}
    if isinstance(value, dict):
        return {names.get(key, key): exchanged(inner, one, other) for key, inner in value.items()}
    if isinstance(value, list):
        return [exchanged(inner, one, other) for inner in value]
    return names.get(value, value) if isinstance(value, str) else value


@pytest.mark.parametrize("page", PAGES)
def test_two_classes_exchanged_are_noticed(
    page_of: Callable[[str], AppTest], document: Document, study: Study, page: str
) -> None:
    with pytest.raises((AssertionError, KeyError)):
        compare(page_of(page), EXPECTED[page](exchanged(copy.deepcopy(document), "glioma", "meningioma"), study))


FOLDED = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "any_tumour.sensitivity": "Sensitivity, any tumour",
    "any_tumour.specificity": "Specificity, any tumour",
}


def test_cross_validation_shows_the_numbers_of_the_document(
    open_page: Callable[..., AppTest], dashboard_home: Path
) -> None:
    study = read_study(dashboard_home / "studies" / "folded")
    found = sections(study, names=["folds"])["sections"]["folds"]
    app = open_page("cross_validation", "folded")
    rows = {
        row[0]: [plain(cell) for cell in row[1:]] for row in app.main.table[0].value.itertuples(index=False, name=None)
    }
    assert set(rows) >= {"Accuracy", "Specificity, any tumour", "Sensitivity, glioma"}
    parts = (found["by_fold"], found["ungrouped"]["by_fold"])
    for key, label in (("accuracy", "Accuracy"), ("glioma.sensitivity", "Sensitivity, glioma")):
        expected = [f"{short(estimate(part[key]['mean']))}, {part[key]['sd']:.3f}" for part in parts]
        assert [plain(cell) for cell in rows[label]] == expected
    answer = plain(app.main.markdown[0].value)
    ours, theirs = found["overall"], found["ungrouped"]["overall"]
    points = 100 * (theirs["accuracy"]["value"] - ours["accuracy"]["value"])
    assert full(headline(ours, "accuracy")) in answer
    assert f"{points:.1f} percentage points more" in answer
    spec = json.loads(app.main.get("plotly_chart")[0].proto.spec)
    assert list(dict.fromkeys(headings(spec).values())) == list(FOLDED.values())
    shown = [
        (headings(spec)[trace["y"][0]], point.partition(": ")[2])
        for trace in spec["data"]
        for (point,) in trace.get("customdata", [])
        if point.startswith("Fold")
    ]
    values = [
        (label, full(estimate(value)))
        for key, label in FOLDED.items()
        for part in parts
        for value in part[key]["values"]
    ]
    assert shown == [value for value in values if NOT_ESTIMABLE not in value[1]]


def test_training_shows_the_numbers_of_the_document(open_page: Callable[..., AppTest], dashboard_home: Path) -> None:
    study = read_study(dashboard_home / "studies" / "folded")
    found = sections(study, names=["training"])["sections"]["training"]
    (run,) = found["runs"]
    app = open_page("training", "folded")
    answer = plain(app.main.markdown[0].value)
    chosen = run["epochs"][run["chosen_epoch"] - 1]
    assert f"epoch {run['chosen_epoch']} of {len(run['epochs'])}" in answer
    assert f"accuracy {chosen['tuning_accuracy']:.3f} on tuning, {chosen['accuracy']:.3f} on train" in answer
    loss = json.loads(app.main.get("plotly_chart")[0].proto.spec)["data"]
    assert [trace["y"] for trace in loss] == [
        [epoch[key] for epoch in run["epochs"]] for key in ("loss", "tuning_loss")
    ]
    assert found["test_reads"][0]["accuracy"] == pytest.approx(0.99)
    assert "0.990" in [cell for row in app.main.table[0].value.itertuples(index=False) for cell in row]
