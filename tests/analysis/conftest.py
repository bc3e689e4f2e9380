"""Golden values made outside this project; see tests/golden/README.md."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

GOLDEN = Path(__file__).parents[1] / "golden"
CLASSES = ("glioma", "meningioma", "notumor", "pituitary")


@pytest.fixture(scope="session")
def oracles() -> dict[str, Any]:
    return json.loads((GOLDEN / "oracles.json").read_text())


@pytest.fixture(scope="session")
def four_class() -> pd.DataFrame:
    """160 cases with ``reference`` and ``predicted`` as class indices beside their probabilities."""
    table = pd.read_csv(GOLDEN / "four_class_160.csv")
    probabilities = table[[f"p_{name}" for name in CLASSES]].to_numpy()
    return table.assign(
        reference=[CLASSES.index(name) for name in table["true"]], predicted=np.argmax(probabilities, axis=1)
    )


@pytest.fixture
def study_cases() -> pd.DataFrame:
    """Ten cases worked by hand: t1 and t2 share patient A with train, t3 is a copy of r3, t4 and t5 are new."""
    rows = [
        # case_id, split, label, group_id, patient_id, sha256, source, width, height
        ("r1", "train", "glioma", "A", "A", "h1", "x", 224, 224),
        ("r2", "train", "glioma", "r2", None, "h2", "x", 512, 512),
        ("r3", "train", "notumor", "r3", None, "h3", "y", 224, 224),
        ("u1", "tuning", "notumor", "u1", "B", "h4", "y", 224, 224),
        ("u2", "tuning", "glioma", "A", "A", "h5", None, None, None),
        ("t1", "test", "glioma", "A", "A", "h6", "x", 224, 224),
        ("t2", "test", "glioma", "A", "A", "h7", "x", 224, 224),
        ("t3", "test", "glioma", "r3", None, "h3", "y", 224, 224),
        ("t4", "test", "notumor", "t4", "C", "h8", "y", 300, 200),
        ("t5", "test", "notumor", "t5", None, "h9", "y", 224, 224),
    ]
    columns = ["case_id", "split", "label", "group_id", "patient_id", "sha256", "source", "width", "height"]
    return pd.DataFrame(rows, columns=columns)
