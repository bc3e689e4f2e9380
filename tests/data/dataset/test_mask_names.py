import pytest

from neuroval.data.dataset.mask_names import ALONE, ANOTHER, outlines

CLASSES = ("glioma", "notumor")


@pytest.mark.parametrize(
    "name",
    [
        *(
            "0_mask.png",
            "0-mask.png",
            "0 mask.png",
            "0mask.png",
            "0_Mask.PNG",
            "0.mask.png",
            "0_masks.png",
            "0_mask_1.png",
        ),
        *("0_seg.png", "0-seg.tif", "0_segmentation.png", "0_label.png", "0-labels.png", "0_gt.png", "0_roi.png"),
        *("mask_0.png", "seg-0.png", "label_0.png", "0_tumor_mask.png", "0 (mask).png", "0_ground_truth.png"),
        *("0_tumormask.png", "0_Maske.png", "0_masque.png", "0_m\u00e1scara.png", "0_bin.png", "0_binary.png"),
        *("masks/0.png", "mask/0_mask.png", "Segmentations/0.png", "labels/0.png", "ground truth/0.png"),
    ],
)
def test_an_outline_beside_its_image_is_told_by_its_name(name: str) -> None:
    assert outlines(["glioma/0.jpg", f"glioma/{name}"], CLASSES) == ({f"glioma/{name}": "glioma/0.jpg"}, {})


@pytest.mark.parametrize(
    ("outline", "image"),
    [
        ("masks/glioma/0.png", "glioma/0.jpg"),
        ("Training/masks/glioma/0.png", "Training/glioma/0.jpg"),
        ("masks/Training/glioma/0_mask.png", "Training/glioma/0.jpg"),
        ("glioma/masks/0.png", "glioma/images/0.jpg"),
        ("glioma_masks/0.png", "glioma/0.jpg"),
        ("train_masks/glioma/0.png", "train/glioma/0.jpg"),
        ("Mask images/glioma/0.png", "images/glioma/0.jpg"),
    ],
)
def test_an_outline_in_a_folder_of_its_own_is_told_by_its_place(outline: str, image: str) -> None:
    assert outlines([image, outline], CLASSES) == ({outline: image}, {})


@pytest.mark.parametrize(
    "name",
    [
        "scan_label.jpg",
        "roi_7.jpg",
        "7_lesion.png",
        "labels/7.png",
        "unmasked.png",
        "masked.jpg",
        "segue.jpg",
        "gt.png",
    ],
)
def test_a_name_that_a_scan_may_have_is_a_scan_without_its_image(name: str) -> None:
    assert outlines([f"glioma/{name}", "glioma/0.jpg"], CLASSES) == ({}, {})


@pytest.mark.parametrize("name", ["glioma/9_mask.png", "masks/glioma/9.png", "glioma/9-segmentation.png"])
def test_an_outline_of_nothing_is_listed(name: str) -> None:
    assert outlines([name, "glioma/0.jpg"], CLASSES) == ({}, {name: ALONE})


def test_one_outline_an_image_is_used_and_the_others_are_listed() -> None:
    used, unused = outlines(["glioma/0.jpg", "glioma/0_mask.png", "glioma/0_mask_1.png"], CLASSES)
    assert used == {"glioma/0_mask.png": "glioma/0.jpg"}
    assert unused == {"glioma/0_mask_1.png": ANOTHER}


def test_images_of_one_name_in_two_classes_are_two() -> None:
    paths = ["glioma/0.jpg", "notumor/0.jpg", "masks/notumor/0.png"]
    assert outlines(paths, CLASSES) == ({"masks/notumor/0.png": "notumor/0.jpg"}, {})


def test_a_class_may_be_called_as_an_outline_is() -> None:
    assert outlines(["mask/0.png", "mask/1.png"], ("mask", "notumor")) == ({}, {})
