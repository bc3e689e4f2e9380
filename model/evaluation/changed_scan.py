"""One scan of a study under one change of its trial, made again: the pixels that the network was shown."""

import numpy as np
from numpy.typing import NDArray

from neuroval.data.dataset.folder import outline_files
from neuroval.data.images.linking import LinkedImages
from neuroval.data.study.folder import Study
from neuroval.data.study.trial import CORRUPTIONS, KEEPINGS, MOVES, REMOVALS, REPEATS
from neuroval.model.evaluation.trial_images import variants
from neuroval.model.evaluation.trial_plan import KINDS, Scan, Unit, scan_of

CHANGES = {
    **dict.fromkeys(REMOVALS, "remove"),
    **dict.fromkeys(KEEPINGS, "keep"),
    **dict.fromkeys(MOVES, "move"),
    **dict.fromkeys(CORRUPTIONS, "corrupt"),
    **dict.fromkeys(REPEATS, "repeat"),
}


def changed_scan(
    study: Study, images: LinkedImages, case_id: str, *, change: str, level: int
) -> NDArray[np.uint8] | None:
    """Return the pixels uint8 ``(h, w, 3)`` of a case under a change of the study's trial, at a level.

    None where the trial holds no such row, or where the scan, its outline or the scan that its tumour was moved into is
    not on this machine. Raises ``ImageError`` when an image cannot be read.
    """
    if study.trial is None or change not in CHANGES:
        return None
    table = study.trial.table
    rows = table[
        (table["case_id"] == case_id)
        & (table["intervention"] == change)
        & (table["level"] == level)
        & (table["control"] == "")
    ]
    if rows.empty:
        return None
    outlines = outline_files(images.folder, study.classes)
    host_id = rows["host_case_id"].iloc[0]

    def scan(wanted: str) -> Scan | None:
        case = study.cases[study.cases["case_id"] == wanted].iloc[0]
        return scan_of(study, images, outlines, {str(name): value for name, value in case.items()})[0]

    shown, host = scan(case_id), scan(host_id) if isinstance(host_id, str) else None
    needs_outline = CHANGES[change] in ("remove", "keep", "move")
    if shown is None or (needs_outline and shown.outline is None):
        return None
    unit = Unit(kind=CHANGES[change], scan=shown, host=host)
    made = variants(unit, kinds=KINDS, seed=study.trial.facts.seed)
    return next(
        (
            variant.pixels
            for variant in made
            if (variant.intervention, variant.level, variant.control) == (change, level, "")
        ),
        None,
    )
