from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from neuroval.data.exceptions import InputError
from neuroval.data.study.folder import read_study
from neuroval.data.study.heatmaps import add_heatmaps
from neuroval.data.study.import_predictions import study_of_predictions


@pytest.fixture
def study(tmp_path):
    """Three cases called a, b and a; the second is wrong."""
    table = pd.DataFrame(
        {
            "case_id": ["one", "two", "three"],
            "label": ["a", "a", "a"],
            "image_path": ["x/p1.jpg", "x/p2.jpg", "y/p3.jpg"],
            "prob_a": [0.8, 0.3, 0.6],
            "prob_b": [0.2, 0.7, 0.4],
        }
    )
    table.to_csv(tmp_path / "p.csv", index=False)
    return study_of_predictions(tmp_path / "p.csv", out=tmp_path / "study").path


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "maps"
    place.mkdir()
    return place


def picture(file, values):
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(values, dtype=np.uint8)).save(file)


def test_maps_of_the_predicted_class(study, folder):
    picture(folder / "one.png", [[0, 100], [200, 50]])
    picture(folder / "two.png", [[0, 0], [0, 255]])
    before = read_study(study)

    added = add_heatmaps(study, folder, pattern="{case_id}.png", method="Grad-CAM++")

    maps = read_study(study).gradcam
    assert (added.cases, added.n, added.shrunk, added.negative) == (2, 3, None, 0)
    assert maps.method == "Grad-CAM++"
    assert maps.brought
    assert maps.row("three") is None
    one, two = maps.row("one"), maps.row("two")
    assert [maps.has(one, 0), maps.has(one, 1), maps.has(two, 0), maps.has(two, 1)] == [True, False, False, True]
    np.testing.assert_array_equal(maps.maps[one, 0], np.float16([[0, 0.5], [1, 0.25]]))
    np.testing.assert_array_equal(maps.maps[two, 1], np.float16([[0, 0], [0, 1]]))
    assert not maps.maps[one, 1].any()
    pd.testing.assert_frame_equal(read_study(study).predictions, before.predictions)
    assert added.study.fingerprint != before.fingerprint


def test_arrays_by_image_name_and_class(study, folder):
    for name in ("p1", "p2", "p3"):
        np.save(folder / f"{name}-a.npy", np.array([[[4.0, -2.0], [1.0, 0.0]]]))
        np.savez(folder / f"{name}-b.npz", np.array([[8.0, 0.0], [0.0, 0.0]]))

    added = add_heatmaps(study, folder, pattern="{name}-{class}.npy", method="LRP")
    assert (added.cases, added.negative) == (3, 3)
    add_heatmaps(study, folder, pattern="{name}-b.npz", method="LRP", shown_class="b")

    maps = read_study(study).gradcam
    assert maps.given is None
    row = maps.row("one")
    np.testing.assert_array_equal(maps.maps[row, 0], np.float16([[1, 0], [0.25, 0]]))
    np.testing.assert_array_equal(maps.maps[row, 1], np.float16([[1, 0], [0, 0]]))


def test_one_scale_for_the_maps_of_a_case(study, folder):
    np.save(folder / "one-a.npy", np.array([[1.0, 0.0]]))
    np.save(folder / "one-b.npy", np.array([[4.0, 2.0]]))

    add_heatmaps(study, folder, pattern="{case_id}-{class}.npy", method="LRP")

    maps = read_study(study).gradcam
    np.testing.assert_array_equal(maps.maps[maps.row("one")], np.float16([[[0.25, 0]], [[1, 0.5]]]))


def test_large_maps_are_averaged(study, folder):
    values = np.zeros((112, 112), dtype=np.uint8)
    values[:2, :2] = 255
    picture(folder / "one.png", values)

    added = add_heatmaps(study, folder, pattern="{case_id}.png", method="CAM")

    maps = read_study(study).gradcam
    assert added.shrunk == (112, 112)
    assert maps.grid == (56, 56)
    expected = np.zeros((56, 56))
    expected[0, 0] = 1
    np.testing.assert_allclose(maps.maps[maps.row("one"), 0], expected, atol=1e-3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (np.array([[np.nan, 1.0]]), "not finite"),
        (np.zeros((3, 2, 2)), r"shape \(3, 2, 2\)"),
        (np.array([["a"]]), "type <U1"),
        (b"no array", "not a readable map"),
    ],
)
def test_no_map(study, folder, content, message):
    if isinstance(content, bytes):
        (folder / "one.npy").write_bytes(content)
    else:
        np.save(folder / "one.npy", content)
    before = read_study(study).fingerprint
    with pytest.raises(InputError, match=message):
        add_heatmaps(study, folder, pattern="{case_id}.npy", method="CAM")
    assert read_study(study).fingerprint == before


def test_coloured_picture(study, folder):
    picture(folder / "one.png", np.random.default_rng(0).integers(0, 255, (4, 4, 3)))
    with pytest.raises(InputError, match="grey levels"):
        add_heatmaps(study, folder, pattern="{case_id}.png", method="CAM")


@pytest.mark.parametrize(
    ("pattern", "shown_class", "message"),
    [
        ("{case}.png", "predicted", "unknown {case}"),
        ("map.png", "predicted", "names no case"),
        ("{class}.png", "predicted", "names no case"),
        ("{case_id", "predicted", "expected '}'"),
        ("{case_id}.png", "c", "expected 'predicted' or one of"),
        ("{case_id}-{class}.png", "a", "give one of them"),
        ("../{case_id}.png", "predicted", "lies outside"),
        ("{case_id}.jpg", "predicted", "no map of an evaluated case"),
    ],
)
def test_bad_pattern(study, folder, pattern, shown_class, message):
    picture(folder / "one.png", [[1, 2]])
    with pytest.raises(InputError, match=message):
        add_heatmaps(study, folder, pattern=pattern, method="CAM", shown_class=shown_class)


def test_another_method_needs_replace(study, folder):
    picture(folder / "one.png", [[1, 2]])
    picture(folder / "two.png", [[1, 2]])
    add_heatmaps(study, folder, pattern="{case_id}.png", method="CAM")
    (folder / "two.png").unlink()
    with pytest.raises(InputError, match="'CAM'; --replace"):
        add_heatmaps(study, folder, pattern="{case_id}.png", method="LRP")

    add_heatmaps(study, folder, pattern="{case_id}.png", method="LRP", replace=True)

    assert list(read_study(study).gradcam.case_ids) == ["one"]


def test_maps_of_the_network_need_replace(write, gradcam, folder):
    study = write(gradcam=gradcam)
    with pytest.raises(InputError, match="Grad-CAM of its network"):
        add_heatmaps(Path(study.path), folder, pattern="{case_id}.png", method="CAM")
