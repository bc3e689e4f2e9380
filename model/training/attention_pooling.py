"""Pooling that looks where the finding is: the mean of the feature maps, weighted by an attention over their cells.

The attention is the softmax of one linear score per cell: attention-based multiple-instance learning (Ilse et al., ICML
2018, arXiv 1802.04712) with its simplest score. A lesion in one cell of a hundred then counts as much as one in all of
them, and a scan's class need not be spread over cells that show none.

Grad-CAM keeps the closed form of average pooling. With p = sum a A, a = softmax(A v), the gradient of a logit w p in
cell i is a_i w + a_i (w A_i - w p) v. Over the cells a sums to 1 and a (w A - w p) to 0, so its mean is w / (h w).
"""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="neuroval")
class AttentionPooling2D(keras.layers.Layer):  # type: ignore[misc]
    """From feature maps ``(n, h, w, c)`` to ``(n, c)``; begins as average pooling."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.score = self.add_weight(name="score", shape=(input_shape[-1], 1), initializer="zeros")

    def attention(self, features: Any) -> Any:
        """Return the weights of the cells ``(n, h, w)``, which sum to 1."""
        scores = ops.matmul(features, self.score)[..., 0]
        flat = ops.softmax(ops.reshape(scores, (-1, scores.shape[1] * scores.shape[2])), axis=-1)
        return ops.reshape(flat, (-1, *scores.shape[1:]))

    def call(self, features: Any) -> Any:
        return ops.sum(features * self.attention(features)[..., None], axis=(1, 2))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape[0], input_shape[-1]
