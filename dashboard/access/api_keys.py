"""The keys that clients of the API send: ``Authorization: Bearer KEY`` or ``X-API-Key: KEY``."""

import hmac
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pydantic import SecretStr

SIGNED_IN: Final = "signed_in"  # in the state of a request: the server's sign-in has let it in, so it needs no key

PERSON: Final = "person"  # in the state of a request: who has signed in


def given_key(headers: Mapping[str, str]) -> str:
    """Return the key that a request carries, right or wrong; nothing without one."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return headers.get("x-api-key", "") or (token if scheme.lower() == "bearer" else "")


def has_key(headers: Mapping[str, str], keys: "Sequence[SecretStr]") -> bool:
    """Return whether a request carries one of the keys.

    It is compared with every key, each in constant time: how long that takes tells nothing.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    given = (headers.get("x-api-key", ""), token if scheme.lower() == "bearer" else "")
    known = [key.get_secret_value().encode() for key in keys]
    matches = [hmac.compare_digest(accepted.encode(), key) for accepted in given for key in known]
    return any(matches)
