"""Patients and imported cases are named in addresses by a key that says nothing of them."""

import hashlib
import hmac
from pathlib import Path

import pytest

from neuroval.dashboard.access.address_names import name_of, name_of_case, named


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "here"))
    return tmp_path / "here"


def test_a_name_is_the_same_each_time_and_says_nothing(home: Path) -> None:
    name = name_of("Dickinson 1830")
    assert name == name_of("Dickinson 1830") != name_of("Dickinson 1831")
    assert len(name) == 24
    assert "Dickinson" not in name
    assert not hashlib.sha256(b"Dickinson 1830").hexdigest().startswith(name)  # who tries ids needs the key
    key = (home / "access" / "address.key").read_bytes()
    assert name == hmac.new(key, b"Dickinson 1830", hashlib.sha256).hexdigest()[:24]
    assert len(key) == 32
    assert (home / "access" / "address.key").stat().st_mode & 0o077 == 0
    assert len(list((home / "access").iterdir())) == 1


def test_another_machine_gives_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = name_of("Dickinson 1830")
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "there"))
    assert name_of("Dickinson 1830") != name


def test_what_an_address_names_is_found_again() -> None:
    patients = [f"patient {number}" for number in range(200)]
    assert named(name_of("patient 17"), patients) == "patient 17"
    assert named("patient 17", patients) is None
    assert named("", patients) is None
    assert len({name_of(patient) for patient in patients}) == 200


def test_a_case_id_that_is_a_digest_stays() -> None:
    assert name_of_case("00000000000000ff") == "00000000000000ff"
    for brought in ("Dickinson/3", "00000000000000FF", "00000000000000ff1"):
        assert name_of_case(brought) == name_of(brought)
