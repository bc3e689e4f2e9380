"""Monte-Carlo dropout: known answers, the same for any batch, and the head of the trained network."""

from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from neuroval.data.exceptions import InputError
from neuroval.model.evaluation.to_study import evaluate
from neuroval.model.inference.mc_dropout import Head, read_head, uncertainty, write_head
from neuroval.model.training.build import build_classifier
from neuroval.model.training.export import deployable, head_of

RNG = np.random.default_rng(2)
IDS = [f"{number:016x}" for number in range(50)]


def head(*, dropout: float = 0.5, scale: float = 1.0) -> Head:
    kernel = (scale * RNG.normal(size=(8, 3))).astype(np.float32)
    return Head(kernels=(kernel,), biases=(np.zeros(3, np.float32),), dropout=dropout)


def test_two_equal_outcomes_by_hand() -> None:
    # One input, kept or not: the answer is class 0 for certain, or even between two classes.
    one = Head(kernels=(np.array([[60.0, 0.0]], np.float32),), biases=(np.zeros(2, np.float32),), dropout=0.5)
    entropy, information = uncertainty(one, np.ones((1, 1)), ["a"], passes=20_000, temperature=1.0)
    mean = np.array([0.75, 0.25])
    assert entropy[0] == pytest.approx(-(mean * np.log(mean)).sum(), abs=0.01)
    assert information[0] == pytest.approx(entropy[0] - 0.5 * np.log(2), abs=0.01)


def test_information_lies_between_0_and_entropy() -> None:
    entropy, information = uncertainty(head(), RNG.normal(size=(50, 8)), IDS, passes=30, temperature=1.0)
    assert (information >= 0).all()
    assert (information <= entropy + 1e-12).all()
    assert (entropy <= np.log(3) + 1e-12).all()


def test_the_result_does_not_depend_on_the_batch() -> None:
    chosen, embedding = head(), RNG.normal(size=(50, 8))
    whole = uncertainty(chosen, embedding, IDS, passes=10, temperature=2.0)
    part = uncertainty(chosen, embedding[20:30], IDS[20:30], passes=10, temperature=2.0)
    for one, other in zip(whole, part, strict=True):
        np.testing.assert_array_equal(one[20:30], other)


@pytest.mark.parametrize("hidden", [(), (6,)])
def test_the_head_of_a_network_gives_its_probabilities(hidden: tuple[int, ...], tmp_path: Path) -> None:
    model = build_classifier(
        backbone="efficientnet-lite0", classes=3, input_size=32, hidden_units=hidden, dropout=0.3, weights=None
    )
    for layer in model.layers:
        if layer.name.startswith("hidden1_bn"):
            layer.set_weights([RNG.uniform(0.5, 1.5, 6) for _ in layer.get_weights()])
    served = deployable(model)
    write_head(tmp_path, head_of(served))
    found = read_head(tmp_path)
    assert found.dropout == pytest.approx(0.3)
    images = RNG.uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    pooled = type(model)(served.input, served.get_layer("pool").output).predict(images, verbose=0)
    for kernel, bias in zip(found.kernels[:-1], found.biases[:-1], strict=True):
        pooled = np.maximum(pooled @ kernel + bias, 0)
    probabilities = softmax(pooled @ found.kernels[-1] + found.biases[-1], axis=1)
    np.testing.assert_allclose(probabilities, served.predict(images, verbose=0), atol=1e-4)


def test_evaluate_writes_both_numbers(toy_model: Path, toy_images: Path, tmp_path: Path) -> None:
    study = evaluate(toy_model, toy_images, out=tmp_path / "study", data_name="toys", mc_dropout=5).study
    assert study.predictions["mc_entropy"].between(0, np.log(3) + 1e-9).all()
    assert (study.predictions["mc_mutual_information"] > 0).any()
    plain = evaluate(toy_model, toy_images, out=tmp_path / "plain", data_name="toys").study
    assert "mc_entropy" not in plain.predictions or plain.predictions["mc_entropy"].isna().all()


def test_a_model_without_head_or_dropout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Monte-Carlo dropout is not possible"):
        read_head(tmp_path)
    write_head(tmp_path, head(dropout=0.0))
    with pytest.raises(InputError, match="needs some"):
        read_head(tmp_path)
