"""Grad-CAM maps of cases: of the network that a study judges, and of networks of folds that had not seen the case."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from neuroval.data import schema
from neuroval.data.classes import ClassOrder
from neuroval.data.exceptions import ContractError
from neuroval.data.study import contract

FILE: Final = "gradcam.parquet"
FOLDS_FILE: Final = "gradcam_folds.parquet"
GRADCAM: Final = "Grad-CAM"
LARGEST_GRID: Final = 4096  # cells of a map, one way


@dataclass(frozen=True, slots=True, kw_only=True)
class GradCams:
    """Grad-CAM of cases on the grid of the network that explains them.

    ``maps`` float16 ``(n, k, h, w)``: evidence for each class, ReLU applied, not normalised. ``masks`` uint8
    ``(n, 56, 56)``, 1 inside the reference outline; ``has_mask`` ``(n,)`` says where one is known. Rows follow
    ``case_ids``. ``method`` is what the maps are called where they are not Grad-CAM. ``given`` bool ``(n, k)`` says of
    which classes a case has a map, of all where it is none; a map that is not given is 0 throughout. ``brought`` maps
    came with the predictions: no network here drew them.
    """

    case_ids: pd.Index
    maps: NDArray[np.float16]
    masks: NDArray[np.uint8]
    has_mask: NDArray[np.bool_]
    method: str = GRADCAM
    given: NDArray[np.bool_] | None = None
    brought: bool = False

    @property
    def grid(self) -> tuple[int, int]:
        return self.maps.shape[2], self.maps.shape[3]

    def row(self, case_id: str) -> int | None:
        position = self.case_ids.get_indexer(pd.Index([case_id]))[0]
        return None if position < 0 else int(position)

    def has(self, row: int, class_index: int) -> bool:
        """Whether the case of a row has a map of a class."""
        return self.given is None or bool(self.given[row, class_index])

    def of_cases(self, case_ids: pd.Series) -> "GradCams | None":
        """Return the maps of these cases, in the order in which they stand here; ``None`` where there are none."""
        kept = np.asarray(self.case_ids.isin(case_ids), dtype=np.bool_)
        if not kept.any():
            return None
        return GradCams(
            case_ids=self.case_ids[kept],
            maps=self.maps[kept],
            masks=self.masks[kept],
            has_mask=self.has_mask[kept],
            method=self.method,
            given=None if self.given is None else self.given[kept],
            brought=self.brought,
        )


def to_arrow(gradcam: GradCams, classes: ClassOrder) -> pa.Table:
    """Return the table of maps in order of case id, its grids in the metadata."""
    order = np.argsort(gradcam.case_ids.to_numpy())
    maps = gradcam.maps[order]
    grid = gradcam.grid
    cells = grid[0] * grid[1]
    columns: list[Any] = [pa.array(gradcam.case_ids.to_numpy()[order], pa.string())]
    for index in range(len(classes)):
        flat = np.ascontiguousarray(maps[:, index], dtype=np.float16).reshape(-1)
        columns.append(pa.FixedSizeListArray.from_arrays(pa.array(flat), cells))
    packed = np.packbits(gradcam.masks[order].reshape(len(order), -1), axis=1)
    known = gradcam.has_mask[order]
    size = schema.MASK_SIZE**2 // 8
    columns.append(
        pa.array([row.tobytes() if has else None for row, has in zip(packed, known, strict=True)], pa.binary(size))
    )
    more: dict[str, Any] = {"grid": list(grid), "mask": [schema.MASK_SIZE, schema.MASK_SIZE]}
    if gradcam.method != GRADCAM:
        more["method"] = gradcam.method
    if gradcam.brought:
        more["brought"] = True
    expected = schema.gradcam_schema(classes, grid)
    if gradcam.given is None:
        expected = expected.remove(expected.get_field_index("given"))
    else:
        columns.append(pa.array((gradcam.given[order] << np.arange(len(classes))).sum(axis=1), pa.int64()))
    table = pa.table(columns, schema=expected)
    return table.replace_schema_metadata(contract.metadata(classes, **more))


def from_arrow(table: pa.Table, classes: ClassOrder, *, file: str, cases: pd.DataFrame | None = None) -> GradCams:
    """Return the maps of a table, each of one of ``cases`` where these are given; arrays are read-only.

    Raises ``ContractError`` when the grid is not stated, a case is unknown or named twice, or a value is negative or
    not finite.
    """
    grid = contract.stated(table, "grid")
    if not isinstance(grid, list) or [type(side) is int and 0 < side <= LARGEST_GRID for side in grid] != [True, True]:
        raise ContractError(f"{file}: grid is {grid!r} in its metadata, expected two numbers of cells.")
    method = contract.stated(table, "method") or GRADCAM
    if not isinstance(method, str):
        raise ContractError(f"{file}: method is {method!r} in its metadata, expected what the maps are called.")
    height, width = grid
    fitted = contract.conform(table, schema.gradcam_schema(classes, (height, width)), file=file)
    ids = fitted.select(["case_id"]).to_pandas()
    contract.check_unique(ids, file=file)
    if cases is not None:
        contract.check_known(ids, "case_id", cases["case_id"], file=file)
    n = len(ids)
    maps = np.empty((n, len(classes), height, width), dtype=np.float16)
    for index, name in enumerate(classes.names):
        cells = fitted.column(f"cam_{name}").combine_chunks().flatten()
        maps[:, index] = cells.to_numpy(zero_copy_only=False).reshape(n, height, width)
    if not np.isfinite(maps).all() or maps.min(initial=0) < 0:
        raise ContractError(f"{file}: a map holds a negative or not finite value; expected ReLU applied.")
    bits = fitted.column("given").fill_null(-1).to_numpy()
    given = (bits[:, None] >> np.arange(len(classes)) & 1).astype(np.bool_)
    if maps[~given].any():
        raise ContractError(f"{file}: a map that is said not to be given holds values.")
    masks = fitted.column("mask")
    has_mask = ~masks.is_null().to_numpy()
    size = schema.MASK_SIZE
    packed = np.zeros((n, size * size // 8), dtype=np.uint8)
    known = b"".join(masks.drop_null().to_pylist())
    packed[has_mask] = np.frombuffer(known, np.uint8).reshape(-1, size * size // 8)
    unpacked = np.unpackbits(packed, axis=1).reshape(n, size, size)
    for array in (maps, unpacked, has_mask, given):
        array.flags.writeable = False
    return GradCams(
        case_ids=pd.Index(ids["case_id"]),
        maps=maps,
        masks=unpacked,
        has_mask=has_mask,
        method=method,
        given=None if given.all() else given,
        brought=contract.stated(table, "brought") is True,
    )
