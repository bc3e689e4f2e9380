"""What a chapter is written about: the evidence, the reviewer's choices and, where they are linked, the images."""

from collections.abc import Mapping
from dataclasses import dataclass

from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.report.options import Options
from neuroval.data.classes import ClassOrder
from neuroval.data.images.linking import LinkedImages
from neuroval.data.study.folder import Study
from neuroval.data.study.manifest import Manifest


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subject:
    """A study's evidence at the level and on the split of the options."""

    evidence: Evidence
    options: Options
    images: LinkedImages | None
    pictures: Mapping[str, str]

    @property
    def study(self) -> Study:
        return self.evidence.study

    @property
    def manifest(self) -> Manifest:
        return self.evidence.study.manifest

    @property
    def classes(self) -> ClassOrder:
        return self.evidence.study.classes
