"""A scan as an encoded picture, with its Grad-CAM over it or beside it."""

import base64
import io
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from neuroval.dashboard.cases.evaluated_case import MapOf
from neuroval.data.exceptions import ImageError
from neuroval.data.images.decoding import read_image
from neuroval.data.images.linking import LinkedImages
from neuroval.data.study.folder import Study
from neuroval.data.study.gradcam import GradCams
from neuroval.model.evaluation.changed_scan import changed_scan
from neuroval.model.inference import gradcam_overlay as gradcam

SIZES: Final = {"thumbnail": 256, "pair": 256, "original": 1024}  # the longest side in pixels
GUTTER: Final = 4
LAYERS: Final = ("map", "outline")  # pictures to lie over a scan, transparent where there is nothing
QUALITY: Final = 88
OPACITY: Final = 60  # of the strongest evidence, in percent
OPACITIES: Final = tuple(range(0, 101, 10))


def render(
    study: Study,
    case_id: str,
    path: Path,
    *,
    class_name: str | None,
    size: str,
    of: MapOf | None = "network",
    kind: str = "WEBP",
) -> bytes | None:
    """Return the image with the Grad-CAM of ``class_name`` and the reference outline over it if given.

    The map is ``of`` the network itself or of that of the fold of the case. The picture is WebP or another ``kind`` of
    file. Size ``pair`` puts the scan and its Grad-CAM side by side. None when the file cannot be read or there is no
    map.
    """
    try:
        pixels = fitted(read_image(path).pixels, SIZES[size])
    except ImageError:
        return None
    if class_name is not None:
        drawn = _with_map(study, maps_by(study, of), case_id, pixels, class_name)
        if drawn is None:
            return None
        pixels = _beside(pixels, drawn) if size == "pair" else drawn
    return encoded(pixels, kind=kind)


def layer(
    study: Study,
    case_id: str,
    path: Path,
    kind: str,
    *,
    class_name: str | None,
    size: str,
    of: MapOf | None = "network",
    cells: bool = False,
) -> bytes | None:
    """Return one of ``LAYERS`` of a case as WebP, at the size of its scan; none where there is nothing to draw.

    The map is that of ``class_name``, on the scale that the maps of a case have in common.
    """
    drawn_by = maps_by(study, of)
    maps, mask = maps_of(drawn_by, case_id), outline_of(drawn_by, case_id)
    try:
        height, width = fitted(read_image(path).pixels, SIZES[size]).shape[:2]
    except ImageError:
        return None
    if kind == "outline":
        return None if mask is None else encoded(gradcam.outline_layer(mask, shape=(height, width)))
    if maps is None or class_name is None:
        return None
    cam = maps[study.classes.index(class_name)]
    return encoded(gradcam.map_layer(cam, top=float(maps.max()), shape=(height, width), cells=cells))


def changed(study: Study, images: LinkedImages, case_id: str, *, change: str, level: int, size: str) -> bytes | None:
    """Return a case under a change of the study's trial as WebP; none when it cannot be made."""
    try:
        pixels = changed_scan(study, images, case_id, change=change, level=level)
    except ImageError:
        return None
    return None if pixels is None else encoded(fitted(pixels, SIZES[size]))


def encoded(pixels: NDArray[np.uint8], *, kind: str = "WEBP") -> bytes:
    """Return an image as a file of a kind that Pillow writes."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format=kind, quality=QUALITY)
    return buffer.getvalue()


def in_address(picture: bytes) -> str:
    """Return a WebP picture as an address that holds it whole, for a scan that the server does not keep."""
    return f"data:image/webp;base64,{base64.b64encode(picture).decode()}"


def maps_by(study: Study, of: MapOf | None) -> GradCams | None:
    """Return the maps that a network drew: the network itself, or for each case that of its fold."""
    return study.gradcam_folds if of == "fold" else study.gradcam


def maps_of(maps: GradCams | None, case_id: str) -> NDArray[np.float32] | None:
    """Return the maps (k, h, w) of a case; none when there are none of it."""
    row = None if maps is None else maps.row(case_id)
    return None if maps is None or row is None else maps.maps[row].astype(np.float32)


def outline_of(maps: GradCams | None, case_id: str) -> NDArray[np.uint8] | None:
    """Return the reference outline (56, 56) of a case, 1 inside; none where it is not known."""
    row = None if maps is None else maps.row(case_id)
    if maps is None or row is None or not maps.has_mask[row]:
        return None
    outline: NDArray[np.uint8] = maps.masks[row]
    return outline


def peak_of(study: Study, case_id: str, class_name: str, *, of: MapOf | None = "network") -> float:
    """Return the strongest evidence for a class as a share of the strongest for any class; 0 without any."""
    maps = maps_of(maps_by(study, of), case_id)
    if maps is None or not gradcam.has_evidence(maps[study.classes.index(class_name)]):
        return 0.0
    return float(maps[study.classes.index(class_name)].max() / maps.max())


def _with_map(
    study: Study,
    drawn_by: GradCams | None,
    case_id: str,
    pixels: NDArray[np.uint8],
    name: str,
) -> NDArray[np.uint8] | None:
    maps = maps_of(drawn_by, case_id)
    if maps is None:
        return None
    drawn = painted(pixels, maps, study.classes.index(name))
    mask = outline_of(drawn_by, case_id)
    return drawn if mask is None else gradcam.outlined(drawn, mask)


def painted(pixels: NDArray[np.uint8], maps: NDArray[np.floating], place: int) -> NDArray[np.uint8]:
    """Return the image with one of the maps (k, h, w) over it, on the scale that they have in common."""
    return gradcam.overlay(pixels, maps[place], top=float(maps.max()), opacity=OPACITY / 100)


def _beside(left: NDArray[np.uint8], right: NDArray[np.uint8]) -> NDArray[np.uint8]:
    gap = np.zeros((left.shape[0], GUTTER, 3), dtype=np.uint8)
    return np.concatenate([left, gap, right], axis=1)


def fitted(pixels: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """Return the image no longer than ``longest``; a smaller one stays as it is."""
    image = Image.fromarray(pixels)
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return np.asarray(image)
