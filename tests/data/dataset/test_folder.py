import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from pydicom.data import get_testdata_file

from neuroval.data.classes import BRAIN_TUMOR
from neuroval.data.dataset.folder import Dataset, case_id, read_dataset
from neuroval.data.exceptions import InputError
from neuroval.data.images.duplicates import exact_copies


def read(folder: Path, **options: str) -> Dataset:
    return read_dataset(folder, name="drawn", classes=BRAIN_TUMOR, **options)


def test_labels_and_splits_come_from_the_folders(dataset_folder: Path) -> None:
    found = read(dataset_folder)
    rows = found.cases[["image_path", "label", "split"]].to_numpy().tolist()
    assert rows == [
        ["Testing/glioma/c.png", "glioma", "test"],
        ["Testing/notumor/d.png", "notumor", "test"],
        ["Training/glioma/a.png", "glioma", "train"],
        ["Training/glioma/b.png", "glioma", "train"],
        ["Training/notumor/a.png", "notumor", "train"],
    ]
    assert (len(found.rejected), found.hidden) == (0, 0)
    assert found.cases["case_id"].is_unique
    assert found.cases["sha256"].notna().all()


def test_the_case_id_is_the_same_on_every_machine() -> None:
    # printf 'drawn/Training/glioma/a.png' | sha256sum
    assert case_id("drawn", "Training/glioma/a.png") == "d41ba0d78964115b"
    assert case_id("other", "Training/glioma/a.png") != case_id("drawn", "Training/glioma/a.png")


def test_class_folders_alone_are_of_the_default_split(tmp_path: Path, draw: Callable[..., Path]) -> None:
    draw(tmp_path / "pituitary" / "deep" / "a.png")
    cases = read(tmp_path).cases
    assert cases[["label", "split"]].to_numpy().tolist() == [["pituitary", "external"]]
    assert read(tmp_path, default_split="test").cases["split"].tolist() == ["test"]


def test_one_image_is_a_data_set(tmp_path: Path, draw: Callable[..., Path]) -> None:
    draw(tmp_path / "Testing" / "glioma" / "only.png")
    assert len(read(tmp_path).cases) == 1


def test_stray_hidden_files_are_skipped_and_counted(dataset_folder: Path, draw: Callable[..., Path]) -> None:
    draw(dataset_folder / "Training" / ".ipynb_checkpoints" / "a.png")
    draw(dataset_folder / "Training" / "glioma" / ".stray" / "b.png")
    draw(dataset_folder / "__MACOSX" / "glioma" / "c.png")
    (dataset_folder / "Training" / "glioma" / ".DS_Store").write_bytes(b"x")
    (dataset_folder / "Training" / "glioma" / "Thumbs.db").write_bytes(b"x")
    found = read(dataset_folder)
    assert (len(found.cases), found.hidden, len(found.rejected)) == (5, 5, 0)


def test_unusable_files_are_listed_and_stop_nothing(dataset_folder: Path, draw: Callable[..., Path]) -> None:
    glioma = dataset_folder / "Training" / "glioma"
    (glioma / "empty.jpg").write_bytes(b"")
    (glioma / "text.jpg").write_text("not an image")
    whole = draw(glioma / "cut.jpg", size=128).read_bytes()
    (glioma / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    found = read(dataset_folder)
    reasons = dict(found.rejected.to_numpy().tolist())
    assert len(found.cases) == 5
    assert reasons["Training/glioma/empty.jpg"] == "empty file (0 bytes)"
    assert reasons["Training/glioma/text.jpg"].startswith("not an image of a known format")
    assert reasons["Training/glioma/cut.jpg"].startswith("cannot be decoded")
    assert list(reasons) == sorted(reasons)
    assert found.cases["width"].tolist() == [64] * 5


def test_nothing_usable_is_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / "glioma").mkdir()
    (tmp_path / "glioma" / "a.jpg").write_bytes(b"")
    with pytest.raises(InputError, match=r"none of 1 files can be used; the first: empty file \(0 bytes\)\."):
        read(tmp_path)


def test_a_folder_that_is_no_class_is_named(dataset_folder: Path, draw: Callable[..., Path]) -> None:
    draw(dataset_folder / "Training" / "gliomas" / "a.png")
    with pytest.raises(InputError, match="folder 'gliomas' is not a class; expected"):
        read(dataset_folder)


def test_a_missing_or_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        read(tmp_path / "nowhere")
    with pytest.raises(InputError, match="no image found in class folders"):
        read(tmp_path)


def test_metadata_wins_over_folders(dataset_folder: Path) -> None:
    (dataset_folder / "metadata.csv").write_text(
        "image_path,label,split,patient_id,plane,source\n"
        "Training/glioma/a.png,pituitary,tuning,007,axial,site A\n"
        "Training/glioma/b.png,,,0A,,\n"
    )
    cases = read(dataset_folder).cases.set_index("image_path")
    told = ["label", "split", "patient_id", "plane", "source"]
    assert cases.loc["Training/glioma/a.png", told].tolist() == ["pituitary", "tuning", "007", "axial", "site A"]
    assert cases.loc["Training/glioma/b.png", ["label", "split", "patient_id"]].tolist() == ["glioma", "train", "0A"]
    assert cases.loc["Training/glioma/b.png", ["plane", "source"]].isna().all()
    assert cases.loc["Testing/glioma/c.png", ["label", "split"]].tolist() == ["glioma", "test"]


def test_masks_are_not_cases(dataset_folder: Path, draw: Callable[..., Path]) -> None:
    draw(dataset_folder / "masks" / "a.png")
    (dataset_folder / "metadata.csv").write_text("image_path,mask_path\nTraining/glioma/a.png,masks/a.png\n")
    found = read(dataset_folder)
    assert len(found.cases) == 5
    assert found.cases["mask_path"].dropna().tolist() == ["masks/a.png"]


def test_an_image_listed_but_not_there_is_rejected(dataset_folder: Path) -> None:
    (dataset_folder / "metadata.csv").write_text("image_path,label\nTraining/glioma/gone.png,glioma\n")
    found = read(dataset_folder)
    assert found.rejected.to_numpy().tolist() == [
        ["Training/glioma/gone.png", "listed in metadata.csv but not on disk"]
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,label\na.png,glioma\n", "column 'image_path' is missing; found ['path', 'label']"),
        ("image_path\na.png\n/etc/passwd\n", "row 3, image_path '/etc/passwd' leaves the data set folder"),
        ("image_path,mask_path\na.png,../b.png\n", "row 2, mask_path '../b.png' leaves the data set folder"),
        ("image_path\na.png\nb.png\na.png\n", "row 4, image_path 'a.png' is repeated"),
        ("image_path,label\na.png,glioma\n,glioma\n", "row 3, image_path is empty"),
        ("image_path\n\na.png\n\n..\\b.png\n", "row 5, image_path '..\\\\b.png' leaves the data set folder"),
        ("image_path,label\nTraining/glioma/a.png,tumour\n", "has label 'tumour'; expected one of ['glioma'"),
        ("image_path,split\nTraining/glioma/a.png,later\n", "has split 'later'; expected one of ['train'"),
        ("image_path\nx/../../b.png\n", "row 2, image_path 'x/../../b.png' leaves the data set folder"),
        ("", "column 'image_path' is missing; found []"),
    ],
)
def test_broken_metadata_is_named(dataset_folder: Path, text: str, message: str) -> None:
    (dataset_folder / "metadata.csv").write_text(text)
    with pytest.raises(InputError) as caught:
        read(dataset_folder)
    assert message in str(caught.value)


@pytest.mark.parametrize("kind", ["folder", "dangling link"])
def test_metadata_that_is_no_file_is_not_ignored(dataset_folder: Path, kind: str) -> None:
    metadata = dataset_folder / "metadata.csv"
    metadata.mkdir() if kind == "folder" else metadata.symlink_to("gone.csv")
    with pytest.raises(InputError, match=r"metadata\.csv: not a file; expected a CSV file"):
        read(dataset_folder)


@pytest.mark.parametrize(
    ("name", "shown"), [(b"bad\xff\xfe.png", r"bad\xff\xfe.png"), (b"a\\..\\b.png", r"a\..\b.png")]
)
def test_a_name_that_other_programs_cannot_hold_is_rejected(dataset_folder: Path, name: bytes, shown: str) -> None:
    original = dataset_folder / "Testing" / "glioma" / "c.png"
    original.with_name(os.fsdecode(name)).write_bytes(original.read_bytes())
    found = read(dataset_folder)
    assert len(found.cases) == 5
    (row,) = found.rejected.to_dict("records")
    assert row["image_path"] == f"Testing/glioma/{shown}"
    assert "rename the file" in row["reason"]
    row["image_path"].encode()


def test_a_label_that_is_nowhere_is_said_to_be_none(dataset_folder: Path, draw: Callable[..., Path]) -> None:
    draw(dataset_folder / "more" / "x.png")
    (dataset_folder / "metadata.csv").write_text("image_path\nmore/x.png\n")
    with pytest.raises(InputError, match=r"more/x\.png has no label; expected one of \['glioma'"):
        read(dataset_folder)


def test_copies_share_their_content_not_their_identity(dataset_folder: Path) -> None:
    original = dataset_folder / "Training" / "glioma" / "a.png"
    (dataset_folder / "Testing" / "notumor" / "copy.png").write_bytes(original.read_bytes())
    cases = read(dataset_folder).cases
    (pair,) = exact_copies(cases).to_dict("records")
    paths = cases.set_index("case_id")["image_path"]
    assert {paths[pair["case_a"]], paths[pair["case_b"]]} == {"Training/glioma/a.png", "Testing/notumor/copy.png"}


def test_the_same_pixels_in_another_file_are_no_exact_copy(dataset_folder: Path) -> None:
    glioma = dataset_folder / "Training" / "glioma"
    with Image.open(glioma / "a.png") as image:
        image.save(glioma / "again.png", compress_level=1)
    assert exact_copies(read(dataset_folder).cases).empty


def test_the_public_data_set_is_read_whole(brain_tumor_mri: Path) -> None:
    found = read(brain_tumor_mri)
    assert (len(found.cases), len(found.rejected)) == (7019, 0)
    assert found.cases["split"].value_counts().to_dict() == {"train": 5708, "test": 1311}
    assert len(exact_copies(found.cases)) == 426
    assert found.cases["case_id"].is_unique


def classes_of(found: Dataset) -> dict[str, int]:
    return found.cases["label"].value_counts().to_dict()


def reasons(found: Dataset) -> dict[str, str]:
    return {name: one.reason for one in found.intake.unused for name in one.names}


def test_a_class_folder_that_is_a_link_is_read(dataset_folder: Path, tmp_path: Path) -> None:
    moved = (dataset_folder / "Training" / "glioma").rename(tmp_path / "elsewhere")
    (dataset_folder / "Training" / "glioma").symlink_to(moved)
    (moved / "loop").symlink_to(moved)
    (moved / "again.png").symlink_to("a.png")
    found = read(dataset_folder)
    assert classes_of(found) == {"glioma": 3, "notumor": 2}
    assert reasons(found)["Training/glioma/loop"] == "a link to Training/glioma, which is counted there"
    assert reasons(found)["Training/glioma/again.png"] == "a link to Training/glioma/a.png, which is counted there"
    assert found.rejected.empty


@pytest.mark.parametrize(("link", "store"), [("Testing", "store"), ("Testing", ".store"), ("Testing/glioma", "store")])
def test_a_link_within_the_data_set_gives_its_name_to_what_it_leads_to(
    dataset_folder: Path, link: str, store: str
) -> None:
    expected = read(dataset_folder).cases
    (dataset_folder / link).rename(dataset_folder / store)
    (dataset_folder / link).symlink_to(dataset_folder / store)
    linked = read(dataset_folder)
    assert linked.cases.equals(expected)
    assert linked.intake.unused == ()


def test_an_empty_folder_of_a_split_is_listed(dataset_folder: Path) -> None:
    (dataset_folder / "Validation").mkdir()
    found = read(dataset_folder)
    assert reasons(found) == {"Validation/": "an empty folder"}
    assert found.rejected.empty


def test_a_link_that_leads_nowhere_is_rejected_and_one_kept_as_text_too(dataset_folder: Path) -> None:
    glioma = dataset_folder / "Training" / "glioma"
    shutil.rmtree(glioma)
    glioma.symlink_to("gone")
    shutil.rmtree(dataset_folder / "Training" / "notumor")
    (dataset_folder / "Training" / "notumor").write_text("../elsewhere")  # as git writes a link where there are none
    found = read(dataset_folder)
    assert found.rejected["image_path"].tolist() == ["Training/glioma", "Training/notumor"]
    assert found.rejected["reason"].tolist()[0] == "a link that leads nowhere, or to itself"
    assert "a link that was copied as text" in found.rejected["reason"].tolist()[1]
    assert "no image of pituitary" in found.intake.notes


@pytest.mark.parametrize(
    ("train", "tuning", "test"),
    [
        ("train", "val", "test"),
        ("Training", "Validation", "Testing"),
        ("TRAIN", "valid", "TEST"),
        ("train_set", "dev", "test_set"),
        ("Train Images", "eval", "Test Images"),
        ("trn", "tuning", "holdout"),
    ],
)
def test_folders_of_splits_are_read_in_any_usual_spelling(
    tmp_path: Path, draw: Callable[..., Path], train: str, tuning: str, test: str
) -> None:
    for seed, split in enumerate((train, tuning, test)):
        draw(tmp_path / split / "glioma" / "a.png", seed=seed)
    cases = read(tmp_path).cases.set_index("image_path")
    assert cases["split"].to_dict() == {
        f"{train}/glioma/a.png": "train",
        f"{tuning}/glioma/a.png": "tuning",
        f"{test}/glioma/a.png": "test",
    }


def test_splits_may_lie_below_the_classes(tmp_path: Path, draw: Callable[..., Path]) -> None:
    draw(tmp_path / "glioma" / "val" / "a.png")
    draw(tmp_path / "Glioma" / "x" / "b.png")
    assert read(tmp_path).cases[["label", "split"]].to_numpy().tolist() == [
        ["glioma", "external"],
        ["glioma", "tuning"],
    ]


def test_what_lies_beside_the_splits_is_listed(dataset_folder: Path, draw: Callable[..., Path]) -> None:
    draw(dataset_folder / "Extra" / "glioma" / "x.png")
    draw(dataset_folder / "loose.png")
    draw(dataset_folder / "Training" / "loose.png")
    (dataset_folder / "README.md").write_text("about")
    (dataset_folder / "Testing" / "notes").mkdir()
    (dataset_folder / "Testing" / "notes" / "a.txt").write_text("about")
    found = read(dataset_folder)
    assert {one.reason: (one.count, one.names) for one in found.intake.unused} == {
        "beside the folders of the splits, in none of them": (1, ("Extra/glioma/x.png",)),
        "in no class folder": (4, ("README.md", "Testing/notes/a.txt", "Training/loose.png")),
    }
    assert sorted(found.rejected["image_path"]) == ["Extra/glioma/x.png", "Training/loose.png", "loose.png"]


@pytest.mark.parametrize(
    "written",
    [
        "./{}",
        "{}",
        ".//{}",
        "{backslash}",
        ".\\{backslash}",
        "{absolute}",
        "{upper}",
        " {} ",
        "x/../{}",
        ".\\x\\..\\{backslash}",
    ],
)
def test_one_file_under_any_spelling_of_its_path_is_one_case(dataset_folder: Path, written: str) -> None:
    names = ["Training/glioma/a.png", "Training/glioma/b.png", "Training/notumor/a.png", "Testing/glioma/c.png"]
    rows = [
        written.format(
            name,
            backslash=name.replace("/", "\\"),
            absolute=dataset_folder / name,
            upper=name.upper(),
        )
        for name in names
    ]
    lines = [f"{path},{number:03}" for number, path in enumerate(rows)]
    (dataset_folder / "metadata.csv").write_text("\n".join(["image_path,patient_id", *lines]))
    found = read(dataset_folder)
    known = found.cases.set_index("image_path")["patient_id"]
    assert known[names].tolist() == ["000", "001", "002", "003"]
    assert (len(found.cases), len(found.rejected)) == (5, 0)
    assert found.intake.missing[0].count == 1


def test_accents_are_one_name_on_disk_and_in_metadata(dataset_folder: Path) -> None:
    original = dataset_folder / "Testing" / "glioma" / "c.png"
    original.rename(original.with_name("a\u0308.png"))
    (dataset_folder / "metadata.csv").write_text("image_path,patient_id\nTesting/glioma/\u00e4.png,7\n")
    cases = read(dataset_folder).cases.dropna(subset="patient_id")
    assert cases["image_path"].tolist() == ["Testing/glioma/a\u0308.png"]
    assert cases["case_id"].tolist() == [case_id("drawn", "Testing/glioma/\u00e4.png")]


def test_a_path_through_a_link_is_the_file_that_it_leads_to(dataset_folder: Path) -> None:
    (dataset_folder / "Training" / "alias").symlink_to("glioma")
    (dataset_folder / "metadata.csv").write_text("image_path,patient_id\nTraining/alias/a.png,7\n")
    cases = read(dataset_folder).cases.dropna(subset="patient_id")
    assert cases["image_path"].tolist() == ["Training/glioma/a.png"]


@pytest.mark.parametrize("second", ["./Training/glioma/a.png", "Training\\glioma\\a.png", "training/GLIOMA/a.png"])
def test_a_file_listed_under_two_spellings_is_refused(dataset_folder: Path, second: str) -> None:
    (dataset_folder / "metadata.csv").write_text(f"image_path\nTraining/glioma/a.png\n{second}\n")
    with pytest.raises(InputError, match=r"row 3, image_path 'Training/glioma/a\.png' is repeated"):
        read(dataset_folder)


def test_outlines_beside_the_images_are_outlines(dataset_folder: Path, draw: Callable[..., Path]) -> None:
    draw(dataset_folder / "Training" / "glioma" / "a_mask.png")
    draw(dataset_folder / "Testing" / "masks" / "glioma" / "c.png")
    draw(dataset_folder / "Testing" / "masks" / "glioma" / "zz.png")
    (dataset_folder / "Training" / "glioma" / "b_seg.png").write_bytes(b"broken")
    found = read(dataset_folder)
    outlined = found.cases.set_index("image_path")["mask_path"].dropna().to_dict()
    assert outlined == {
        "Training/glioma/a.png": "Training/glioma/a_mask.png",
        "Training/glioma/b.png": "Training/glioma/b_seg.png",
        "Testing/glioma/c.png": "Testing/masks/glioma/c.png",
    }
    assert len(found.cases) == 5
    assert reasons(found)["Testing/masks/glioma/zz.png"] == "named as an outline, of no image that is read"
    assert reasons(found)["Training/glioma/b_seg.png"].startswith("an outline that cannot be used: not an image")
    assert found.rejected["image_path"].tolist() == ["Training/glioma/b_seg.png"]


def test_an_outline_that_metadata_names_hides_nothing_beside_it(
    dataset_folder: Path, draw: Callable[..., Path]
) -> None:
    draw(dataset_folder / "Training" / "glioma" / "drawn.png")
    (dataset_folder / "metadata.csv").write_text(
        "image_path,mask_path\nTraining/glioma/a.png,Training\\glioma\\drawn.png\nTraining/glioma/b.png,gone.png\n"
    )
    found = read(dataset_folder)
    assert len(found.cases) == 5
    assert found.cases["mask_path"].dropna().tolist() == ["Training/glioma/drawn.png", "gone.png"]
    assert reasons(found)["gone.png"] == "an outline listed in metadata.csv but not on disk"


def test_values_that_stand_for_missing_are_missing_and_listed(dataset_folder: Path) -> None:
    (dataset_folder / "metadata.csv").write_text(
        "Image Path,PatientID,split,site,label,comment,\n"
        "Training/glioma/a.png,NA,validation,unknown,n/a,good,\n"
        "Training/glioma/b.png,nan,-,A,Glioma,,\n"
    )
    found = read(dataset_folder)
    cases = found.cases.set_index("image_path")
    assert cases["patient_id"].isna().all()
    assert cases.loc["Training/glioma/a.png", ["split", "label"]].tolist() == ["tuning", "glioma"]
    assert cases.loc["Training/glioma/b.png", ["split", "label", "site"]].tolist() == ["train", "glioma", "A"]
    patients, sites = found.intake.missing
    assert (patients.column, patients.count, patients.n, patients.written) == ("patient_id", 5, 5, ("NA", "nan"))
    assert (sites.column, sites.count, sites.written) == ("site", 4, ("unknown",))
    assert found.intake.kept == ("image_path", "label", "split", "patient_id", "site")
    assert set(found.intake.ignored) == {"comment", "(without a name)"}


def test_images_in_any_folder_that_metadata_labels_are_read(tmp_path: Path, draw: Callable[..., Path]) -> None:
    draw(tmp_path / "pictures of 2024" / "1.png")
    (tmp_path / "metadata.csv").write_text("image_path,label\npictures of 2024/1.png,glioma\n")
    assert classes_of(read(tmp_path)) == {"glioma": 1}


def test_class_folders_of_dicom_are_read(tmp_path: Path) -> None:
    content = Path(str(get_testdata_file("MR_small.dcm"))).read_bytes()
    for name in ("glioma/1.dcm", "notumor/IM0001"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    found = read(tmp_path)
    assert found.cases[["label", "file_format", "width"]].to_numpy().tolist() == [
        ["glioma", "DICOM", 64],
        ["notumor", "DICOM", 64],
    ]
    assert found.rejected.empty


@pytest.mark.parametrize(
    "name", ["Metadata.CSV", "metadata.tsv", "metadata.xlsx", "metadata (1).csv", "metadata.csv.gz"]
)
def test_metadata_under_another_name_is_not_left_out_in_silence(dataset_folder: Path, name: str) -> None:
    (dataset_folder / name).write_text("image_path,patient_id\nTraining/glioma/a.png,7\n")
    assert reasons(read(dataset_folder))[name] == (
        "may be the metadata, which is read from metadata.csv alone; save it as that"
    )


def test_ids_under_another_name_are_said_to_be_unread(dataset_folder: Path) -> None:
    (dataset_folder / "metadata.csv").write_text("image_path,subject\nTraining/glioma/a.png,7\n")
    assert read(dataset_folder).intake.notes[-1] == (
        "column 'subject' may hold patient ids and is not read as such; name it patient_id"
    )


def test_a_class_in_metadata_other_than_that_of_the_folder_is_said(dataset_folder: Path) -> None:
    rows = ["image_path,label", "Training/glioma/a.png,notumor", "Training/glioma/b.png,Glioma"]
    (dataset_folder / "metadata.csv").write_text("\n".join(rows))
    found = read(dataset_folder)
    assert found.cases["label"].value_counts().to_dict() == {"notumor": 3, "glioma": 2}
    assert "1 of another class in metadata.csv than their folder says; metadata.csv counts" in found.intake.notes
