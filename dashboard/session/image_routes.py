"""Images by address: the scan and its Grad-CAM as WebP. Only cases of a study, only sizes on the list."""

import hashlib
from collections.abc import Mapping
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from neuroval.dashboard.access.address_names import name_in_list, name_of_case
from neuroval.dashboard.access.api_keys import PERSON
from neuroval.dashboard.cases.evaluated_case import MapOf
from neuroval.dashboard.figures.scan import LAYERS, SIZES
from neuroval.dashboard.permissions import note
from neuroval.dashboard.session import cache as compute
from neuroval.data.exceptions import InputError
from neuroval.data.storage.access_log import AccessLogError
from neuroval.data.storage.home import studies
from neuroval.data.study.folder import Study
from neuroval.data.study.trial import INTERVENTIONS, SEVERITIES, UNTOUCHED

NETWORKS: Mapping[str, MapOf] = {"network": "network", "fold": "fold"}
LEVELS = tuple(map(str, range(SEVERITIES + 1)))


def _noted(request: Request, study: Study, what: str) -> Response | None:
    """Write down who sees a scan; return the refusal where that cannot be written."""
    who = getattr(request.state, PERSON, "")
    try:
        note("view", who=who, what=what, study=study.path.name)
    except AccessLogError as error:
        return PlainTextResponse(str(error), status_code=503, headers={"Cache-Control": "no-store"})
    return None


def serve(request: Request) -> Response:
    """Return the image that the address names; 404 for everything else.

    ``/images/<study>/<case>.webp?size=<name>&class=<index>&of=fold``: with the Grad-CAM of a class if its index is
    given, drawn by the network itself or by that of the case's fold.
    With ``&layer=map`` or ``&layer=outline`` that alone, transparent where there is nothing, to lie over the scan; with
    ``&cells=1`` the map in the cells of its grid.
    With ``&change=<name>&level=<number>`` the scan under a change of the study's trial.
    """
    name, case_name = request.path_params["study"], request.path_params["case_id"]
    number = request.query_params.get("class")
    size, of = request.query_params.get("size", "original"), request.query_params.get("of", "network")
    missing = PlainTextResponse("No such image.", status_code=404)
    cells = request.query_params.get("cells", "0")
    if of not in NETWORKS or size not in SIZES or cells not in ("0", "1") or name not in studies():
        return missing
    try:
        study = compute.study(name)
    except InputError:
        return missing
    known = {str(index): name for index, name in enumerate(study.classes.names)}
    if number is not None and number not in known:
        return missing
    class_name = None if number is None else known[number]
    case_id = compute.case_named(study, case_name)
    if case_id is None:
        return missing
    change, level = request.query_params.get("change", UNTOUCHED), request.query_params.get("level", "0")
    layer = request.query_params.get("layer")
    if change not in INTERVENTIONS or level not in LEVELS or layer not in (None, *LAYERS):
        return missing
    if layer is not None:
        content = compute.layer(
            study, case_id, layer, class_name=class_name, size=size, of=NETWORKS[of], cells=cells == "1"
        )
    elif change == UNTOUCHED:
        content = compute.encoded(study, case_id, class_name, size, of=NETWORKS[of])
    else:
        content = compute.changed(study, case_id, change=change, level=int(level), size=size)
    if content is None:
        return missing
    if (refusal := _noted(request, study, f"scan {name_of_case(case_id)}")) is not None:
        return refusal
    shown = f"{number or 'scan'}-{of}-{size}-{cells}-{change}-{level}-{layer}"
    etag = f'"{study.fingerprint[:16]}-{quote(case_name, safe="")}-{shown}"'
    headers = {"ETag": etag, "Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="image/webp", headers=headers)


def serve_blind(request: Request) -> Response:
    """Return the scan of a reading list alone, whatever else the address asks for; 404 for everything else.

    ``/images/<study>/blind/<list>/<name>.webp``, the name by ``address_names.name_in_list``: neither the address nor
    the answer holds the id of the case, its label, or anything of the model.
    """
    parameters, missing = request.path_params, PlainTextResponse("No such image.", status_code=404)
    if parameters["study"] not in studies():
        return missing
    try:
        study = compute.study(parameters["study"])
        reading_list = compute.reviews(study).reading_list(parameters["list"])
    except InputError:
        return missing
    cases = () if reading_list is None else reading_list.cases
    named = (case_id for case_id in cases if name_in_list(parameters["list"], case_id) == parameters["name"])
    case_id = next(named, None)
    content = None if case_id is None else compute.encoded(study, case_id, None, "original")
    if content is None or case_id is None:
        return missing
    if (refusal := _noted(request, study, f"scan {name_of_case(case_id)}, blind")) is not None:
        return refusal
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="image/webp", headers=headers)
