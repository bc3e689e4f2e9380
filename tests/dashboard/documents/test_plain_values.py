import json
from dataclasses import dataclass

import numpy as np

from neuroval.analysis.core.estimate import Measure
from neuroval.analysis.core.proportions import proportion
from neuroval.dashboard.documents.plain_values import measured, plain


@dataclass(frozen=True)
class Result:
    rate: Measure
    limits: np.ndarray
    inner: tuple


def test_a_result_becomes_plain_values() -> None:
    alone, both = Measure(plain=proportion(1, 2)), Measure(plain=proportion(1, 2), clustered=proportion(1, 4))
    found = plain(Result(rate=both, limits=np.array([0.5, np.inf]), inner=({"x": np.float64(1)}, alone)))
    assert found == {
        "rate": plain(proportion(1, 2)),
        "rate_clustered": plain(proportion(1, 4)),
        "limits": [0.5, None],
        "inner": [{"x": 1.0}, {"plain": plain(proportion(1, 2)), "clustered": None}],
    }
    json.dumps(found, allow_nan=False)
    assert list(measured("x", alone)) == ["x"]
