"""The data contract in one place: every table of a study folder, its columns and their types.

A column is required unless it is nullable. Nullable columns may also be absent: they are then read as null.
Tables with one column per class (``prob_<class>``, ``cam_<class>``) are built for a class order.
"""

import pyarrow as pa

from neuroval.data.classes import ClassOrder

SCHEMA_VERSION = 1

SPLITS = ("train", "tuning", "test", "external")
EVALUATED_SPLITS = ("tuning", "test", "external")
# Older studies have no turned and no filtered pairs: these were not looked for.
PAIR_KINDS = ("exact", "reencoded", "mirrored", "turned", "cropped", "filtered")
RUNS = ("final", "grouped", "ungrouped")
MASK_SIZE = 56  # reference outlines are kept on a 56 x 56 grid, as packed bits
COMPONENTS = 64  # principal components of an embedding, at most
PROBABILITY_SUM_LIMIT = 0.01  # farther from 1 breaks the contract
PROBABILITY_SUM_NOTE = 1e-6  # farther from 1 is reported as a finding


def required(name: str, kind: pa.DataType) -> pa.Field:
    """Return a column that must be there and hold a value in every row."""
    return pa.field(name, kind, nullable=False)


CASES = pa.schema(
    [
        required("case_id", pa.string()),
        required("split", pa.string()),
        required("label", pa.string()),
        required("group_id", pa.string()),
        pa.field("patient_id", pa.string()),
        pa.field("plane", pa.string()),
        pa.field("source", pa.string()),
        pa.field("site", pa.string()),
        pa.field("image_path", pa.string()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("file_format", pa.string()),
        pa.field("file_bytes", pa.int64()),
        pa.field("mean_intensity", pa.float64()),
        pa.field("sd_intensity", pa.float64()),
        pa.field("sha256", pa.string()),
        pa.field("phash", pa.string()),
    ]
)

REJECTED = pa.schema([required("image_path", pa.string()), required("reason", pa.string())])

NO_RESULT = pa.schema([required("case_id", pa.string()), required("reason", pa.string())])

PAIRS = pa.schema(
    [
        required("case_a", pa.string()),
        required("case_b", pa.string()),
        required("kind", pa.string()),
        required("score", pa.float64()),
    ]
)

HISTORY = pa.schema(
    [
        required("run", pa.string()),
        pa.field("fold", pa.int32()),
        required("epoch", pa.int32()),
        required("loss", pa.float64()),
        required("accuracy", pa.float64()),
        required("tuning_loss", pa.float64()),
        required("tuning_accuracy", pa.float64()),
        pa.field("tuning_scaled_loss", pa.float64()),
        required("learning_rate", pa.float64()),
    ]
)


def predictions_schema(classes: ClassOrder) -> pa.Schema:
    """Return the columns of ``predictions.parquet``."""
    probabilities = [required(column, pa.float64()) for column in classes.probability_columns]
    monte_carlo = [pa.field("mc_entropy", pa.float64()), pa.field("mc_mutual_information", pa.float64())]
    return pa.schema([required("case_id", pa.string()), *probabilities, *monte_carlo])


def folds_schema(classes: ClassOrder) -> pa.Schema:
    """Return the columns of ``folds.parquet`` and ``folds_ungrouped.parquet``."""
    probabilities = [required(column, pa.float64()) for column in classes.probability_columns]
    return pa.schema([required("case_id", pa.string()), required("fold", pa.int32()), *probabilities])


def gradcam_schema(classes: ClassOrder, grid: tuple[int, int]) -> pa.Schema:
    """Return the columns of ``gradcam.parquet`` for maps of ``grid`` (height, width)."""
    cells = pa.list_(pa.float16(), grid[0] * grid[1])
    maps = [required(f"cam_{name}", cells) for name in classes.names]
    mask = pa.field("mask", pa.binary(MASK_SIZE * MASK_SIZE // 8))
    given = pa.field("given", pa.int64())  # bit i for the class i; null where each class has its map
    return pa.schema([required("case_id", pa.string()), *maps, mask, given])


def embeddings_schema(dimensions: int) -> pa.Schema:
    """Return the columns of ``embeddings.parquet``."""
    return pa.schema([required("case_id", pa.string()), required("embedding", pa.list_(pa.float16(), dimensions))])


def trial_schema(classes: ClassOrder) -> pa.Schema:
    """Return the columns of ``trial.parquet``."""
    probabilities = [required(column, pa.float64()) for column in classes.probability_columns]
    return pa.schema(
        [
            required("case_id", pa.string()),
            required("network", pa.string()),
            required("intervention", pa.string()),
            required("level", pa.int16()),
            required("control", pa.string()),
            pa.field("host_case_id", pa.string()),
            pa.field("unlike", pa.bool_()),  # whether the model calls the changed image unlike its training images
            *probabilities,
        ]
    )
