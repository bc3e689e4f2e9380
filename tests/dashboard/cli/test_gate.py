"""The gate: exit codes, JUnit XML and JSON, and criteria from a file of their own."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

CSV = "label,patient_id,prob_a,prob_b\n" + "".join(
    f"{'a' if number % 2 else 'b'},p{number},{0.9 if number % 2 else 0.1},{0.1 if number % 2 else 0.9}\n"
    for number in range(120)
)
MET = '[[acceptance]]\nmetric = "any_tumour.sensitivity"\nat_least = 0.8\n'
MISSED = '[[acceptance]]\nmetric = "a.specificity"\nat_least = 0.999\nbound = "low"\n'
ROOT = Path(__file__).parents[3]
Neuroval = Callable[..., Any]


@pytest.fixture
def study(neuroval: Neuroval, tmp_path: Path) -> Path:
    (tmp_path / "p.csv").write_text(CSV)
    assert neuroval("import", tmp_path / "p.csv", "--out", tmp_path / "study", "--negative", "b").code == 0
    return tmp_path / "study"


@pytest.fixture
def asked(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        (tmp_path / "criteria.toml").write_text(text)
        return tmp_path / "criteria.toml"

    return write


def test_criteria_that_are_met_let_it_pass(
    neuroval: Neuroval, study: Path, asked: Callable[[str], Path], tmp_path: Path
) -> None:
    done = neuroval("gate", study, "--criteria", asked(MET), "--json", tmp_path / "gate.json")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[0].startswith("passed    Sensitivity, any tumour, lower bound at least 0.8: passes")
    document = json.loads((tmp_path / "gate.json").read_text())
    assert (document["outcome"], document["study"]["n"]) == ("passed", 120)
    assert [criterion["outcome"] for criterion in document["criteria"]] == ["passed"]


def test_one_that_is_missed_stops_it_and_junit_says_which(
    neuroval: Neuroval, study: Path, asked: Callable[[str], Path], tmp_path: Path
) -> None:
    done = neuroval("gate", study, "--criteria", asked(MET + MISSED), "--junit", tmp_path / "gate.xml")
    suite = ElementTree.parse(tmp_path / "gate.xml").getroot()
    kinds = {case.get("name"): [part.tag for part in case] for case in suite}
    assert kinds["any_tumour.sensitivity low >= 0.8"] == []
    failed = kinds["a.specificity low >= 0.999"]
    assert done.code == {"failure": 1, "skipped": 3}[failed[0]]
    assert (suite.get("tests"), int(suite.get("failures", "")) + int(suite.get("skipped", ""))) == ("2", 1)


def test_a_shipped_study_with_leaks_stays_out(neuroval: Neuroval, asked: Callable[[str], Path]) -> None:
    easy = asked('[[acceptance]]\nmetric = "overall.accuracy"\nat_least = 0.5\n')
    done = neuroval("gate", "brain-tumor-mri", "--criteria", easy)
    assert done.code == 1
    assert "passed    Accuracy" in done.out
    assert "critical  1,296 of 1,311 test cases" in done.out
    assert done.out.endswith("judged on new-patients\n")


@pytest.mark.parametrize(("option", "code"), [((), 3), (("--allow-undecided",), 0)])
def test_a_study_without_criteria_is_undecided(
    neuroval: Neuroval, study: Path, option: tuple[str, ...], code: int
) -> None:
    done = neuroval("gate", study, *option)
    assert (done.code, done.out.split(":")[0]) == (code, "undecided")


def test_criteria_set_late_are_said_to_be(
    neuroval: Neuroval, study: Path, asked: Callable[[str], Path], tmp_path: Path
) -> None:
    neuroval("describe", study, "--about", asked(MET))
    done = neuroval("gate", study, "--json", tmp_path / "gate.json")
    late = "when the results were already known."
    assert (done.code, done.out.splitlines()[-1].endswith(late)) == (0, True)
    day = json.loads((tmp_path / "gate.json").read_text())["study"]["criteria_set"]
    assert day == json.loads(neuroval("analyze", study, "--json").out)["study"]["criteria_set"]
    own = neuroval("gate", study, "--criteria", asked(MET), "--json", tmp_path / "gate.json")  # fixed beforehand
    assert late not in own.out
    assert json.loads((tmp_path / "gate.json").read_text())["study"]["criteria_set"] is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no [[acceptance]] table"),
        ("[study]\nname = 'a'\n" + MET, "unknown ['study']; expected [[acceptance]] tables and nothing else"),
        (MET.replace("0.8", "80"), "at_least is 80; expected a number from 0 to 1"),
        (MET.replace("any_tumour.sensitivity", "overall.accuracyy"), "'overall.accuracyy' is no metric"),
        (MET.replace("any_tumour", "glioma"), "is of 'glioma'; expected"),
        ("[[acceptance]\n", "not readable TOML"),
    ],
)
def test_a_file_that_is_wrong_is_one_line_that_names_it(
    neuroval: Neuroval, study: Path, asked: Callable[[str], Path], text: str, said: str
) -> None:
    done = neuroval("gate", study, "--criteria", asked(text))
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert "criteria.toml: " in done.err
    assert said in done.err


def test_the_action_runs_the_gate_with_what_it_is_given(tmp_path: Path) -> None:
    action = yaml.safe_load((ROOT / ".github/actions/gate/action.yml").read_text())
    script = action["runs"]["steps"][-1]
    assert set(script["env"].values()) == {f"${{{{ inputs.{name} }}}}" for name in action["inputs"]}
    assert "${{" not in script["run"]
    (tmp_path / "neuroval").write_text('#!/bin/bash\nprintf "%s\\n" "$@"\n')
    (tmp_path / "neuroval").chmod(0o755)
    given = {"STUDY": "my study", "CRITERIA": "c.toml", "BASIS": "", "JUNIT": "g.xml", "ALLOW": "true"}
    done = subprocess.run(
        [shutil.which("bash") or "bash", "-e", "-c", script["run"]],
        env={**os.environ, **given, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "gate", "my study", "--junit", "g.xml", "--criteria", "c.toml", "--allow-undecided",
    ]  # fmt: skip
