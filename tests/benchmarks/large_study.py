"""A synthetic study of any size: ``python -m tests.benchmarks.large_study OUT [--cases 1000000]``.

It has what makes a large study slow: patients of 1 to 20 scans, copies within and across splits, sources, planes,
tuning and training cases, folds, and no images. The same size and seed give the same study on every machine.
"""

import argparse
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.data.classes import BRAIN_TUMOR, ClassOrder
from neuroval.data.dataset.splits import group_ids
from neuroval.data.schema import PAIR_KINDS
from neuroval.data.study.criteria import Acceptance
from neuroval.data.study.folder import Study, write_study
from neuroval.data.study.manifest import About, DataFacts, Manifest

TUNING_SHARE: Final = 0.05  # of the evaluated cases, beside them
TRAIN_SHARE: Final = 0.20
LARGEST_PATIENT: Final = 20
PAIR_SHARE: Final = 0.04
FOLDS: Final = 5
CLASSES: Final = ClassOrder(
    names=BRAIN_TUMOR.names,
    negative="notumor",
    display=dict(BRAIN_TUMOR.display),
    colour=dict(BRAIN_TUMOR.colour),
)
HARM: Final = ((0.0, 5.0, 10.0, 5.0), (4.0, 0.0, 7.0, 4.0), (3.0, 2.0, 0.0, 2.0), (4.0, 4.0, 7.0, 0.0))


def write_large_study(out: Path, *, cases: int = 1_000_000, seed: int = 0) -> Study:
    """Write and return a study of ``cases`` test cases, with tuning and training cases beside them."""
    rng = np.random.default_rng(seed)
    tuning, train = round(TUNING_SHARE * cases), round(TRAIN_SHARE * cases)
    split = np.repeat(["test", "tuning", "train"], [cases, tuning, train])
    n = len(split)
    patient = _patients(n, rng)
    label = rng.integers(len(CLASSES), size=patient.max() + 1)[patient]  # a patient has one tumour
    table = _cases(split, patient, label, rng)
    pairs = _pairs(table, rng)
    table["group_id"] = group_ids(table, pairs).to_numpy()
    judged = split != "train"
    fitted = split != "test"
    predictions = _predictions(table["case_id"][judged], label[judged], patient[judged], rng)
    folds = _predictions(table["case_id"][fitted], label[fitted], patient[fitted], rng)
    number = pd.factorize(table["group_id"][fitted])[0] % FOLDS + 1
    folds.insert(1, "fold", number.astype(np.int32))
    manifest = Manifest(
        about=About(name=out.name, title=f"{cases:,} synthetic cases", synthetic=True),
        classes=CLASSES,
        data=DataFacts(name=out.name),
        harm=HARM,
        acceptance=(Acceptance(metric="any_tumour.sensitivity", bound="low", at_least=0.95),),
    )
    more = {"pairs": pairs, "folds": folds}
    return write_study(out, manifest=manifest, cases=table, predictions=predictions, optional=more)


def _patients(n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the patient of each case (n,); some patients end up on two sides of a split."""
    sizes = rng.integers(1, LARGEST_PATIENT + 1, size=n)
    patient = np.repeat(np.arange(n), sizes)[:n]
    moved = rng.random(n) < 0.01
    patient[moved] = rng.permutation(patient[moved])
    return patient


def _cases(
    split: NDArray[np.str_], patient: NDArray[np.int64], label: NDArray[np.int64], rng: np.random.Generator
) -> pd.DataFrame:
    n, number = len(split), np.arange(len(split)).astype(str)
    names = np.array(CLASSES.names)[label]
    known = rng.random(patient.max() + 1)[patient] < 0.9
    return pd.DataFrame(
        {
            "case_id": _hex(n, 16, rng),
            "split": split,
            "label": names,
            "patient_id": pd.Series(np.char.add("P", patient.astype(str))).where(known),
            "plane": np.array(["axial", "coronal", "sagittal"])[rng.integers(3, size=n)],
            "source": np.array(["a", "b", "c", "d"])[(label + (rng.random(n) < 0.5)) % 4],
            "image_path": np.char.add(np.char.add(split, "/"), np.char.add(number, ".png")),
            "width": rng.choice([224, 256, 512], size=n).astype(np.int32),
            "height": rng.choice([224, 256, 512], size=n).astype(np.int32),
            "file_format": rng.choice(["JPEG", "PNG"], size=n),
            "file_bytes": rng.integers(5_000, 50_000, size=n),
            "mean_intensity": rng.normal(60, 10, size=n),
            "sd_intensity": rng.normal(50, 5, size=n),
            "sha256": _hex(n, 64, rng),
            "phash": _hex(n, 16, rng),
        }
    )


def _pairs(cases: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return pairs of copies, most of one patient and nearly all of one label; exact copies are given one hash."""
    number = round(PAIR_SHARE * len(cases))
    one = 2 * rng.permutation(len(cases) // 2)[:number]
    other = one + 1
    apart = np.flatnonzero(rng.random(number) < 0.25)
    other[apart] = other[rng.permutation(apart)]
    label = cases["label"].to_numpy()
    kept = (label[one] == label[other]) | (rng.random(number) < 0.01)
    one, other = one[kept], other[kept]
    kind = rng.integers(len(PAIR_KINDS), size=len(one))
    exact = kind == PAIR_KINDS.index("exact")
    content = cases["sha256"].to_numpy(dtype=object, copy=True)
    content[other[exact]] = content[one[exact]]
    cases["sha256"] = content
    ids = cases["case_id"].to_numpy(dtype=object)
    score = np.where(exact, 1.0, 0.97)
    return pd.DataFrame({"case_a": ids[one], "case_b": ids[other], "kind": np.array(PAIR_KINDS)[kind], "score": score})


def _predictions(
    case_ids: pd.Series, label: NDArray[np.int64], patient: NDArray[np.int64], rng: np.random.Generator
) -> pd.DataFrame:
    """Return probabilities that are right for about 95% of the cases and alike within a patient."""
    k = len(CLASSES)
    shared = rng.normal(size=(patient.max() + 1, k))[patient]
    logits = 5.0 * np.eye(k)[label] + 1.2 * shared + 1.2 * rng.normal(size=(len(label), k))
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    columns = dict(zip(CLASSES.probability_columns, (odds / odds.sum(axis=1, keepdims=True)).T, strict=True))
    return pd.DataFrame({"case_id": case_ids.to_numpy(), **columns})


def _hex(n: int, digits: int, rng: np.random.Generator) -> NDArray[np.str_]:
    """Return random hexadecimal numbers (n,) of some digits."""
    return np.frombuffer(rng.bytes(n * digits // 2).hex().encode(), dtype=f"S{digits}").astype(np.str_)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--cases", type=int, default=1_000_000)
    given = parser.parse_args()
    write_large_study(given.out, cases=given.cases)
