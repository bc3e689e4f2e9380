"""Every sentence about an uploaded scan: what the model says of it, how far that goes, and what looks like it."""

from typing import Final

from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.performance.ranked_errors import Tier
from neuroval.dashboard.cases.evaluated_case import Case
from neuroval.dashboard.scans.prediction import Prediction
from neuroval.dashboard.words.formats import counted, full, number
from neuroval.dashboard.words.general import TIERS
from neuroval.data.classes import ClassOrder
from neuroval.data.study.gradcam import GRADCAM
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
FORGOTTEN: Final = (
    "Scans stay in the memory of this server while this page is open, and up to 3 minutes after its tab is closed. "
    "Nothing of them is stored."
)
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


def drawn(card: ModelCard, manifest: Manifest) -> bool:
    """Return whether the model was trained on the data set of a study of synthetic images."""
    return manifest.about.synthetic and card.data.get("name") == manifest.data.name


def doubts(prediction: Prediction) -> list[str]:
    """Return why the call should be doubted; empty when nothing speaks against it."""
    sentences = [UNLIKE] if prediction.in_distribution is False else []
    return (
        sentences
        if prediction.other_modality is None
        else [*sentences, MODALITY.format(code=prediction.other_modality)]
    )


def advice(prediction: Prediction) -> str:
    """Return what to do with the call: doubts first, then the advice of its tier."""
    return " ".join([*doubts(prediction), ADVICE[prediction.tier]])


def model(card: ModelCard) -> str:
    """Return which model reads the scans."""
    data = card.data.get("name", "data that it does not name")
    return f"Read by {card.name}, version {card.version}, trained on {data}."


def answer(prediction: Prediction, classes: ClassOrder) -> str:
    """Return the call in a sentence, with what to do."""
    lead = "Taken as it is, the model says" if prediction.doubtful else "The model says"
    sentence = f"{lead} {classes.display[prediction.called]} with a confidence of {number(prediction.confidence)}."
    return f"{sentence} {ADVICE[prediction.tier]}"


def row(name: str, result: Prediction | str, classes: ClassOrder) -> dict[str, str]:
    """Return one of several scans as a table row: what the model says, or why it cannot be read."""
    if isinstance(result, str):
        return {"Scan": name, "Call": "cannot be read", "Confidence": "", "Like the training images": ""}
    return {
        "Scan": name,
        "Call": classes.display[result.called],
        "Confidence": number(result.confidence) + ("" if result.doubtful else f", {TIERS[result.tier]}"),
        "Like the training images": YES_NO[result.in_distribution],
    }


def facts(prediction: Prediction) -> list[dict[str, str]]:
    """Return what is known of an uploaded scan as table rows; of a DICOM file nothing but its picture."""
    height, width = prediction.upload.pixels.shape[:2]
    rows = {"Format": prediction.upload.file_format, "Size": f"{width:,} x {height:,} pixels"}
    if prediction.upload.frames > 1:
        rows["Frame"] = f"{prediction.upload.frame:,} of {prediction.upload.frames:,}"
    rows["Like the training images"] = YES_NO[prediction.in_distribution]
    if prediction.reading.unlike is not None and prediction.reading.limit is not None:
        rows["Distance from them"] = f"{prediction.reading.unlike:.2f}, limit {prediction.reading.limit:.2f}"
    rows["sha256"] = prediction.upload.sha256[:16]
    return [{"Fact": name, "Value": value} for name, value in rows.items()]


def alt(prediction: Prediction, classes: ClassOrder, with_map: str | None = None, maps: str = GRADCAM) -> str:
    """Return what a picture shows, for those who cannot see it."""
    tail = "" if with_map is None else f", {maps} for {classes.display[with_map]}"
    return f"Uploaded scan, called {classes.display[prediction.called]}{tail}"


def known(split: str, label: str, classes: ClassOrder) -> str:
    """Return that the study holds the very same file."""
    sentence = f"The study holds this very file, in {split}, with the label {classes.display[label]}."
    return sentence if split != "train" else f"{sentence} The model was fitted on it, so its call proves nothing."


def right(share: Estimate) -> str:
    """Return how often the model was right on the scans that look like it."""
    return f"On the {counted(share.n or 0, 'evaluated scan')} nearest to it, the model was right in {full(share)}."


def neighbour(case: Case, near: str, classes: ClassOrder) -> str:
    """Return how near a scan is that looks like it, and in a second line what it was taken for if that was wrong."""
    return near if case.correct else f"{near}\ncalled {classes.display[case.predicted]}"


def too_many(chosen: int, limit: int) -> str:
    """Return that not all the files chosen are read."""
    return f"{chosen:,} files were chosen; the first {limit:,} are read."
