"""Every sentence about evaluations that are started from a page."""

from pathlib import Path

from neuroval.dashboard.jobs.job import Job, Progress, State, Status
from neuroval.dashboard.words.formats import counted, escaped, time_left
from neuroval.data.storage.home import home_folder
from neuroval.model.card import ModelCard

ANSWER = (
    "A model is run over a folder of images with a sub-folder for each class, and its answers become a new study. One "
    "evaluation runs at a time on this server; it goes on when this page or the browser is closed."
)
NO_FOLDER = (
    "No folder with these classes is under the folders that this server may read. Put the data set there, a sub-folder "
    "for each class, or let whoever runs the server add its place to the setting `NEUROVAL_IMAGE_ROOTS`."
)
NO_MODEL = "There is no model on this server. A model folder in `models` of its working folder is one."
OTHERS_MAY = "Only some people may start, cancel, resume or discard evaluations here; your address is not among theirs."
OPENS = "The study opens when it is done."
NONE_YET = "No evaluation has been started here."
DATA_HELP = (
    "Cases are known by it: two studies are compared, and a model finds its own tuning split again, when the data set "
    "has one name."
)
STUDY_HELP = "A new name; it stands in the address of the study."
STARTING = "Starting"
KEPT = "What it has computed is kept."
STEPS = {
    "Reading images": ("Reading images", "image"),
    "Looking for copies": ("Looking for copies", "image"),
    "Comparing": ("Comparing what may be copies", "pair"),
    "Evaluating": ("Evaluating", "image"),
    "Linking images": ("Linking the images", "image"),
}


def of_model(card: ModelCard) -> str:
    """Return the classes of a model, and which data set it was trained on."""
    text = f"Classes: {', '.join(card.classes.display[name] for name in card.classes.names)}."
    data_name = card.data.get("name")
    return f"{text} Trained on the data set {data_name}." if data_name else text


def asked(job: Job) -> str:
    """Return what was asked for."""
    return f"Model {escaped(job.model)} on {escaped(Path(job.images).name)}, into the study {escaped(job.study)}."


def progress(progress: Progress | None) -> str:
    """Return how far a running evaluation has come."""
    if progress is None:
        return STARTING
    name, noun = STEPS.get(progress.step, (progress.step, "step"))
    if not progress.total:
        return f"{name}: {counted(progress.done, noun)}"
    left = "" if progress.seconds_left is None else f", {time_left(progress.seconds_left)}"
    return f"{name}: {progress.done:,} of {counted(progress.total, noun)}{left}"


def stopped(status: Status) -> str:
    """Return why an evaluation does not run, and what is left of it."""
    if status.state == State.CANCELLED:
        return f"Cancelled. {KEPT}"
    if status.state == State.FAILED:
        return f"It failed: {reason(status)}"
    return (
        f"It was stopped, by the end of the server or for want of memory. {KEPT} If it stops again, the file "
        "`run/log` in the working folder of the server says more."
    )


def reason(status: Status) -> str:
    """Return why an evaluation failed, without the places of this machine."""
    text = status.reason.replace(status.job.images, Path(status.job.images).name)
    return escaped(text.replace(f"{home_folder()}/", ""))


def done(job: Job) -> str:
    """Return that the study is there."""
    return f"Done: the study {escaped(job.study)} is there."
