"""What the API answers when it cannot do what was asked: one form, ``application/problem+json`` (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import JSONResponse

from neuroval.data.exceptions import ImageError, InputError

MEDIA_TYPE: Final = "application/problem+json"
NO_REQUEST: Final = "none"


class Problem(BaseModel):
    """Why a request was not answered."""

    type: str = Field(default="about:blank", description="Always about:blank: the status says what kind it is.")
    title: str = Field(description="The name of the status.", examples=["Unprocessable Content"])
    status: int = Field(description="The HTTP status.", examples=[422])
    detail: str = Field(
        description="What is wrong and what to do, in one line.", examples=["image of 1 x 1 pixels, too small to judge"]
    )
    request_id: str = Field(description="As in the header X-Request-ID and in the server's log.")


def problem(status: int, detail: str, request_id: str) -> Problem:
    """Return the problem of a status."""
    return Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, request_id=request_id)


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return a problem as a response."""
    return JSONResponse(problem.model_dump(), problem.status, dict(headers or {}), MEDIA_TYPE)


def request_id(request: Request) -> str:
    """Return the id that the server gave a request."""
    return str(getattr(request.state, "request_id", NO_REQUEST))


async def http_problem(request: Request, error: Exception) -> JSONResponse:
    """Return an error of HTTP as a problem."""
    assert isinstance(error, StarletteHTTPException)
    return answer(problem(error.status_code, str(error.detail), request_id(request)), error.headers)


def handle(app: FastAPI) -> None:
    """Let an app answer every error as a problem."""

    async def invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return answer(problem(422, _wrong(error), request_id(request)))

    async def image(request: Request, error: Exception) -> JSONResponse:
        return answer(problem(422, str(error), request_id(request)))

    async def bad_input(request: Request, error: Exception) -> JSONResponse:
        return answer(problem(400, str(error), request_id(request)))

    app.add_exception_handler(StarletteHTTPException, http_problem)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(ImageError, image)
    app.add_exception_handler(InputError, bad_input)


def _wrong(error: RequestValidationError) -> str:
    """Return which parts of a request are wrong; their values are left out, for they may be anything."""
    parts = [f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}" for problem in error.errors()]
    return "; ".join(parts)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what the OpenAPI document says of the problems that a request may meet."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {
                MEDIA_TYPE: {
                    "schema": schema,
                    "example": problem(status, EXAMPLES[status], "5f0c6b9a4e0d4b7f9a54c6a0a7c1e2d3").model_dump(),
                }
            },
        }
        for status in sorted({*statuses, *((429,) if 401 in statuses else ())})  # who needs a key may be slowed down
    }


EXAMPLES: Final = {
    400: "split 'external' holds no predictions; expected one of ['test', 'tuning']",
    401: "the header X-API-Key is missing or wrong",
    404: "there is no study of this name",
    408: "the request did not arrive within 30 s",
    413: "more than 20,000,000 bytes in one file",
    415: "expected multipart/form-data",
    422: "image of 1 x 1 pixels, too small to judge; expected 32 or more each way",
    429: "more requests than this server takes of one caller; wait as long as Retry-After says",
    503: "too many requests at once; try again in a second",
}


def not_there(what: str) -> HTTPException:
    """Return the error of something that does not exist."""
    return HTTPException(404, what)
