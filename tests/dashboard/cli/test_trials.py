"""The command ``trial``: what it prints, and one clear line for what it cannot do."""

import shutil
import sys
from pathlib import Path

import pytest

from neuroval.dashboard.cli.main import main
from neuroval.dashboard.words import trial_run as words
from neuroval.data.images import linking
from neuroval.data.phantom.cohort import Cohort
from neuroval.data.storage import home
from neuroval.data.study.folder import read_study
from neuroval.model.evaluation import trial_plan
from neuroval.model.evaluation.to_study import evaluate


@pytest.fixture(scope="module")
def study(clean_phantom: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped phantom network on the test scans of a small cohort, images linked, one of them lost."""
    images = tmp_path_factory.mktemp("images") / "cohort"
    shutil.copytree(clean_phantom.folder, images)
    out = tmp_path_factory.mktemp("studies") / "cohort"
    model = home.find_model("phantom")
    made = evaluate(model, images, out=out, data_name="cli-trial", splits=("test",), embeddings=False).study
    linking.link(images, data_name="cli-trial", cases=made.cases)
    cases = made.cases.set_index("case_id").loc[made.predictions["case_id"]]
    lost = images / str(cases.loc[cases["label"] == "notumor", "image_path"].iloc[0])
    lost.unlink()
    return out


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["neuroval", "trial", *map(str, arguments)])
    try:
        main()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_it_says_what_was_done_and_what_was_left_out(
    study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kinds = ("--kinds", "keep", "--kinds", "repeat", "--kinds", "maps")
    arguments = (study, *kinds, "--sample", 2, "--map-sample", 1, "--seed", 3)
    code, out, _ = run(monkeypatch, capsys, *arguments)
    assert code == 0
    made = read_study(study)
    assert made.trial is not None
    blank = made.trial.table.query("intervention == 'blank'")["control"].value_counts()
    lines = out.splitlines()
    assert lines[0].startswith("On trial: ")
    shown = next(line for line in lines if line.startswith("  blank")).split()
    assert shown[1:] == [str(blank[""]), str(blank["elsewhere"]), "elsewhere,", str(blank["healthy"]), "healthy"]
    assert next(line for line in lines if line.startswith("  maps")).split() == ["maps", "1"]
    assert any(
        line.startswith("  1 x image not in the linked folder, left out; for example Testing/") for line in lines
    )
    assert f"fingerprint {made.fingerprint}" in out
    code, out, _ = run(monkeypatch, capsys, *arguments)
    assert code == 0
    assert out.startswith("Already on trial, nothing to do: ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("phantom-of-the-opera",), "phantom-of-the-opera: no such study"),
        (("brain-tumor-mri",), "brain-tumor-mri: a shipped study is not changed; copy its folder and name the copy"),
        (("STUDY", "--kinds", "eat"), "--kinds 'eat' is unknown; expected one of ['remove', 'keep', 'move'"),
        (("STUDY", "--split", "train"), "split 'train' has no predictions; evaluated are ['test']"),
        (("STUDY", "--model", "brain-tumor-b3"), "another network"),
    ],
)
def test_bad_input_is_one_line(
    arguments: tuple[str, ...],
    said: str,
    study: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = run(monkeypatch, capsys, *(study if word == "STUDY" else word for word in arguments))
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_every_reason_has_its_words() -> None:
    codes = {
        getattr(trial_plan, name)
        for name in dir(trial_plan)
        if name.startswith(("IMAGE_", "OUTLINE_")) or name == "NO_OUTLINE"
    }
    assert codes == set(words.LEFT_OUT)
    assert words.left_out({"outline-empty": ("a.png", "b.png")}) == [
        f"  2 x {words.LEFT_OUT['outline-empty']}; for example a.png"
    ]
