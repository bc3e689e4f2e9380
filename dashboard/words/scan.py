"""Every sentence about an uploaded scan: what the model says of it, how far that goes, and what looks like it."""

from typing import Final

from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.performance.ranked_errors import Tier
from neuroval.dashboard.cases.evaluated_case import Case
from neuroval.dashboard.scans.prediction import Prediction
from neuroval.dashboard.words.formats import counted, full, number
from neuroval.dashboard.words.general import TIERS
from neuroval.data.classes import ClassOrder
from neuroval.data.study.manifest import Manifest
from neuroval.model.card import ModelCard

ADVICE: Final[dict[Tier, str]] = {
    "high": "High confidence; a radiologist confirms every call.",
    "review": "Consider a review by a second reader.",
    "expert": "Expert review required.",
}
UNLIKE: Final = "This image is not like those the model was trained on, so its call and its confidence mean little."
MODALITY: Final = "The file says that it is {code} and not MR."
FORM: Final = "JPEG, PNG, BMP, TIFF, WebP or DICOM; single slices, not whole volumes."
FORGOTTEN: Final = "Scans stay in the memory of this server while the page is open. Nothing of them is stored."
NO_SCAN: Final = "Choose a scan, or drop several at once."
NO_MODEL: Final = (
    "The model of this study is not on this machine, so no scan can be read with it. Its folder belongs into `models` "
    "of NeuroVal's folder; another study can be chosen at the left."
)
IMPORTED: Final = (
    "This study holds imported predictions and no model, so no scan can be read. Another study can be chosen at the "
    "left."
)
DRAWN: Final = "This model was trained on drawn images only: what it says of a real scan means nothing."
DOUBT: Final = "This call should not be relied on"
NO_VERDICT: Final = "This model does not say whether an image is like its training images."
NOT_SEARCHED: Final = "Scans of the study that look like it are not shown: nothing in it does."
NO_LOOKALIKES: Final = "The study holds no embeddings by this model, so scans that look like it cannot be found."
ALIKE: Final = "What looks like this in the study"
SIMILAR: Final = "Nearest first; 0 is the same image to the network, 1 the typical distance to an evaluated scan."
YES_NO: Final = {True: "yes", False: "no", None: "not known"}


def drawn(card: ModelCard, of: Manifest) -> bool:
    """Return whether the model was trained on the data set of a study of synthetic images."""
    return of.about.synthetic and card.data.get("name") == of.data.name


def doubts(found: Prediction) -> list[str]:
    """Return why the call should be doubted; empty when nothing speaks against it."""
    said = [UNLIKE] if found.in_distribution is False else []
    return said if found.other_modality is None else [*said, MODALITY.format(code=found.other_modality)]


def advice(found: Prediction) -> str:
    """Return what to do with the call: doubts first, then the advice of its tier."""
    return " ".join([*doubts(found), ADVICE[found.tier]])


def model(card: ModelCard) -> str:
    """Return which model reads the scans."""
    data = card.data.get("name", "data that it does not name")
    return f"Read by {card.name}, version {card.version}, trained on {data}."


def answer(found: Prediction, classes: ClassOrder) -> str:
    """Return the call in a sentence, with what to do."""
    lead = "Taken as it is, the model says" if found.doubtful else "The model says"
    said = f"{lead} {classes.display[found.called]} with a confidence of {number(found.confidence)}."
    return f"{said} {ADVICE[found.tier]}"


def row(name: str, found: Prediction | str, classes: ClassOrder) -> dict[str, str]:
    """Return one of several scans as a table row: what the model says, or why it cannot be read."""
    if isinstance(found, str):
        return {"Scan": name, "Call": "cannot be read", "Confidence": "", "Like the training images": ""}
    return {
        "Scan": name,
        "Call": classes.display[found.called],
        "Confidence": number(found.confidence) + ("" if found.doubtful else f", {TIERS[found.tier]}"),
        "Like the training images": YES_NO[found.in_distribution],
    }


def facts(found: Prediction) -> list[dict[str, str]]:
    """Return what is known of an uploaded scan as table rows; of a DICOM file nothing but its picture."""
    height, width = found.upload.pixels.shape[:2]
    rows = {"Format": found.upload.file_format, "Size": f"{width:,} x {height:,} pixels"}
    if found.upload.frames > 1:
        rows["Frame"] = f"{found.upload.frame:,} of {found.upload.frames:,}"
    rows["Like the training images"] = YES_NO[found.in_distribution]
    if found.reading.unlike is not None and found.reading.limit is not None:
        rows["Distance from them"] = f"{found.reading.unlike:.2f}, limit {found.reading.limit:.2f}"
    rows["sha256"] = found.upload.sha256[:16]
    return [{"Fact": name, "Value": value} for name, value in rows.items()]


def alt(found: Prediction, classes: ClassOrder, with_map: str | None = None) -> str:
    """Return what a picture shows, for those who cannot see it."""
    tail = "" if with_map is None else f", Grad-CAM for {classes.display[with_map]}"
    return f"Uploaded scan, called {classes.display[found.called]}{tail}"


def known(split: str, label: str, classes: ClassOrder) -> str:
    """Return that the study holds the very same file."""
    said = f"The study holds this very file, in {split}, with the label {classes.display[label]}."
    return said if split != "train" else f"{said} The model was fitted on it, so its call proves nothing."


def right(share: Estimate) -> str:
    """Return how often the model was right on the scans that look like it."""
    return f"On the {counted(share.n or 0, 'evaluated scan')} nearest to it, the model was right in {full(share)}."


def neighbour(case: Case, near: str, classes: ClassOrder) -> str:
    """Return how near a scan is that looks like it, and in a second line what it was taken for if that was wrong."""
    return near if case.correct else f"{near}\ncalled {classes.display[case.predicted]}"


def too_many(chosen: int, limit: int) -> str:
    """Return that not all the files chosen are read."""
    return f"{chosen:,} files were chosen; the first {limit:,} are read."
