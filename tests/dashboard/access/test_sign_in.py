"""Who is let in where a sign-in is required, by what the provider says of an address."""

import types

import pytest

from neuroval.dashboard.access import sign_in
from neuroval.dashboard.access.sign_in import may_use
from neuroval.dashboard.settings import current_settings

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


@pytest.mark.parametrize(
    ("email", "may"), [("Lead@hospital.example", True), ("x@lab.example", True), ("reader@hospital.example", False)]
)
def test_who_may_run_evaluations(email: str, may: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    user = types.SimpleNamespace(to_dict=lambda: {**SAID, "email": email})
    monkeypatch.setattr(sign_in.st, "user", user)
    monkeypatch.setattr(sign_in.streamlit_private, "can_sign_in", lambda: True)
    monkeypatch.setenv("NEUROVAL_LOGIN", "required")
    assert sign_in.may_run()  # nobody is named: all who are signed in
    current_settings.cache_clear()
    monkeypatch.setenv("NEUROVAL_RUN_EMAILS", "lead@hospital.example,@lab.example")
    assert sign_in.may_run() is may
