"""The server: Streamlit and the image addresses in one process. Opening it loads no TensorFlow."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.concurrency import run_in_threadpool

from dashboard import compute
from dashboard.images import ROUTES
from data.errors import InputError
from data.home import studies


@asynccontextmanager
async def _lifespan(_: st.App) -> AsyncIterator[None]:
    """Read the first study before the first visitor comes; one that cannot be read is reported on the page."""
    await run_in_threadpool(_warm)
    yield


def _warm() -> None:
    for name in list(studies())[:1]:
        try:
            compute.evidence(compute.study(name))
        except InputError:
            return


app = st.App(Path(__file__).with_name("app.py").resolve(), routes=ROUTES, lifespan=_lifespan)
