"""The complete analysis against scikit-learn with a bootstrap of cases: ``python -m tests.benchmarks.analysis_speed``.

Both work on the same cases (a study, or ``--cases`` synthetic ones). scikit-learn gives the numbers of section
``per-class`` and ``confidence`` that it has, and 2,000 resamples of cases give their intervals: a part of what ours
does, which is all sections. With more than ``--whole`` cases only some resamples are drawn and the time is scaled up.
Printed are processor seconds, the memory and the ratio. A benchmark, not a test.
"""

import argparse
import os
import resource
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line and the server do

import numpy as np
from sklearn import metrics

from neuroval.analysis.core.bootstrap import RESAMPLES, percentile_interval, resample
from neuroval.analysis.core.clusters import GroupTypes
from neuroval.analysis.performance.summaries import mcc
from neuroval.analysis.study.results import Results, results_of
from neuroval.dashboard.documents.study_document import document_of
from neuroval.data.study.folder import Study, read_study

SOME: Final = 3  # resamples from which the time of all is scaled up
QUICK: Final = 10_000  # resamples of a statistic of the confusion matrix


def cpu(act: Callable[[], Any]) -> float:
    start = time.process_time()
    act()
    return time.process_time() - start


def ours(study: Study) -> float:
    return cpu(lambda: document_of(results_of(study)))


def theirs(source: Results, *, whole: int) -> float:
    """Return the processor seconds of scikit-learn's numbers and 2,000 resamples of cases."""
    reference, probabilities = source.evaluated.reference, source.evaluated.probabilities
    k, rng = probabilities.shape[1], np.random.default_rng(0)

    def numbers(rows: np.ndarray) -> None:
        truth, chances = reference[rows], probabilities[rows]
        called = chances.argmax(axis=1)
        metrics.confusion_matrix(truth, called, labels=range(k))
        metrics.precision_recall_fscore_support(truth, called, labels=range(k), zero_division=0)
        metrics.matthews_corrcoef(truth, called)
        metrics.cohen_kappa_score(truth, called)
        metrics.balanced_accuracy_score(truth, called)
        metrics.log_loss(truth, np.clip(chances, 1e-15, 1), labels=range(k))
        for of in range(k):
            metrics.roc_auc_score(truth == of, chances[:, of])
            metrics.average_precision_score(truth == of, chances[:, of])
            metrics.brier_score_loss(truth == of, chances[:, of])

    n = len(reference)
    resamples = RESAMPLES if n <= whole else SOME
    once = cpu(lambda: numbers(np.arange(n)))
    drawn = cpu(lambda: [numbers(rng.integers(n, size=n)) for _ in range(resamples)])
    return once + drawn * RESAMPLES / resamples


def of_types(types: GroupTypes) -> None:
    drawn = resample(types, rng=np.random.default_rng(0), resamples=QUICK)
    percentile_interval(0.9, mcc(drawn.matrices), method=drawn.method, n=types.cases)


def report(name: str, study: Study, *, whole: int) -> None:
    source = results_of(study)
    mine = [ours(study) for _ in range(1 if source.evaluated.n > whole else 3)]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    say(f"{name}: {source.evaluated.n:,} cases, {len(source.types.number):,} types of groups")
    say(f"  complete analysis     {min(mine):10.2f} s CPU, {memory:.2f} GB")
    say(f"  {QUICK:,} resamples of MCC {cpu(lambda: of_types(source.types)):7.2f} s CPU")
    other = theirs(source, whole=whole)
    scaled = "" if source.evaluated.n <= whole else f", scaled up from {SOME} resamples"
    say(f"  scikit-learn, {RESAMPLES:,} resamples of cases {other:10.2f} s CPU{scaled}")
    say(f"  ratio {other / min(mine):.0f}")


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - this is what it is for


def main() -> None:
    from tests.benchmarks.large_study import write_large_study

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("studies", nargs="*", type=Path, help="folders of studies")
    parser.add_argument("--cases", type=int, nargs="*", default=[], help="synthetic studies of so many cases")
    parser.add_argument("--whole", type=int, default=20_000, help="up to so many cases all resamples are drawn")
    given = parser.parse_args()
    warnings.simplefilter("ignore")  # of scikit-learn, about resamples without a class
    for path in given.studies:
        report(path.name, read_study(path), whole=given.whole)
    for cases in given.cases:
        with tempfile.TemporaryDirectory() as folder:
            report("synthetic", write_large_study(Path(folder) / "large", cases=cases), whole=given.whole)


if __name__ == "__main__":
    main()
