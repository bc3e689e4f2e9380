"""The maps of a trial: whether they rest on what the network has learnt, are repeatable, and point at what it uses.

A row is a scan: its Grad-CAM map of the class that it is called as it is, the maps of the same class under each change,
and the probability of that class while the scan is blurred cell by cell. Maps are divided by their peak, since only
where evidence lies is compared.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from neuroval.data.classes import ClassOrder
from neuroval.data.exceptions import ContractError
from neuroval.data.schema import required
from neuroval.data.storage.arrow_text import is_one_of, positions
from neuroval.data.study import contract
from neuroval.data.study.gradcam import LARGEST_GRID

FILE: Final = "trial_maps.parquet"
AS_IT_IS: Final = "none"
HEAD: Final = "head"  # what comes after the embedding
UPPER_THIRD: Final = "upper_third"  # and the last third of the layers before it
ALL: Final = "all"
PARTS: Final = (HEAD, UPPER_THIRD, ALL)  # of the network whose weights are random
DRAWS: Final = 3  # networks with random weights of each part
SHUFFLED: Final[Mapping[str, tuple[str, ...]]] = {
    part: tuple(f"{part}_{draw}" for draw in range(1, DRAWS + 1)) for part in PARTS
}
REPEATED: Final[Mapping[str, tuple[str, ...]]] = {
    "repeat_shift": tuple(f"repeat_shift_{level}" for level in range(1, 5)),
    "repeat_turn": tuple(f"repeat_turn_{level}" for level in range(1, 3)),
}
VARIANTS: Final = (
    AS_IT_IS,
    *(name for names in SHUFFLED.values() for name in names),
    *(name for names in REPEATED.values() for name in names),
)
STEPS: Final = 10  # in which all cells are blurred
DELETION, INSERTION = "deletion", "insertion"
RANDOM: Final = ("random_1", "random_2")  # cells blurred in an order of chance
CURVES: Final = (DELETION, INSERTION, *RANDOM)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapFacts:
    """How the maps were made: ``seed``, scans of the ``sample``, and the ``version`` of the procedure."""

    seed: int
    sample: int
    version: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrialMaps:
    """The maps of n scans, in order of case id as they are read; arrays are then read-only.

    ``called`` (n,) is the class of each, as an index. ``maps`` float16 (n, v, h, w) are in the order of ``VARIANTS``:
    the largest value 1, or all 0 where there is no evidence. ``curves`` float32 (n, c, STEPS + 1) are in the order of
    ``CURVES``: the probability of the class with 0, 1, ... STEPS tenths of the cells blurred; for insertion, of the
    cells that are sharp again.
    """

    case_ids: pd.Index
    called: NDArray[np.int64]
    maps: NDArray[np.float16]
    curves: NDArray[np.float32]
    facts: MapFacts

    def of_change(self, name: str) -> NDArray[np.float64]:
        """Return the maps (n, h, w) of one of ``VARIANTS``."""
        return self.maps[:, VARIANTS.index(name)].astype(np.float64)

    def curve(self, name: str) -> NDArray[np.float64]:
        """Return one of ``CURVES`` (n, STEPS + 1)."""
        return self.curves[:, CURVES.index(name)].astype(np.float64)


def schema_of(grid: tuple[int, int]) -> pa.Schema:
    """Return the columns of ``trial_maps.parquet`` for maps of a grid (h, w)."""
    cells, points = pa.list_(pa.float16(), grid[0] * grid[1]), pa.list_(pa.float32(), STEPS + 1)
    return pa.schema(
        [
            required("case_id", pa.string()),
            required("called", pa.string()),
            *(required(f"cam_{name}", cells) for name in VARIANTS),
            *(required(f"curve_{name}", points) for name in CURVES),
        ]
    )


def to_arrow(trial_maps: TrialMaps, classes: ClassOrder) -> pa.Table:
    """Return the table ``trial_maps.parquet``, in order of case id, grid and facts in the metadata."""
    order = np.argsort(trial_maps.case_ids.to_numpy())
    height, width = trial_maps.maps.shape[2:]

    def column(values: NDArray[Any]) -> pa.Array:
        flat = np.ascontiguousarray(values[order]).reshape(len(order), -1)
        return pa.FixedSizeListArray.from_arrays(pa.array(flat.ravel()), flat.shape[1])

    columns = [
        pa.array(trial_maps.case_ids.to_numpy()[order], pa.string()),
        pa.array([classes.names[index] for index in trial_maps.called[order]], pa.string()),
        *(column(trial_maps.maps[:, place]) for place in range(len(VARIANTS))),
        *(column(trial_maps.curves[:, place]) for place in range(len(CURVES))),
    ]
    table = pa.table(columns, schema=schema_of((height, width)))
    more = {"grid": [height, width], "maps": asdict(trial_maps.facts)}
    return table.replace_schema_metadata(contract.metadata(classes, **more))


def from_arrow(table: pa.Table, classes: ClassOrder, cases: pd.DataFrame) -> TrialMaps:
    """Return the maps of a study's table.

    Raises ``ContractError`` when the grid or how they were made is not stated, a case or class is unknown, a case is
    there twice, or a value lies outside 0 to 1.
    """
    grid, facts = contract.stated(table, "grid"), contract.stated(table, "maps")
    if not isinstance(grid, list) or [type(side) is int and 0 < side <= LARGEST_GRID for side in grid] != [True, True]:
        raise ContractError(f"{FILE}: grid is {grid!r} in its metadata, expected two numbers of cells.")
    names = [field.name for field in fields(MapFacts)]
    if not isinstance(facts, Mapping) or sorted(facts) != sorted(names):
        raise ContractError(f"{FILE}: its metadata says of the maps {facts!r}; expected {names}.")
    height, width = grid
    fitted = contract.conform(table, schema_of((height, width)), file=FILE)
    told: pd.DataFrame = fitted.select(["case_id", "called"]).to_pandas()
    contract.check_unique(told, file=FILE)
    contract.check_known(told, "case_id", cases["case_id"], file=FILE)
    contract.refuse(FILE, "called", ~is_one_of(told["called"], classes.names), told["called"], f"{list(classes.names)}")

    def values(prefix: str, among: tuple[str, ...]) -> NDArray[Any]:
        flat = [fitted.column(f"{prefix}_{name}").combine_chunks().flatten() for name in among]
        columns = [part.to_numpy(zero_copy_only=False).reshape(len(told), -1) for part in flat]
        stacked = np.stack(columns, axis=1)
        if not (np.isfinite(stacked).all() and stacked.min(initial=0) >= 0 and stacked.max(initial=0) <= 1):
            raise ContractError(f"{FILE}: a value of {prefix}_{among[0]} and so on lies outside 0 to 1.")
        stacked.flags.writeable = False
        return stacked

    maps = values("cam", VARIANTS)
    return TrialMaps(
        case_ids=pd.Index(told["case_id"]),
        called=positions(told["called"], among=classes.names),
        maps=maps.reshape(len(told), len(VARIANTS), height, width),
        curves=values("curve", CURVES),
        facts=MapFacts(**facts),
    )
