"""What is served, and how well it runs: health, readiness, model, classes, performance, metrics."""

import time
from dataclasses import asdict

import numpy as np
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from neuroval.dashboard.api.answers import Classes, Latency, Model, Performance, Status
from neuroval.dashboard.api.meter import memory
from neuroval.dashboard.api.problems import documented
from neuroval.dashboard.api.service import service_of
from neuroval.dashboard.scans.prediction import WORKERS
from neuroval.dashboard.words import general as text

probes = APIRouter(tags=["operation"])  # asked without a key
router = APIRouter()


@probes.get("/health", summary="Is the server there?")
async def health() -> Status:
    """Answer at once, without looking at the model; for a liveness probe."""
    return Status(status="ok")


@probes.get("/ready", summary="Can it read scans?", responses=documented(503))
async def ready(request: Request) -> Status:
    """Answer when the model is loaded; for a readiness probe."""
    service_of(request).ready()
    return Status(status="ready")


@router.get("/model", tags=["model"], summary="The model", responses=documented(401, 503))
async def model(request: Request) -> Model:
    """Return what the card of the model says."""
    service = service_of(request)
    reader = service.ready()
    card = reader.card
    return Model(
        name=card.name,
        version=card.version,
        sha256=card.sha256,
        classes=list(card.classes.names),
        input_size=card.input_size,
        grid=list(card.grid),
        temperature=card.temperature,
        tells_unlike_images=reader.likeness is not None and reader.components is not None,
        thresholds=asdict(service.thresholds),
        data=dict(card.data),
        metrics=dict(card.metrics),
        limitations=list(card.limitations),
        use=text.RESEARCH,
    )


@router.get("/classes", tags=["model"], summary="The classes", responses=documented(401, 503))
async def classes(request: Request) -> Classes:
    """Return the classes in their fixed order."""
    order = service_of(request).ready().card.classes
    return Classes(order=list(order.names), negative=order.negative, display=order.written)


@router.get("/performance", tags=["operation"], summary="How fast?", responses=documented(401))
async def performance(request: Request) -> Performance:
    """Return times and memory since the server started; percentiles are of the latest 1,000 scans."""
    service = service_of(request)
    recent = list(service.meter.recent)
    p50, p95, p99 = np.percentile(recent, (50, 95, 99)).tolist() if recent else (None, None, None)
    return Performance(
        uptime_seconds=time.time() - service.meter.since,
        predictions=service.meter.number,
        latency=Latency(n=len(recent), p50=p50, p95=p95, p99=p99),
        workers=WORKERS,
        places=WORKERS * (1 + service.settings.waiting),
        memory_bytes=memory(),
    )


@router.get(
    "/metrics",
    tags=["operation"],
    summary="For Prometheus",
    response_class=Response,
    responses={200: {"description": "The text format of Prometheus", "content": {"text/plain": {}}}, **documented(401)},
)
async def metrics(request: Request) -> Response:
    """Return counts and times in the form that Prometheus reads."""
    return Response(service_of(request).meter.as_text(), media_type=CONTENT_TYPE_LATEST)
