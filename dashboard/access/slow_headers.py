"""A connection that does not send the headers of a request in time is closed; uvicorn would keep it for ever.

Who opens many of them and sends a letter now and then would hold all that the server can have open (slowloris). uvicorn
has a time limit between two requests only, and Streamlit chooses its protocol: two methods of it are wrapped here.
``tests/dashboard/access/test_slow_headers.py`` fails once uvicorn has a limit of its own, and this can go.
"""

import asyncio
from functools import wraps
from typing import Any, Final

from uvicorn.protocols.http.auto import AutoHTTPProtocol

SECONDS: Final = 20.0
_DEADLINE: Final = "_neuroval_deadline"
_WRAPPED: Final = "_neuroval_wrapped"


def limit_header_time() -> None:
    """Limit the time for the headers of each request on every connection from now on; once, however often asked for."""
    kind: Any = AutoHTTPProtocol
    if getattr(kind, _WRAPPED, False):
        return
    setattr(kind, _WRAPPED, True)
    made, received, lost = kind.connection_made, kind.data_received, kind.connection_lost

    @wraps(made)
    def connection_made(self: Any, transport: asyncio.Transport) -> None:
        made(self, transport)
        _watch(self)

    @wraps(received)
    def data_received(self: Any, data: bytes) -> None:
        received(self, data)
        _watch(self)

    @wraps(lost)
    def connection_lost(self: Any, exc: Exception | None) -> None:
        _forget(self)
        lost(self, exc)

    kind.connection_made, kind.data_received, kind.connection_lost = connection_made, data_received, connection_lost


def _watch(connection: Any) -> None:
    """Start the time when headers are waited for and stop it when they have come; more of them does not extend it."""
    transport = connection.transport
    upgraded = transport.get_protocol() not in (connection, None)  # to a socket
    answering = connection.cycle is not None and not connection.cycle.response_complete
    if upgraded or answering or transport.is_closing():
        _forget(connection)
    elif getattr(connection, _DEADLINE, None) is None:
        setattr(connection, _DEADLINE, connection.loop.call_later(SECONDS, _close, connection))


def _forget(connection: Any) -> None:
    deadline = getattr(connection, _DEADLINE, None)
    if deadline is not None:
        deadline.cancel()
    setattr(connection, _DEADLINE, None)


def _close(connection: Any) -> None:
    setattr(connection, _DEADLINE, None)
    if connection.cycle is None or connection.cycle.response_complete:
        connection.transport.close()
