"""One patient's files: a head, a lesion in it, and the slices that a scanner takes."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuroval.data.phantom.acquisition import acquire, jpeg, png
from neuroval.data.phantom.anatomy import Head, draw_head
from neuroval.data.phantom.fields import Floats
from neuroval.data.phantom.flaws import marked
from neuroval.data.phantom.lesions import Lesion, draw_focus, draw_lesion
from neuroval.data.phantom.plan import Patient
from neuroval.data.phantom.slices import PLANES, Cut, draw_series, draw_slice
from neuroval.data.phantom.template import Template, load_template

FOLDERS = {"train": "Training", "test": "Testing"}
SOURCE = "phantom"
SMALLEST_MASK = 30  # pixels: a slice that shows less of the tumour is moved towards its middle
GAP = 2.4  # mm between the slices of a series, at least

Row = dict[str, str]  # one line of metadata.csv; empty where nothing is known


def render_patient(patient: Patient, *, folder: Path, seed: int) -> list[Row]:
    """Write a patient's images and masks into a data set folder and return their lines of ``metadata.csv``."""
    template = load_template()
    rng = np.random.default_rng([seed, patient.number + 1, 1])
    head = draw_head(rng)
    lesion, centre, radius = None, np.zeros(3), 0.0
    if patient.label == "notumor":  # cut where tumours are cut, so that the position tells nothing
        centre, radius = draw_focus(rng, template=template)
    else:
        lesion = draw_lesion(
            rng, kind=patient.label, template=template, difficulty=patient.difficulty, lookalike=patient.lookalike
        )
        centre, radius = lesion.centre, lesion.radius
    cuts = _cuts(rng, patient, head.from_template(centre), radius)
    return [
        _write(rng, patient, i, head=head, template=template, lesion=lesion, cut=cut, offset=offset, folder=folder)
        for i, (cut, offset) in enumerate(cuts)
    ]


def _cuts(rng: np.random.Generator, patient: Patient, through: Floats, radius: float) -> list[tuple[Cut, float]]:
    """Return for each slice its series' plane through the lesion and its offset from there in mm."""
    count = len(patient.splits)
    reach = radius * (0.5 + 0.35 * patient.difficulty * float(rng.random()) + 0.1)
    fit = int(2 * reach / GAP) + 1  # slices of one series that differ enough
    series = max(int(rng.integers(1, 4)), -(-count // fit))
    planes = [PLANES[i] for i in rng.permutation(len(PLANES))[: min(series, len(PLANES))]]
    shares = [len(part) for part in np.array_split(np.arange(count), len(planes))]
    cuts: list[tuple[Cut, float]] = []
    for plane, share in zip(planes, shares, strict=True):
        middle = draw_series(rng, plane=plane, scanner=patient.scanner).through(through, offset=0.0)
        edges = np.linspace(-1.0, 1.0, share) if share > 1 else np.zeros(1)
        offsets = reach * edges + rng.uniform(-0.15, 0.15, size=share) * radius
        cuts.extend((middle, float(offset)) for offset in offsets)
    return cuts


def _write(
    rng: np.random.Generator,
    patient: Patient,
    index: int,
    *,
    head: Head,
    template: Template,
    lesion: Lesion | None,
    cut: Cut,
    offset: float,
    folder: Path,
) -> Row:
    brightness, mask = _slice(head, template, lesion, cut, offset)
    pixels = acquire(rng, brightness, scanner=patient.scanner)
    if "confounded_site" in patient.flaws:
        pixels = marked(pixels)
    split, label = patient.splits[index], patient.labels[index]
    name = f"{FOLDERS[split]}/{label}/{patient.patient_id}_{index + 1}"
    row = {
        "image_path": f"{name}.jpg",
        "label": label,
        "split": split,
        "patient_id": patient.patient_id,
        "plane": cut.plane,
        "source": SOURCE,
        "site": patient.site,
        "mask_path": "",
    }
    write_file(folder / row["image_path"], jpeg(pixels, quality=patient.scanner.quality))
    if mask.any() and label != "notumor":  # whoever sees no tumour outlines none
        row["mask_path"] = f"masks/{name}.png"
        write_file(folder / row["mask_path"], png(mask))
    return row


def _slice(
    head: Head, template: Template, lesion: Lesion | None, cut: Cut, offset: float
) -> tuple[Floats, NDArray[np.uint8]]:
    """Return brightness and mask, 0 or 255, both (224, 224), of a slice that shows some of the tumour."""
    for share in (1.0, 0.6, 0.3, 0.0):
        moved = cut.through(cut.centre, offset=share * offset)
        brightness, tumour = draw_slice(head, template, moved, lesion=lesion)
        mask = tumour > 0.5
        if lesion is None or np.count_nonzero(mask) >= SMALLEST_MASK:
            break
    return brightness, mask.astype(np.uint8) * 255


def write_file(path: Path, content: bytes) -> None:
    """Write a file; its folders are made as needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
