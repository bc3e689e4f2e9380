"""The changed images of one unit of a trial, each with the row that it makes."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from neuroval.data.images.decoding import read_image
from neuroval.data.study.trial import CORRUPTIONS, ELSEWHERE, REPEATS, UNTOUCHED
from neuroval.data.study.trial import HEALTHY as HEALTHY_CONTROL
from neuroval.model.evaluation.trial_maps import ANSWERS
from neuroval.model.evaluation.trial_plan import HEALTHY, MAPS, Scan, Unit, grey_of
from neuroval.model.evaluation.trial_plan import UNTOUCHED as AS_IT_IS
from neuroval.model.interventions import corruptions
from neuroval.model.interventions.head import Midline, head_mask, midline
from neuroval.model.interventions.keep import blanked, kept_only
from neuroval.model.interventions.move import pasted
from neuroval.model.interventions.outline import grown
from neuroval.model.interventions.placing import elsewhere, transferred
from neuroval.model.interventions.remove import filled_from_other_side, filled_harmonic, filled_telea

Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Variant:
    """One image to be shown to the network: ``pixels`` uint8 ``(h, w, 3)``, and the row that the answer makes."""

    intervention: str
    pixels: NDArray[np.uint8]
    level: int = 0
    control: str = ""


def expected(unit: Unit, *, kinds: tuple[str, ...]) -> int:
    """Return about how many images a unit makes, for the progress bar."""
    if unit.kind == MAPS:
        return ANSWERS
    healthy = 2 * ("remove" in kinds) + 2 * ("keep" in kinds) + (unit.donor is not None)
    graded = {"corrupt": CORRUPTIONS, "repeat": REPEATS}.get(unit.kind, ())
    return {"remove": 4, "keep": 4, HEALTHY: healthy}.get(unit.kind, sum(map(corruptions.levels, graded)) or 1)


def variants(unit: Unit, *, kinds: tuple[str, ...], seed: int) -> Iterator[Variant]:
    """Yield the images of a unit. Chance depends on seed, case and intervention alone, not on what ran before.

    Raises ``ImageError`` when an image can no longer be read.
    """
    if unit.kind == AS_IT_IS:
        yield Variant(intervention=UNTOUCHED, pixels=read_image(unit.scan.image).pixels)
    elif unit.kind in ("corrupt", "repeat"):
        yield from _graded(unit, seed=seed)
    elif unit.kind == "remove":
        yield from _removed(unit.scan, seed=seed)
    elif unit.kind == "keep":
        yield from _kept(unit.scan, seed=seed)
    else:
        yield from _in_host(unit, kinds=kinds, seed=seed)


def chance_of(seed: int, *names: object) -> np.random.Generator:
    """Return the generator of a seed and of names such as those of a case and of what is done to it."""
    digest = hashlib.sha256("/".join(map(str, (seed, *names))).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def _shown(grey: Grey) -> NDArray[np.uint8]:
    return np.repeat(grey[:, :, None], 3, axis=2)


def _graded(unit: Unit, *, seed: int) -> Iterator[Variant]:
    """All severities of a corruption share their chance, so that a case only gets worse; repeats differ."""
    grey, case_id = grey_of(unit.scan.image), unit.scan.case_id
    for name in CORRUPTIONS if unit.kind == "corrupt" else REPEATS:
        for level in range(1, corruptions.levels(name) + 1):
            rng = chance_of(seed, case_id, name) if unit.kind == "corrupt" else chance_of(seed, case_id, name, level)
            changed = corruptions.corrupted(grey, name, level, rng=rng)
            yield Variant(intervention=name, level=level, pixels=_shown(changed))


def _holes(scan: Scan, head: Mask, *, seed: int) -> dict[str, Mask]:
    """Return the hole of a tumour, and of its control elsewhere where there is room for one."""
    hole = grown(_outlined(scan))
    other = elsewhere(hole, head=head, rng=chance_of(seed, scan.case_id, ELSEWHERE))
    return {"": hole} if other is None else {"": hole, ELSEWHERE: other}


def _removed(scan: Scan, *, seed: int) -> Iterator[Variant]:
    grey = grey_of(scan.image)
    head = head_mask(grey)
    holes = _holes(scan, head, seed=seed)
    for control, hole in holes.items():
        rng = chance_of(seed, scan.case_id, "remove_harmonic", control)
        made = partial(Variant, control=control)
        yield made(intervention="remove_telea", pixels=_shown(filled_telea(grey, hole)))
        yield made(intervention="remove_harmonic", pixels=_shown(filled_harmonic(grey, hole, rng=rng)))
    middle = None if scan.plane == "sagittal" else midline(grey, head)
    if middle is not None:
        yield from _mirrored(scan, grey, holes[""], head, middle, seed=seed)


def _mirrored(scan: Scan, grey: Grey, tumour: Mask, head: Mask, middle: Midline, *, seed: int) -> Iterator[Variant]:
    """Yield the tumour filled from the other side, and if it can be, a place on one side clear of it and its mirror."""
    made = partial(Variant, intervention="remove_hemisphere")
    filled = filled_from_other_side(grey, tumour, tumour=tumour, head=head, midline=middle)
    if filled is None:
        return
    yield made(pixels=_shown(filled))
    left, opposite = middle.left(head.shape), middle.mirrored(tumour.astype(np.uint8)).astype(np.bool_)
    rng = chance_of(seed, scan.case_id, "remove_hemisphere", ELSEWHERE)
    for side in (left, ~left) if rng.integers(2) else (~left, left):
        hole = elsewhere(tumour, head=head & side & ~opposite, rng=rng)
        if hole is not None:
            control = filled_from_other_side(grey, hole, tumour=tumour, head=head, midline=middle)
            if control is not None:
                yield made(pixels=_shown(control), control=ELSEWHERE)
                return


def _kept(scan: Scan, *, seed: int) -> Iterator[Variant]:
    grey = grey_of(scan.image)
    head = head_mask(grey)
    for control, hole in _holes(scan, head, seed=seed).items():
        made = partial(Variant, control=control)
        yield made(intervention="keep_only", pixels=_shown(kept_only(grey, hole, head=head)))
        yield made(intervention="blank", pixels=_shown(blanked(grey, hole, head=head)))


def _in_host(unit: Unit, *, kinds: tuple[str, ...], seed: int) -> Iterator[Variant]:
    """Yield the tumour moved into its host, or the controls there: holes of its shape, a patch of another scan."""
    if unit.host is None:
        return
    host, source = grey_of(unit.host.image), grey_of(unit.scan.image)
    host_head, head = head_mask(host), head_mask(source)
    transfer = transferred(grown(_outlined(unit.scan)), head=head, other_head=host_head)
    if transfer is None:
        return
    if unit.kind == "move":
        moved = pasted(source, host, transfer=transfer, head=head, host_head=host_head)
        yield Variant(intervention="move", pixels=_shown(moved))
        return
    made, hole = partial(Variant, control=HEALTHY_CONTROL), transfer.outline
    if "remove" in kinds:
        rng = chance_of(seed, unit.scan.case_id, "remove_harmonic", HEALTHY_CONTROL)
        yield made(intervention="remove_telea", pixels=_shown(filled_telea(host, hole)))
        yield made(intervention="remove_harmonic", pixels=_shown(filled_harmonic(host, hole, rng=rng)))
    if "keep" in kinds:
        yield made(intervention="keep_only", pixels=_shown(kept_only(host, hole, head=host_head)))
        yield made(intervention="blank", pixels=_shown(blanked(host, hole, head=host_head)))
    if unit.donor is not None:
        donor = grey_of(unit.donor.image)
        donor_head = head_mask(donor)
        there = transferred(hole, head=host_head, other_head=donor_head)
        if there is not None:
            patched = pasted(donor, host, transfer=there.back(hole), head=donor_head, host_head=host_head)
            yield made(intervention="move", pixels=_shown(patched))


def _outlined(scan: Scan) -> Mask:
    if scan.outline is None:
        raise ValueError(f"{scan.case_id} has no outline.")
    return scan.outline
