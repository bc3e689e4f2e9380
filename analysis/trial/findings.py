"""What a trial says that a reviewer must know: the model does not need the tumour, or little breaks it."""

from collections.abc import Mapping, Sequence
from typing import Final

from neuroval.analysis.core.finding import Finding
from neuroval.analysis.core.metrics import ANY_TUMOUR
from neuroval.analysis.trial.maps import MapTrial
from neuroval.analysis.trial.need import HealthyHoles, Need
from neuroval.analysis.trial.robustness import MILD, Corruption

NEEDED: Final = 0.5  # of the calls that the filling alone leaves to rest on the tumour
FALL: Final = 0.05  # of a rate, at mild severity


def needs_no_tumour(
    needs: Sequence[Need], holes: Sequence[HealthyHoles] = (), *, names: Mapping[str, str] | None = None
) -> Finding | None:
    """Return that the model surely does not need the tumour, of all tumours or of a class; none otherwise.

    It is raised where the upper bound of the need, by the way of filling that counts with the lowest need, lies below
    half of the largest need that this filling leaves to be seen.

    - Half: a model that reads the tumour loses nearly every call with it. What is left of a tumour after it is cut out
      (oedema, mass effect) may hold some calls. Where most calls stand without the tumour, they do not rest on it.
    - The upper bound: so few scans that half cannot be ruled out accuse nobody.
    - The largest need: filling leaves traces, which may look like a tumour by themselves. In healthy scans with the
      same holes such a call has nothing else to rest on, so the share of them that stay healthy, at its lower bound,
      is what a model could lose that rests on the tumour alone. Where filling alone makes tumours of healthy scans,
      nobody is accused. Without that control the share is taken as 1.

    It is critical: whatever the accuracy, it is then earned by what goes along with tumours in these data, and need
    not hold where that differs. ``names`` is how classes are shown. ``count`` of ``n`` scans are still called a tumour
    without it. Power and false alarms are in ``analysis/README.md``.
    """
    stays_healthy = {hole.method: hole.still_negative.headline.low for hole in holes}
    accused = []
    for need in needs:
        worst = need.worst
        if worst is None:
            continue
        high = worst.need.difference.headline.high
        left_to_see = stays_healthy.get(worst.method)
        if high is not None and high < NEEDED * (1.0 if left_to_see is None else left_to_see):
            accused.append((need, worst))
    if not accused:
        return None
    first, worst = accused[0]
    shown = names or {}
    still, elsewhere = worst.still.plain, worst.elsewhere.plain
    return Finding(
        code="needs_no_tumour",
        severity="critical",
        check="need",
        page="shortcuts",
        count=still.count or 0,
        n=still.n,
        facts={
            "subject": "" if first.subject == ANY_TUMOUR else shown.get(first.subject, first.subject),
            "method": worst.method,
            "need": worst.need.difference.headline.value,
            "kept_elsewhere": (elsewhere.count or 0, elsewhere.n or 0),
            "others": tuple(shown.get(need.subject, need.subject) for need, _ in accused[1:]),
        },
    )


def fragile(corruptions: Sequence[Corruption]) -> Finding | None:
    """Return which corruptions break the model while they are mild; none without any.

    It is raised for a corruption whose severity 2 of 5 surely costs more than 5 percentage points of sensitivity or of
    specificity (of accuracy, without a negative class): the lower bound of the paired fall from the untouched scans
    lies above 0.05.

    - Severity 2: such a scan is read by a radiologist without a second thought. That the strongest severities break a
      model is expected, and no finding.
    - 5 points is the difference that non-inferiority trials of diagnostic tests commonly allow.
    - The lower bound of a fall on the same scans: chance differences between the sample and the whole do not enter.
      Two rates of a dozen corruptions are looked at; the margin of 5 points, and not a correction, keeps false alarms
      rare (``analysis/README.md``).
    """
    broken: list[tuple[float, str, str]] = []
    for corruption in corruptions:
        for rate, number in corruption.falls.items():
            difference = number.difference.headline
            if difference.value is not None and difference.low is not None and difference.low > FALL:
                broken.append((-difference.value, corruption.name, rate))
    if not broken:
        return None
    fall, name, rate = min(broken)
    return Finding(
        code="fragile",
        severity="warning",
        check="robustness",
        page="robustness",
        count=len({corruption for _, corruption, _ in broken}),
        n=len(corruptions),
        facts={
            "worst": name,
            "rate": rate,
            "fall": -fall,
            "severity": MILD,
            "others": tuple(sorted({corruption for _, corruption, _ in broken} - {name})),
        },
    )


def maps_ignore_the_network(maps: MapTrial | None) -> Finding | None:
    """Return that the maps are the same when the network has learnt nothing; none otherwise, or without such a trial.

    It is raised where the mean rank correlation with the maps of networks all of whose weights are shuffled lies above
    0.5 at its lower bound.

    - All weights: such a network knows nothing of tumours. A map that is still the same is one of the picture, such as
      its edges, and says nothing of why it was called what it was (Adebayo 2018). With the head alone shuffled what the
      layers below see is left, so that some agreement is no fault.
    - 0.5: halfway between no relation and the same map. Any map may tell head from background, and so do random
      filters, so that more than 0 is no fault. On the shipped study of real scans it is -0.04 (-0.06 to -0.02).
    - The lower bound, of a mean over several random networks: neither few scans nor a draw of chance accuses anybody.

    It is a warning: calls may be right all the same. ``count`` of ``n`` scans keep their map.
    """
    if maps is None or not maps.worthless:
        return None
    random = maps.random
    return Finding(
        code="maps_ignore_the_network",
        severity="warning",
        check="maps",
        page="shortcuts",
        count=random.alike.plain.count or 0,
        n=random.alike.plain.n,
        facts={"correlation": random.correlation.headline.value},
    )
