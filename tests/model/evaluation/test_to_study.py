"""Evaluation: what it writes, resuming after a kill, bad images, one decoding for all."""

import dataclasses
import multiprocessing
import os
import shutil
import threading
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neuroval.data.exceptions import InputError, InUseError
from neuroval.data.images.decoding import read_image
from neuroval.data.study.folder import read_study
from neuroval.model.card import read_card, write_card
from neuroval.model.evaluation import plan as plan_module
from neuroval.model.evaluation import to_study as module
from neuroval.model.evaluation.journal import collected, cut
from neuroval.model.evaluation.to_study import evaluate
from neuroval.model.inference.engine import load
from neuroval.model.likeness.components import read_components


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CASES_IN_PART", 4)


def test_a_study_is_written(toy_model: Path, toy_images: Path, tmp_path: Path) -> None:
    study = evaluate(toy_model, toy_images, out=tmp_path / "toys", data_name="toys").study
    assert study.cases["split"].value_counts().to_dict() == {"train": 36, "test": 30, "tuning": 12}
    assert len(study.predictions) == 42
    assert list(study.rejected["image_path"]) == ["Testing/disc/broken.jpg"]
    assert study.gradcam is not None
    assert study.gradcam.maps.shape == (42, 3, *load(toy_model).card.grid)
    assert study.history is not None
    assert list(study.history["epoch"]) == [1, 2]
    assert len(study.manifest.test_reads) == 1
    assert not list(tmp_path.glob(".*"))


def test_an_empty_folder_is_a_place_for_a_study(toy_model: Path, toy_images: Path, tmp_path: Path) -> None:
    (tmp_path / "toys").mkdir()
    assert evaluate(toy_model, toy_images, out=tmp_path / "toys", data_name="toys").computed


def test_the_place_is_looked_at_before_anything_else(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="precious: exists and is not a study"):
        evaluate(tmp_path / "no-model", tmp_path / "no-images", out=tmp_path / "precious", data_name="toys")


def test_a_place_that_cannot_be_written_is_said_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="/proc/toys: cannot be written"):
        evaluate(tmp_path / "no-model", tmp_path / "no-images", out=Path("/proc/toys"), data_name="toys")


def test_predictions_are_those_of_the_engine(toy_model: Path, toy_images: Path, tmp_path: Path) -> None:
    study = evaluate(toy_model, toy_images, out=tmp_path / "toys", data_name="toys").study
    row = study.predictions.iloc[7]
    path = study.cases.set_index("case_id").loc[row["case_id"], "image_path"]
    inference = load(toy_model).run(read_image(toy_images / path).pixels[None])
    found = row[list(study.classes.probability_columns)].to_numpy(dtype=float)
    np.testing.assert_array_equal(found, inference.probabilities[0])


def _slow_evaluation(model: Path, images: Path, out: Path) -> None:
    module.CASES_IN_PART = 4
    infer = module._infer

    def slowly(*arguments: object) -> object:
        time.sleep(0.1)
        return infer(*arguments)

    module._infer = slowly
    evaluate(model, images, out=out, data_name="toys")


def test_a_killed_run_goes_on_to_the_same_study(toy_model: Path, toy_images: Path, tmp_path: Path) -> None:
    whole = evaluate(toy_model, toy_images, out=tmp_path / "whole" / "toys", data_name="toys").study
    out = tmp_path / "killed" / "toys"
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_slow_evaluation, args=(toy_model, toy_images, out))
    process.start()
    journal = out.with_name(".toys.partial")
    end = time.monotonic() + 60
    while len(list(journal.glob("part-*.npz"))) < 3 and time.monotonic() < end:
        time.sleep(0.01)
    process.kill()
    process.join()
    before = {file.name: file.stat().st_mtime_ns for file in journal.glob("part-*.npz")}
    assert 3 <= len(before) < 11
    assert not out.exists()
    resumed = evaluate(toy_model, toy_images, out=out, data_name="toys").study
    assert resumed.fingerprint == whole.fingerprint
    assert not journal.exists()


def test_parts_already_done_are_not_computed_again(
    toy_model: Path, toy_images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []
    infer = module._infer

    def counted(*given: object) -> object:
        if len(done) == 5:
            raise KeyboardInterrupt
        done.append(1)
        return infer(*given)

    monkeypatch.setattr(module, "_infer", counted)
    with pytest.raises(KeyboardInterrupt):
        evaluate(toy_model, toy_images, out=tmp_path / "toys", data_name="toys")
    again: list[int] = []
    monkeypatch.setattr(module, "_infer", lambda *given: (again.append(1), infer(*given))[1])
    evaluate(toy_model, toy_images, out=tmp_path / "toys", data_name="toys")
    assert len(again) == 11 - 5


def test_a_second_evaluation_into_a_study_is_told_of_the_first(
    toy_model: Path, toy_images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of another model or the same: while one runs, a second reads nothing and leaves study and journal alone."""
    out, infer = tmp_path / "toys", module._infer
    told: list[str] = []

    def second() -> None:
        with pytest.raises(InUseError) as refused:
            evaluate(tmp_path / "no-model", tmp_path / "no-images", out=out, data_name="toys")
        told.append(str(refused.value))

    def meet(*given: object) -> object:
        if not told:
            thread = threading.Thread(target=second)
            thread.start()
            thread.join()
        return infer(*given)

    monkeypatch.setattr(module, "_infer", meet)
    assert evaluate(toy_model, toy_images, out=out, data_name="toys").computed
    (line,) = told
    assert f"{out}: " in line
    assert f"(process {os.getpid()}, since " in line
    assert [path.name for path in tmp_path.iterdir()] == ["toys"]


def test_what_another_job_has_computed_is_not_taken(tmp_path: Path) -> None:
    """Parts of another job in the journal, as two writers on a disk without locks could leave them."""
    cases = pd.DataFrame({"case_id": ["a", "b"], "image_path": ["a.png", "b.png"]})
    (theirs,) = cut(tmp_path, "part", cases, size=4, job="theirs")
    (ours,) = cut(tmp_path, "part", cases, size=4, job="ours")
    theirs.save({"probabilities": np.zeros((2, 3))})
    assert (theirs.done, ours.done) == (True, False)
    with pytest.raises(InputError, match="computed by another run"):
        collected([ours], "probabilities")
    ours.save({"probabilities": np.ones((2, 3))})
    assert (theirs.done, ours.done) == (False, True)
    assert collected([ours], "probabilities")["probabilities"].all()
    ours.file.write_bytes(ours.file.read_bytes()[:50])  # cut off when the machine lost power
    assert not ours.done


def test_other_versions_of_what_computes_are_another_job(
    toy_model: Path, toy_images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = evaluate(toy_model, toy_images, out=tmp_path / "toys", data_name="toys").study
    monkeypatch.setattr(plan_module, "version", lambda name: "0.0.1" if name == "onnxruntime" else version(name))
    second = evaluate(toy_model, toy_images, out=tmp_path / "toys", data_name="toys")
    assert second.computed
    assert second.study.manifest.provenance["job"] != first.manifest.provenance["job"]
    assert second.study.manifest.files == first.manifest.files


def test_a_study_behind_a_link_is_written_with_its_journal_on_the_disk_that_it_leads_to(
    toy_model: Path, toy_images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, link = tmp_path / "disk", tmp_path / "link"
    disk.mkdir()
    link.symlink_to(disk / "toys")
    infer, seen = module._infer, set()

    def look(*given: object) -> object:
        seen.update(path.name for path in disk.iterdir())
        return infer(*given)

    monkeypatch.setattr(module, "_infer", look)
    evaluate(toy_model, toy_images, out=link, data_name="toys")
    assert seen == {".toys.lock", ".toys.partial"}
    assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk", "link"]
    assert [path.name for path in disk.iterdir()] == ["toys"]


def test_a_complete_study_is_not_computed_again(toy_model: Path, toy_images: Path, tmp_path: Path) -> None:
    first = evaluate(toy_model, toy_images, out=tmp_path / "toys", data_name="toys")
    second = evaluate(toy_model, toy_images, out=tmp_path / "toys", data_name="toys")
    assert (first.computed, second.computed) == (True, False)
    assert second.study.manifest.test_reads == first.study.manifest.test_reads


def test_every_reading_of_the_test_split_is_kept(toy_model: Path, toy_images: Path, tmp_path: Path) -> None:
    evaluate(toy_model, toy_images, out=tmp_path / "toys", data_name="toys")
    described = {"study": {"title": "Another title"}}
    evaluate(toy_model, toy_images, out=tmp_path / "toys", data_name="toys", description=described)
    assert len(read_study(tmp_path / "toys").manifest.test_reads) == 2


def test_the_accuracy_of_a_reading_is_that_of_the_test_cases(toy_model: Path, toy_images: Path, tmp_path: Path) -> None:
    """Classes have other shares in test than in tuning cases: whatever is called, the accuracies differ."""
    shutil.copytree(toy_images, tmp_path / "set", ignore=shutil.ignore_patterns("broken.jpg"))
    names = ("cross", "disc", "nothing")
    for name, kept in zip(names, (10, 3, 6), strict=True):
        for path in sorted((tmp_path / "set" / "Testing" / name).iterdir())[kept:]:
            path.unlink()
    study = evaluate(toy_model, tmp_path / "set", out=tmp_path / "toys", data_name="toys", embeddings=False).study
    cases = study.cases.set_index("case_id").loc[study.predictions["case_id"]]
    called = study.predictions[list(study.classes.probability_columns)].to_numpy().argmax(axis=1)
    right = np.array(names)[called] == cases["label"].to_numpy()
    of_test = float(right[(cases["split"] == "test").to_numpy()].mean())
    (reading,) = study.manifest.test_reads
    assert reading.accuracy == of_test != right.mean()


def test_every_case_has_an_embedding(toy_model: Path, toy_images: Path, tmp_path: Path) -> None:
    study = evaluate(toy_model, toy_images, out=tmp_path / "toys", data_name="toys").study
    assert study.embeddings is not None
    assert set(study.embeddings.case_ids) == set(study.cases["case_id"])
    components = read_components(toy_model)
    assert components is not None
    case = study.cases[study.cases["split"] == "train"].iloc[3]
    inference = load(toy_model).run(read_image(toy_images / case["image_path"]).pixels[None])
    row = study.embeddings.row(case["case_id"])
    expected = components.project(inference.embedding)[0].astype(float)
    np.testing.assert_allclose(study.embeddings.vectors[row].astype(float), expected, atol=0.01)


def test_a_model_without_components_gets_those_of_the_training_cases(
    toy_model: Path, toy_images: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(toy_model, bare, ignore=shutil.ignore_patterns("reference.npz"))
    study = evaluate(bare, toy_images, out=tmp_path / "toys", data_name="toys").study
    assert study.embeddings is not None
    train = study.embeddings.case_ids.isin(study.cases.loc[study.cases["split"] == "train", "case_id"])
    assert np.abs(study.embeddings.vectors[train].astype(float).mean(axis=0)).max() < 0.01  # centred on train


def test_embeddings_can_be_left_out(toy_model: Path, toy_images: Path, tmp_path: Path) -> None:
    without = evaluate(toy_model, toy_images, out=tmp_path / "toys", data_name="toys", embeddings=False)
    assert without.study.embeddings is None
    assert evaluate(toy_model, toy_images, out=tmp_path / "toys", data_name="toys").computed


def test_without_training_cases_and_components_there_are_no_embeddings(
    toy_model: Path, toy_images: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(toy_model, bare, ignore=shutil.ignore_patterns("reference.npz"))
    shutil.copytree(toy_images / "Testing", tmp_path / "set")
    assert evaluate(bare, tmp_path / "set", out=tmp_path / "toys", data_name="set").study.embeddings is None


def test_one_image_only(toy_model: Path, toy_images: Path, tmp_path: Path) -> None:
    folder = tmp_path / "one" / "cross"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes((toy_images / "Testing" / "cross" / "00.png").read_bytes())
    study = evaluate(toy_model, folder.parent, out=tmp_path / "study", data_name="one").study
    assert list(study.cases["split"]) == ["external"]
    assert study.manifest.test_reads == ()


def test_wrong_class_folders_are_refused(toy_model: Path, toy_images: Path, tmp_path: Path) -> None:
    (tmp_path / "set" / "circle").mkdir(parents=True)
    (tmp_path / "set" / "circle" / "a.png").write_bytes((toy_images / "Testing" / "disc" / "00.png").read_bytes())
    with pytest.raises(InputError, match="'circle' is not a class"):
        evaluate(toy_model, tmp_path / "set", out=tmp_path / "study", data_name="set")


def test_a_changed_graph_is_refused(toy_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for file in toy_model.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "model.onnx").write_bytes(b"other")
    with pytest.raises(InputError, match="differs from the card"):
        load(folder)


def test_the_card_is_read_as_written(toy_model: Path, tmp_path: Path) -> None:
    card = read_card(toy_model)
    (tmp_path / "model.onnx").write_bytes((toy_model / "model.onnx").read_bytes())
    write_card(tmp_path, dataclasses.replace(card, temperature=1.5))
    assert dataclasses.replace(read_card(tmp_path), temperature=card.temperature) == card


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a model folder"):
        load(tmp_path)


def test_claims_are_part_of_the_study_and_of_the_job(toy_model: Path, toy_images: Path, tmp_path: Path) -> None:
    claims = tmp_path / "claims.toml"
    claims.write_text('schema = 1\n[source]\ntitle = "A paper"\nclasses = ["disc", "ring"]\n')
    evaluate(toy_model, toy_images, out=tmp_path / "toys", data_name="toys")
    first, second = (
        evaluate(toy_model, toy_images, out=tmp_path / "toys", data_name="toys", claims=claims) for _ in range(2)
    )
    assert first.study.claims is not None
    assert (first.computed, second.computed) == (True, False)
    claims.write_text("schema = 2")
    with pytest.raises(InputError, match="schema is 2, expected 1"):
        evaluate(tmp_path / "no-model", toy_images, out=tmp_path / "other", data_name="toys", claims=claims)
