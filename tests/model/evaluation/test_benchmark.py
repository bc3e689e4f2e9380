"""The benchmark: it measures what it says, and the targets follow from the figures."""

import json
from pathlib import Path

import numpy as np
import pytest

from neuroval.data.exceptions import InputError
from neuroval.model.evaluation import benchmark
from neuroval.model.evaluation.benchmark import BATCHES, Speed, measure, measure_apart
from neuroval.model.training.keras_benchmark import as_table, compare


def test_a_slow_model_misses_the_targets() -> None:
    latency = {"p50": 0.6, "p95": 0.7, "p99": 0.8}
    slow = Speed(load=1.0, latency=latency, throughput={1: 1.0}, parallel=2.0, gradcam=0.0, memory=None)
    assert list(slow.targets.values()) == [False, False]
    fast = Speed(
        load=1.0,
        latency={**latency, "p50": 0.1, "p95": 0.4},
        throughput={1: 9.0},
        parallel=2.0,
        gradcam=0.0,
        memory=None,
    )
    assert list(fast.targets.values()) == [True, True]
    assert (slow.bare, fast.bare) == (2.0, 9.0)


def test_every_scan_is_timed(toy_model: Path, toy_images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    monkeypatch.setattr(benchmark, "read_image", lambda path: (read.append(path), original(path))[1])
    images = sorted(toy_images.glob("Testing/*/*.png"))
    found = measure(toy_model, images, latencies=40, rounds=1)
    assert len(read) == 3 + 40 + BATCHES[-1]
    assert set(read) == set(images)
    assert 0 < found.latency["p50"] <= found.latency["p95"] <= found.latency["p99"]
    assert set(found.throughput) == set(BATCHES)
    assert found.parallel > 0
    assert np.isfinite(found.gradcam)


original = benchmark.read_image


def test_the_comparison_is_a_table_and_json(toy_model: Path, toy_images: Path) -> None:
    found = compare(toy_model, toy_images, data_name="toys", single=2)
    assert (found.n, found.classes, found.single) == (30, 3, 2)
    document = json.loads(json.dumps(found.as_dict()))
    assert document["times_keras_batched"] == pytest.approx(found.keras_batched / found.evaluate)
    assert document["share_of_bare_throughput"] == pytest.approx(30 / found.alone / found.speed.bare)
    assert document["speed"]["memory"] > 10 * 2**20
    table = "\n".join(as_table(found))
    assert "Keras, one by one" in table
    assert "at least 2 scans/s" in table


def test_a_model_that_cannot_be_loaded_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"benchmark of .*: .*not a model folder"):
        measure_apart(tmp_path, [])
