"""The API's log: one line of JSON for each request, with nothing of a file but its hash and nothing of a person."""

import json
import logging
import sys
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Final

NAME: Final = "neuroval.api"
FIELDS: Final = "fields"
LARGEST: Final = 10_000_000  # bytes of a file, then it begins anew
FORMER: Final = 5  # files that are kept

log = logging.getLogger(NAME)


class AsJson(logging.Formatter):
    """A record as one line of JSON; an exception by its kind alone, for its words may name a file."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        entry: dict[str, Any] = {"at": at, "level": record.levelname.lower(), "event": record.getMessage()}
        return json.dumps({**entry, **getattr(record, FIELDS, {})})


def start(file: Path | None = None) -> None:
    """Write the log to a file, which does not grow without end, or to stderr; once, however often it is asked for."""
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # it quotes what it does not understand
    if not log.handlers:
        handler = (
            logging.StreamHandler(sys.stderr)
            if file is None
            else RotatingFileHandler(file, maxBytes=LARGEST, backupCount=FORMER, encoding="utf-8")
        )
        handler.setFormatter(AsJson())
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        log.propagate = False


def note(event: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """Write a line; ``fields`` hold plain values that say nothing of a patient."""
    log.log(level, event, extra={FIELDS: fields})
