"""How far long work has come: a bar on stderr for people, a small file for the page that started the work."""

import contextlib
import json
import os
import time
from pathlib import Path

from tqdm import tqdm

from neuroval.data.exceptions import InputError
from neuroval.data.storage.atomic import write_file

FILE = "NEUROVAL_PROGRESS"  # names the file; set for a process that a page has started


class Bar(tqdm):  # type: ignore[type-arg]  # generic for the type checker only
    """A progress bar. Where the variable ``NEUROVAL_PROGRESS`` names a file, it is drawn there, as JSON.

    ``step``, ``done`` and ``total`` of it, ``seconds_left`` or null, ``at`` in seconds since 1970.
    """

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        file = os.environ.get(FILE)
        if file:
            with contextlib.suppress(InputError):  # nobody seeing the progress stops no work
                self._write(Path(file))
        else:
            super().display(msg, pos)

    def _write(self, file: Path) -> None:
        facts = self.format_dict
        begun, total, seconds = facts["n"] - facts["initial"], facts["total"], facts["elapsed"]
        left = (total - facts["n"]) * seconds / begun if total and begun > 0 else None
        text = {"step": self.desc, "done": facts["n"], "total": total, "seconds_left": left, "at": time.time()}
        write_file(file, json.dumps(text), durable=False)
