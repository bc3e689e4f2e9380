"""What stands before every request: its id, the key, limits of size, number and time, and the log of how it ended.

It is plain ASGI, because a request is turned away before its body is read: a refusal costs neither memory nor time.
"""

import logging
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import anyio
from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from neuroval.dashboard.access.api_keys import PERSON, SIGNED_IN, given_key, has_key
from neuroval.dashboard.api.log import note
from neuroval.dashboard.api.meter import Meter
from neuroval.dashboard.api.problems import answer, problem
from neuroval.dashboard.api.rate import Rate, caller_of
from neuroval.dashboard.permissions import note as note_access
from neuroval.dashboard.scans.prediction import WORKERS
from neuroval.dashboard.settings import Settings
from neuroval.data.storage.access_log import AccessLogError

OPEN: Final = ("/health", "/ready", "/docs", "/openapi.json", "/static")  # asked for without a key
READS_SCANS: Final = ("/predict", "/predict/batch")
ENVELOPE: Final = 100_000  # bytes of a form around its files
ARRIVING: Final = 4  # requests that may still be arriving, for each place of those that have
HELD: Final = 4  # of the largest requests, so many may be in memory: those that arrive, together with those being read
METHODS: Final = ("GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "DELETE")
BY_KEY: Final = "a key of the API"
BUSY: Final = "too many requests at once; try again in a second"
TOO_OFTEN: Final = "more requests than this server takes of one caller; wait as long as Retry-After says"
RETRY_SECONDS: Final = 1
ALWAYS: Final = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
UNMATCHED: Final = "unmatched"


@dataclass(slots=True)
class Exchange:
    """What is seen of one request while it is answered."""

    status: int = 0
    received: int = 0
    complete: bool = False
    placed: bool = False


class Guard:
    """The middleware. It gives each request an id of its own: one from outside could say whose scan it is."""

    def __init__(self, app: ASGIApp, *, settings: Settings, meter: Meter) -> None:
        self.app = app
        self.settings = settings
        self.meter = meter
        self.rate = Rate(settings.requests_per_minute)
        self.free = WORKERS * (1 + settings.waiting)  # places of requests that read scans, when they have arrived
        self.arriving = ARRIVING * self.free  # slow ones hold up no others
        self.held = 0  # bytes of all bodies that have come and are not answered
        self.most_held = HELD * (settings.batch_bytes + ENVELOPE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        seen, begin, request_id = Exchange(), time.perf_counter(), uuid.uuid4().hex
        scope.setdefault("state", {}).update(request_id=request_id, files=[])

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.update({**ALWAYS, "X-Request-ID": request_id})
            await send(message)

        with self.meter.under_way.track_inprogress():
            await self._answered(scope, receive, watched, seen)
        self._note(scope, seen, time.perf_counter() - begin)

    async def _answered(self, scope: Scope, receive: Receive, send: Send, seen: Exchange) -> None:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        reads = scope["method"] == "POST" and path in READS_SCANS
        limit = self._limit(path) if reads else ENVELOPE
        headers = Headers(scope=scope)

        async def counted() -> Message:
            message = await receive()
            size = len(message.get("body", b""))
            seen.received += size
            self.held += size
            seen.complete = not message.get("more_body", False)
            if seen.received > limit:
                raise HTTPException(413, f"more than {limit - ENVELOPE:,} bytes")
            if self.held > self.most_held:
                self.meter.refused.inc()
                raise HTTPException(503, BUSY, {"Retry-After": str(RETRY_SECONDS)})
            if reads and seen.complete and not seen.placed:
                if not self.free:
                    self.meter.refused.inc()
                    raise HTTPException(503, BUSY, {"Retry-After": str(RETRY_SECONDS)})
                self.free -= 1
                seen.placed = True
            return message

        signed_in = scope["state"].get(SIGNED_IN, False)
        refusal = self._refusal(path, headers, limit=limit, reads=reads, signed_in=signed_in)
        if refusal is None and reads and not (self.free and self.arriving):
            self.meter.refused.inc()
            refusal = 503, BUSY
        if not path.startswith(OPEN) and (seconds := self.rate.wait(self._caller(scope, headers))):
            self.meter.refused.inc()
            await self._refuse(scope, receive, send, 429, TOO_OFTEN, seconds=seconds)
            return
        if refusal is not None:
            await self._refuse(scope, receive, send, *refusal)
            return
        self.arriving -= reads
        try:
            if reads:
                note_access("view", who=scope["state"].get(PERSON) or BY_KEY, what="a scan sent to the API")
            with anyio.fail_after(self.settings.timeout):  # a scan that is being read is read to its end
                await self.app(scope, counted, send)
        except TimeoutError:
            if not seen.status:
                arriving = reads and not seen.complete
                late = (408, "the request did not arrive in time") if arriving else (503, "no answer in time")
                await self._refuse(scope, receive, send, *late)
        except Exception as error:  # noqa: BLE001 - nothing of it may reach a log or an answer but its kind
            kind = type(error).__name__
            note("failed", level=logging.ERROR, request_id=scope["state"]["request_id"], kind=kind, where=_place(error))
            if not seen.status:
                await self._refuse(scope, receive, send, 500, "the server failed; the log says where")
        finally:
            self.arriving += reads
            self.free += seen.placed
            self.held -= seen.received

    def _caller(self, scope: Scope, headers: Headers) -> str:
        """Return who asks. A wrong key makes nobody another: who tries keys is told by the address."""
        known = has_key(headers, self.settings.api_keys)
        address = (scope.get("client") or ("unknown", 0))[0]
        return caller_of(
            key=given_key(headers) if known else "", person=scope["state"].get(PERSON, ""), address=address
        )

    def _limit(self, path: str) -> int:
        return ENVELOPE + (self.settings.upload_bytes if path == READS_SCANS[0] else self.settings.batch_bytes)

    def _refusal(
        self, path: str, headers: Headers, *, limit: int, reads: bool, signed_in: bool
    ) -> tuple[int, str] | None:
        """Return status and reason of a request that is turned away by its headers alone."""
        keys = self.settings.api_keys
        if keys and not signed_in and not path.startswith(OPEN) and not has_key(headers, keys):
            with suppress(AccessLogError):  # what is refused is refused
                note_access("refusal", who="", what="the API")
            return 401, "the header X-API-Key is missing or wrong"
        length = headers.get("content-length", "0")
        if not length.isdecimal():
            return 400, "Content-Length is no number"
        if int(length) > limit:
            return 413, f"more than {limit - ENVELOPE:,} bytes"
        if reads and not headers.get("content-type", "").startswith("multipart/form-data"):
            return 415, "expected multipart/form-data"
        return None

    async def _refuse(
        self, scope: Scope, receive: Receive, send: Send, status: int, detail: str, *, seconds: int = RETRY_SECONDS
    ) -> None:
        again = {"Retry-After": str(seconds)}
        headers = {503: again, 429: again, 401: {"WWW-Authenticate": "ApiKey"}}.get(status)
        await answer(problem(status, detail, scope["state"]["request_id"]), headers)(scope, receive, send)

    def _note(self, scope: Scope, seen: Exchange, seconds: float) -> None:
        route = _route(scope)
        method = scope["method"] if scope["method"] in METHODS else "other"  # anything may be sent as one
        self.meter.answered(method, route, seen.status, seconds)
        fields: dict[str, Any] = {"request_id": scope["state"]["request_id"], "method": method, "route": route}
        fields |= {"status": seen.status, "ms": round(1000 * seconds, 1), "bytes": seen.received}
        note("request", **fields, files=scope["state"]["files"])


def _route(scope: Scope) -> str:
    """Return the pattern of the address; what was asked for may hold anything."""
    root, template = scope.get("root_path", ""), getattr(scope.get("route"), "path", "")
    path = scope["path"].removeprefix(root)
    return str(template) if template not in ("", root) else path if path in (*READS_SCANS, *OPEN) else UNMATCHED


def _place(error: BaseException) -> str:
    """Return module and line where an error began."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "unknown" if trace is None else f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
