"""Uploads stay in memory: nothing of a patient is written to a disk while it arrives."""

from typing import Final

from starlette.formparsers import MultiPartParser

LARGEST: Final = 1 << 31  # bytes: larger files are turned away before


def keep_uploads_in_memory() -> None:
    """Let no form of this process spool its files to a temporary file, which it does from 1 MB on otherwise."""
    MultiPartParser.spool_max_size = LARGEST
