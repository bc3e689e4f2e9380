import dataclasses
import hashlib
import json
import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from neuroval.data.exceptions import ContractError, InputError
from neuroval.data.study import manifest as manifests
from neuroval.data.study.criteria import Acceptance
from neuroval.data.study.folder import Study, add_claims, read_manifest, read_study, write_study
from neuroval.data.study.gradcam import GradCams
from neuroval.data.study.manifest import Manifest


def changed(manifest: Manifest, **parts: Any) -> Manifest:
    return dataclasses.replace(manifest, **parts)


def test_a_study_comes_back_as_it_was_written(
    write: Callable[..., Study], cases: pd.DataFrame, predictions: pd.DataFrame, gradcam: GradCams
) -> None:
    pairs = pd.DataFrame({"case_a": ["t1"], "case_b": ["t2"], "kind": ["exact"], "score": [1.0]})
    rejected = pd.DataFrame({"image_path": ["x.png"], "reason": ["empty file (0 bytes)"]})
    write()  # replaced by the next
    study = read_study(write(gradcam=gradcam, optional={"pairs": pairs, "rejected": rejected}).path)
    assert study.cases["case_id"].tolist() == cases["case_id"].tolist()
    assert study.cases["patient_id"].isna().sum() == 4
    assert study.cases["width"].isna().all()
    np.testing.assert_array_equal(study.predictions["prob_glioma"], predictions["prob_glioma"])
    assert study.pairs[["case_a", "case_b", "kind"]].to_numpy().tolist() == [["t1", "t2", "exact"]]
    assert study.rejected["reason"].tolist() == ["empty file (0 bytes)"]
    assert study.history is None
    assert study.gradcam is not None
    assert study.gradcam.case_ids.tolist() == ["b1", "b2", "t1", "t2"]
    assert study.gradcam.grid == (3, 5)
    row = study.gradcam.row("b2")
    assert row == 1
    np.testing.assert_array_equal(study.gradcam.maps[row], gradcam.maps[1])
    np.testing.assert_array_equal(study.gradcam.masks[row], gradcam.masks[1])
    assert study.gradcam.has_mask.tolist() == [False, True, False, False]
    assert study.gradcam.row("a1") is None
    assert not study.gradcam.maps.flags.writeable


def test_history_and_folds_come_back(write: Callable[..., Study], predictions: pd.DataFrame) -> None:
    numbers = ["loss", "accuracy", "tuning_loss", "tuning_accuracy", "learning_rate"]
    history = pd.DataFrame(
        {"run": ["final", "grouped"], "fold": [None, 1], "epoch": [1, 1]} | dict.fromkeys(numbers, 0.5)
    )
    study = write(optional={"history": history, "folds": predictions.assign(fold=2)})
    assert study.history is not None
    assert study.history["run"].tolist() == ["final", "grouped"]
    assert study.folds is not None
    assert study.folds["fold"].tolist() == [2, 2, 2, 2]
    assert study.folds_ungrouped is None
    assert study.embeddings is None


def test_the_same_content_gives_the_same_fingerprint(
    write: Callable[..., Study], tmp_path: Path, cases: pd.DataFrame, predictions: pd.DataFrame
) -> None:
    one = write(tmp_path / "one")
    other = write(tmp_path / "two", cases=cases.iloc[::-1], predictions=predictions.iloc[::-1])
    assert one.fingerprint == other.fingerprint
    assert len(one.fingerprint) == 64


def test_the_fingerprint_changes_with_a_probability(
    write: Callable[..., Study], tmp_path: Path, predictions: pd.DataFrame
) -> None:
    moved = predictions.assign(prob_glioma=predictions["prob_glioma"] + 1e-12)
    assert write(tmp_path / "one").fingerprint != write(tmp_path / "two", predictions=moved).fingerprint


def test_the_fingerprint_knows_what_but_not_when(write: Callable[..., Study], manifest: Manifest) -> None:
    def fingerprint(at: str, accuracy: float = 0.9, **provenance: str) -> str:
        reads = (manifests.TestRead(at=at, model_sha256="m", accuracy=accuracy),)
        return write(manifest=changed(manifest, test_reads=reads, provenance=provenance)).fingerprint

    first = fingerprint("2026-01-01T00:00:00+00:00", created="then")
    assert fingerprint("2026-02-02T00:00:00+00:00", created="now", code_version="2") == first
    assert fingerprint("2026-01-01T00:00:00+00:00", accuracy=0.8) != first


def test_the_manifest_comes_back(write: Callable[..., Study], manifest: Manifest) -> None:
    criteria = (Acceptance(metric="any_tumour.sensitivity", at_least=0.98),)
    study = write(manifest=changed(manifest, acceptance=criteria, harm=((0.0, 5.0), (1.0, 0.0))))
    found = read_manifest(study.path)
    assert found.acceptance == criteria
    assert found.harm == ((0.0, 5.0), (1.0, 0.0))
    assert found.model is None
    assert found.classes == manifest.classes
    assert sorted(found.files) == ["cases.parquet", "predictions.parquet"]


def test_no_path_of_the_machine_is_written(write: Callable[..., Study], tmp_path: Path) -> None:
    study = write()
    for file in study.path.iterdir():
        assert str(tmp_path).encode() not in file.read_bytes()


@pytest.mark.parametrize("survives", ["old", "new"])
def test_a_write_killed_between_the_renames_leaves_a_whole_study(
    write: Callable[..., Study], predictions: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, survives: str
) -> None:
    old = write()
    moved = predictions.assign(prob_glioma=[0.2, 0.8, 0.6, 0.9], prob_notumor=[0.8, 0.2, 0.4, 0.1])
    rename = Path.rename
    dies_at = old.path.name if survives == "old" else None

    def rename_until_killed(self: Path, target: Path) -> Path:
        if self.name.endswith(".part") and dies_at:
            raise KeyboardInterrupt
        return rename(self, target)

    def rmtree_killed(path: Path, **_: Any) -> None:
        if Path(path).name.endswith(".old") and Path(path).exists():
            raise KeyboardInterrupt

    monkeypatch.setattr(Path, "rename", rename_until_killed)
    if survives == "new":
        monkeypatch.setattr("neuroval.data.study.folder.shutil.rmtree", rmtree_killed)
    with pytest.raises(KeyboardInterrupt):
        write(predictions=moved)
    monkeypatch.undo()
    found = read_study(old.path)
    expected = 0.1 if survives == "old" else 0.2
    assert found.predictions["prob_glioma"].iloc[0] == expected
    write(predictions=moved)  # and the next write cleans up
    assert [path.name for path in old.path.parent.iterdir()] == ["study"]


def test_a_refused_study_leaves_the_old_one(write: Callable[..., Study], predictions: pd.DataFrame) -> None:
    old = write()
    with pytest.raises(ContractError):
        write(predictions=predictions.assign(prob_glioma=2.0))
    assert read_study(old.path).fingerprint == old.fingerprint
    assert [path.name for path in old.path.parent.iterdir()] == ["study"]


def test_a_folder_that_is_no_study_is_not_replaced(write: Callable[..., Study], tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="precious: exists and is not a study"):
        write(tmp_path / "precious")
    assert (tmp_path / "precious" / "thesis.txt").read_text() == "years of work"
    (tmp_path / "empty").mkdir()
    assert write(tmp_path / "empty").path == tmp_path / "empty"


def test_a_file_changed_after_writing_is_noticed(write: Callable[..., Study], predictions: pd.DataFrame) -> None:
    study = write()
    predictions.to_parquet(study.path / "predictions.parquet")
    with pytest.raises(ContractError, match=r"predictions\.parquet: content differs from the hash in study\.toml"):
        read_study(study.path)


def test_a_missing_file_is_named(write: Callable[..., Study]) -> None:
    study = write()
    (study.path / "cases.parquet").unlink()
    with pytest.raises(ContractError, match=r"cases\.parquet: listed under \[files\]"):
        read_study(study.path)


def test_a_manifest_that_cannot_be_read_is_named(write: Callable[..., Study]) -> None:
    study = write()
    (study.path / "study.toml").unlink()
    (study.path / "study.toml").mkdir()
    with pytest.raises(ContractError, match=r"study/study\.toml: cannot be read \(Is a directory\); check its permis"):
        read_study(study.path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("closed", ["study.toml", "cases.parquet", "."])
def test_files_without_permission_are_named(write: Callable[..., Study], closed: str) -> None:
    study = write()
    (study.path / closed).chmod(0)
    try:
        with pytest.raises(ContractError, match=r"cannot be read \(Permission denied\); check its permissions"):
            read_study(study.path)
    finally:
        (study.path / closed).chmod(0o700)


def test_a_place_that_cannot_be_written_is_named(write: Callable[..., Study], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file/study: cannot be written \(Not a directory\); choose another place"):
        write(tmp_path / "file" / "study")


def test_a_folder_without_a_manifest_is_no_study(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"no study\.toml; not a study folder"):
        read_study(tmp_path)


def edit(study: Study, old: str, new: str) -> Path:
    text = (study.path / "study.toml").read_text()
    assert old in text
    (study.path / "study.toml").write_text(text.replace(old, new))
    return study.path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "schema = 1",
            "schema = 2",
            "study/study.toml: schema 2 is newer than this program reads (1); update Neu",
        ),
        ("schema = 1", 'schema = "1"', "[study] schema is '1', expected 1"),
        ("synthetic = false", 'synthetic = "no"', "[study] synthetic is 'no', expected bool"),
        ("synthetic = false", "synthetc = false", "[study] has the unknown key 'synthetc'"),
        ("[thresholds]", "[treshold]", "unknown ['treshold']; expected tables of ['study', "),
        ("acceptance = []", "acceptence = []", "unknown ['acceptence']; expected tables of"),
        ("review = 0.8", "review = 0.95", "thresholds: expected 0 < review <= high_confidence"),
        ('negative_class = "notumor"', 'negative_class = "healthy"', "negative_class 'healthy' is not a class"),
        ("[data]", "[date]", "unknown ['date']; expected tables of"),
        ("[study]", "[study", "not readable TOML"),
    ],
)
def test_a_wrong_manifest_is_named(write: Callable[..., Study], old: str, new: str, message: str) -> None:
    path = edit(write(), old, new)
    with pytest.raises(ContractError) as caught:
        read_study(path)
    assert message in str(caught.value)


def test_the_class_order_of_every_table_must_be_the_studys(write: Callable[..., Study]) -> None:
    study = write()
    text = (study.path / "study.toml").read_text()
    document = tomllib.loads(text)
    assert document["classes"]["order"] == ["glioma", "notumor"]
    swapped = text.replace(
        text[text.index("order = [") : text.index("]", text.index("order = [")) + 1], 'order = ["notumor", "glioma"]'
    )
    (study.path / "study.toml").write_text(swapped)
    with pytest.raises(InputError, match=r"class order \['glioma', 'notumor'\] differs from the expected"):
        read_study(study.path)


def test_schema_and_classes_are_in_the_parquet_metadata(write: Callable[..., Study]) -> None:
    study = write()
    metadata = pq.read_schema(study.path / "cases.parquet").metadata
    assert json.loads(metadata[b"neuroval"]) == {"schema": 1, "classes": ["glioma", "notumor"]}


def test_a_negative_grad_cam_is_refused(write: Callable[..., Study], gradcam: GradCams) -> None:
    maps = gradcam.maps.copy()
    maps[0, 0, 0, 0] = -1
    bad = GradCams(case_ids=gradcam.case_ids, maps=maps, masks=gradcam.masks, has_mask=gradcam.has_mask)
    with pytest.raises(ContractError, match=r"gradcam\.parquet: a map holds a negative"):
        write(gradcam=bad)


def test_maps_of_folds_are_a_table_of_their_own_with_the_same_checks(
    write: Callable[..., Study], gradcam: GradCams
) -> None:
    without = write()
    study = write(gradcam_folds=gradcam)
    assert study.gradcam is None
    assert study.gradcam_folds is not None
    assert study.gradcam_folds.case_ids.tolist() == ["b1", "b2", "t1", "t2"]
    np.testing.assert_array_equal(study.gradcam_folds.maps[3], gradcam.maps[0])
    assert "gradcam_folds.parquet" in study.manifest.files
    assert study.fingerprint != without.fingerprint
    stranger = dataclasses.replace(gradcam, case_ids=pd.Index(["t2", "b2", "t1", "zz"]))
    with pytest.raises(ContractError, match=r"gradcam_folds\.parquet: column 'case_id', row 3 is 'zz'"):
        write(gradcam_folds=stranger)


def test_maps_of_some_cases_keep_their_order(gradcam: GradCams) -> None:
    some = gradcam.of_cases(pd.Series(["b1", "t2", "another"]))
    assert some is not None
    assert some.case_ids.tolist() == ["t2", "b1"]
    np.testing.assert_array_equal(some.maps, gradcam.maps[[0, 3]])
    assert gradcam.of_cases(pd.Series(["another"])) is None


def test_write_study_returns_what_is_read(write: Callable[..., Study]) -> None:
    study = write()
    again = write_study(study.path, manifest=study.manifest, cases=study.cases, predictions=study.predictions)
    assert again.fingerprint == study.fingerprint


CLAIMS = """schema = 1
[source]
title = "A paper"
classes = ["glioma", "notumor"]
[[claim]]
id = "one"
kind = "images"
text = "6 images"
total = "6"
"""


@pytest.fixture
def claims(tmp_path: Path) -> Path:
    file = tmp_path / "of-a-paper.toml"
    file.write_text(CLAIMS)
    return file


def test_claims_come_back_and_are_part_of_the_fingerprint(write: Callable[..., Study], claims: Path) -> None:
    without = write()
    assert without.claims is None
    study = write(claims=claims)
    assert study.claims is not None
    assert [claim.id for claim in study.claims.claims] == ["one"]
    assert (study.path / "claims.toml").read_text() == CLAIMS
    assert study.fingerprint != without.fingerprint
    claims.write_text(CLAIMS.replace("6", "7"))
    assert write(claims=claims).fingerprint not in (study.fingerprint, without.fingerprint)


def test_claims_are_added_without_a_change_of_the_tables(write: Callable[..., Study], claims: Path) -> None:
    direct = write(claims=claims)
    before = {file.name: file.read_bytes() for file in write().path.glob("*.parquet")}
    study = add_claims(direct.path, claims)
    assert study.fingerprint == direct.fingerprint
    assert {file.name: file.read_bytes() for file in study.path.glob("*.parquet")} == before
    claims.write_text(CLAIMS.replace("6", "7"))
    assert add_claims(direct.path, claims).fingerprint != direct.fingerprint
    assert [file.name for file in direct.path.parent.iterdir() if file.is_dir()] == ["study"]


@pytest.mark.parametrize("how", ["write", "add"])
def test_a_file_that_holds_no_claims_changes_nothing(write: Callable[..., Study], claims: Path, how: str) -> None:
    study = write()
    claims.write_text(CLAIMS.replace('"images"', '"imges"'))
    with pytest.raises(InputError, match=r"of-a-paper\.toml: claim 'one', kind: found 'imges', expected one of"):
        write(claims=claims) if how == "write" else add_claims(study.path, claims)
    assert read_study(study.path).fingerprint == study.fingerprint


def test_broken_claims_of_a_study_are_named(write: Callable[..., Study], claims: Path) -> None:
    file = write(claims=claims).path / "claims.toml"
    broken = CLAIMS.replace('"6"', "6")
    file.write_text(broken)
    with pytest.raises(ContractError, match=r"claims\.toml: content differs from the hash in study\.toml"):
        read_study(file.parent)
    manifest = file.parent / "study.toml"
    old, new = (hashlib.sha256(text.encode()).hexdigest() for text in (CLAIMS, broken))
    manifest.write_text(manifest.read_text().replace(old, new))
    with pytest.raises(ContractError, match=r"claims\.toml: claim 'one', total: found 6, expected a number in quotes"):
        read_study(file.parent)
    file.unlink()
    with pytest.raises(ContractError, match=r"claims\.toml: listed under \[files\] of study\.toml but not there"):
        read_study(file.parent)


def test_a_file_that_no_study_has_is_named(write: Callable[..., Study]) -> None:
    path = edit(write(), "[files]", '[files]\n"notes.txt" = "0"')
    with pytest.raises(
        ContractError, match=r"notes\.txt: listed under \[files\] of study\.toml, but no file of a stud"
    ):
        read_study(path)
