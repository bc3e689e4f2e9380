"""A few scans of the phantom cohort, and the study that one machine makes of them alone: no Keras in it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from neuroval.data.phantom.cohort import Cohort
from neuroval.data.storage.home import SHIPPED_MODELS
from neuroval.data.study.folder import Study, read_study
from neuroval.model.evaluation.to_study import evaluate


@pytest.fixture(scope="session")
def few_images(clean_phantom: Cohort, made_once: Callable[..., Path]) -> Path:
    """Sixteen drawn scans with outlines, training scans among them, and a file that is no image."""

    def make(folder: Path) -> None:
        metadata = clean_phantom.metadata.groupby(["split", "label"]).head(2)
        for path in (*metadata["image_path"], *filter(None, metadata["mask_path"])):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(clean_phantom.folder / path, folder / path)
        metadata.to_csv(folder / "metadata.csv", index=False)
        (folder / "Testing" / "glioma" / "broken.jpg").write_text("not a picture")

    return made_once("few", make)


@pytest.fixture(scope="session")
def whole(few_images: Path, made_once: Callable[..., Path]) -> Study:
    """The study that one machine makes alone, in parts of another size."""

    def make(folder: Path) -> None:
        evaluate(SHIPPED_MODELS / "phantom", few_images, out=folder / "study", data_name="few")

    return read_study(made_once("few-whole", make) / "study")
