"""Training with reference outlines: the evidence for the true class is asked to lie inside the tumour.

Beside the classification loss stands -log of the share of the true class's Grad-CAM evidence that falls inside the
outline, on the network's own grid: the idea of Ross et al., Right for the right reasons, IJCAI 2017 (arXiv
1703.03717). Evidence is softplus of a cell, not its positive part: without any positive evidence the share would be
0/0, which the loss could be led to, and cells below 0 would not learn. A cell counts as far as the outline covers it,
so the most evidence belongs where most of the tumour is, not at its edge. A case without outline has the whole grid
inside, which adds nothing.
"""

import keras
from keras import ops

from neuroval.data.exceptions import InputError

IMAGE, LABEL, INSIDE = "image", "label", "inside"
PROBABILITIES, OUTSIDE = "probabilities", "outside"


def guided(classifier: keras.Model) -> keras.Model:
    """Return the classifier with the inputs ``label`` and ``inside`` and the output ``outside`` besides its own.

    ``label`` is one-hot ``(n, k)``, ``inside`` ``(n, h, w)`` says from 0 to 1 how far evidence may be in a cell,
    ``outside`` ``(n,)`` is the extra loss. Raises ``InputError`` when hidden layers make the map more than a weighted
    sum of the features.
    """
    features, logits = classifier.get_layer("pool").input, classifier.get_layer("logits")
    head = [layer.name for layer in classifier.layers if layer.name.startswith("hidden")]
    if head:
        raise InputError("guidance: needs a head without hidden layers.")
    label = keras.Input((logits.units,), name=LABEL)
    inside = keras.Input(features.shape[1:3], name=INSIDE)
    # The dense layer applied to a single cell, less its bias, is that cell's share of the logit: Grad-CAM but for a
    # constant factor. Less the mean of the classes, as the network is served: the probabilities do not know that part.
    cells = logits(features) - logits(ops.zeros_like(features))
    cells -= ops.mean(cells, axis=-1, keepdims=True)
    evidence = ops.softplus(ops.sum(cells * label[:, None, None, :], axis=-1))
    share = ops.sum(evidence * inside, axis=(1, 2)) / ops.sum(evidence, axis=(1, 2))
    outputs = {PROBABILITIES: classifier.output, OUTSIDE: -ops.log(share)}
    return keras.Model({IMAGE: classifier.input, LABEL: label, INSIDE: inside}, outputs)


def classifier_of(model: keras.Model) -> keras.Model:
    """Return the classifier inside a model made by ``guided``; any other model as it is."""
    if not isinstance(model.input, dict):
        return model
    return keras.Model(model.input[IMAGE], model.output[PROBABILITIES])
