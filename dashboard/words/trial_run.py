"""What the command ``trial`` says of what it did and what it left out."""

from collections.abc import Mapping
from typing import Final

from neuroval.data.study.trial import FINAL, Trial
from neuroval.data.study.trial_maps import TrialMaps

LEFT_OUT: Final = {
    "image-missing": "image not in the linked folder, left out",
    "image-unreadable": "image that cannot be read, left out",
    "no-outline": "tumour without an outline: not removed, kept alone or moved",
    "outline-unreadable": "outline that cannot be read: its tumour is not removed, kept alone or moved",
    "outline-empty": "empty outline: its tumour is not removed, kept alone or moved",
    "outline-of-other-shape": "outline of another shape than its image: its tumour is not removed, kept alone or moved",
    "outline-too-large": "outline over most of the head: its tumour is not removed, kept alone or moved",
}
NOTHING_HEALTHY: Final = (
    "note: no scan without tumour takes part, so no tumour is moved and controls in such scans are missing"
)
NO_OUTLINES: Final = "note: no {name} has an outline, so what is said of removed tumours leaves this class out"


def done(trial: Trial, *, computed: bool) -> str:
    """Return the first line: how many answers of how many cases."""
    table = trial.table
    changed = int((table["intervention"] != "none").sum())
    what = "On trial" if computed else "Already on trial, nothing to do"
    return f"{what}: {changed:,} changed images of {table['case_id'].nunique():,} cases."


def rows(trial: Trial) -> list[str]:
    """Return one line for each intervention: how many images, and how many controls of each kind."""
    table = trial.table[(trial.table["network"] == FINAL) & (trial.table["intervention"] != "none")]
    counts = table.groupby(["intervention", "control"], sort=False, observed=True).size()
    lines = []
    for name in sorted(table["intervention"].unique()):
        of_it = counts[name]
        controls = [f"{of_it[control]:,} {control}" for control in ("elsewhere", "healthy") if control in of_it]
        lines.append(f"  {name:18} {of_it.get('', 0):7,}  {', '.join(controls)}".rstrip())
    return lines


def maps(examined: TrialMaps | None) -> list[str]:
    """Return one line with the number of scans whose maps were examined; nothing where none were."""
    return [] if examined is None else [f"  {'maps':18} {len(examined.case_ids):7,}"]


def left_out(reasons: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return one line for each reason for which something is missing, with the number and the first path."""
    return [f"  {len(paths):,} x {LEFT_OUT[reason]}; for example {paths[0]}" for reason, paths in reasons.items()]
