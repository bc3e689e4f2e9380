"""What the socket of the pages carries: nothing for who has not signed in, and from no browser what pages never send.

Streamlit's socket would also take orders that are meant for developers: emptying the caches of everybody, the state of
the code's repository, installing files. A page of ours sends none of them.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from neuroval.dashboard.access import streamlit_private
from neuroval.dashboard.words import sign_in as words

LOOK: Final = 5.0  # seconds: a socket ends so soon after its session
POLICY: Final = 1008  # the code of a socket that is closed for what is allowed, RFC 6455, 7.4.1


class Sockets:
    """ASGI middleware around every socket. ``lasts`` says of a request whether its session is open.

    It is told whether the session is used at that moment: what the browser sends by itself keeps no session open.
    """

    def __init__(self, app: ASGIApp, *, lasts: Callable[[HTTPConnection, bool], bool]) -> None:
        self.app = app
        self.lasts = lasts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a socket on, or refuse it."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        if not self.lasts(request, True):
            await send({"type": "websocket.close", "code": POLICY, "reason": words.REFUSED})
            return
        waiting: asyncio.Future[Message] | None = None
        closed = False

        async def taken() -> Message:
            """Return the next message that is allowed; the end of the socket when its session has ended."""
            nonlocal waiting, closed
            while True:
                waiting = waiting or asyncio.ensure_future(receive())
                done, _ = await asyncio.wait({waiting}, timeout=LOOK)
                message = waiting.result() if done else {}
                if done:
                    waiting = None
                if message.get("type") in ("websocket.connect", "websocket.disconnect"):
                    return message
                kind = streamlit_private.kind_of(message.get("bytes") or b"") if done else None
                if not self.lasts(request, kind in streamlit_private.BY_HAND):
                    await send({"type": "websocket.send", "bytes": streamlit_private.load_again()})
                    await send({"type": "websocket.close", "code": POLICY, "reason": words.REFUSED})
                    closed = True
                    return {"type": "websocket.disconnect", "code": POLICY}
                if kind in streamlit_private.SENT_BY_PAGES:
                    return message

        async def unless_closed(message: Message) -> None:
            if not closed:
                await send(message)

        try:
            await self.app(scope, taken, unless_closed)
        finally:
            if waiting is not None:
                waiting.cancel()
