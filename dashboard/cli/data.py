"""Commands on the images of a data set: data link, data phantom, data check."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neuroval.dashboard.cli.shared import (
    OUR_CLASSES,
    ClassNames,
    DataName,
    ManifestClasses,
    ManifestColumns,
    ManifestFile,
    ManifestSplits,
    class_order,
    counted,
    listing_of,
    note,
    say,
)
from neuroval.data.classes import isolated
from neuroval.data.exceptions import InputError
from neuroval.data.phantom import DIFFICULTY, PATIENTS, SEED

if TYPE_CHECKING:
    from neuroval.data.dataset.folder import Dataset
    from neuroval.data.study.folder import Study

app = typer.Typer(help="The images of a data set.", no_args_is_help=True)


@app.command()
def link(
    folder: Annotated[Path, typer.Argument(help="Folder that holds the images.")],
    data: DataName = "brain-tumor-mri",
) -> None:
    """Use a copy of a data set's images on this machine; nothing is copied."""
    from neuroval.data.images import linking

    study = _study_of(data)
    report = linking.link(folder, data_name=data, cases=study.cases, progress=True)
    say(report.as_text())


def _study_of(data: str) -> "Study":
    """Return the first study of a data set that can be read; others that cannot are said on stderr."""
    from neuroval.data.storage import home
    from neuroval.data.study.folder import read_manifest, read_study

    known: set[str] = set()
    for name, path in home.studies().items():
        try:
            known.add(data_name := read_manifest(path).data.name)
            if data_name == data:
                return read_study(path)
        except InputError as error:
            note(f"study {name} is left out: {error}")
    raise InputError(f"no study of data set {data!r} can be read; there are studies of {sorted(known)}.")


@app.command()
def phantom(
    folder: Annotated[Path, typer.Argument(help="New folder for the images.")],
    seed: Annotated[int, typer.Option(help="Seed; the same seed gives the same images.")] = SEED,
    patients: Annotated[int, typer.Option(help="Patients, with 5 to 8 slices each.")] = PATIENTS,
    difficulty: Annotated[float, typer.Option(help="0 to 1: fainter, smaller tumours and more noise.")] = DIFFICULTY,
    without: Annotated[list[str] | None, typer.Option(help="A planted flaw to leave out, or all; repeatable.")] = None,
) -> None:
    """Draw the phantom cohort: synthetic MRI with planted flaws."""
    from neuroval.data.phantom.cohort import generate
    from neuroval.data.phantom.flaws import ALL_FLAWS, check_flaws

    left_out = ALL_FLAWS if without == ["all"] else check_flaws(without or ())
    made = generate(
        folder, seed=seed, patients=patients, difficulty=difficulty, flaws=ALL_FLAWS - left_out, progress=True
    )
    say(f"{len(made.metadata):,} images in {folder}, {len(made.planted):,} of them with a planted flaw.")


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="Folder of the data set.")],
    classes: ClassNames = OUR_CLASSES,
    copies: Annotated[bool, typer.Option(help="Look for copies, within and across splits.")] = True,
    manifest: ManifestFile = None,
    columns: ManifestColumns = "",
    class_map: ManifestClasses = "",
    split_map: ManifestSplits = "",
) -> None:
    """Read a data set and say what is in it, what cannot be used, and which images are copies."""
    from neuroval.dashboard.words.intake import as_table
    from neuroval.data.dataset.folder import read_dataset

    listing = listing_of(manifest, columns, class_map, split_map)
    dataset = read_dataset(
        folder, name=folder.resolve().name, classes=class_order(classes), listing=listing, progress=True
    )
    counts = dataset.cases.groupby(["split", "label"], as_index=False).size()
    hidden = counted(dataset.hidden, "hidden file")
    say(f"{counted(len(dataset.cases), 'image')}, {len(dataset.rejected):,} rejected, {hidden} skipped.")
    for split, label, number in counts.itertuples(index=False, name=None):
        say(f"  {split:9} {isolated(label):20} {number:7,}")
    for row in dataset.rejected.itertuples():
        say(f"  rejected {row.image_path}: {row.reason}")
    if copies:
        _say_copies(dataset)
    say("\n".join(["", *as_table(dataset.intake)]))


def _say_copies(dataset: "Dataset") -> None:
    """Look for copies and say how many there are, and what was looked for."""
    from neuroval.dashboard.words.data_set import COPIES_NOT_SOUGHT, COPIES_SOUGHT, copies_counted
    from neuroval.data.dataset.splits import group_ids
    from neuroval.data.images.duplicates import find_pairs

    pairs = find_pairs(dataset.cases, folder=dataset.folder, progress=True)
    split = dataset.cases.set_index("case_id")["split"]
    across = int((pairs["case_a"].map(split) != pairs["case_b"].map(split)).sum())
    groups = group_ids(dataset.cases, pairs).value_counts()
    say(f"{copies_counted(pairs)} {across:,} across splits.")
    label = dataset.cases.set_index("case_id")["label"]
    if odd := int((pairs["case_a"].map(label) != pairs["case_b"].map(label)).sum()):
        say(f"{counted(odd, 'pair')} of copies with two labels: at least one label of each is wrong.")
    if len(groups):
        say(f"With patient ids: {counted(len(groups), 'group')}, the largest of {counted(int(groups.max()), 'image')}.")
    say(f"{COPIES_SOUGHT}\n{COPIES_NOT_SOUGHT}")
