"""Whether a request is meant for this server, and whether a page of its own sent it: by its headers alone.

A page elsewhere can let a name of its own lead to this machine and then read what is answered (DNS rebinding); the
request still carries that name. An address in digits cannot be taken over like that, so each is accepted.

Sources: RFC 9110, 7.2 (Host); Fetch Standard (Origin); W3C Fetch Metadata Request Headers.
"""

import ipaddress
import re
import socket
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import urlsplit

ANY: Final = "*"
LOOPBACK: Final = ("localhost", "*.localhost")
HOST: Final = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^\s\[\]:/?#@\\]+))(?::\d{1,5})?", re.ASCII)


def own_names() -> frozenset[str]:
    """Return the names by which this machine knows itself; no name server is asked."""
    name = socket.gethostname().lower().rstrip(".")
    short = name.partition(".")[0]
    return frozenset({*LOOPBACK, name, short, f"{short}.local"} - {"", ".local"})


def is_ours(host: str, names: Collection[str]) -> bool:
    """Return whether the header Host is an address in digits or one of the names.

    ``*.example.org`` stands for all names below it, ``*`` for any name.
    """
    parts = HOST.fullmatch(host.lower())
    if parts is None:
        return False
    digits, name = parts.groups()
    if digits is not None or _is_address(name):
        return digits is None or _is_address(digits)
    name = name.rstrip(".")
    return any(
        pattern == ANY or name == pattern or (pattern.startswith("*.") and name.endswith(pattern[1:]))
        for pattern in names
    )


def is_foreign(headers: Mapping[str, str], *, host: str, allowed: Collection[str] = ()) -> bool:
    """Return whether a page elsewhere sent the request, other than by a link that somebody followed.

    ``allowed`` are the origins whose pages may. A request without such headers comes from no page: a program's.
    """
    origin = headers.get("origin")
    if origin is not None and origin not in allowed:
        return urlsplit(origin).netloc != host or not host
    followed = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return origin is None and headers.get("sec-fetch-site") in ("cross-site", "same-site") and not followed


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
