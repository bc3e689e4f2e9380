"""A reader that only calls: the numbers of a whole reading, and nothing more than it can tell."""

import dataclasses

import numpy as np

from neuroval.data.storage.home import SHIPPED_MODELS
from neuroval.model.inference.scan_reader import open_reader


def test_a_call_is_that_of_a_reading_and_a_model_that_cannot_tell_flags_nothing() -> None:
    reader = open_reader(SHIPPED_MODELS / "phantom")
    noise = np.random.default_rng(0).integers(0, 256, (100, 120, 3), dtype=np.uint8)
    reading = reader.read(noise)
    told, unlike = reader.call(noise)
    np.testing.assert_array_equal(told, reading.probabilities)
    assert unlike is True  # noise is no scan
    assert unlike is not reading.in_distribution
    bare = dataclasses.replace(reader, likeness=None)
    told, unlike = bare.call(noise)
    np.testing.assert_array_equal(told, reading.probabilities)
    assert unlike is None
    assert not bare.tells_unlike
