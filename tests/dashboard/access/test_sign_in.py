"""Who is let in where a sign-in is required, by what the provider says of an address."""

import pytest

from neuroval.dashboard.access.sign_in import may_use

SAID = {"is_logged_in": True, "email": "Reader@Hospital.example", "email_verified": True}


@pytest.mark.parametrize("allowed", ["reader@hospital.example", "@hospital.example"])
@pytest.mark.parametrize(
    ("said", "let_in"),
    [
        ({}, True),
        ({"email_verified": None}, True),  # a provider that says nothing of it
        ({"email_verified": False}, False),  # anybody may claim an address
        ({"email": "reader@hospital.example.evil"}, False),
        ({"email": "other@clinic.example"}, False),
        ({"email": ""}, False),
        ({"is_logged_in": False}, False),
    ],
)
def test_an_address_counts_once_it_is_verified(
    said: dict[str, object], let_in: bool, allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEUROVAL_LOGIN_EMAILS", allowed)
    assert may_use(SAID | said) is let_in


def test_without_a_list_everybody_who_has_signed_in_is_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEUROVAL_LOGIN_EMAILS", raising=False)
    assert may_use({"is_logged_in": True, "email_verified": False})
    assert not may_use({"email": "reader@hospital.example"})
