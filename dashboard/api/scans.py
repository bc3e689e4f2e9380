"""Scans in, calls out: ``predict`` and ``predict/batch``."""

from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Query, Request, UploadFile

from neuroval.dashboard.api.answers import Batch, BatchItem, Scan
from neuroval.dashboard.api.problems import documented, problem, request_id
from neuroval.dashboard.api.service import service_of
from neuroval.data.exceptions import ImageError

PROBLEMS: Final = documented(400, 401, 408, 413, 415, 422, 503)
MOST_FILES: Final = 1000  # the most that a server can be set to

router = APIRouter(tags=["scans"])

Gradcam = Annotated[bool, Query(description="Add the scan with its Grad-CAM as a PNG.")]
Frame = Annotated[int | None, Query(ge=1, le=100_000, description="Of a DICOM file with several frames; from 1.")]


@router.post(
    "/predict",
    summary="One scan",
    responses=PROBLEMS,
    response_model_exclude_none=False,
    form_limits={"max_files": 1, "max_fields": 8},
)
async def predict(request: Request, file: UploadFile, gradcam: Gradcam = False, frame: Frame = None) -> Scan:
    """Return what the model says of a scan: JPEG, PNG, BMP, TIFF, WebP or DICOM, in the field ``file``.

    The name and the stated type of the file are not looked at. Nothing of it is kept but its hash in the log.
    """
    service = service_of(request)
    service.ready()
    if (file.size or 0) > service.settings.upload_bytes:
        raise HTTPException(413, f"more than {service.settings.upload_bytes:,} bytes in one file")
    return await service.scan(request, await file.read(), frame=frame, gradcam=gradcam)


@router.post(
    "/predict/batch",
    summary="Several scans",
    responses=PROBLEMS,
    form_limits={"max_files": MOST_FILES, "max_fields": 8},
)
async def predict_batch(request: Request, files: list[UploadFile], gradcam: Gradcam = False) -> Batch:
    """Return what the model says of each file in the fields ``files``, in their order.

    One that cannot be read gets a problem of its own and stops nothing. Files are read one after another, so that a
    batch does not hold up the scans of others.
    """
    service = service_of(request)
    service.ready()
    if len(files) > service.settings.batch_files:
        raise HTTPException(413, f"{len(files):,} files, the limit is {service.settings.batch_files:,}")
    name, results = request_id(request), []
    for index, file in enumerate(files):
        try:
            scan = await service.scan(request, await file.read(), frame=None, gradcam=gradcam)
            results.append(BatchItem(index=index, scan=scan))
        except ImageError as error:
            results.append(BatchItem(index=index, problem=problem(422, str(error), name)))
    return Batch(request_id=name, results=results)
