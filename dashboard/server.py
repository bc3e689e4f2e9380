"""The server: Streamlit and the image addresses in one process. Opening it loads no TensorFlow."""

import asyncio
import os
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.login import SignIn

# Nothing heavy is imported here: the browser loads the frame of the page while the numbers are made ready.

# The matrices are narrow: threads of their library would only wait for each other. It looks when it is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@asynccontextmanager
async def _lifespan(_: st.App) -> AsyncIterator[None]:
    """Make the first study ready while the first visitor's browser loads the page."""
    warming = asyncio.create_task(asyncio.to_thread(_warm))
    opening = asyncio.create_task(_open_browser(os.environ.get("NEUROVAL_OPEN")))
    yield
    opening.cancel()
    await warming


async def _open_browser(url: str | None) -> None:
    if url:
        await asyncio.sleep(0.2)  # the port opens as soon as the lifespan has started
        await asyncio.to_thread(webbrowser.open, url)


def _warm() -> None:
    """Read and judge the first study; one that cannot be read is reported on the page."""
    from dashboard import compute
    from data.errors import InputError
    from data.home import studies

    for name in list(studies())[:1]:
        try:
            compute.evidence(compute.study(name)).make_ready()
        except InputError:
            return


def _image(request: Request) -> Response:
    from dashboard.images import serve

    return serve(request)


ROUTES = [Route("/images/{study}/{case_id:path}.webp", _image)]  # a case id may hold a slash

app = st.App(
    Path(__file__).with_name("app.py").resolve(), routes=ROUTES, middleware=[Middleware(SignIn)], lifespan=_lifespan
)
