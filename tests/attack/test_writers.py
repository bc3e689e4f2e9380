"""Writers that are killed at any moment, and two at once: no study is lost, none is mixed of two.

The short form runs with all tests, the long one (``slow``) kills 240 writers and lets 262 pairs meet.
"""

import itertools
import random
import time
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from neuroval.data.exceptions import InputError
from neuroval.data.storage.atomic import written_whole
from neuroval.data.study.folder import read_study
from tests.attack import writers
from tests.attack.writers import DONE, LONG, STUDY_WRITERS, TOLD, Workshop, Writer, begin, kill_within, known, whole

LONG_FORM = pytest.mark.slow
KILLED: tuple[Writer, ...] = (writers.import_b, writers.claims_a, writers.evaluate_a)
PAIRS = tuple(itertools.combinations_with_replacement(STUDY_WRITERS, 2))  # 21


@pytest.fixture(scope="module")
def contents(shop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    return known(shop, tmp_path_factory.mktemp("known"))


def check_study(out: Path, contents: Mapping[str, str]) -> str:
    """Return whose predictions a study holds, all of them; it can be read whole."""
    study = read_study(out)
    assert study.claims is None or study.claims.source.title in ("Paper 0", "Paper 1")
    return contents[writers.content(study)]


def check_cohort(out: Path) -> None:
    """Every image that the metadata names is there."""
    paths = pd.read_csv(out / "metadata.csv")["image_path"]
    assert [path for path in paths if not (out / path).is_file()] == []


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def kills(writer: Writer, number: int, shop: Workshop, folder: Path, contents: Mapping[str, str]) -> int:
    """Kill a writer so many times, and look after each what is there; return how many were at work."""
    rng, told = random.Random(7), folder / "told"
    place = folder / "place"
    place.mkdir()
    out, drawing = place / "study", writer is writers.phantom
    seconds = whole(writers.phantom if drawing else writers.import_a, shop, out, told)
    if not drawing:
        seconds = whole(writer, shop, out, told)
        whole(writers.import_a, shop, out, told)
    hit = 0
    for _ in range(number):
        if drawing and out.exists():
            out.rename(folder / f"drawn-{hit}-{time.monotonic_ns()}")
        hit += kill_within(writer, shop, out, told, seconds=1.1 * seconds, rng=rng)
        if not drawing:
            assert check_study(out, contents) in ("import_a", writer.__name__)
        elif out.exists():
            check_cohort(out)
    if drawing and out.exists():
        out.rename(folder / "last")
    whole(writer, shop, out, told)
    if drawing:
        check_cohort(out)
    else:
        check_study(out, contents)
    with written_whole(out, keep=True):  # what killed writers left goes with the next that writes there
        pass
    assert names(place) == ["study"]
    return hit


@pytest.mark.parametrize(
    ("writer", "number"),
    [
        *((writer, 3) for writer in KILLED),
        *(pytest.param(writer, 70, marks=LONG_FORM) for writer in KILLED),
        pytest.param(writers.phantom, 30, marks=LONG_FORM),
    ],
    ids=lambda given: getattr(given, "__name__", str(given)),
)
def test_killed_at_any_moment_the_old_study_or_the_new_one_is_there(
    writer: Writer, number: int, shop: Workshop, tmp_path: Path, contents: Mapping[str, str]
) -> None:
    hit = kills(writer, number, shop, tmp_path, contents)
    assert hit > 0


def meet(first: Writer, second: Writer, shop: Workshop, out: Path, folder: Path) -> list[str]:
    """Let two writers begin at the same moment, and return how each ended; a second that is told is told who writes."""
    told = [folder / "told-first", folder / "told-second"]
    for file in told:
        file.unlink(missing_ok=True)
    start = time.time() + 0.15
    both = [begin(writer, shop, out, file, start=start) for writer, file in zip((first, second), told, strict=True)]
    for process in both:
        process.join(LONG)
    lines = []
    for process, file in zip(both, told, strict=True):
        line = file.read_text() if file.exists() else ""
        assert process.exitcode in (DONE, TOLD), line
        if process.exitcode == TOLD:
            drawn = second is writers.phantom and "exists already" in line
            assert drawn or " is writing it; wait until that ends" in line
            assert "\n" not in line
        lines.append(line)
    assert not all(lines)  # one of them has written
    return lines


@LONG_FORM
def test_every_writer_with_every_other(shop: Workshop, tmp_path: Path, contents: Mapping[str, str]) -> None:
    out = tmp_path / "place" / "study"
    writers.import_a(shop, out)
    refused = 0
    for first, second in itertools.chain.from_iterable(itertools.repeat(PAIRS, 12)):
        lines = meet(first, second, shop, out, tmp_path)
        refused += sum(map(bool, lines))
        check_study(out, contents)
    assert refused > 0
    assert [name for name in names(out.parent) if not name.endswith(".partial")] == ["study"]


@pytest.mark.parametrize(
    ("first", "second"),
    [(writers.evaluate_a, writers.evaluate_b), (writers.import_a, writers.import_b)],
    ids=["evaluations", "imports"],
)
def test_two_at_once(
    first: Writer, second: Writer, shop: Workshop, tmp_path: Path, contents: Mapping[str, str]
) -> None:
    out = tmp_path / "study"
    for _ in range(2):
        meet(first, second, shop, out, tmp_path)
        assert check_study(out, contents) in (first.__name__, second.__name__)


@LONG_FORM
def test_two_that_draw_into_one_folder(shop: Workshop, tmp_path: Path) -> None:
    for number in range(10):
        out = tmp_path / f"cohort-{number}"
        meet(writers.phantom, writers.phantom, shop, out, tmp_path)
        check_cohort(out)


@pytest.mark.parametrize("writings", [3, pytest.param(60, marks=LONG_FORM)])
def test_a_reader_beside_writers_reads_one_study_or_the_other(
    writings: int, shop: Workshop, tmp_path: Path, contents: Mapping[str, str]
) -> None:
    out = tmp_path / "study"
    writers.import_a(shop, out)
    read = set()
    for number in range(writings):
        process = begin((writers.import_b, writers.import_a)[number % 2], shop, out, tmp_path / "told")
        while process.is_alive():
            try:
                read.add(check_study(out, contents))
            except InputError as error:
                raise AssertionError(f"a reader met {error}") from error
        assert process.exitcode == DONE
    assert read == {"import_a", "import_b"}
