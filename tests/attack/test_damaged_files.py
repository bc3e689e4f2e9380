"""Files that are damaged in every way that keeps their form: each is one line, never a traceback, and costs no other.

A study that can be opened all the same is judged to the end: what is accepted is computed with. The short form tries
a sample that hypothesis chooses, the long one (``slow``) all of it.
"""

import dataclasses
import json
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuroval.analysis.study.results import results_of
from neuroval.dashboard.api.studies import _entry
from neuroval.dashboard.cases.evidence import evidence_of
from neuroval.dashboard.documents.study_document import document_of
from neuroval.data.claims.reading import read_claims
from neuroval.data.exceptions import InputError
from neuroval.data.storage.home import RECIPES, SHIPPED_MODELS
from neuroval.data.study.folder import read_study
from neuroval.data.study.import_predictions import study_of_predictions
from neuroval.model.card import FOLDS, GRAPH, HISTORY, as_markdown
from neuroval.model.evaluation.to_study import _training_record
from neuroval.model.inference.scan_reader import open_reader
from neuroval.model.recipe import read_recipe
from tests.attack.damage import Damage, of_document, of_table, of_text, sealed
from tests.attack.writers import CLASSES
from tests.dashboard.conftest import write

SAMPLE = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
Open = Callable[[Path], object]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of file: a folder with a sound one in it, every damage to it, and how it is opened."""

    folder: Path
    damages: Sequence[tuple[str, Damage]]  # the name of the file, and what is done to it
    open: Open


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Kind]:
    base = tmp_path_factory.mktemp("sound")
    study = write(base, "sound", folds=True, copies=True, embeddings=True, data="drawn").path
    claims = Path(__file__).parents[2] / "data" / "descriptions" / "brain-tumor-readme-claims.toml"
    _with_recipe(study, claims)
    model = base / "model"
    shutil.copytree(SHIPPED_MODELS / "phantom", model)
    table = base / "table"
    table.mkdir()
    rows = np.random.default_rng(1).dirichlet(np.ones(4), 12)
    header = ",".join(["label", *(f"prob_{name}" for name in CLASSES), "patient_id", "split", "image_path"])
    lines = [
        ",".join([CLASSES[number % 4], *(f"{value:.6f}" for value in row), f"p{number}", "test", f"{number}.png"])
        for number, row in enumerate(rows)
    ]
    (table / "predictions.csv").write_text("\n".join([header, *lines]))
    others = base / "others"
    others.mkdir()
    shutil.copy(claims, others / "claims.toml")
    shutil.copy(RECIPES / "phantom.toml", others / "recipe.toml")

    def done_to(file: Path, *ways: Callable[[Path], list[Damage]]) -> list[tuple[str, Damage]]:
        return [(file.name, damage) for way in ways for damage in way(file)]

    tables = [damage for file in sorted(study.glob("*.parquet")) for damage in done_to(file, of_table)]
    return {
        "study.toml": Kind(folder=study, damages=done_to(study / "study.toml", of_document, of_text), open=judged),
        "tables": Kind(folder=study, damages=tables, open=sealed_and_judged),
        "card.toml": Kind(folder=model, damages=done_to(model / "card.toml", of_document, of_text), open=run),
        "model": Kind(
            folder=model,
            damages=[
                *done_to(model / HISTORY, of_table),
                *done_to(model / FOLDS, of_table),
                *done_to(model / GRAPH, of_text),
                *done_to(model / "reference.npz", of_text),
            ],
            open=run,
        ),
        "claims.toml": Kind(
            folder=others,
            damages=done_to(others / "claims.toml", of_document, of_text),
            open=lambda folder: read_claims(folder / "claims.toml"),
        ),
        "recipe.toml": Kind(
            folder=others,
            damages=done_to(others / "recipe.toml", of_document, of_text),
            open=lambda folder: read_recipe(folder / "recipe.toml"),
        ),
        "predictions.csv": Kind(folder=table, damages=_of_csv(table / "predictions.csv"), open=imported),
    }


def _with_recipe(study: Path, claims: Path) -> None:
    """Give a study what a manifest can hold: a recipe, provenance, claims."""
    import tomli_w

    from neuroval.data.storage.files import file_sha256
    from neuroval.data.storage.toml import read_toml

    shutil.copy(claims, study / "claims.toml")
    document = read_toml(study / "study.toml")
    document["files"]["claims.toml"] = file_sha256(study / "claims.toml")
    document["model"] |= {
        "version": "1",
        "sha256": "ab" * 32,
        "card": "A card.",
        "recipe": {"guidance": 0.3, "early_sizes": [160], "chosen_by": "log-loss", "epochs": 4, "weights": "imagenet"},
        "folds_recipe": {"epochs": 2},
    }
    document["study"] |= {"modalities": ["T1"], "limitations": ["Few."], "contraindications": ["Children."]}
    document["provenance"] |= {"created": "2026-11-01T10:00:00+00:00", "packages": {"numpy": "2"}, "code_version": "1"}
    (study / "study.toml").write_text(tomli_w.dumps(document), encoding="utf-8")


def _of_csv(file: Path) -> list[tuple[str, Damage]]:
    lines = file.read_text().split("\n")
    cells = ["", "x", "-1", "nan", "inf", "1e400", "1,5", '"', '"a\nb"', "=1+1", "\0", "9" * 5000, "\u202e"]
    damages = [(file.name, damage) for damage in of_text(file)]
    for row in (0, 1, len(lines) - 1):
        for column in range(len(lines[0].split(","))):
            for cell in cells:
                values = lines[row].split(",")
                values[column] = cell
                text = "\n".join([*lines[:row], ",".join(values), *lines[row + 1 :]])
                what = f"row {row}, column {column} = {cell[:10]!r}"
                damages.append((file.name, (what, lambda path, text=text: path.write_text(text) and None)))
    return damages


def judged(folder: Path) -> object:
    """What pages, API and report compute of a study."""
    study = read_study(folder)
    shown = evidence_of(study)
    document = document_of(results_of(study, basis=shown.basis))
    return json.dumps(document, allow_nan=False)


def sealed_and_judged(folder: Path) -> object:
    (file,) = [path for path in folder.iterdir() if path.name == (folder / "damaged").read_text()] or [folder / "none"]
    (folder / "damaged").unlink()
    sealed(folder, file)
    return judged(folder)


def run(folder: Path) -> object:
    """Read a scan with a model, and what an evaluation takes from its folder."""
    reader = open_reader(folder)
    reader.warm_up()
    as_markdown(reader.card)
    return _training_record(folder, reader.card.classes)


def imported(folder: Path) -> object:
    return study_of_predictions(folder / "predictions.csv", out=folder / "out" / "study")


def outcome(kind: Kind, number: int, place: Path) -> str:
    """Damage one file and open it: ``opened``, or ``refused`` by one line that names what is wrong."""
    name, (what, damage) = kind.damages[number]
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(kind.folder, place)
    damage(place / name)
    if kind.open is sealed_and_judged:
        (place / "damaged").write_text(name)
    line = ""
    try:
        kind.open(place)
    except InputError as error:
        line = str(error)
    except Exception as error:
        raise AssertionError(f"{what}: {type(error).__name__}: {error}") from error
    else:
        return "opened"
    line.encode()  # any program can show it
    assert line, what
    assert "\n" not in line, what
    return "refused"


NAMES = ("study.toml", "tables", "card.toml", "model", "claims.toml", "recipe.toml", "predictions.csv")


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_one_line(name: str, kinds: dict[str, Kind], tmp_path: Path) -> None:
    kind, outcomes = kinds[name], Counter[str]()

    @given(number=st.integers(0, len(kind.damages) - 1))
    @SAMPLE
    def damaged(number: int) -> None:
        outcomes[outcome(kind, number, tmp_path / "place")] += 1

    damaged()
    assert outcomes["refused"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_damaged_file_is_one_line(name: str, kinds: dict[str, Kind], tmp_path: Path) -> None:
    kind, outcomes, wrong = kinds[name], Counter[str](), []
    for number in range(len(kind.damages)):
        try:
            outcomes[outcome(kind, number, tmp_path / "place")] += 1
        except AssertionError as error:
            wrong.append(str(error))
    assert wrong == [], f"{len(wrong)} of {len(kind.damages)}"
    print(name, dict(outcomes))  # noqa: T201 - a figure for who runs it


def test_a_damaged_study_is_one_entry_of_the_api(kinds: dict[str, Kind], tmp_path: Path) -> None:
    kind = kinds["study.toml"]
    for number in range(0, len(kind.damages), 97):
        outcome(kind, number, tmp_path / "place")
        entry = _entry("place", tmp_path / "place")
        assert (entry.title is None) == (entry.error is not None)
        entry.model_dump_json()
