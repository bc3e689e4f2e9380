"""Proposals: images alike in any orientation are proposed, others hardly ever, and their number grows with the data."""

import numpy as np
import pytest

from neuroval.data.images.copy_proposals import BITS, FEW, NEAR_BITS, hashes, propose
from neuroval.data.images.copy_views import FORMS, SIDE, look_at


def blobs(seed: int) -> np.ndarray:
    """A picture with structure of all sizes, like no other."""
    rng = np.random.default_rng(seed)
    waves = np.fft.rfft2(rng.normal(size=(SIDE, SIDE)))
    slow = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)) + 0.02
    picture = np.fft.irfft2(waves / slow, s=(SIDE, SIDE))
    return np.asarray(np.interp(picture, (picture.min(), picture.max()), (0, 255)), dtype=np.uint8)


@pytest.mark.parametrize(
    "change",
    [lambda x: x[:, ::-1], lambda x: x[::-1], np.rot90, lambda x: np.rot90(x, 2), lambda x: x.T, lambda x: 255 - x],
    ids=["left and right", "upside down", "quarter", "half", "transposed", "inverted"],
)
def test_no_turn_mirror_or_inversion_changes_a_hash(change) -> None:  # type: ignore[no-untyped-def]
    pictures = [blobs(seed) for seed in range(80)]
    looks = [look_at(np.ascontiguousarray(x)) for x in (*pictures, *map(change, pictures[:20]))]
    made = hashes(np.stack([look.harmonics for look in looks]))[:, 0]
    apart = np.bitwise_count(made[:20] ^ made[80:]).sum(axis=1)
    others = np.bitwise_count(made[:20] ^ made[20:40]).sum(axis=1)
    assert apart.max() <= 12
    assert others.min() > 20


def test_few_images_are_all_compared_in_each_form() -> None:
    found = propose(np.zeros((3, len(FORMS), BITS // 64), dtype=np.uint64))
    assert {tuple(row[:2]) for row in found.tolist()} == {(0, 1), (0, 2), (1, 2)}
    assert {tuple(row[2:]) for row in found.tolist()} == {
        *((0, form) for form in range(4)),
        *((form, 0) for form in range(4)),
        (4, 4),
    }
    assert len(propose(np.zeros((0, len(FORMS), BITS // 64), dtype=np.uint64))) == 0


def test_near_hashes_are_proposed_and_the_number_grows_with_the_data() -> None:
    rng = np.random.default_rng(5)
    counts = {}
    for n in (FEW + 936, 8000):
        made = rng.integers(0, 2**64, (n, len(FORMS), BITS // 64), dtype=np.uint64)
        flips = [np.bitwise_or.reduce(np.uint64(1) << rng.choice(64, 5, replace=False).astype(np.uint64)) for _ in "ab"]
        made[1, 0] = made[0, 0] ^ flips[0]  # the same frame
        made[7, 4] = made[3, 4] ^ flips[0]  # the same head
        made[9, 1] = made[4, 0] ^ flips[1]  # all of one is the middle of the other
        pairs = propose(made).tolist()
        assert [0, 1, 0, 0] in pairs
        assert [3, 7, 4, 4] in pairs
        assert [4, 9, 0, 1] in pairs
        assert all(np.bitwise_count(made[a, f] ^ made[b, g]).sum() <= NEAR_BITS for a, b, f, g in pairs)
        counts[n] = len(pairs)
    assert all(count < 4 * n for n, count in counts.items())
