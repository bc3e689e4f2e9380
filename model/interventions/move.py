"""A tumour pasted into a scan without one."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuroval.model.interventions.outline import feather, level_of, surroundings
from neuroval.model.interventions.placing import Transfer

STRETCH: Final = (0.5, 2.0)  # limits of the change in contrast


def pasted(
    grey: NDArray[np.uint8],
    host: NDArray[np.uint8],
    *,
    transfer: Transfer,
    head: NDArray[np.bool_],
    host_head: NDArray[np.bool_],
) -> NDArray[np.uint8]:
    """Return the host with the outlined patch of another scan in it, as ``transfer`` places it.

    Grey levels follow the new surroundings: the median of the ring around the patch becomes that of the ring around its
    new place, and contrast is stretched as the grey levels of the heads are spread, by half to twofold. The edge is
    feathered.
    """
    patch, its_head = transfer.carried(grey), transfer.carried(head.astype(np.uint8)).astype(np.bool_)
    before = level_of(patch, surroundings(transfer.outline, its_head)).middle
    after = level_of(host, surroundings(transfer.outline, host_head)).middle
    contrast, new_contrast = level_of(grey, head).spread, level_of(host, host_head).spread
    stretch = float(np.clip(new_contrast / contrast if contrast else 1.0, *STRETCH))
    matched = (patch - before) * stretch + after
    seen = feather(transfer.outline)
    return np.asarray(np.clip(np.rint(seen * matched + (1 - seen) * host), 0, 255), dtype=np.uint8)
