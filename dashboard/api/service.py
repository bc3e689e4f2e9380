"""What the API holds: settings, the model when it is loaded, its meter and the turns in which scans are read."""

import base64
import io
import logging
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import anyio
from fastapi import HTTPException, Request
from PIL import Image

from neuroval.dashboard.api.answers import GradCam, Scan
from neuroval.dashboard.api.log import note
from neuroval.dashboard.api.meter import Meter
from neuroval.dashboard.api.problems import request_id
from neuroval.dashboard.figures.scan import fitted, painted
from neuroval.dashboard.scans.prediction import WORKERS, Prediction, opened, predict, thresholds_of
from neuroval.dashboard.settings import Settings
from neuroval.dashboard.words import try_scan as text_scan
from neuroval.data.exceptions import InputError
from neuroval.data.storage.home import find_model
from neuroval.data.study.manifest import Thresholds
from neuroval.model.inference.gradcam_overlay import has_evidence
from neuroval.model.inference.scan_reader import Reader

LONGEST: Final = 512  # pixels of the picture with the map
FAST: Final = 1  # compression of the picture


@dataclass(kw_only=True, eq=False)
class Service:
    """One for each app. ``reason`` says why there is no model yet, or will be none."""

    settings: Settings
    meter: Meter = field(default_factory=Meter)
    reader: Reader | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)
    reason: str = "the model is being loaded; try again in a second"

    def load(self) -> None:
        """Load the model and read a black image, so that the first scan takes no longer than the others."""
        try:
            reader = opened(find_model(self.settings.model))
            self.thresholds = thresholds_of(reader)
            reader.warm_up()
        except InputError as error:
            self._without(str(error))
        except Exception as error:  # noqa: BLE001 - damaged files break loaders in many ways; the server stays
            self._without(f"{self.settings.model}: damaged ({type(error).__name__})")
        else:
            self.reader = reader

    def _without(self, why: str) -> None:
        """Log why there is no model; clients are told no path of the server."""
        note("no model", level=logging.ERROR, why=why)
        self.reason = "no model: the one that is set cannot be used; the log of the server says why"

    def ready(self) -> Reader:
        """Return the model. Raises a problem 503 while there is none."""
        if self.reader is None:
            raise HTTPException(503, self.reason, {"Retry-After": "1"})
        return self.reader

    async def scan(self, request: Request, content: bytes, *, frame: int | None, gradcam: bool) -> Scan:
        """Return what the model says of a file's bytes; waits for its turn. Raises ``ImageError``."""
        work = partial(self._read, self.ready(), content, frame=frame, gradcam=gradcam, name=request_id(request))
        begin = time.perf_counter()
        prediction, scan = await anyio.to_thread.run_sync(work, limiter=_turns(request))
        self.meter.predicted(prediction, time.perf_counter() - begin)
        request.state.files.append({"sha256": scan.sha256, "unlike": scan.in_distribution is False})
        return scan

    def _read(
        self, reader: Reader, content: bytes, *, frame: int | None, gradcam: bool, name: str
    ) -> tuple[Prediction, Scan]:
        limit = self.settings.upload_bytes
        prediction = predict(reader, content, thresholds=self.thresholds, frame=frame, limit=limit)
        scan = Scan(
            request_id=name,
            model=reader.card.name,
            called=prediction.called,
            confidence=prediction.confidence,
            tier=prediction.tier,
            advice=text_scan.advice(prediction),
            probabilities=dict(prediction.probabilities),
            in_distribution=prediction.in_distribution,
            out_of_distribution_score=prediction.reading.unlike,
            out_of_distribution_limit=prediction.reading.limit,
            other_modality=prediction.other_modality,
            sha256=prediction.upload.sha256,
            frame=prediction.upload.frame,
            frames=prediction.upload.frames,
            gradcam=_gradcam(reader, prediction) if gradcam else None,
        )
        return prediction, scan


def _gradcam(reader: Reader, prediction: Prediction) -> GradCam:
    place = reader.card.classes.index(prediction.called)
    picture = painted(fitted(prediction.upload.pixels, LONGEST), prediction.maps, place)
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=FAST)
    return GradCam(
        for_class=prediction.called,
        grid=list(reader.card.grid),
        has_evidence=has_evidence(prediction.maps[place]),
        png=base64.b64encode(buffer.getvalue()).decode(),
    )


def service_of(request: Request) -> Service:
    """Return the service of the app that a request came to."""
    service: Service = request.app.state.service
    return service


def _turns(request: Request) -> anyio.CapacityLimiter:
    """Return the turns, made where there is an event loop."""
    state = request.app.state
    if not hasattr(state, "turns"):
        state.turns = anyio.CapacityLimiter(WORKERS)
    turns: anyio.CapacityLimiter = state.turns
    return turns
