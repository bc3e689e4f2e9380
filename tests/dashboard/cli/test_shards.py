"""``evaluate --shard`` and ``merge``: what they say, and one line for what cannot be."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neuroval.data.classes import BRAIN_TUMOR

Neuroval = Callable[..., Any]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """One image of noise a class."""
    rng = np.random.default_rng(4)
    for label in BRAIN_TUMOR.names:
        (tmp_path / "images" / label).mkdir(parents=True)
        Image.fromarray(rng.integers(0, 256, (40, 40), dtype=np.uint8)).save(tmp_path / "images" / label / "a.png")
    return tmp_path / "images"


def test_shards_and_their_merge_make_the_study_of_evaluate(
    neuroval: Neuroval, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neuroval.model.evaluation.plan.SMALLEST", 2)
    parts, given = tmp_path / "parts", ("evaluate", "--model", "phantom", "--images", images)
    second = neuroval(*given, "--shard", "2/2", "--parts", parts)
    assert second.code == 0
    assert second.out.startswith("Shard 2/2 is done: 1 part, 1 of them computed now.\n1 part of other shards to come.")
    early = neuroval("merge", parts, "--out", tmp_path / "merged" / "study")
    assert (early.code, early.out) == (2, "")
    assert early.err.splitlines() == [
        f"neuroval: {parts}: 1 of 2 parts is missing (the first: part-000000.npz). Run again: --shard 1/2."
    ]
    first = neuroval(*given, "--shard", "1/2", "--parts", parts, "--threads", 1)
    assert "to come" not in first.out
    assert first.out.endswith(f"Make the study: neuroval merge {parts} --out STUDY\n")
    merged = neuroval("merge", parts, "--out", tmp_path / "merged" / "study")
    alone = neuroval(*given, "--out", tmp_path / "alone" / "study")
    assert (merged.code, alone.code) == (0, 0)
    prints = [re.search(r"fingerprint (\w{64})", done.out) for done in (merged, alone)]
    assert prints[0] is not None
    assert prints[1] is not None
    assert prints[0][1] == prints[1][1]
    assert "Already evaluated" in neuroval("merge", parts, "--out", tmp_path / "merged" / "study").out


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--shard", "1/2"), "--shard and --parts belong together"),
        (("--parts", "parts"), "--shard and --parts belong together"),
        (("--shard", "1/2", "--parts", "parts", "--out", "study"), "--out is for neuroval merge"),
        (("--shard", "3/2", "--parts", "parts"), "shard 3/2: expected a number from 1 to the number of shards"),
        (("--shard", "half", "--parts", "parts"), "shard 'half': expected its number and how many there are"),
        (("--shard", "1/2", "--parts", "parts", "--tolerance", "inf"), "tolerance inf: expected a number of 0 or more"),
        ((), "--out is missing"),
        (("--out", "study", "--tolerance", "0.1"), "--tolerance is for shards"),
    ],
)
def test_what_does_not_go_together_is_one_line(
    options: tuple[str, ...], told: str, neuroval: Neuroval, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(images.parent)
    done = neuroval("evaluate", "--model", "phantom", "--images", images, *options)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"neuroval: {told}")
    assert len(done.err.splitlines()) == 1
    assert not (images.parent / "parts").exists()
