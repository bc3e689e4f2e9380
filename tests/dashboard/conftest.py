"""Small studies written for the pages: an ordinary one, one with an empty class, one without errors, a broken one."""

import gc
import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from neuroval.dashboard.settings import current_settings
from neuroval.data.classes import BRAIN_TUMOR
from neuroval.data.images.decoding import describe
from neuroval.data.images.linking import link
from neuroval.data.phantom.cohort import Cohort
from neuroval.data.storage.home import SHIPPED_MODELS
from neuroval.data.study.criteria import Acceptance
from neuroval.data.study.embeddings import Embeddings
from neuroval.data.study.folder import Study, add_trial, write_study
from neuroval.data.study.gradcam import GradCams
from neuroval.data.study.import_predictions import study_of_predictions
from neuroval.data.study.manifest import About, DataFacts, Impact, Manifest, ModelFacts, TestRead, Thresholds
from neuroval.data.study.trial import Trial, TrialFacts
from neuroval.data.study.trial_maps import CURVES, STEPS, VARIANTS, MapFacts, TrialMaps
from neuroval.model.evaluation.to_study import evaluate

APP = Path(__file__).parents[2] / "dashboard" / "app.py"
BROKEN = ("broken", "no-file", "no-toml", "no-predictions")
NAMES = BRAIN_TUMOR.names
# Nothing is uniform, and no threshold is the usual one: what is swapped, dropped or counted twice changes a number.
THRESHOLDS = Thresholds(high_confidence=0.85, review=0.7, target_sensitivity=0.95)
ERRORS = (0.96, 0.88, 0.91, 0.66, 0.78)  # confidences of the first errors: not in the order of the cases
LATER = (0, 0, 2, 0, 2, 0, 0, 2, 0, 1, 0, 2, 0, 2, 0, 3)  # the labels of the cases from 44 on
TOGETHER = {49: 47, 50: 47, 57: 55}  # test cases of the patient of another


def write(
    home: Path,
    name: str,
    *,
    wrong: int = 5,
    empty: str = "",
    cams: bool = True,
    criteria: bool = True,
    folds: bool = False,
    training: bool = True,
    copies: bool = False,
    pairs: Sequence[tuple[int, int, str]] = (),
    embeddings: bool = False,
    data: str = "",
) -> Study:
    """A study of 60 cases, 40 of them in the test split; the first ``wrong`` test cases are called the next class.

    Of the test cases 15 are glioma, 7 meningioma, 11 no tumour and 7 pituitary; 37 patients have one, one has two and
    one three of them.
    ``folds`` adds a training history, a reading of the test split, and cross-validation: grouped with two wrong
    cases, ungrouped with one. Without ``training`` only the test split is there. With ``copies`` the first error of
    glioma and the next one are mirrored copies; ``pairs`` are further ones by number. With ``embeddings`` cases are
    the more alike the closer their numbers. ``data`` is the name of its data set, by
    default that of the study, which then has no model.
    """
    rng = np.random.default_rng(3)
    labels = [label for label in NAMES if label != empty]
    rows = []
    for number in range(60):
        split = "train" if number < 20 else "test"
        case_id = f"{number:016x}"
        # Four test cases share a group with training.
        group = f"{number % 20:016x}" if number < 24 else f"{TOGETHER.get(number, number):016x}"
        label = labels[(number if number < 44 else LATER[number - 44]) % len(labels)]
        north = label == "notumor" or (number % 2 == 0 and number < 44)
        source = "north" if north else "south"  # 27 and 33; all of the south have a tumour
        rows.append((case_id, split, label, group, group, source, f"{split}/{number}.png"))
    columns = ["case_id", "split", "label", "group_id", "patient_id", "source", "image_path"]
    cases = pd.DataFrame(rows, columns=columns)
    if not training:
        cases = cases[cases["split"] == "test"]
    test = cases[cases["split"] == "test"].reset_index(drop=True)
    predictions = _probabilities(test["label"], wrong=wrong)
    predictions.insert(0, "case_id", test["case_id"])
    optional = {}
    if folds:
        optional = {
            "folds": _folds(cases, wrong=2),
            "folds_ungrouped": _folds(cases, wrong=1),
            "history": _history(),
        }
    if tied := [*([(20, 24, "mirrored")] if copies else []), *pairs]:
        table = [(f"{a:016x}", f"{b:016x}", kind, 0.9) for a, b, kind in tied]
        optional["pairs"] = pd.DataFrame(table, columns=["case_a", "case_b", "kind", "score"])
    masks = np.zeros((len(test), 56, 56), dtype=np.uint8)
    masks[0, 20:30, 20:40] = 1  # only the first test case has a reference outline
    gradcam = GradCams(
        case_ids=pd.Index(test["case_id"]),
        maps=rng.random((len(test), 4, 7, 7)).astype(np.float16),
        masks=masks,
        has_mask=masks.any(axis=(1, 2)),
    )
    manifest = Manifest(
        about=About(name=name, title=f"Study {name}"),
        classes=BRAIN_TUMOR,
        model=ModelFacts(name=name) if data else None,
        data=DataFacts(name=data or name),
        thresholds=THRESHOLDS,
        harm=((0, 5, 10, 5), (4, 0, 7, 4), (3, 2, 0, 2), (4, 4, 7, 0)),
        impacts=(Impact(reference="glioma", predicted="meningioma", text="Delay.", next_step="Expert review."),),
        acceptance=(Acceptance(metric="any_tumour.sensitivity", at_least=0.98),) if criteria else (),
        test_reads=(TestRead(at="2026-11-01T10:00:00+00:00", model_sha256="ab" * 32, accuracy=0.99),) if folds else (),
    )
    return write_study(
        home / "studies" / name,
        manifest=manifest,
        cases=cases,
        predictions=predictions,
        gradcam=gradcam if cams else None,
        embeddings=_embeddings(cases) if embeddings else None,
        optional=optional,
    )


def _probabilities(labels: pd.Series, *, wrong: int) -> pd.DataFrame:
    """Return the probabilities of cases (n, 4), the first ``wrong`` of them for the next class.

    A right call has a confidence of 0.62 to 0.98; what is left goes to the next classes, five, three and two tenths.
    """
    table = np.zeros((len(labels), 4))
    for row, label in enumerate(labels):
        confidence = ERRORS[row] if row < wrong else 0.62 + 0.006 * ((13 * row + 7 * wrong) % 61)
        called = NAMES.index(label) + (row < wrong)
        for place, share in enumerate((confidence, *(np.array([0.5, 0.3, 0.2]) * (1 - confidence)).tolist())):
            table[row, (called + place) % 4] = share
    return pd.DataFrame(table, columns=list(BRAIN_TUMOR.probability_columns))


def _embeddings(cases: pd.DataFrame) -> Embeddings:
    numbers = np.array([int(case_id, 16) for case_id in cases["case_id"]])
    vectors = np.column_stack([numbers, np.zeros(len(numbers))]).astype(np.float16)
    return Embeddings(case_ids=pd.Index(cases["case_id"]), vectors=vectors)


def _history() -> pd.DataFrame:
    loss = [0.9, 0.5, 0.3, 0.2]
    return pd.DataFrame(
        {
            "run": "final",
            "fold": pd.array([None] * 4, dtype="Int32"),
            "epoch": np.arange(1, 5, dtype=np.int32),
            "loss": loss,
            "accuracy": [0.6, 0.8, 0.9, 0.95],
            "tuning_loss": [0.8, 0.45, 0.4, 0.42],
            "tuning_accuracy": [0.65, 0.82, 0.85, 0.86],
            "learning_rate": 1e-3,
        }
    )


def _folds(cases: pd.DataFrame, *, wrong: int) -> pd.DataFrame:
    table = _probabilities(cases["label"], wrong=wrong)
    groups = cases["group_id"].map(lambda group: int(group, 16))
    return table.assign(case_id=cases["case_id"].to_numpy(), fold=(groups % 5 + 1).astype(np.int32).to_numpy())


def trial_of(study: Study) -> Trial:
    """A trial in which most calls stay without the tumour, moved tumours are seldom called, and motion breaks it.

    The answers follow from the numbers of the cases alone, in the order of the predictions.
    """
    called = study.predictions[list(BRAIN_TUMOR.probability_columns)].to_numpy().argmax(axis=1).tolist()
    ids = study.predictions["case_id"].tolist()
    labels = study.cases.set_index("case_id")["label"]
    reference = [NAMES.index(labels[name]) for name in ids]
    healthy = [place for place, index in enumerate(reference) if NAMES[index] == "notumor"]
    none = NAMES.index("notumor")
    rows: list[tuple[object, ...]] = []

    def add(place: int, change: str, index: int, *, level: int = 0, control: str = "", sure: float = 0.9) -> None:
        chances = np.full(4, (1 - sure) / 3)
        chances[index] = sure
        host = ids[healthy[place % len(healthy)]] if change == "move" or control == "healthy" else None
        unlike = change == "motion" and level > 2 + place % 4
        rows.append((ids[place], "final", change, level, control, host, unlike, *chances))

    for place, index in enumerate(called):
        add(place, "none", index, sure=0.95)
        for level in range(1, 6):
            lost = level >= 2 and place % 7 < level
            add(place, "motion", none if lost else index, level=level, sure=0.9 - 0.02 * level)
            add(place, "jpeg", index, level=level)
        for level in (1, 2):
            add(place, "repeat_shift", (index + (place == 8)) % 4, level=level)
    for place in [place for place, index in enumerate(reference) if index != none]:
        index = called[place]
        for number, change in enumerate(("remove_telea", "remove_harmonic"), start=1):
            add(place, change, none if place % 9 < number else index, sure=0.8 + 0.004 * place)
            add(place, change, index, control="elsewhere")
            add(place, change, none, control="healthy")
        add(place, "keep_only", index if place % 2 else none)
        add(place, "move", index if place % 5 == 0 else none)
        add(place, "move", none, control="healthy")
    facts = TrialFacts(seed=0, sample=40, splits=("test",), kinds=("remove", "keep", "move", "corrupt"), version=1)
    columns = ["case_id", "network", "intervention", "level", "control", "host_case_id", "unlike"]
    table = pd.DataFrame(rows, columns=[*columns, *BRAIN_TUMOR.probability_columns])
    return Trial(table=table.astype({"level": "int16", "host_case_id": "str"}), facts=facts)


def maps_of(study: Study, *, learnt: bool = True) -> TrialMaps:
    """Maps of the first 12 predicted cases: those of random networks are others where anything was learnt.

    The last one has no evidence. Blurring in the order of the maps is faster than by chance in 8 of the others.
    """
    rng = np.random.default_rng(9)
    maps = np.repeat(rng.random((12, 1, 7, 7)), len(VARIANTS), axis=1)
    if learnt:
        maps[:, 1:10] = rng.random((12, 9, 7, 7))
    maps[:, 10:] = 0.9 * maps[:, 10:] + 0.1 * rng.random((12, 6, 7, 7))
    maps[11] = 0
    steps = np.linspace(0, 1, STEPS + 1)
    steepness = np.where(np.arange(12) < 8, 4.0, 0.5)[:, None]
    curves = np.stack(
        [(1 - steps) ** steepness, 1 - (1 - steps) ** steepness, *[np.tile(1 - steps, (12, 1))] * 2], axis=1
    )
    assert curves.shape == (12, len(CURVES), STEPS + 1)
    return TrialMaps(
        case_ids=pd.Index(study.predictions["case_id"].iloc[:12]),
        called=np.zeros(12, dtype=np.int64),
        maps=maps.astype(np.float16),
        curves=curves.astype(np.float32),
        facts=MapFacts(seed=0, sample=12, version=1),
    )


def imported(home: Path, name: str, *, k: int, negative: str | None) -> Study:
    """A foreign import of 40 test and 40 tuning cases of ``k`` classes without groups, patients or images."""
    rng = np.random.default_rng(k)
    names = [f"class {number}" for number in range(k)]
    label = np.arange(80) % k
    chances = rng.dirichlet(np.ones(k), size=80)
    right = rng.random(80) < 0.8
    best = chances.argmax(axis=1)
    for row in np.flatnonzero(right & (best != label)).tolist():
        chances[row, [label[row], best[row]]] = chances[row, [best[row], label[row]]]
    table = pd.DataFrame(chances, columns=[f"prob_{one}" for one in names])
    table.insert(0, "label", [names[one] for one in label])
    table.insert(0, "split", np.repeat(["test", "tuning"], 40))
    table.insert(0, "case_id", [f"{one:016x}" for one in range(80)])
    file = home / f"{name}.csv"
    table.to_csv(file, index=False)
    return study_of_predictions(file, out=home / "studies" / name, negative=negative)


def _break(folder: Path, how: str) -> None:
    manifest, predictions = folder / "study.toml", folder / "predictions.parquet"
    if how == "no-file":
        (folder / "cases.parquet").unlink()
    elif how == "no-toml":
        manifest.write_text("[study\n")
    elif how == "no-predictions":
        before = hashlib.sha256(predictions.read_bytes()).hexdigest()
        pq.write_table(pq.read_table(predictions).slice(0, 0), predictions)
        after = hashlib.sha256(predictions.read_bytes()).hexdigest()
        manifest.write_text(manifest.read_text().replace(before, after))
    else:
        predictions.write_bytes(b"cut")


@pytest.fixture(scope="session")
def dashboard_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home of the studies: ``normal``, ``re-encoded``, ``whole`` and ``other`` have linked images, the others none.

    ``whole`` has all that a study can hold; ``other`` is another model on its scans.
    """
    home = tmp_path_factory.mktemp("dashboard-home")
    write(home, "empty-class", empty="pituitary", criteria=False)
    write(home, "no-errors", wrong=0, cams=False)
    write(home, "re-encoded")
    write(home, "folded", wrong=0, folds=True)
    write(home, "no-training", training=False)
    write(home, "copies", copies=True, embeddings=True)
    write(home, "twins", pairs=[(0, 44, "exact"), (1, 46, "reencoded")])
    imported(home, "two-classes", k=2, negative=None)
    imported(home, "ten-classes", k=10, negative="class 3")
    for name in BROKEN:
        _break(write(home, name).path, name)
    pairs = [(0, 44, "exact"), (1, 46, "reencoded")]
    whole = write(home, "whole", folds=True, copies=True, pairs=pairs, embeddings=True)
    whole = add_trial(whole.path, trial_of(whole), maps=maps_of(whole))
    write(home, "other", wrong=3, data="whole")
    study = write(home, "normal")
    images = tmp_path_factory.mktemp("images")
    for number, path in enumerate(study.cases["image_path"]):
        (images / path).parent.mkdir(exist_ok=True)
        Image.new("L", (40, 30), 60 + 2 * number).save(images / path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEUROVAL_HOME", str(home))
        link(images, data_name="normal", cases=study.cases)
        link(images, data_name="whole", cases=whole.cases)
        look = describe(images / study.cases["image_path"][0]).phash
        link(images, data_name="re-encoded", cases=study.cases.assign(sha256="0" * 64, phash=look))
        (images / "test" / "59.png").unlink()
    return home


@pytest.fixture
def studies_at_home(dashboard_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Only the small studies exist."""
    monkeypatch.setenv("NEUROVAL_HOME", str(dashboard_home))
    monkeypatch.setattr("neuroval.data.storage.home.SHIPPED_STUDIES", dashboard_home / "none")
    return dashboard_home


@pytest.fixture
def worthless_maps(studies_at_home: Path) -> Iterator[str]:
    """The name of a study whose maps rest on nothing that its model has learnt, there during one test."""
    study = write(studies_at_home, "worthless-maps", data="normal")
    add_trial(study.path, trial_of(study), maps=maps_of(study, learnt=False))
    yield study.path.name
    shutil.rmtree(study.path)


@pytest.fixture(scope="module", autouse=True)
def nothing_old_is_collected() -> Iterator[None]:
    """Streamlit collects garbage after each run of a page: not among all that was imported before, TensorFlow too."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def settings_of_this_test() -> None:
    """The settings of a server are read once; those of tests differ."""
    current_settings.cache_clear()


def _open_page(page: str, study: str, **query: str) -> AppTest:
    """The page of a study after its first run, opened by its address."""
    app = AppTest.from_file(str(APP), default_timeout=90)  # seconds: a slow machine is no failure
    app.query_params["study"] = study
    if page != "overview":
        app.switch_page(f"app_pages/{page}.py")
        for name, value in query.items():
            app.query_params[name] = value
    return app.run()


def words(app: AppTest) -> str:
    """All that the page says."""
    kinds = (app.title, app.markdown, app.caption, app.info, app.error, app.warning, app.header)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


@pytest.fixture
def open_page(studies_at_home: Path) -> Callable[..., AppTest]:  # noqa: ARG001
    return _open_page


@pytest.fixture
def said() -> Callable[[AppTest], str]:
    return words


@pytest.fixture(scope="session")
def scans(clean_phantom: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home with one study, ``read``: a small phantom cohort evaluated by the shipped phantom model, its images linked.

    Its data set has another name than the one the model was trained on, so its cases are new to it.
    """
    home = tmp_path_factory.mktemp("scans-home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEUROVAL_HOME", str(home))
        folder, out = SHIPPED_MODELS / "phantom", home / "studies" / "read"
        limits = {"thresholds": {"high_confidence": 0.95, "review": 0.45}}  # some calls lie between these and the usual
        study = evaluate(folder, clean_phantom.folder, out=out, data_name="read", description=limits).study
        link(clean_phantom.folder, data_name="read", cases=study.cases)
    return home


@pytest.fixture
def scans_at_home(scans: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Only the study ``read`` exists; the shipped models are there."""
    monkeypatch.setenv("NEUROVAL_HOME", str(scans))
    monkeypatch.setattr("neuroval.data.storage.home.SHIPPED_STUDIES", scans / "none")
    return scans
