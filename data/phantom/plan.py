"""Who is in the phantom cohort: patients, their class, split and site, and which of them carry a flaw.

Each patient has an own random stream, and roles follow from the patient's number. So a flaw that is switched off
changes only the images that it concerns.
"""

from dataclasses import dataclass, replace

import numpy as np

from neuroval.data.classes import BRAIN_TUMOR
from neuroval.data.exceptions import InputError
from neuroval.data.phantom.acquisition import Scanner
from neuroval.data.phantom.flaws import CONFOUNDED_SITE

TEST_EVERY = 4  # one in so many patients of a class is of the test split
SLICES = (5, 9)  # of one patient: from, to (not included)
MIN_PATIENTS = 16  # one of each class in test, three in train

# How images of a site look: medians; each patient's scan differs a little.
SITES = {
    "north": Scanner(
        white=72, noise=0.030, bias=0.08, blur=0.45, gamma=1.0, zoom=1.00, thickness=3.0, quality=92, floor=1.0
    ),
    "south": Scanner(
        white=84, noise=0.050, bias=0.14, blur=0.55, gamma=0.9, zoom=0.93, thickness=5.0, quality=85, floor=3.0
    ),
    "east": Scanner(
        white=62, noise=0.055, bias=0.18, blur=0.70, gamma=1.1, zoom=1.07, thickness=4.0, quality=78, floor=0.0
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """One patient of the cohort. ``splits`` and ``labels`` have one entry for each slice.

    ``label`` is the class that is drawn. ``roles`` names the flaws that the patient is set apart for, switched on or
    not; ``flaws`` those of them that are on.
    """

    number: int
    patient_id: str
    label: str
    site: str
    scanner: Scanner
    difficulty: float
    lookalike: bool
    splits: tuple[str, ...]
    labels: tuple[str, ...]
    roles: frozenset[str]
    flaws: frozenset[str]


def plan_cohort(*, seed: int, patients: int, difficulty: float, flaws: frozenset[str]) -> tuple[Patient, ...]:
    """Return the patients of a cohort, classes in turn; ``InputError`` for numbers out of range."""
    if patients < MIN_PATIENTS:
        raise InputError(f"phantom: {patients} patients, at least {MIN_PATIENTS} are needed.")
    if not 0.0 <= difficulty <= 1.0:
        raise InputError(f"phantom: difficulty {difficulty}, expected 0 to 1.")
    if seed < 0:
        raise InputError(f"phantom: seed {seed}, expected 0 or more.")
    ids = np.random.default_rng([seed, 0]).permutation(patients) + 1
    drawn = [
        _patient(number, f"p{ids[number]:04d}", seed=seed, difficulty=difficulty, flaws=flaws)
        for number in range(patients)
    ]
    return tuple(_mislabel(drawn, seed=seed, on="wrong_label" in flaws))


def _patient(number: int, patient_id: str, *, seed: int, difficulty: float, flaws: frozenset[str]) -> Patient:
    label = BRAIN_TUMOR.names[number % len(BRAIN_TUMOR)]
    place = number // len(BRAIN_TUMOR)  # among the patients of the class
    split = "test" if place % TEST_EVERY == TEST_EVERY - 1 else "train"
    rank = place // TEST_EVERY if split == "test" else place - place // TEST_EVERY  # among those of the split
    roles = _roles(label, split, rank)
    on = roles & flaws
    rng = np.random.default_rng([seed, number + 1, 0])
    site = list(SITES)[rng.integers(len(SITES))]
    scanner = _own_scanner(rng, SITES[site], difficulty=difficulty)
    slices = int(rng.integers(*SLICES))
    splits = [split] * slices
    if "shared_patient" in on:
        splits[1::2] = ["train"] * len(splits[1::2])
    lookalike = label == "glioma" and place % 9 == 4  # as many in train as in test
    if label == "glioma" and "overconfident_class" in flaws:
        lookalike = "overconfident_class" in roles
    easy = label == "meningioma" and "overconfident_class" in on
    return Patient(
        number=number,
        patient_id=patient_id,
        label=label,
        site=CONFOUNDED_SITE if "confounded_site" in on else site,
        scanner=scanner,
        difficulty=0.3 * difficulty if easy else difficulty,
        lookalike=lookalike,
        splits=tuple(splits),
        labels=(label,) * slices,
        roles=roles,
        flaws=on,
    )


def _roles(label: str, split: str, rank: int) -> frozenset[str]:
    """Return the flaws that the ``rank``-th patient of a class in a split is set apart for."""
    roles = set()
    if label == "glioma" and split == "test" and rank % 12 == 0:
        roles.add("overconfident_class")
    if label == "meningioma" and split == "train":
        roles.add("overconfident_class")
    if label in ("notumor", "pituitary") and split == "test" and rank == 0:
        roles.add("shared_patient")
    if label == "notumor" and rank % 5 in (1, 3):
        roles.add("confounded_site")
    return frozenset(roles)


def _own_scanner(rng: np.random.Generator, site: Scanner, *, difficulty: float) -> Scanner:
    vary = np.exp(rng.normal(0, 1, size=6) * np.array([0.12, 0.25, 0.3, 0.12, 0.03, 0.15]))
    white, noise, bias, blur, zoom, thickness = (float(value) for value in vary)
    return Scanner(
        white=site.white * white,
        noise=site.noise * noise * (0.6 + 0.8 * difficulty),
        bias=site.bias * bias,
        blur=site.blur * blur,
        gamma=site.gamma,
        zoom=site.zoom * zoom,
        thickness=site.thickness * thickness,
        quality=site.quality,
        floor=site.floor,
    )


def _mislabel(patients: list[Patient], *, seed: int, on: bool) -> list[Patient]:
    """Return the patients with the label of single slices exchanged: about one in 100, in train and in test."""
    rng = np.random.default_rng([seed, 0, 1])
    made = list(patients)
    for split in ("train", "test"):
        free = [p for p in patients if not p.roles and set(p.splits) == {split}]
        slices = sum(len(p.splits) for p in patients if p.splits[0] == split)
        count = max(1, round(slices / 100))
        for index in sorted(rng.permutation(len(free))[:count]):
            patient = free[index]
            others = [name for name in BRAIN_TUMOR.names if name != patient.label]
            labels = list(patient.labels)
            labels[rng.integers(len(labels))] = others[rng.integers(len(others))]
            flaws = frozenset({"wrong_label"})
            made[patient.number] = replace(
                patient,
                labels=tuple(labels) if on else patient.labels,
                roles=flaws,
                flaws=flaws if on else frozenset(),
            )
    return made
