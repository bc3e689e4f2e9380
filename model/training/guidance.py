"""Training with reference outlines: the finding is to be seen where it is, and nowhere else.

Beside the classification loss stand two losses of a case, each with its weight in the recipe.

``outside``: -log of the share of the evidence for the true class that falls inside the outline, on the network's own
grid: the idea of Ross et al., Right for the right reasons, IJCAI 2017 (arXiv 1703.03717). Evidence of a cell is
softplus of its part in the Grad-CAM map, not its positive part: without any positive evidence the share would be 0/0,
which the loss could be led to, and cells below 0 would not learn. Where the pooling has an attention the share is that
of the attention. A case without outline has the whole grid inside, which adds nothing.

``cells``: the cross-entropy of each cell taken as a small scan. The network is linear after the pooling, so it says
what it would call a scan that looked like this cell throughout: the class of the case inside the outline, the negative
class outside. A style that all cells share, as of a scanner, then speaks for no class. Inside and outside count the
same, however small the finding; a case of the negative class has only outside, and one of another class without an
outline adds nothing.

A cell counts as inside as far as the outline covers it, so the most evidence belongs where most of the tumour is, not
at its edge.
"""

import keras
from keras import ops

from neuroval.data.exceptions import InputError
from neuroval.model.training.attention_pooling import AttentionPooling2D

IMAGE, LABEL, INSIDE = "image", "label", "inside"
PROBABILITIES, OUTSIDE, CELLS = "probabilities", "outside", "cells"


def guided(classifier: keras.Model, *, negative: int | None) -> keras.Model:
    """Return the classifier with the inputs ``label`` and ``inside`` and both losses besides its own output.

    ``label`` is one-hot ``(n, k)``, ``inside`` ``(n, h, w)`` says from 0 to 1 how far evidence may be in a cell,
    ``outside`` and ``cells`` are ``(n,)``; ``negative`` is the index of the negative class, without which ``cells`` is
    0. Raises ``InputError`` when hidden layers make the map more than a weighted sum of the features.
    """
    pool, logits = classifier.get_layer("pool"), classifier.get_layer("logits")
    features = pool.input
    head = [layer.name for layer in classifier.layers if layer.name.startswith("hidden")]
    if head:
        raise InputError("guidance: needs a head without hidden layers.")
    label = keras.Input((logits.units,), name=LABEL)
    inside = keras.Input(features.shape[1:3], name=INSIDE)
    cells = logits(features)
    if isinstance(pool, AttentionPooling2D):
        evidence = pool.attention(features)
    else:
        # The dense layer applied to a single cell, less its bias, is that cell's share of the logit: Grad-CAM but for a
        # constant factor. Less the mean of the classes, as the network is served: the probabilities do not know it.
        shares = cells - logits(ops.zeros_like(features))
        shares -= ops.mean(shares, axis=-1, keepdims=True)
        evidence = ops.softplus(ops.sum(shares * label[:, None, None, :], axis=-1))
    share = ops.sum(evidence * inside, axis=(1, 2)) / ops.sum(evidence, axis=(1, 2))
    outputs = {
        PROBABILITIES: classifier.output,
        OUTSIDE: -ops.log(share),
        CELLS: ops.zeros_like(share) if negative is None else _cell_entropy(cells, label, inside, negative=negative),
    }
    return keras.Model({IMAGE: classifier.input, LABEL: label, INSIDE: inside}, outputs)


def _cell_entropy(
    cells: keras.KerasTensor, label: keras.KerasTensor, inside: keras.KerasTensor, *, negative: int
) -> keras.KerasTensor:
    """Return the cross-entropy ``(n,)`` of the cells' logits ``(n, h, w, k)``."""
    surprise = -ops.log_softmax(cells, axis=-1)
    positive = 1 - label[:, negative, None, None]  # 1 for a case of another class than the negative one
    outside = 1 - positive * inside  # all of the grid of a negative case
    named = ops.sum(surprise * label[:, None, None, :], axis=-1)
    within = _mean(named, positive * inside)
    without = _mean(surprise[..., negative], outside)
    # An outline that leaves no cell out stands for none at all: such a case of another class says nothing of its cells.
    known = ops.cast(ops.max(outside, axis=(1, 2)) > 0, cells.dtype)
    halves = 1 + positive[:, 0, 0]
    return known * (within + without) / halves


def _mean(values: keras.KerasTensor, weights: keras.KerasTensor) -> keras.KerasTensor:
    """Return the weighted mean over the grid; 0 where no cell has a weight."""
    return ops.sum(values * weights, axis=(1, 2)) / ops.maximum(ops.sum(weights, axis=(1, 2)), 1e-6)


def classifier_of(model: keras.Model) -> keras.Model:
    """Return the classifier inside a model made by ``guided``; any other model as it is."""
    if not isinstance(model.input, dict):
        return model
    return keras.Model(model.input[IMAGE], model.output[PROBABILITIES])
