"""The API's log: one line of JSON for each request, with nothing of a file but its hash and nothing of a person."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final

NAME: Final = "neuroval.api"
FIELDS: Final = "fields"

log = logging.getLogger(NAME)


class AsJson(logging.Formatter):
    """A record as one line of JSON; an exception by its kind alone, for its words may name a file."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        entry: dict[str, Any] = {"at": at, "level": record.levelname.lower(), "event": record.getMessage()}
        return json.dumps({**entry, **getattr(record, FIELDS, {})})


def start() -> None:
    """Write the log to stderr; once, however often it is asked for."""
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # it quotes what it does not understand
    if not log.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(AsJson())
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        log.propagate = False


def note(event: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """Write a line; ``fields`` hold plain values that say nothing of a patient."""
    log.log(level, event, extra={FIELDS: fields})
