"""Sentences and rows of what tests the numbers: what training has seen, and whether the evidence lies on the tumour."""

from collections.abc import Callable, Mapping, Sequence

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.finding import Finding
from neuroval.analysis.core.metrics import measure
from neuroval.analysis.data_audit.training_overlap import SHARED_GROUPS
from neuroval.analysis.explanations.outlined_evidence import ClassEvidence
from neuroval.analysis.explanations.pointing import ClassSaliency
from neuroval.analysis.performance.per_class import Performance
from neuroval.analysis.study.results import Results
from neuroval.dashboard.words.basis import WITHOUT_MAPS
from neuroval.dashboard.words.findings import text as finding_text
from neuroval.dashboard.words.formats import NOT_ESTIMABLE, full, short
from neuroval.dashboard.words.general import on_a_part, spoken
from neuroval.dashboard.words.reasons import why
from neuroval.data.classes import ClassOrder
from neuroval.data.study.manifest import Manifest

STEPS_TITLE = "The numbers without what training has seen"
STEPS_CAPTION = (
    "Headline numbers as scans that are shared with training are taken out. Each step keeps a part of the last."
)
STEPS = {
    "without_exact_copies": "Without exact copies",
    "without_near_duplicates": "Without near-duplicates",
    "without_shared_patients": "Without shared patients",
}
PARTLY_SEEN = "The numbers below are of scans that the model partly knows."
MOSTLY_SEEN = "The model knows most of the scans below: the numbers say little about new patients."
SALIENCY_TITLE = "Does the evidence lie on the tumour?"
NO_OUTLINES = "No scan has an outline of the tumour: whether the evidence lies on it is not estimable."
SALIENCY = (
    "Whether the network looked at the tumour: on the scans with an outline, the share whose strongest evidence for "
    "the reference class lies in it, and the mean share of the evidence inside it. Without any preference that mean "
    "would be the share of the image that the outline covers. Right and wrong: how the scan was called."
)


def seen(findings: Sequence[Finding]) -> str:
    """Return how many of the scans the model may know from training; nothing when it has seen none of them."""
    shared = next((finding for finding in findings if finding.code == SHARED_GROUPS), None)
    if shared is None:
        return ""
    most = shared.n is not None and 2 * shared.count > shared.n
    return f"{finding_text(shared)} {MOSTLY_SEEN if most else PARTLY_SEEN}"


def step_rows(
    results: Results, headlines: Mapping[str, str], show: Callable[[Estimate], str] = full
) -> list[dict[str, str]]:
    """Return the headline numbers on all cases and after each step, as table rows; columns without any are left out."""
    rows = [_step("All", results.evaluated.n, results.performance, None, headlines, results=results, show=show)]
    rows += [
        _step(STEPS[step.name], step.n, left, step.reason, headlines, results=results, show=show)
        for step, left in results.audit.at_steps
    ]
    kept = [key for key in rows[0] if any(row[key] for row in rows)]
    return [{key: row[key] for key in kept} for row in rows]


def narrow_step_rows(results: Results, headlines: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the same with the number of cases beside the step and without the last number: as much as fits a phone."""
    rows = step_rows(results, dict(list(headlines.items())[:3]))
    return [{"Scans": f"{row.pop('Scans')}, n = {row.pop('n')}", **row} for row in rows]


def _step(
    name: str,
    n: int,
    judged: Performance | None,
    reason: Reason | None,
    headlines: Mapping[str, str],
    *,
    results: Results,
    show: Callable[[Estimate], str],
) -> dict[str, str]:
    row, whole, classes = {"Scans": name, "n": f"{n:,}"}, results.performance, results.study.classes
    for metric, label in headlines.items():
        value = None if judged is None else measure(metric, judged)
        if judged is None:
            row[label] = f"{NOT_ESTIMABLE} ({why(reason)})"
        elif value is None:
            row[label] = ""
        else:
            row[label] = on_a_part(metric, value.headline, judged, result=whole, classes=classes, show=show)
    return row


def saliency_rows(
    hits: Sequence[ClassSaliency], shares: Sequence[ClassEvidence], classes: ClassOrder
) -> list[dict[str, str]]:
    """Return the pointing game and the share of evidence inside the outline by class, as table rows."""
    inside = {share.name: share for share in shares}
    rows = []
    for hit_rate in hits:
        inside_of_class = inside[hit_rate.name]
        for right, label in ((True, "right"), (False, "wrong")):
            hit, share = (
                (hit_rate.correct, inside_of_class.correct) if right else (hit_rate.wrong, inside_of_class.wrong)
            )
            rows.append(
                {
                    "Class": classes.display[hit_rate.name],
                    "Called": label,
                    "Strongest evidence on the tumour": full(hit.headline),
                    "Evidence inside": full(share.headline),
                    "Outline, share of the image": short(inside_of_class.area.headline),
                }
            )
    return rows


def of_network_itself(basis: str, shown: str) -> str:
    """Return that the maps are not of the networks that are judged; nothing when they are."""
    return "" if basis == shown else f"{WITHOUT_MAPS} These are of the network itself, on the {shown} scans."


def without_evidence(hits: Sequence[ClassSaliency], classes: ClassOrder) -> str:
    """Return how many scans have no evidence for their class at all, and are in no row; nothing when none."""
    empty = [f"{hit.without_evidence:,} {spoken(hit.name, classes)}" for hit in hits if hit.without_evidence]
    return f"Left out, since their map of the reference class is empty: {', '.join(empty)}." if empty else ""


def narrow_saliency_rows(
    hits: Sequence[ClassSaliency], shares: Sequence[ClassEvidence], classes: ClassOrder
) -> list[dict[str, str]]:
    """Return the same with class and call in one column: as much as fits a phone."""
    return [
        {
            "Class": f"{row['Class']}, {row['Called']}",
            "Strongest on it": row["Strongest evidence on the tumour"],
            "Evidence inside": row["Evidence inside"],
            "Outline": row["Outline, share of the image"],
        }
        for row in saliency_rows(hits, shares, classes)
    ]


def guided(manifest: Manifest) -> str:
    """Return that the network was trained to look at the outlines; nothing when it was not, or is not known."""
    weight = 0.0 if manifest.model is None else manifest.model.recipe.get("guidance", 0.0)
    if not weight:
        return ""
    return (
        f"Training rewarded this network for looking inside the outline (guidance {weight:g} in the recipe), "
        "so good overlap is no independent proof."
    )
