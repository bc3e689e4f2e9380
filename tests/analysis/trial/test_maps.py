"""Whether maps can be believed: each measure against another library or by hand, and a planted map that cannot."""

from collections.abc import Callable

import cv2
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats
from skimage.metrics import structural_similarity as of_skimage

from neuroval.analysis.trial.findings import maps_ignore_the_network
from neuroval.analysis.trial.maps import MapTrial, area, map_trial, rank_correlation, structural_similarity
from neuroval.data.images.decoding import read_image
from neuroval.data.phantom.cohort import Cohort
from neuroval.data.storage.home import SHIPPED_MODELS
from neuroval.data.study.trial_maps import CURVES, STEPS, VARIANTS, MapFacts, TrialMaps
from neuroval.model.evaluation.trial_images import chance_of
from neuroval.model.evaluation.trial_maps import Controls, controls_of, maps_under_changes
from neuroval.model.inference.engine import Engine, Inference, load

FACTS = MapFacts(seed=0, sample=0, version=1)
GRID = (7, 7)


def trial_maps(maps: NDArray[np.floating], curves: NDArray[np.floating] | None = None) -> TrialMaps:
    n = len(maps)
    return TrialMaps(
        case_ids=pd.Index([f"{place:016x}" for place in range(n)]),
        called=np.zeros(n, dtype=np.int64),
        maps=maps.astype(np.float16),
        curves=np.ones((n, len(CURVES), STEPS + 1), np.float32) if curves is None else curves.astype(np.float32),
        facts=FACTS,
    )


def judged_all(made: TrialMaps, groups: NDArray[np.int64] | None = None) -> MapTrial:
    n = len(made.case_ids)
    told = map_trial(made, judged=np.ones(n, np.bool_), groups=np.arange(n) if groups is None else groups)
    assert told is not None
    return told


def test_rank_correlation_is_that_of_scipy_with_equal_cells_too() -> None:
    rng = np.random.default_rng(1)
    maps = np.maximum(rng.normal(size=(20, *GRID)), 0)  # half of the cells are equal
    others = np.maximum(maps + rng.normal(size=(20, *GRID)), 0)
    expected = [stats.spearmanr(a.ravel(), b.ravel()).statistic for a, b in zip(maps, others, strict=True)]
    np.testing.assert_allclose(rank_correlation(maps, others), expected, atol=1e-12)


def test_a_map_without_any_order_is_related_to_none() -> None:
    maps = np.random.default_rng(1).random((1, *GRID))
    assert rank_correlation(maps, np.zeros((1, *GRID))).tolist() == [0.0]
    assert rank_correlation(maps, maps)[0] == pytest.approx(1)


@pytest.mark.parametrize("grid", [(7, 7), (9, 9), (10, 12)])
def test_structural_similarity_is_that_of_scikit_image(grid: tuple[int, int]) -> None:
    rng = np.random.default_rng(2)
    maps, others = rng.random((2, 6, *grid))
    expected = []
    for pair in zip(maps, others, strict=True):
        first, second = (cv2.resize(part, (32, 32), interpolation=cv2.INTER_LINEAR) for part in pair)
        value = of_skimage(first, second, data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
        expected.append(value)
    np.testing.assert_allclose(structural_similarity(maps, others), expected, atol=1e-6)
    np.testing.assert_allclose(structural_similarity(maps, maps), 1, atol=1e-12)


def test_the_area_under_a_curve_by_hand() -> None:
    steps = np.linspace(1, 0, STEPS + 1)
    assert area(np.stack([steps, np.ones(STEPS + 1)])) == pytest.approx([0.5, 1.0])


def test_draws_and_repeats_of_a_scan_are_averaged_and_empty_maps_do_not_count() -> None:
    rng = np.random.default_rng(3)
    maps = np.repeat(rng.random((4, 1, *GRID)), len(VARIANTS), axis=1)
    maps[:, VARIANTS.index("all_1")] = 1 - maps[:, 0]  # the other way round
    maps[:, VARIANTS.index("all_2")] = 0.5  # in no order
    maps[3] = 0
    told = judged_all(trial_maps(maps))
    assert (told.n, told.without_evidence) == (3, 1)
    values = {row.change: row.correlation.plain.value for row in (*told.shuffled, *told.repeated)}
    assert values == pytest.approx(
        {"head": 1, "upper_third": 1, "all": 0, "repeat_shift": 1, "repeat_turn": 1}, abs=1e-4
    )
    assert told.random.alike.plain.count == 0
    assert told.shuffled[0].alike.plain.count == 3
    assert not told.worthless
    assert map_trial(trial_maps(maps), judged=np.zeros(4, np.bool_), groups=np.arange(4)) is None


def test_deletion_and_insertion_are_compared_with_the_mean_of_the_orders_of_chance() -> None:
    curves = np.zeros((2, len(CURVES), STEPS + 1))
    for name, heights in {
        "deletion": (0.2, 0.6),
        "insertion": (0.9, 0.3),
        "random_1": (0.4, 0.6),
        "random_2": 0.6,
    }.items():
        curves[:, CURVES.index(name)] = np.broadcast_to(heights, 2)[:, None]
    told = judged_all(trial_maps(np.random.default_rng(4).random((2, len(VARIANTS), *GRID)), curves))
    # By chance 0.5 and 0.6: deletion gains 0.3 and 0, insertion 0.4 and -0.3.
    assert told.deletion.gain.plain.value == pytest.approx(0.15)
    assert told.insertion.gain.plain.value == pytest.approx(0.05)
    assert (told.deletion.better.plain.count, told.insertion.better.plain.count) == (1, 1)


def test_scans_of_a_patient_widen_the_interval() -> None:
    rng = np.random.default_rng(5)
    maps = rng.random((30, len(VARIANTS), *GRID))
    patient = np.repeat(np.arange(10), 3)
    weight = rng.random(10)[patient][:, None, None]
    for name in ("all_1", "all_2", "all_3"):
        maps[:, VARIANTS.index(name)] = weight * maps[:, 0] + (1 - weight) * rng.random((30, *GRID))
    together, alone = judged_all(trial_maps(maps), patient).random, judged_all(trial_maps(maps)).random
    assert together.correlation.clustered is not None
    assert (together.correlation.headline.width or 0) > (alone.correlation.headline.width or 0)


def test_maps_that_are_the_same_to_the_last_digit_have_no_interval_and_are_worthless_where_scans_are_enough() -> None:
    maps = np.repeat(np.random.default_rng(6).random((12, 1, *GRID)), len(VARIANTS), axis=1)
    told = judged_all(trial_maps(maps))
    assert told.random.correlation.headline.low is None
    assert told.worthless
    assert not judged_all(trial_maps(maps[:3])).worthless


def test_few_scans_accuse_nobody() -> None:
    rng = np.random.default_rng(6)
    maps = np.repeat(rng.random((3, 1, *GRID)), len(VARIANTS), axis=1)
    maps[0, VARIANTS.index("all_1") : VARIANTS.index("all_3") + 1] = 0.5
    told = judged_all(trial_maps(maps))
    assert (told.random.correlation.plain.value or 0) > 0.5  # the mean of 0, 1 and 1
    assert maps_ignore_the_network(told) is None
    assert maps_ignore_the_network(None) is None


@pytest.mark.slow
def test_power_and_false_alarms() -> None:
    """60 scans, two of a patient, whose maps after shuffling are related to those before with a given correlation."""
    raised = {target: np.mean([_raised(target, seed) for seed in range(25)]) for target in (0.0, 0.3, 0.5, 0.6, 0.8)}
    assert raised[0.0] == raised[0.3] == 0
    assert raised[0.5] <= 0.1  # the limit itself
    assert raised[0.6] >= 0.9
    assert raised[0.8] == 1


def _raised(target: float, seed: int) -> bool:
    """Whether the finding is raised; the rank correlation of a patient's scans lies around ``target``, SD 0.1."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(30), 2)
    ranked = np.clip(target + 0.1 * rng.normal(size=30), -0.95, 0.95)[patient]
    linear = (2 * np.sin(np.pi * ranked / 6))[:, None, None, None]  # of normal values with that rank correlation
    values = rng.normal(size=(60, len(VARIANTS), *GRID))
    values[:, 1:] = linear * values[:, :1] + np.sqrt(1 - linear**2) * values[:, 1:]
    told = judged_all(trial_maps(1 / (1 + np.exp(-values))), patient)
    return maps_ignore_the_network(told) is not None


# Planted -------------------------------------------------------------------------------------------------------------


class Edges:
    """A network whose map shows the edges of the picture, whatever it has learnt."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def run(self, images: NDArray[np.uint8], /) -> Inference:
        told = self.engine.run(images)
        edges = np.abs(cv2.Laplacian(cv2.GaussianBlur(images[0, :, :, 0], (0, 0), 2), cv2.CV_32F))
        cells = cv2.resize(edges, told.gradcam.shape[:1:-1], interpolation=cv2.INTER_AREA)
        return told._replace(gradcam=np.broadcast_to(cells, told.gradcam.shape))

    def probabilities(self, images: NDArray[np.uint8], /) -> NDArray[np.float32]:
        return self.engine.probabilities(images)


@pytest.fixture(scope="module")
def controls() -> Controls:
    folder = SHIPPED_MODELS / "phantom"
    engine = load(folder, threads=1)
    return controls_of(folder, engine, size=engine.card.input_size, seed=0)


@pytest.fixture(scope="module")
def told_by(clean_phantom: Cohort) -> Callable[[Controls], MapTrial]:
    """What a trial says of the maps of 12 phantom scans with a tumour."""
    listed = clean_phantom.metadata
    paths = listed[(listed["split"] == "test") & (listed["label"] != "notumor")]["image_path"].iloc[:12]

    def told(made: Controls) -> MapTrial:
        rows = []
        for path in paths:
            grey = read_image(clean_phantom.folder / path).pixels[:, :, 0]
            fitted = np.repeat(cv2.resize(grey, (made.size, made.size))[:, :, None], 3, axis=2)
            whole = made.network.run(fitted[None])
            called = int(whole.probabilities[0].argmax())
            cam = whole.gradcam[0, called]

            def chance(*names: object, path: str = path) -> np.random.Generator:
                return chance_of(0, path, *names)

            others = maps_under_changes(grey, made, called=called, chance=chance)
            rows.append(np.stack([cam / cam.max(), *others]))
        return judged_all(trial_maps(np.stack(rows)))

    return told


def test_a_map_of_the_edges_is_found_worthless(controls: Controls, told_by: Callable[[Controls], MapTrial]) -> None:
    edges = {name: Edges(network) for name, network in controls.shuffled.items() if isinstance(network, Engine)}
    assert isinstance(controls.network, Engine)
    told = told_by(Controls(network=Edges(controls.network), shuffled=edges, size=controls.size))
    assert [row.correlation.plain.value for row in told.shuffled] == pytest.approx([1, 1, 1], abs=0.02)
    found = maps_ignore_the_network(told)
    assert found is not None
    assert (found.severity, found.count, found.n) == ("warning", 12, 12)


def test_the_grad_cam_of_a_shipped_network_is_not(controls: Controls, told_by: Callable[[Controls], MapTrial]) -> None:
    told = told_by(controls)
    assert maps_ignore_the_network(told) is None
    assert abs(told.random.correlation.plain.value or 0) < 0.4
    assert min(row.correlation.plain.value or 0 for row in told.repeated) > 0.6
