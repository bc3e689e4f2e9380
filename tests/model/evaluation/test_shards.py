"""Work shared by folder: whatever the number of shards, their order and what happened to them, one study."""

import dataclasses
import multiprocessing
import shutil
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from neuroval.data.exceptions import InputError
from neuroval.data.storage.home import SHIPPED_MODELS
from neuroval.data.storage.lock import held
from neuroval.data.study.folder import Study
from neuroval.model.evaluation import plan as plan_module
from neuroval.model.evaluation import shards as module
from neuroval.model.evaluation.canary import Canary, cases_of, difference, read_canary, write_canary
from neuroval.model.evaluation.plan import Settings, read_plan, size_of_parts
from neuroval.model.evaluation.shards import Shard, ShardRun, merge, run_shard, shard_named

MODEL = SHIPPED_MODELS / "phantom"
SETTINGS = Settings(data_name="few")
BROKEN = "Testing/glioma/broken.jpg"  # of the images that conftest.py puts together


@pytest.fixture(scope="module", autouse=True)
def small_network() -> None:
    """Without Keras, in place of the fixture of all tests of models."""


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_module, "SMALLEST", 2)
    monkeypatch.setattr(module, "WAIT", 0.05)


@pytest.fixture(scope="session")
def done(few_images: Path, made_once: Callable[..., Path]) -> Path:
    """A folder with all parts, made by two shards; it is copied before it is changed."""

    def make(folder: Path) -> None:
        folder.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(plan_module, "SMALLEST", 2)
            for name in ("2/2", "1/2"):
                shard(name, few_images, folder / "parts")

    return made_once("few-parts", make) / "parts"


@pytest.fixture
def parts(done: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done, tmp_path / "parts"))


def shard(name: str, images: Path, folder: Path, **settings: object) -> ShardRun:
    return run_shard(MODEL, images, folder=folder, shard=shard_named(name), settings=SETTINGS, **settings)  # type: ignore[arg-type]


def merged(folder: Path, **settings: float) -> Study:
    """The study of a folder of parts, under the name that the fingerprint is of."""
    return merge(folder, out=folder.parent / "merged" / "study", **settings).study


def test_two_shards_in_the_other_order_make_the_study_of_one_machine(parts: Path, whole: Study) -> None:
    study = merged(parts)
    assert study.fingerprint == whole.fingerprint
    assert study.manifest.files == whole.manifest.files
    assert study.manifest.provenance["job"] == whole.manifest.provenance["job"]
    machines = study.manifest.provenance["machines"]
    assert (machines["kinds"], machines["canary_cases"], machines["largest_difference"]) == (1, 8, 0.0)
    assert list(study.rejected["image_path"]) == [BROKEN]


@pytest.mark.parametrize("names", [("1/1",), ("3/4", "1/4", "3/4", "4/4", "2/4"), ("1/2", "2/3", "3/3", "1/3")])
def test_any_number_and_order_of_shards_makes_the_same_study(
    names: tuple[str, ...], few_images: Path, whole: Study, tmp_path: Path
) -> None:
    runs = [shard(name, few_images, tmp_path / "parts") for name in names]
    assert runs[-1].missing == 0
    assert merged(tmp_path / "parts").fingerprint == whole.fingerprint


def test_a_shard_that_is_done_is_not_computed_again(parts: Path, few_images: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in parts.glob("*-*.npz") if "canary" not in file.name}
    run = shard("1/2", few_images, parts)
    assert (run.parts, run.computed, run.missing) == (-(-len(before) // 2), 0, 0)
    assert {file: file.stat().st_mtime_ns for file in before} == before


def test_a_part_that_two_workers_did_is_one_part(parts: Path, few_images: Path, whole: Study) -> None:
    """The second of two workers on one shard, which had looked before the first was done."""
    place = module.open_workplace(MODEL, few_images, folder=parts, settings=SETTINGS)
    for part in Shard(number=2, total=2).share(place.parts):
        place.compute(part, shard="2/2")
    assert merged(parts).fingerprint == whole.fingerprint


def _slowly(images: Path, folder: Path) -> None:
    plan_module.SMALLEST = 2
    compute = module.Workplace.compute

    def slow(*given: object, **named: object) -> None:
        time.sleep(0.3)
        compute(*given, **named)  # type: ignore[arg-type]

    module.Workplace.compute = slow  # type: ignore[method-assign, assignment]
    shard("1/1", images, folder)


def test_a_killed_shard_goes_on_where_it_was(few_images: Path, whole: Study, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    process = multiprocessing.get_context("spawn").Process(target=_slowly, args=(few_images, folder))
    process.start()
    end = time.monotonic() + 120
    while len(list(folder.glob("part-*.npz"))) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    process.kill()
    process.join()
    kept = len([*folder.glob("part-*.npz"), *folder.glob("seen-*.npz")])
    with pytest.raises(InputError, match=r"parts are missing .*Run again: --shard 1/1"):
        merged(folder)
    run = shard("1/1", few_images, folder)
    assert 2 <= kept < run.parts
    assert run.computed == run.parts - kept
    assert merged(folder).fingerprint == whole.fingerprint


def test_who_comes_second_waits_for_the_plan(few_images: Path, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    ended: list[ShardRun] = []
    with held(folder / module.PLAN):
        thread = threading.Thread(target=lambda: ended.append(shard("1/1", few_images, folder)))
        thread.start()
        time.sleep(0.5)
        assert not (folder / module.PLAN).exists()
    thread.join()
    assert ended[0].missing == 0


def test_missing_parts_are_named_by_their_shards(parts: Path, few_images: Path, whole: Study) -> None:
    """Of the parts in their order, the first belongs to shard 1 and the second to shard 2."""
    files = sorted(parts.glob("part-*.npz"))
    files[1].unlink()
    with pytest.raises(InputError) as refused:
        merged(parts)
    line = str(refused.value)
    assert line.endswith(
        f"parts: 1 of {len(module.open_workplace(MODEL, few_images, folder=parts, settings=SETTINGS).parts)} parts is "
        "missing (the first: part-000001.npz). Run again: --shard 2/2."
    )
    assert "\n" not in line
    assert shard("1/2", few_images, parts).computed == 0
    assert shard("2/2", few_images, parts).computed == 1
    assert merged(parts).fingerprint == whole.fingerprint


def test_without_any_part_it_is_said(parts: Path) -> None:
    for file in parts.glob("*-0*.npz"):
        file.unlink()
    with pytest.raises(InputError, match="no part is done yet; run the shards first"):
        merged(parts)


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:200])


def turned(file: Path) -> None:
    """One bit of a file is another, where the numbers are."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def no_archive(file: Path) -> None:
    with file.open("wb") as stream:
        np.save(stream, np.zeros(3))


@pytest.mark.parametrize("damage", [cut_off, turned, emptied, no_archive])
def test_a_damaged_part_is_told_and_computed_again(
    damage: Callable[[Path], None], parts: Path, few_images: Path, whole: Study
) -> None:
    damage(parts / "part-000000.npz")
    with pytest.raises(InputError, match=r"parts is damaged \(the first: part-000000.npz\). Run again: --shard 1/2\.$"):
        merged(parts)
    assert shard("1/2", few_images, parts).computed == 1
    assert merged(parts).fingerprint == whole.fingerprint


def rewritten(file: Path, **arrays: object) -> None:
    with np.load(file) as before:
        kept = {name: before[name] for name in before.files}
    np.savez(file, **{**kept, **arrays})  # type: ignore[arg-type]


def test_a_part_of_another_job_is_refused(parts: Path) -> None:
    rewritten(parts / "part-000001.npz", job=np.array("another"))
    with pytest.raises(InputError, match=r"of another job \(the first: part-000001.npz\). Run again: --shard 2/2\.$"):
        merged(parts)


def test_a_part_with_other_cases_is_refused(parts: Path) -> None:
    shutil.copyfile(parts / "part-000000.npz", parts / "part-000001.npz")
    with pytest.raises(InputError, match=r"of another job \(the first: part-000001.npz\)"):
        merged(parts)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (Settings(data_name="other"), "the name of the data set differs"),
        (Settings(data_name="few", splits=("test",)), "the splits differ"),
        (Settings(data_name="few", description={"study": {"title": "Other"}}), "the description of the study differs"),
        (Settings(data_name="few", embeddings=False), "--no-embeddings differs"),
    ],
)
def test_another_job_is_refused_in_the_folder(settings: Settings, told: str, parts: Path, few_images: Path) -> None:
    with pytest.raises(InputError, match=rf"holds the parts of another job \({told}\); choose an empty folder"):
        run_shard(MODEL, few_images, folder=parts, shard=Shard(number=1, total=2), settings=settings)


def test_another_model_is_refused_in_the_folder(parts: Path, few_images: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(MODEL, tmp_path / "other"))
    (other / "history.parquet").unlink()
    with pytest.raises(InputError, match=r"another job \(the model differs\)"):
        run_shard(other, few_images, folder=parts, shard=Shard(number=1, total=2), settings=SETTINGS)


def test_other_versions_compute_and_merge_nothing(
    parts: Path, few_images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = plan_module.version
    monkeypatch.setattr(plan_module, "version", lambda name: "0.0.1" if name == "pillow" else installed(name))
    with pytest.raises(InputError, match=r"another job \(pillow .* there, 0\.0\.1 here\)"):
        shard("1/2", few_images, parts)
    with pytest.raises(InputError, match=r"computed by other versions \(pillow .* there, 0\.0\.1 here\)"):
        merged(parts)


@pytest.mark.parametrize("name", ["plan.json", "cases.parquet", "model/model.onnx"])
def test_a_damaged_plan_is_told(name: str, parts: Path) -> None:
    file = parts / "plan" / name
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"plan: damaged \(.*\); take an empty folder"):
        merged(parts)


def test_a_folder_of_something_else_is_left_alone(few_images: Path, tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="is not empty and holds no plan"):
        shard("1/2", few_images, tmp_path / "parts")
    with pytest.raises(InputError, match="no plan of an evaluation; run a shard first"):
        merged(tmp_path / "parts")


@pytest.mark.parametrize("text", ["3", "0/4", "5/4", "a/b", "1/0", "-1/4", "1/4/2", ""])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"shard .* such as 3/16"):
        shard_named(text)


def test_a_small_data_set_has_parts_for_many_workers(done: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = read_plan(done / module.PLAN).plan
    assert size_of_parts(plan) == 2
    monkeypatch.setattr(plan_module, "SMALLEST", 1)
    assert size_of_parts(plan) == 1
    many = plan.cases.loc[np.repeat(plan.cases.index, 5000)]
    dataset = dataclasses.replace(plan.dataset, cases=many)
    assert size_of_parts(dataclasses.replace(plan, dataset=dataset)) == 256


# The canary -----------------------------------------------------------------------------------------------------------


def other_machine(monkeypatch: pytest.MonkeyPatch, by: float) -> None:
    """From here on this machine's probabilities are others, by so much at most."""
    arrays_of = module.arrays_of

    def otherwise(*given: object, **named: object) -> object:
        arrays = arrays_of(*given, **named)  # type: ignore[arg-type]
        if "probabilities" in arrays:
            first = arrays["probabilities"][:, 0]
            arrays["probabilities"][:, 0] = np.where(first > 0.5, first - np.float32(by), first + np.float32(by))
        return arrays

    monkeypatch.setattr(module, "arrays_of", otherwise)


def test_a_machine_that_computes_otherwise_is_refused_before_it_starts(
    parts: Path, few_images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (parts / "part-000000.npz").unlink()
    other_machine(monkeypatch, 1e-3)
    with pytest.raises(InputError) as refused:
        shard("1/2", few_images, parts)
    line = str(refused.value)
    assert "computes other numbers than the one that planned: they differ by 0.001" in line
    assert "or allow it with --tolerance 0.001" in line
    assert not (parts / "part-000000.npz").exists()


def test_a_difference_that_is_allowed_is_written_into_the_study(
    parts: Path, few_images: Path, whole: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    (parts / "part-000000.npz").unlink()
    with monkeypatch.context() as patch:
        other_machine(patch, 1e-3)
        assert shard("1/2", few_images, parts, tolerance=0.01).computed == 1
    with pytest.raises(InputError, match=r"the machine of --shard 1/2 \(1 part\) computes other numbers"):
        merged(parts)
    with pytest.raises(InputError, match="computes other numbers"):
        merged(parts, tolerance=1e-4)
    study = merged(parts, tolerance=0.01)
    machines = study.manifest.provenance["machines"]
    assert machines["kinds"] == 2
    assert machines["largest_difference"] == pytest.approx(1e-3, rel=1e-3)
    assert any("numbers differ by up to 0.001" in limitation for limitation in study.manifest.about.limitations)
    assert study.fingerprint != whole.fingerprint


def test_parts_of_a_refused_machine_are_computed_again(
    parts: Path, few_images: Path, whole: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    (parts / "part-000000.npz").unlink()
    with monkeypatch.context() as patch:
        other_machine(patch, 1e-3)
        shard("1/2", few_images, parts, tolerance=0.01)
    assert shard("1/2", few_images, parts, tolerance=0.01).computed == 0
    assert shard("1/2", few_images, parts).computed == 1
    assert merged(parts).fingerprint == whole.fingerprint


def test_a_tampered_canary_is_refused(
    parts: Path, few_images: Path, whole: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The numbers of an odd machine's canary are set to those of the first: its name still tells."""
    (parts / "part-000000.npz").unlink()
    with monkeypatch.context() as patch:
        other_machine(patch, 0.2)
        shard("1/2", few_images, parts, tolerance=0.5)
    with np.load(parts / "part-000000.npz") as arrays:
        odd = parts / f"canary-{arrays['canary']}.npz"
    shutil.copyfile(parts / "plan" / "canary.npz", odd)
    with pytest.raises(InputError, match="was changed after it was written"):
        merged(parts)
    odd.unlink()
    with pytest.raises(InputError, match="no readable canary"):
        merged(parts, tolerance=1.0)
    assert shard("1/2", few_images, parts).computed == 1
    assert merged(parts).fingerprint == whole.fingerprint


def test_a_tampered_canary_of_the_plan_is_refused(parts: Path, few_images: Path) -> None:
    file = parts / "plan" / "canary.npz"
    with np.load(file) as arrays:
        probabilities = arrays["probabilities"]
    rewritten(file, probabilities=probabilities + np.float32(1e-6))
    for refused in (partial(merged, parts), partial(shard, "1/2", few_images, parts)):
        with pytest.raises(InputError, match=r"canary\.npz: was changed after it was written"):
            refused()


def test_a_machine_with_other_images_is_refused(parts: Path, few_images: Path, tmp_path: Path) -> None:
    images = Path(shutil.copytree(few_images, tmp_path / "images"))
    path = cases_of(read_plan(parts / module.PLAN).plan.chosen)["image_path"][3]
    Image.new("L", (64, 64)).save(images / path)
    with pytest.raises(InputError, match="another file than the one that was planned"):
        shard("1/2", images, parts)
    (images / path).unlink()
    with pytest.raises(InputError, match="cannot be read"):
        shard("1/2", images, parts)


def a_canary(**arrays: list[float]) -> Canary:
    return Canary(arrays={name: np.array(values, dtype=np.float32) for name, values in arrays.items()})


def test_differences_worked_by_hand() -> None:
    first = a_canary(probabilities=[0.25, 0.75], maps=[0, 400], embedding=[-2, 1])
    assert difference(first, first) == 0
    assert difference(first, a_canary(probabilities=[0.5, 0.5], maps=[0, 400], embedding=[-2, 1])) == 0.25
    assert difference(first, a_canary(probabilities=[0.25, 0.75], maps=[200, 400], embedding=[-2, 1])) == 0.5
    assert difference(first, a_canary(probabilities=[0.25, 0.75], maps=[0, 400], embedding=[-2, 3])) == pytest.approx(
        2 / 3
    )
    assert difference(first, a_canary(probabilities=[0.25, float("nan")], maps=[0, 400], embedding=[-2, 1])) == np.inf
    assert difference(first, a_canary(probabilities=[0.25], maps=[0, 400], embedding=[-2, 1])) == np.inf
    assert difference(first, a_canary(probabilities=[0.25, 0.75])) == np.inf
    reasons = [Canary(arrays={"reason": np.array(["", text])}) for text in ("", "truncated")]
    assert difference(*reasons) == np.inf


def test_a_digest_tells_the_last_bit_and_the_type(tmp_path: Path) -> None:
    first = a_canary(probabilities=[0.25, 0.75])
    others = [
        a_canary(probabilities=[0.25, float(np.nextafter(np.float32(0.75), np.float32(1)))]),
        a_canary(maps=[0.25, 0.75]),
        Canary(arrays={"probabilities": np.array([0.25, 0.75])}),
        Canary(arrays={"probabilities": np.array([[0.25, 0.75]], dtype=np.float32)}),
    ]
    assert len({first.digest, *(other.digest for other in others)}) == 5
    write_canary(tmp_path / "a.npz", first, job="ours")
    assert read_canary(tmp_path / "a.npz", job="ours", digest=first.digest).digest == first.digest
    with pytest.raises(InputError, match="of another job"):
        read_canary(tmp_path / "a.npz", job="theirs", digest=first.digest)


def test_the_canary_is_spread_over_the_cases() -> None:
    chosen = pd.DataFrame({"case_id": [f"{number:016x}" for number in range(31)]})
    assert list(cases_of(chosen)["case_id"]) == list(chosen["case_id"][::2])
    assert list(cases_of(chosen[:5])["case_id"]) == list(chosen["case_id"][:5])
