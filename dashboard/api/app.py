"""The app, for the dashboard's server and alone: ``uvicorn dashboard.api.app:app`` serves it under ``/api/v1``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any, Final

import anyio
from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.security import APIKeyHeader
from fastapi_offline import FastAPIOffline
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount

from neuroval.dashboard.access.gate import Gate
from neuroval.dashboard.access.slow_headers import limit_header_time
from neuroval.dashboard.api import about, log, problems, scans, studies
from neuroval.dashboard.api.guard import Guard
from neuroval.dashboard.api.in_memory import keep_uploads_in_memory
from neuroval.dashboard.api.service import Service
from neuroval.dashboard.settings import Settings, current_settings
from neuroval.dashboard.words import general as text
from neuroval.data.exceptions import InputError

PATH: Final = "/api/v1"
DESCRIPTION: Final = f"""
Reads single MRI slices with the model that is served, and gives the numbers of the studies. {text.RESEARCH}

Probabilities are those of `neuroval evaluate` on the same file, to the last float32. Nothing of an uploaded file is
kept or logged but its sha256. Errors are `application/problem+json`. When too many requests come at once some are
turned away with 503 and `Retry-After`: send them again.
"""


def create(given: Settings) -> FastAPI:
    """Return the API; its model is loaded by ``app.state.service.load()``."""
    log.start(given.log_file)
    keep_uploads_in_memory()
    app = FastAPIOffline(
        title="NeuroVal",
        version=version("neuroval"),
        summary="Reading brain MRI slices, and the numbers behind the model",
        description=DESCRIPTION,
        redoc_url=None,
        redirect_slashes=False,
        static_url="/static",
    )
    app.state.service = Service(settings=given)
    app.include_router(about.probes)
    key = [Depends(APIKeyHeader(name="X-API-Key", auto_error=False))] if given.api_keys else []  # the guard looks at it
    for part in (about, scans, studies):
        app.include_router(part.router, dependencies=key)
    problems.handle(app)
    app.add_middleware(Guard, settings=given, meter=app.state.service.meter)
    if given.api_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(given.api_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["X-API-Key", "Authorization"],
            expose_headers=["X-Request-ID", "Retry-After"],
        )
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


def _document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, with the form of all problems."""
    if not app.openapi_schema:
        made = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            routes=app.routes,
            servers=[{"url": PATH}],
        )
        made["components"]["schemas"].setdefault("Problem", problems.Problem.model_json_schema())
        app.openapi_schema = made
    return app.openapi_schema


def standalone(given: Settings) -> Starlette:
    """Return the API under its path as an app of its own, which loads the model when it starts.

    Raises ``InputError`` where a sign-in is required and there are no keys: here nobody could be asked to sign in.
    """
    if given.login == "required" and not given.api_keys:
        raise InputError("login is required, and alone the API knows no sign-in; set NEUROVAL_API_KEYS.")
    api = create(given)
    limit_header_time()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await anyio.to_thread.run_sync(api.state.service.load)
        yield

    return Starlette(
        routes=[Mount(PATH, api)],
        middleware=[Middleware(Gate, settings=lambda: given)],
        lifespan=lifespan,
        exception_handlers={HTTPException: problems.http_problem},
    )


def __getattr__(name: str) -> Starlette:
    """Make ``app`` when a server asks for it, not when tests import this module."""
    if name == "app":
        return standalone(current_settings())
    raise AttributeError(name)
