"""Heat maps that came with predictions, from any method and any program, put into a study beside its cases."""

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from neuroval.data.exceptions import InputError
from neuroval.data.schema import MASK_SIZE
from neuroval.data.storage.lock import holding
from neuroval.data.study.folder import Study, add_gradcam, read_study
from neuroval.data.study.gradcam import GradCams

PREDICTED: Final = "predicted"
FIELDS: Final = ("case_id", "image_path", "name", "class")
LARGEST: Final = MASK_SIZE  # cells of a map, one way: as fine as outlines are kept
MOST_BYTES: Final = 2**32  # of the maps of a study, in memory
ARRAYS: Final = (".npy", ".npz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What became of the maps of a folder.

    ``cases`` of ``n`` evaluated cases have a map now; ``shrunk`` is the largest size of a map that was averaged down,
    none when none was; ``negative`` maps held values below 0, which speak against the class and are left out.
    """

    study: Study
    cases: int
    n: int
    shrunk: tuple[int, int] | None
    negative: int


@holding("path")
def add_heatmaps(
    path: Path, folder: Path, *, pattern: str, method: str, shown_class: str = PREDICTED, replace: bool = False
) -> Added:
    """Put the maps in a folder into the study at ``path``, each under the case that ``pattern`` names.

    ``pattern`` holds ``{case_id}``, ``{image_path}``, ``{name}`` (the image's file name without its ending) and
    ``{class}``. A map is a picture in grey levels or an array ``(h, w)`` in a .npy or .npz file, larger where there is
    more evidence; ``shown_class`` is the class it is of, the predicted one of each case, or each with ``{class}`` in
    the pattern. The maps of a case are kept relative to their largest value, and averaged down to at most 56 x 56
    cells. Maps that were added before by the same method stay, unless they are of the same case and class.

    Raises ``InputError`` when the study has maps of another method and ``replace`` is not given, when no file fits the
    pattern, and for a file that is no map; the study is then as it was.
    """
    study = read_study(path)
    fields = _fields(pattern)
    earlier = _earlier(study, method, replace=replace)
    classes = study.classes
    probabilities = study.predictions[list(classes.probability_columns)].to_numpy()
    cases = study.cases.set_index("case_id").loc[study.predictions["case_id"]]
    wanted = _wanted_classes(study, shown_class, fields, probabilities.argmax(axis=1))  # ties: the lower index
    raw: dict[tuple[int, int], NDArray[np.float32]] = {}
    first = None
    for row, (case_id, image_path) in enumerate(zip(cases.index, cases["image_path"], strict=True)):
        for class_index in wanted[row]:
            file = _file(folder, pattern, fields, case_id, image_path, classes.names[class_index])
            first = first or file
            if file is not None and file.is_file():
                raw[row, class_index] = _read_map(file)
    if not raw:
        tried = f"looked for {first}" if first is not None else "no image path is known"
        raise InputError(f"{folder}: no map of an evaluated case fits --pattern {pattern!r} ({tried}).")
    grid = _grid(raw.values(), earlier)
    gradcam = _together(study, raw, grid, method, earlier)
    has = gradcam.given.any(axis=1) if gradcam.given is not None else np.ones(len(gradcam.case_ids), dtype=np.bool_)
    largest = max((values.shape for values in raw.values()), key=lambda shape: shape[0] * shape[1])
    return Added(
        study=add_gradcam(path, gradcam),
        cases=int(has.sum()),
        n=len(cases),
        shrunk=(largest[0], largest[1]) if largest != grid else None,
        negative=sum(bool(values.min() < 0) for values in raw.values()),
    )


def _fields(pattern: str) -> set[str]:
    try:
        fields = {field for _, field, _, _ in string.Formatter().parse(pattern) if field is not None}
    except ValueError as error:
        raise InputError(f"--pattern {pattern!r}: {error}.") from None
    if unknown := sorted(fields - set(FIELDS)):
        raise InputError(f"--pattern {pattern!r}: unknown {{{unknown[0]}}}; expected some of {list(FIELDS)}.")
    if not fields - {"class"}:
        raise InputError(
            f"--pattern {pattern!r} names no case; expected {{case_id}}, {{image_path}} or {{name}} in it."
        )
    return fields


def _earlier(study: Study, method: str, *, replace: bool) -> GradCams | None:
    """Return the maps that stay; none where there are none or they are replaced."""
    maps = study.gradcam
    if maps is None or replace:
        return None
    if not maps.brought:
        raise InputError(f"study {study.path.name} holds the {maps.method} of its network; --replace takes its place.")
    if maps.method != method:
        raise InputError(f"study {study.path.name} holds maps called {maps.method!r}; --replace takes their place.")
    return maps


def _wanted_classes(
    study: Study, shown_class: str, fields: set[str], predicted: NDArray[np.int64]
) -> list[tuple[int, ...]]:
    """Return for each evaluated case the classes of which a map is looked for."""
    names = study.classes.names
    if "class" in fields:
        if shown_class != PREDICTED:
            raise InputError(f"--of {shown_class} and {{class}} in the pattern both name the class; give one of them.")
        return [tuple(range(len(names)))] * len(predicted)
    if shown_class == PREDICTED:
        return [(int(index),) for index in predicted]
    if shown_class not in names:
        raise InputError(f"--of {shown_class!r}: expected {PREDICTED!r} or one of {list(names)}.")
    return [(names.index(shown_class),)] * len(predicted)


def _file(
    folder: Path, pattern: str, fields: set[str], case_id: str, image_path: str | None, class_name: str
) -> Path | None:
    """Return where the map of a case would be; none where the pattern needs an image path that is not known."""
    if not isinstance(image_path, str):
        if fields & {"image_path", "name"}:
            return None
        image_path = ""
    values: Mapping[str, str] = {
        "case_id": case_id,
        "image_path": image_path,
        "name": PurePosixPath(image_path).stem,
        "class": class_name,
    }
    file = folder / pattern.format_map(values)
    if not file.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"--pattern {pattern!r}: {file} of case {case_id!r} lies outside {folder}.")
    return file


def _read_map(file: Path) -> NDArray[np.float32]:
    """Return a map (h, w). Raises ``InputError`` when the file is none."""
    try:
        values = _array(file) if file.suffix.lower() in ARRAYS else _picture(file)
    except InputError:
        raise
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise InputError(
            f"{file}: not a readable map ({str(error).splitlines()[0] or type(error).__name__})."
        ) from None
    if values.ndim == 3 and 1 in (values.shape[0], values.shape[2]):  # one channel, before or after
        values = values[0] if values.shape[0] == 1 else values[:, :, 0]
    if values.ndim != 2 or not values.size:
        raise InputError(f"{file}: an array of shape {values.shape}; expected one map, (height, width).")
    if not np.isfinite(values).all():
        raise InputError(f"{file}: holds a value that is not finite; expected numbers, larger for more evidence.")
    return values.astype(np.float32)


def _array(file: Path) -> NDArray[np.generic]:
    loaded = np.load(file, allow_pickle=False)
    if isinstance(loaded, np.lib.npyio.NpzFile):
        with loaded:
            if len(loaded.files) != 1:
                raise InputError(f"{file}: holds {len(loaded.files)} arrays; expected one.")
            loaded = loaded[loaded.files[0]]
    if loaded.dtype.kind not in "biuf":
        raise InputError(f"{file}: holds values of type {loaded.dtype}; expected numbers.")
    return np.asarray(loaded)


def _picture(file: Path) -> NDArray[np.generic]:
    with Image.open(file) as image:
        grey = image.mode in ("L", "I", "F", "1") or image.mode.startswith("I;")
        return np.asarray(image) if grey else _grey(image)


def _grey(image: Image.Image) -> NDArray[np.uint8]:
    channels = np.asarray(image.convert("RGB"))
    if (channels != channels[:, :, :1]).any():
        raise InputError(
            f"{getattr(image, 'filename', 'picture')}: a coloured picture; expected grey levels, brighter for more "
            "evidence. Save the map itself, not its colours over the scan."
        )
    grey: NDArray[np.uint8] = channels[:, :, 0]
    return grey


def _grid(maps: Iterable[NDArray[np.float32]], earlier: GradCams | None) -> tuple[int, int]:
    """Return the cells of the maps in the study: their own where all have the same few, else 56 x 56."""
    if earlier is not None:
        return earlier.grid
    shapes = {values.shape for values in maps}
    shape = next(iter(shapes))
    return (shape[0], shape[1]) if len(shapes) == 1 and max(shape) <= LARGEST else (LARGEST, LARGEST)


def _together(
    study: Study,
    raw: Mapping[tuple[int, int], NDArray[np.float32]],
    grid: tuple[int, int],
    method: str,
    earlier: GradCams | None,
) -> GradCams:
    """Return the maps of all evaluated cases, earlier ones among them."""
    n, k = len(study.predictions), len(study.classes)
    if n * k * grid[0] * grid[1] * 2 > MOST_BYTES:
        raise InputError(
            f"{n:,} cases of {k} classes with maps of {grid[0]} x {grid[1]} cells are more than a study holds; "
            f"save the maps with fewer cells, such as 14 x 14."
        )
    ids = pd.Index(study.predictions["case_id"])
    maps = np.zeros((n, k, *grid), dtype=np.float16)
    given = np.zeros((n, k), dtype=np.bool_)
    masks, has_mask = np.zeros((n, MASK_SIZE, MASK_SIZE), dtype=np.uint8), np.zeros(n, dtype=np.bool_)
    if study.gradcam is not None:  # outlines are of the scans, whoever drew the maps
        rows = ids.get_indexer(study.gradcam.case_ids)
        masks[rows], has_mask[rows] = study.gradcam.masks, study.gradcam.has_mask
    if earlier is not None:
        rows = ids.get_indexer(earlier.case_ids)
        maps[rows] = earlier.maps
        given[rows] = True if earlier.given is None else earlier.given
    largest: dict[int, float] = {}
    for (row, _), values in raw.items():
        largest[row] = max(largest.get(row, 0.0), float(values.max()))
    for (row, class_index), values in raw.items():
        positive = np.maximum(values, 0) / (largest[row] or 1.0)
        smaller = grid[0] * grid[1] < positive.size
        way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        maps[row, class_index] = cv2.resize(positive, (grid[1], grid[0]), interpolation=way)
        given[row, class_index] = True
    some = given.any(axis=1) | has_mask
    return GradCams(
        case_ids=ids[some],
        maps=maps[some],
        masks=masks[some],
        has_mask=has_mask[some],
        method=method,
        given=given[some],
        brought=True,
    )
