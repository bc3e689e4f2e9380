"""One uploaded scan, read and judged: what the page and the API both say of it. Nothing of it is kept.

The models that are open stay open, a few at most: page and API share them. Only so many scans are read at once as
there are cores, so that a scan takes as long under load as without.
"""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuroval.analysis.performance.ranked_errors import Tier, tier_of
from neuroval.data.classes import BRAIN_TUMOR
from neuroval.data.exceptions import InputError
from neuroval.data.images.uploads import MAX_UPLOAD_BYTES, Upload, read_upload
from neuroval.data.storage.home import models, studies
from neuroval.data.study.listing import known_manifest
from neuroval.data.study.manifest import Manifest, Thresholds
from neuroval.model.card import CARD, GRAPH, REFERENCE, stated_sha256
from neuroval.model.inference.scan_reader import Reader, Reading, open_reader

WORKERS: Final = max(1, os.cpu_count() or 1)  # scans read at once
MR: Final = "MR"
FILES: Final = (GRAPH, CARD, REFERENCE)

_turn = threading.BoundedSemaphore(WORKERS)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prediction:
    """What a model says of one uploaded scan.

    ``probabilities`` are by class name, each the float32 of the network. ``called`` is the class with the largest, of
    equal ones the first. ``in_distribution`` is none where the model does not say; ``other_modality`` is the DICOM
    code of a file that says it is no MR. A call that is to be doubted is for an expert, however confident it is.
    """

    upload: Upload
    reading: Reading
    probabilities: Mapping[str, float]
    called: str
    thresholds: Thresholds
    other_modality: str | None

    @property
    def confidence(self) -> float:
        return self.probabilities[self.called]

    @property
    def second(self) -> str:
        """The runner-up."""
        rest = [name for name in self.probabilities if name != self.called]
        return max(rest, key=lambda name: self.probabilities[name])

    @property
    def in_distribution(self) -> bool | None:
        return self.reading.in_distribution

    @property
    def doubtful(self) -> bool:
        """Whether there is a reason to put doubt before the call."""
        return self.in_distribution is False or self.other_modality is not None

    @property
    def tier(self) -> Tier:
        limits = self.thresholds
        certain = tier_of(self.confidence, high=limits.high_confidence, review=limits.review)
        return "expert" if self.doubtful else certain

    @property
    def maps(self) -> NDArray[np.float32]:
        return self.reading.maps


def predict(
    reader: Reader,
    content: bytes,
    *,
    thresholds: Thresholds,
    frame: int | None = None,
    limit: int = MAX_UPLOAD_BYTES,
) -> Prediction:
    """Return what a model says of an uploaded file's bytes, and of several frames in DICOM the ``frame`` from 1.

    The same probabilities as an evaluation of the same file, to the bit. Raises ``ImageError`` with the reason when
    the file cannot be used. Safe to call from several threads.
    """
    with _turn:
        upload = read_upload(content, frame=frame, limit=limit)
        reading = reader.read(upload.pixels)
    names = reader.card.classes.names
    return Prediction(
        upload=upload,
        reading=reading,
        probabilities=dict(zip(names, reading.probabilities.tolist(), strict=True)),
        called=names[int(reading.probabilities.argmax())],
        thresholds=thresholds,
        other_modality=_other_modality(upload, names),
    )


def _other_modality(upload: Upload, names: tuple[str, ...]) -> str | None:
    """Return what a file says it is, if that is no MR and the classes are those of brain MRI."""
    return upload.modality if names == BRAIN_TUMOR.names and upload.modality not in (None, MR) else None


def opened(folder: Path) -> Reader:
    """Return the reader of a model folder, read again when its files change. Raises ``InputError``."""
    return _opened(folder, *((folder / name).stat().st_mtime_ns for name in FILES if (folder / name).exists()))


@lru_cache(maxsize=4)
def _opened(folder: Path, *stamps: int) -> Reader:  # noqa: ARG001 - the stamps are part of the key
    return open_reader(folder)


def model_of(manifest: Manifest) -> Path | None:
    """Return the folder of the model that a study judges, by its hash; none where it is not on this machine."""
    wanted = None if manifest.model is None else manifest.model.sha256
    return next((folder for folder in models().values() if wanted and stated_sha256(folder) == wanted), None)


def thresholds_of(reader: Reader) -> Thresholds:
    """Return the thresholds of the first study that judges this model; the usual ones where none does."""
    for folder in studies().values():
        try:
            manifest = known_manifest(folder)
        except InputError:
            continue
        if manifest.model is not None and manifest.model.sha256 == reader.card.sha256:
            return manifest.thresholds
    return Thresholds()
