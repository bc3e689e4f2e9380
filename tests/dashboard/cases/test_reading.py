"""Rules of reading lists, of blind reads and of decisions: what is refused, and that nothing of it is kept."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from neuroval.analysis.readers.lists import ReadingList
from neuroval.dashboard.cases.reading import Wanted, decide, make_list, names_of, record_read, withdraw
from neuroval.dashboard.cases.reviews import reviews_of
from neuroval.data.exceptions import InputError
from neuroval.data.reviews.store import forget_stores
from neuroval.data.study.folder import Study, read_study


@pytest.fixture(autouse=True)
def home(dashboard_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """One study in a home of its own, without reviews."""
    shutil.copytree(dashboard_home / "studies" / "normal", tmp_path / "home" / "studies" / "normal")
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "home"))
    yield tmp_path / "home"
    forget_stores()


@pytest.fixture
def study(home: Path) -> Study:
    return read_study(home / "studies" / "normal")


def now(study: Study) -> ReadingList:
    (reading_list,) = reviews_of(study).lists
    return reading_list


def test_rules_of_reads_and_decisions(study: Study) -> None:
    wanted = Wanted(name="June", readers=("ann", "bob"), source="suspects")
    make_list(study, wanted, study.predictions["case_id"].tolist()[:4], who="max")
    case_id = next(iter(now(study).cases))
    answer: dict[str, Any] = {"choice": "glioma", "confidence": 2, "seconds": 1.0}
    for who, wrong in (("carl", {}), ("ann", {"choice": "lymphoma"}), ("ann", {"confidence": 5})):
        with pytest.raises(InputError):
            record_read(study, now(study), case_id, who=who, **(answer | wrong))
    ruling: dict[str, Any] = {"choice": "glioma", "by": "third", "reason": "rim"}
    record_read(study, now(study), case_id, who="ann", **answer)
    with pytest.raises(InputError, match="have not all read it"):
        decide(study, now(study), case_id, who="carl", **ruling)
    record_read(study, now(study), case_id, who="bob", **(answer | {"choice": "notumor"}))
    for who, wrong in (("ann", {}), ("carl", {"reason": " "}), ("carl", {"choice": "lymphoma"})):
        with pytest.raises(InputError):
            decide(study, now(study), case_id, who=who, **(ruling | wrong))
    decide(study, now(study), case_id, who="ann", **(ruling | {"by": "consensus"}))
    assert now(study).standing(case_id) == "decided"
    with pytest.raises(InputError, match="reason is missing"):
        withdraw(study, now(study), "bob", who="max", reason="")
    withdraw(study, now(study), "bob", who="max", reason="on leave")
    assert now(study).readers == ("ann",)
    assert now(study).blind(case_id).keys() == {"ann", "bob"}


@pytest.mark.parametrize(("name", "readers", "ids"), [(" ", ("ann",), [20]), ("x", (), [20]), ("x", ("ann",), [])])
def test_a_list_without_name_readers_or_scans_is_not_made(
    study: Study, home: Path, name: str, readers: tuple[str, ...], ids: list[int]
) -> None:
    wanted = Wanted(name=name, readers=readers, source="gallery")
    with pytest.raises(InputError, match="reading list"):
        make_list(study, wanted, [f"{number:016x}" for number in ids], who="max")
    assert not (home / "reviews.sqlite").exists()


def test_readers_are_named_once_and_as_a_sign_in_names_them() -> None:
    assert names_of(" Ann@x.org, bob ,,Ann@x.org") == ("Ann@x.org", "bob")
    assert names_of("Ann@X.org, ann@x.org", folded=True) == ("ann@x.org",)
