"""Images by address: the scan and its Grad-CAM as WebP. Only cases of a study, only sizes on the list."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from dashboard import compute
from dashboard.figures.scan import SIZES
from data.errors import InputError
from data.home import studies


def serve(request: Request) -> Response:
    """Return the image that the address names; 404 for everything else."""
    name, case_id = request.path_params["study"], request.path_params["case_id"]
    class_name = request.path_params.get("class_name")
    size = request.query_params.get("size", "original")
    missing = PlainTextResponse("No such image.", status_code=404)
    if size not in SIZES or name not in studies():
        return missing
    try:
        study = compute.study(name)
    except InputError:
        return missing
    if class_name is not None and class_name not in study.classes.names:
        return missing
    content = compute.encoded(study, case_id, class_name, size)
    if content is None:
        return missing
    etag = f'"{study.fingerprint[:16]}-{case_id}-{class_name or "scan"}-{size}"'
    headers = {"ETag": etag, "Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="image/webp", headers=headers)
