"""The server: Streamlit, the REST API and the image addresses in one process. Opening it loads no TensorFlow."""

import asyncio
import os
import threading
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from neuroval.dashboard.api.in_memory import keep_uploads_in_memory

if TYPE_CHECKING:
    from fastapi import FastAPI

    from neuroval.dashboard.settings import Settings

from neuroval.dashboard.access import streamlit_private
from neuroval.dashboard.access.gate import Gate
from neuroval.dashboard.access.sign_in import SignIn, lasts
from neuroval.dashboard.access.slow_headers import limit_header_time
from neuroval.dashboard.access.sockets import Sockets

# Nothing heavy is imported here: the browser loads the frame of the page while the numbers are made ready.

# The matrices are narrow: threads of their library would only wait for each other. It looks when it is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

API = "/api/v1"
SWEEP = 10.0  # seconds between two looks for sessions that have ended
keep_uploads_in_memory()
limit_header_time()


class Api:
    """The REST API, made once, beside the pages or when it is first asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._app: FastAPI | None = None

    def app(self) -> "FastAPI":
        with self._lock:
            if self._app is None:
                from neuroval.dashboard.api.app import create
                from neuroval.dashboard.settings import current_settings

                self._app = create(current_settings())
            return self._app

    def load(self) -> None:
        """Load the model that it serves."""
        self.app().state.service.load()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if app is None:
            app = await asyncio.to_thread(self.app)
        await app(scope, receive, send)


api = Api()


@asynccontextmanager
async def _lifespan(_: st.App) -> AsyncIterator[None]:
    """Make the first study and the API's model ready while the first visitor's browser loads the page."""
    streamlit_private.send_at_once()
    warming = asyncio.gather(asyncio.to_thread(_warm), asyncio.to_thread(api.load))
    opening = asyncio.create_task(_open_browser(os.environ.get("NEUROVAL_OPEN")))
    ending = asyncio.create_task(_end_closed_sessions())
    yield
    opening.cancel()
    ending.cancel()
    await warming


async def _end_closed_sessions() -> None:
    while True:
        await asyncio.sleep(SWEEP)
        streamlit_private.end_closed_sessions()


async def _open_browser(url: str | None) -> None:
    if url:
        await asyncio.sleep(0.2)  # the port opens as soon as the lifespan has started
        await asyncio.to_thread(webbrowser.open, url)


def _warm() -> None:
    """Clear what killed runs left, and judge the first study; one that cannot be read is reported on the page."""
    from neuroval.dashboard.session import cache as compute
    from neuroval.data.exceptions import InputError
    from neuroval.data.storage.home import studies
    from neuroval.data.storage.scratch import clear

    with suppress(InputError):
        clear()
    for name in list(studies())[:1]:
        try:
            compute.evidence(compute.study(name)).make_ready()
        except InputError:
            return


def _image(request: Request) -> Response:
    from neuroval.dashboard.session.image_routes import serve

    return serve(request)


def _blind_image(request: Request) -> Response:
    from neuroval.dashboard.session.image_routes import serve_blind

    return serve_blind(request)


ROUTES = [
    Mount(API, api),
    Route("/images/{study}/blind/{list}/{name}.webp", _blind_image),
    Route("/images/{study}/{case_id:path}.webp", _image),  # a case id may hold a slash
]


def _settings() -> "Settings":
    from neuroval.dashboard.settings import current_settings

    return current_settings()


def _names() -> list[str]:
    """Return the names of this server beside the machine's: those it listens on, and where a sign-in comes back to."""
    listening = (st.get_option("server.address"), st.get_option("browser.serverAddress"))
    return [*(name.lower() for name in listening if name), *streamlit_private.sign_in_hosts()]


def _scripts() -> list[str]:
    return [*streamlit_private.inline_scripts(), streamlit_private.fetching_script()]


GATE = Middleware(Gate, settings=_settings, names=_names, scripts=_scripts)
app = st.App(
    Path(__file__).with_name("app.py").resolve(),
    routes=ROUTES,
    middleware=[GATE, Middleware(SignIn), Middleware(Sockets, lasts=lasts)],
    lifespan=_lifespan,
)
