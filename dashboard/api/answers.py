"""What the API answers, with examples: these are the schemas of its OpenAPI document."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from neuroval.analysis.performance.ranked_errors import Tier
from neuroval.dashboard.api.problems import Problem

SCAN: Final[JsonDict] = {
    "request_id": "5f0c6b9a4e0d4b7f9a54c6a0a7c1e2d3",
    "model": "brain-tumor-mri",
    "class": "meningioma",
    "confidence": 0.9533283114433289,
    "tier": "high",
    "advice": "High confidence; a radiologist confirms every call.",
    "probabilities": {"glioma": 0.04, "meningioma": 0.9533283114433289, "notumor": 0.005, "pituitary": 0.0016716885},
    "in_distribution": True,
    "out_of_distribution_score": 0.31,
    "out_of_distribution_limit": 1.72,
    "other_modality": None,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "frame": 1,
    "frames": 1,
    "gradcam": None,
}

Grid = Annotated[
    list[int], Field(min_length=2, max_length=2, description="Rows and columns of cells that the network sees.")
]


class Answer(BaseModel):
    """An answer; it holds no field that is not documented."""

    model_config = ConfigDict(extra="forbid")


class Status(Answer):
    """Whether the server is there, or ready to read scans."""

    status: Literal["ok", "ready"]


class GradCam(Answer):
    """Where the evidence for the class lies."""

    for_class: str = Field(serialization_alias="class", description="The class that is called.")
    grid: Grid
    has_evidence: bool = Field(description="Whether there is any; without, the picture is the scan as it is.")
    png: str = Field(description="The scan with the map over it, as PNG in base64.")


class Scan(Answer):
    """What the model says of one scan. Research use only; a radiologist confirms every call."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [SCAN]})

    request_id: str
    model: str
    called: str = Field(serialization_alias="class", description="The class with the largest probability.")
    confidence: float = Field(ge=0, le=1, description="That probability.")
    tier: Tier = Field(description="high, review or expert, by the thresholds of the study; expert where in doubt.")
    advice: str = Field(description="What to do with the call; doubts come first.")
    probabilities: dict[str, float] = Field(description="By class, exactly the float32 of the network.")
    in_distribution: bool | None = Field(
        description="Whether the image is like those the model was trained on; null where the model does not say."
    )
    out_of_distribution_score: float | None = Field(description="How unlike them it is.")
    out_of_distribution_limit: float | None = Field(description="The score above which it is called unlike them.")
    other_modality: str | None = Field(description="What a DICOM file says it is, if that is not MR.")
    sha256: str = Field(description="Of the file: all that the server's log keeps of it.")
    frame: int = Field(ge=1, description="Of a DICOM file with several frames.")
    frames: int = Field(ge=1)
    gradcam: GradCam | None = Field(default=None, description="With gradcam=true.")


class BatchItem(Answer):
    """One file of a batch: a scan, or why it could not be read."""

    index: int = Field(ge=0, description="Its place among the files sent.")
    scan: Scan | None = None
    problem: Problem | None = None


class Batch(Answer):
    """The files of a batch, in the order sent."""

    request_id: str
    results: list[BatchItem]


class Classes(Answer):
    """The classes in their fixed order."""

    order: list[str] = Field(examples=[["glioma", "meningioma", "notumor", "pituitary"]])
    negative: str | None = Field(description="The class that means nothing was found.", examples=["notumor"])
    display: dict[str, str]


class Model(Answer):
    """The model that is served, as its card says."""

    name: str
    version: str
    sha256: str
    classes: list[str]
    input_size: int
    grid: Grid
    temperature: float
    tells_unlike_images: bool = Field(description="Whether it can say that an image is unlike its training images.")
    thresholds: dict[str, float]
    data: dict[str, Any]
    metrics: dict[str, Any]
    limitations: list[str]
    use: str = Field(examples=["Research use only. Not a medical device."])


class StudyEntry(Answer):
    """A study on this server."""

    id: str
    title: str | None = Field(description="null where the study cannot be opened.")
    synthetic: bool | None
    model: str | None
    data: str | None
    error: str | None = Field(description="Why it cannot be opened.")


class Studies(Answer):
    """The studies on this server."""

    studies: list[StudyEntry]


class Document(BaseModel):
    """What ``neuroval analyze --json`` prints, of the sections asked for."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(alias="schema")
    study: dict[str, Any]
    sections: dict[str, Any]


class Latency(Answer):
    """Seconds from the bytes of a scan to its answer, over the latest predictions."""

    n: int
    p50: float | None
    p95: float | None
    p99: float | None


class Performance(Answer):
    """How fast this server has been since it started."""

    uptime_seconds: float
    predictions: int
    latency: Latency
    workers: int = Field(description="Scans that are read at once.")
    places: int = Field(description="Requests that read scans and may be under way; more are turned away with 503.")
    memory_bytes: int | None
