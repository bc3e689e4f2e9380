"""The outermost door: by what name and from which page a request comes, and what each answer lets a browser do.

It stands before Streamlit, which would look for this server's address at an outside service while all others wait when
it does not know the origin of a socket.
"""

import base64
import hashlib
from collections.abc import Callable, Collection, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from neuroval.dashboard.access import hosts
from neuroval.dashboard.words import sign_in as words

if TYPE_CHECKING:
    from neuroval.dashboard.settings import Settings

API: Final = "/api/"
DOCS: Final = "/api/v1/docs"
# What an answer is, is said by its type alone; no other site frames it, embeds it or is told its address.
ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
NOTHING: Final = "default-src 'none'; frame-ancestors 'none'"  # an answer that is no page: numbers, an image
# The page that describes the API has a script of a few lines in it, and nothing of a user.
DOCS_POLICY: Final = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Gate:
    """ASGI middleware: 403 for another's name or page; headers of security on every answer.

    ``names`` gives further names of this server, ``scripts`` the scripts that stand inside its pages: no other is run.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: "Callable[[], Settings]",
        names: Callable[[], Collection[str]] = tuple,
        scripts: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self.app = app
        self.settings = settings
        self._more = names
        self._scripts = scripts
        self._names: frozenset[str] | None = None
        self._pages: str | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        policy = self._policy(scope["path"])

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in (*ALWAYS.items(), ("Content-Security-Policy", policy)):
                    headers[name] = value
                if "access-control-allow-origin" in headers:
                    headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # the settings name who may read it
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self.app(scope, receive, with_headers)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": refusal})
        else:
            await refused(scope["path"], 403, refusal)(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> str | None:
        headers, settings = Headers(scope=scope), self.settings()
        if self._names is None:
            self._names = frozenset({*hosts.own_names(), *settings.allowed_hosts, *self._more()})
        given = headers.getlist("host")
        if len(given) != 1 or not hosts.is_ours(given[0], self._names):
            return words.OTHER_HOST
        others = settings.api_origins if scope["path"].startswith(API) else ()
        return words.OTHER_PAGE if hosts.is_foreign(headers, host=given[0], allowed=others) else None

    def _policy(self, path: str) -> str:
        if path.startswith(API):
            return DOCS_POLICY if path == DOCS else NOTHING
        if path.startswith("/images/"):
            return NOTHING
        if self._pages is None:
            self._pages = page_policy(self._scripts())
        return self._pages


def refused(path: str, status: int, why: str) -> Response:
    """Return the answer to a request that is turned away: a problem of RFC 9457 for the API, one line for others."""
    headers = {"Cache-Control": "no-store"}
    if not path.startswith(API):
        return PlainTextResponse(why, status, headers)
    problem = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": why}
    return JSONResponse(problem, status, headers, media_type="application/problem+json")


def page_policy(scripts: Iterable[str]) -> str:
    """Return the Content-Security-Policy of pages: everything from this server, of scripts inside a page only these.

    Streamlit writes styles while it draws, and counts long integers in WebAssembly. Pictures of figures and files to
    download are made in the browser (``blob:``), small pictures stand inside styles (``data:``).
    """
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    known = " ".join(f"'sha256-{digest}'" for digest in digests)
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'wasm-unsafe-eval' {known}".strip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )
