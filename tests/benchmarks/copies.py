"""How well copies are found: planted ones by change, pairs of different patients, time, and a million hashes.

``python -m tests.benchmarks.copies FOLDER``: a data set with images that are read, and nothing written beside it.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import pandas as pd
import typer

from neuroval.data.classes import ClassOrder
from neuroval.data.dataset.folder import read_dataset
from neuroval.data.images.copy_proposals import BITS, propose
from neuroval.data.images.copy_views import FORMS, Grey
from neuroval.data.images.decoding import read_image
from neuroval.data.images.duplicates import near_duplicates

Change = Callable[[Grey], Grey]
QUALITY = 90  # of the JPEG as which a planted copy is saved


def _turned(grey: Grey, degrees: float) -> Grey:
    height, width = grey.shape
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    return np.asarray(cv2.warpAffine(grey, turn, (width, height)), dtype=np.uint8)


def _scaled(grey: Grey, share: float) -> Grey:
    height, width = grey.shape
    warp = np.array([[share, 0, (width - 1) / 2 * (1 - share)], [0, share, (height - 1) / 2 * (1 - share)]])
    return np.asarray(cv2.warpAffine(grey, warp, (width, height)), dtype=np.uint8)


def _cropped(grey: Grey, left: float, top: float, right: float, bottom: float) -> Grey:
    height, width = grey.shape
    inner = grey[round(top * height) : round((1 - bottom) * height), round(left * width) : round((1 - right) * width)]
    return np.asarray(cv2.resize(inner, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def _bordered(grey: Grey, value: int) -> Grey:
    wide = cv2.copyMakeBorder(grey, *[len(grey) // 12] * 4, cv2.BORDER_CONSTANT, value=float(value))
    return np.asarray(cv2.resize(wide, grey.shape[::-1], interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _curved(grey: Grey, gamma: float) -> Grey:
    return np.asarray(np.rint(255 * (grey / 255) ** gamma), dtype=np.uint8)


def _sharper(grey: Grey) -> Grey:
    return np.asarray(cv2.addWeighted(grey, 2.0, cv2.GaussianBlur(grey, (0, 0), 2), -1.0, 0), dtype=np.uint8)


CHANGES: dict[str, tuple[str, Change]] = {
    "saved again (JPEG 60)": ("reencoded", lambda x: cv2.imdecode(cv2.imencode(".jpg", x, [1, 60])[1], 0)),
    "two thirds of the pixels": ("reencoded", lambda x: cv2.resize(x, None, fx=2 / 3, fy=2 / 3, interpolation=3)),
    "left and right": ("mirrored", lambda x: x[:, ::-1]),
    "upside down": ("mirrored", lambda x: x[::-1]),
    "transposed": ("mirrored", lambda x: x.T),
    "mirrored, turned by 10 degrees, contrast": (
        "mirrored",
        lambda x: _turned(cv2.convertScaleAbs(x[:, ::-1].copy(), alpha=1.3), 10),
    ),
    "quarter turn": ("turned", np.rot90),
    "half turn, sharpened": ("turned", lambda x: _sharper(np.rot90(x, 2).copy())),
    "turned by 5 degrees": ("turned", lambda x: _turned(x, 5)),
    "turned by 10 degrees": ("turned", lambda x: _turned(x, -10)),
    "turned by 15 degrees": ("turned", lambda x: _turned(x, 15)),
    "cropped by 5% each side": ("cropped", lambda x: _cropped(x, 0.05, 0.05, 0.05, 0.05)),
    "cropped by 10% each side": ("cropped", lambda x: _cropped(x, 0.1, 0.1, 0.1, 0.1)),
    "cropped unevenly": ("cropped", lambda x: _cropped(x, 0.02, 0.07, 0.05, 0.01)),
    "of 80%": ("cropped", lambda x: _scaled(x, 0.8)),
    "of 120%": ("cropped", lambda x: _scaled(x, 1.2)),
    "black border": ("cropped", lambda x: _bordered(x, 0)),
    "white border": ("cropped", lambda x: _bordered(x, 255)),
    "contrast, clipped": ("filtered", lambda x: cv2.convertScaleAbs(x, alpha=1.5, beta=-20)),
    "less contrast": ("filtered", lambda x: cv2.convertScaleAbs(x, alpha=0.6, beta=50)),
    "gamma 0.5": ("filtered", lambda x: _curved(x, 0.5)),
    "gamma 2": ("filtered", lambda x: _curved(x, 2.0)),
    "sharpened": ("filtered", _sharper),
    "blurred, radius 2": ("filtered", lambda x: cv2.GaussianBlur(x, (0, 0), 2)),
    "equalised": ("filtered", cv2.equalizeHist),
    "inverted": ("filtered", lambda x: 255 - x),
}


def planted(cases: pd.DataFrame, *, folder: Path, out: Path, share: int) -> pd.DataFrame:
    """Write one changed copy of every ``share``-th case, changes in turn; return them as cases, with ``original``."""
    rows = []
    for number, case in enumerate(cases.iloc[::share].itertuples()):
        change = list(CHANGES)[number % len(CHANGES)]
        grey = cv2.cvtColor(read_image(folder / case.image_path).pixels, cv2.COLOR_RGB2GRAY)
        file = out / f"{number}.jpg"
        cv2.imwrite(str(file), np.ascontiguousarray(CHANGES[change][1](np.asarray(grey))), [1, QUALITY])
        rows.append(
            {"case_id": f"planted{number}", "image_path": str(file), "original": case.case_id, "change": change}
        )
    return pd.DataFrame(rows)


def recall(cases: pd.DataFrame, *, folder: Path, share: int) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """Return recall by change, all pairs with their ``patients``, and the processor seconds of the search.

    A planted copy has the patient of its original, which the search is not told.
    """
    with tempfile.TemporaryDirectory() as out:
        copies = planted(cases, folder=folder, out=Path(out), share=share)
        start = time.process_time()
        pairs = near_duplicates(pd.concat([cases, copies], ignore_index=True), folder=folder)
        seconds = time.process_time() - start
    found = {frozenset(pair): kind for *pair, kind in pairs[["case_a", "case_b", "kind"]].itertuples(index=False)}
    kinds = [found.get(frozenset(pair), "") for pair in zip(copies["case_id"], copies["original"], strict=True)]
    wanted = [CHANGES[change][0] for change in copies["change"]]
    joined = _components(pairs)
    grouped = [joined.get(a, a) == joined.get(b, b) for a, b in zip(copies["case_id"], copies["original"], strict=True)]
    copies = copies.assign(
        kind=wanted,
        pair=[kind != "" for kind in kinds],
        named=[a == b for a, b in zip(kinds, wanted, strict=True)],
        group=grouped,
    )
    table = copies.groupby(["kind", "change"], sort=False).agg(
        n=("pair", "size"), pair=("pair", "mean"), named=("named", "mean"), group=("group", "mean")
    )
    patient = cases.set_index("case_id")["patient_id"]
    patient = pd.concat([patient, copies.set_index("case_id")["original"].map(patient)])
    patients = {f"patient_{side}": pairs[f"case_{side}"].map(patient) for side in "ab"}
    return table.round(3), pairs.assign(**patients), seconds


def _components(pairs: pd.DataFrame) -> dict[str, str]:
    """Return for each case the first of those it is tied to."""
    first: dict[str, str] = {}

    def root(case: str) -> str:
        while first.setdefault(case, case) != case:
            case = first[case]
        return case

    for a, b in pairs[["case_a", "case_b"]].itertuples(index=False):
        a, b = root(a), root(b)
        first[max(a, b)] = min(a, b)
    return {case: root(case) for case in list(first)}


def hashes_at(count: int) -> dict[str, float]:
    """Return time and what is found of 1 in 10 planted pairs, 8 of 128 bits apart, among random hashes."""
    rng = np.random.default_rng(1)
    made = rng.integers(0, 2**64, (count, len(FORMS), BITS // 64), dtype=np.uint64)
    tenth = count // 10
    flips = np.zeros((tenth, len(FORMS), BITS // 64), dtype=np.uint64)
    for _ in range(4):
        flips |= np.uint64(1) << rng.integers(0, 64, flips.shape, dtype=np.uint64)
    made[tenth : 2 * tenth] = made[:tenth] ^ flips
    start = time.process_time()
    found = propose(made)[:, :2]
    seconds = time.process_time() - start
    hit = np.unique(found[found[:, 1] - found[:, 0] == tenth, 0])
    return {"hashes": count, "seconds": seconds, "proposed": len(found), "found": float((hit < tenth).sum() / tenth)}


def main(
    folder: Annotated[Path, typer.Argument(help="A data set.")],
    classes: Annotated[str, typer.Option()] = "glioma,meningioma,notumor,pituitary",
    share: Annotated[int, typer.Option(help="One in so many images is copied.")] = 5,
    first: Annotated[int, typer.Option(help="So many images only; 0 for all.")] = 0,
    hashes: Annotated[int, typer.Option(help="So many synthetic hashes at last; 0 for none.")] = 1_000_000,
) -> None:
    """Print recall by change, pairs across patients, and times."""
    names = tuple(classes.split(","))
    dataset = read_dataset(folder, name=folder.name, classes=ClassOrder(names=names))
    cases = dataset.cases.drop_duplicates("sha256").sort_values("case_id", ignore_index=True)
    cases = cases.head(first or len(cases))
    start = time.process_time()
    for path in cases["image_path"]:
        read_image(folder / path)
    decoding = time.process_time() - start
    table, pairs, seconds = recall(cases, folder=folder, share=share)
    typer.echo(table.to_string())
    typer.echo(table.assign(weight=table["n"]).groupby("kind", sort=False).apply(_mean).to_string())
    known = pairs.dropna(subset=["patient_a", "patient_b"])
    across = (known["patient_a"] != known["patient_b"]).sum()
    typer.echo(f"{len(pairs):,} pairs, {len(known):,} of known patients, {across:,} of different ones")
    typer.echo(f"{seconds:.0f} s of processor time, {seconds / decoding:.1f} times decoding")
    for count in (hashes // 100, hashes // 10, hashes):
        if count:
            typer.echo(f"{hashes_at(count)}")


def _mean(rows: pd.DataFrame) -> pd.Series:
    return (rows[["pair", "named", "group"]].mul(rows["n"], axis=0).sum() / rows["n"].sum()).round(3)


if __name__ == "__main__":
    typer.run(main)
