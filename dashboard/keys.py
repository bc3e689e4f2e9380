"""The keys that clients of the API send: ``Authorization: Bearer KEY`` or ``X-API-Key: KEY``."""

import hmac
from collections.abc import Mapping, Sequence

from pydantic import SecretStr


def has_key(headers: Mapping[str, str], keys: Sequence[SecretStr]) -> bool:
    """Return whether a request carries one of the keys.

    It is compared with every key, each in constant time: how long that takes tells nothing.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    given = token if scheme.lower() == "bearer" else headers.get("x-api-key", "")
    matches = [hmac.compare_digest(given.encode(), key.get_secret_value().encode()) for key in keys]
    return any(matches)
