"""Which scans take part in a trial, and in what: outlines, hosts without tumour, the sample for corruptions."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from neuroval.data.dataset.folder import outline_files
from neuroval.data.exceptions import ImageError, InputError
from neuroval.data.images.decoding import read_image
from neuroval.data.images.linking import LinkedImages
from neuroval.data.storage.files import file_sha256
from neuroval.data.study.evaluated_cases import PREFERRED
from neuroval.data.study.folder import Study
from neuroval.model.interventions.head import head_mask
from neuroval.model.interventions.outline import grown

MAPS: Final = "maps"
KINDS: Final = ("remove", "keep", "move", "corrupt", "repeat", MAPS)
UNTOUCHED: Final = "untouched"  # kinds of units that no option names: every scan as it is,
HEALTHY: Final = "healthy"  # and the controls in scans without tumour
LARGEST: Final = 0.6  # part of a head that a hole may take: more leaves too little to fill it from
ASPECT: Final = 0.02  # difference in the ratio of the sides at which an outline is of another picture
THUMBNAIL: Final = 16  # pixels a side by which heads are compared
LOOKED_AT: Final = 40  # hosts that are compared for a tumour

IMAGE_MISSING: Final = "image-missing"
IMAGE_UNREADABLE: Final = "image-unreadable"
NO_OUTLINE: Final = "no-outline"
OUTLINE_UNREADABLE: Final = "outline-unreadable"
OUTLINE_EMPTY: Final = "outline-empty"
OUTLINE_OF_OTHER_SHAPE: Final = "outline-of-other-shape"
OUTLINE_TOO_LARGE: Final = "outline-too-large"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scan:
    """A scan that takes part. ``outline`` is bool ``(h, w)`` as its file or the study has it, or none.

    ``look`` ``(16 * 16,)`` is its thumbnail, standardised; ``content`` a hash of image and outline.
    """

    case_id: str
    label: str
    split: str
    group: str
    plane: str | None
    image: Path
    outline: NDArray[np.bool_] | None
    look: NDArray[np.float64]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Unit:
    """Work on one scan: ``kind`` is one of ``KINDS``, ``untouched`` or ``healthy``.

    ``host`` is the scan without tumour that ``move`` and ``healthy`` put something into, ``donor`` another one.
    """

    kind: str
    scan: Scan
    host: Scan | None = None
    donor: Scan | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """The units of a trial, and the scans that are left out of something: reason -> image paths in order."""

    units: tuple[Unit, ...]
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def planned(
    study: Study,
    images: LinkedImages,
    *,
    kinds: Sequence[str],
    splits: Sequence[str],
    sample: int,
    map_sample: int,
    seed: int,
) -> Plan:
    """Return the units of a trial over the evaluated cases of the splits.

    Outlines are those of the data set's files; where it has none, those of the study, which are coarser. Tumours are
    paired with scans of the negative class of the same split: of the same plane where that is known, alike, and each
    in turn. Corruptions and repeats take a sample of one split, the one that is shown first, stratified by class; so do
    maps, which take one of ``map_sample`` scans.
    Raises ``InputError`` when no image is there, or no outline and nothing else to do.
    """
    scans, left_out = _scans(study, images, splits)
    if not scans:
        reason = next(iter(left_out), "")
        raise InputError(
            f"{images.folder}: none of the evaluated images can be read ({reason}: {left_out[reason][0]}); link the "
            "image folder again: neuroval data link FOLDER."
            if reason
            else f"{study.path}: no evaluated case in split {list(splits)}."
        )
    tumours = [scan for scan in scans if scan.outline is not None]
    if not tumours and not {"corrupt", "repeat", MAPS} & set(kinds):
        raise InputError(
            f"{images.folder}: no tumour has an outline, so there is nothing to {' or '.join(kinds)}; --kinds corrupt, "
            "--kinds repeat and --kinds maps need none."
        )
    units = [Unit(kind=UNTOUCHED, scan=scan) for scan in scans]
    units += [Unit(kind=kind, scan=scan) for kind in ("remove", "keep") if kind in kinds for scan in tumours]
    if {"remove", "keep", "move"} & set(kinds):
        for split in splits:
            rng = np.random.default_rng([seed, PREFERRED.index(split)])
            here = [scan for scan in tumours if scan.split == split]
            hosts = [scan for scan in scans if scan.split == split and scan.label == study.classes.negative]
            units += _with_hosts(here, hosts, move="move" in kinds, rng=rng)
    chosen = _sample(scans, size=sample, splits=splits, rng=np.random.default_rng([seed, len(PREFERRED)]))
    units += [Unit(kind=kind, scan=scan) for kind in ("corrupt", "repeat") if kind in kinds for scan in chosen]
    if MAPS in kinds:
        rng = np.random.default_rng([seed, len(PREFERRED) + 1])
        units += [Unit(kind=MAPS, scan=scan) for scan in _sample(scans, size=map_sample, splits=splits, rng=rng)]
    return Plan(units=tuple(units), left_out=left_out)


# Scans and their outlines --------------------------------------------------------------------------------------------


def _scans(study: Study, images: LinkedImages, splits: Sequence[str]) -> tuple[list[Scan], dict[str, tuple[str, ...]]]:
    rows = study.cases.iloc[study.rows["predictions"]]
    rows = rows[rows["split"].isin(splits)].sort_values("case_id")
    outlines = outline_files(images.folder, study.classes)
    with ThreadPoolExecutor() as pool:
        looks = list(pool.map(lambda row: scan_of(study, images, outlines, row), rows.to_dict("records")))
    left_out: dict[str, list[str]] = defaultdict(list)
    for (_, reason), path, case_id in zip(looks, rows["image_path"], rows["case_id"], strict=True):
        if reason:
            left_out[reason].append(path if isinstance(path, str) else case_id)
    return [scan for scan, _ in looks if scan], {reason: tuple(paths) for reason, paths in sorted(left_out.items())}


def scan_of(
    study: Study, images: LinkedImages, outlines: Mapping[str, str], row: Mapping[str, object]
) -> tuple[Scan | None, str]:
    """Return the scan of a case, and why it or its outline cannot be used; empty when both can."""
    name = row["image_path"]
    path = images.path(name if isinstance(name, str) else None)
    if path is None:
        return None, IMAGE_MISSING
    try:
        grey = grey_of(path)
    except ImageError:
        return None, IMAGE_UNREADABLE
    outline, reason, content = None, "", file_sha256(path)
    if row["label"] != study.classes.negative:
        file = outlines.get(images.moved.get(str(name), str(name))) or outlines.get(str(name))
        outline, reason, outline_content = _outline(
            study, str(row["case_id"]), images.folder / file if file else None, grey
        )
        content += outline_content
    small = cv2.resize(grey, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA).astype(np.float64).ravel()
    scan = Scan(
        case_id=str(row["case_id"]),
        label=str(row["label"]),
        split=str(row["split"]),
        group=str(row["group_id"]),
        plane=str(row["plane"]) if isinstance(row["plane"], str) else None,
        image=path,
        outline=outline,
        look=(small - small.mean()) / max(float(small.std()), 1e-9),
        content=content,
    )
    return scan, reason


def grey_of(path: Path) -> NDArray[np.uint8]:
    """Return the grey values of an image file; of one in colour, its luminance."""
    pixels = read_image(path).pixels
    if (pixels == pixels[:, :, :1]).all():
        return np.ascontiguousarray(pixels[:, :, 0])
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _outline(
    study: Study, case_id: str, file: Path | None, grey: NDArray[np.uint8]
) -> tuple[NDArray[np.bool_] | None, str, str]:
    """Return the outline of a tumour at the size of its image or why there is none, and a hash of its content."""
    if file is not None and file.is_file():
        try:
            drawn = read_image(file).pixels[:, :, 0] > 0
        except ImageError:
            return None, OUTLINE_UNREADABLE, ""
        content = file_sha256(file)
    else:
        row = None if study.gradcam is None else study.gradcam.row(case_id)
        if study.gradcam is None or row is None or not study.gradcam.has_mask[row]:
            return None, NO_OUTLINE, ""
        coarse = study.gradcam.masks[row]  # of a square grid over the whole image
        drawn = cv2.resize(coarse, grey.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
        content = hashlib.sha256(coarse.tobytes()).hexdigest()
    if drawn.shape != grey.shape:
        sides = np.array(drawn.shape) / np.array(grey.shape)
        if abs(sides[0] / sides[1] - 1) > ASPECT:
            return None, OUTLINE_OF_OTHER_SHAPE, ""
        drawn = cv2.resize(drawn.astype(np.uint8), grey.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    if not drawn.any():
        return None, OUTLINE_EMPTY, ""
    head = head_mask(grey)
    if (grown(drawn) & head).sum() > LARGEST * head.sum():
        return None, OUTLINE_TOO_LARGE, ""
    return drawn, "", content


# Hosts and sample ----------------------------------------------------------------------------------------------------


def _with_hosts(tumours: Sequence[Scan], hosts: Sequence[Scan], *, move: bool, rng: np.random.Generator) -> list[Unit]:
    """Return the units that need a scan without tumour: each tumour in a host, each host once as a control."""
    if not hosts:
        return []
    units, uses = [], np.zeros(len(hosts), dtype=np.int64)
    for index in rng.permutation(len(tumours)):
        tumour = tumours[index]
        place = _alike(tumour, hosts, uses, rng=rng)
        if place is None:
            continue
        if move:
            units.append(Unit(kind="move", scan=tumour, host=hosts[place]))
        if not uses[place]:
            other = _alike(hosts[place], hosts, np.zeros_like(uses), rng=rng) if move else None
            donor = None if other is None else hosts[other]
            units.append(Unit(kind=HEALTHY, scan=tumour, host=hosts[place], donor=donor))
        uses[place] += 1
    return units


def _alike(scan: Scan, hosts: Sequence[Scan], uses: NDArray[np.int64], *, rng: np.random.Generator) -> int | None:
    """Return the host most like a scan among 40 drawn from those used least, of its plane where both are known."""
    apart = np.array([host.group != scan.group for host in hosts])
    if not apart.any():
        return None
    free = np.flatnonzero(apart & (uses == uses[apart].min())).tolist()
    same = [place for place in free if scan.plane is None or hosts[place].plane in (None, scan.plane)]
    drawn = rng.permutation(same or free)[:LOOKED_AT].tolist()
    distances = [float(((hosts[place].look - scan.look) ** 2).sum()) for place in drawn]
    return int(drawn[int(np.argmin(distances))])


def _sample(scans: Sequence[Scan], *, size: int, splits: Sequence[str], rng: np.random.Generator) -> list[Scan]:
    """Return so many scans of the split that is shown first, each class in its share, largest remainders rounded up."""
    split = next(name for name in PREFERRED if name in splits and any(scan.split == name for scan in scans))
    here = [scan for scan in scans if scan.split == split]
    if size >= len(here):
        return here
    labels = np.array([scan.label for scan in here])
    names, held = np.unique(labels, return_counts=True)
    shares = held * size / len(here)
    counts = np.floor(shares).astype(np.int64)
    counts[np.argsort(counts - shares, kind="stable")[: size - int(counts.sum())]] += 1
    chosen = np.concatenate(
        [rng.permutation(np.flatnonzero(labels == name))[:count] for name, count in zip(names, counts, strict=True)]
    )
    return [here[index] for index in np.sort(chosen)]
