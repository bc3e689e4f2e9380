"""What the pages show of the judged cases: every result, and the cases as they are drawn."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.coded_tables import codes_of
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.proportions import share_of
from neuroval.analysis.data_audit.confident_learning import Suspect
from neuroval.analysis.performance.error_pairs import ConfusionPair, ranked_by_harm
from neuroval.analysis.performance.ranked_errors import collapsed, once_each, tier_of
from neuroval.analysis.study.results import LEVEL, Results
from neuroval.analysis.study.results import results_of as results_of
from neuroval.dashboard.cases.any_case import RECORDED
from neuroval.dashboard.cases.evaluated_case import ByCase, Case, MapOf, together
from neuroval.dashboard.cases.mapped_cases import MappedCases, mapped_cases
from neuroval.dashboard.cases.selection import Selection
from neuroval.dashboard.cases.similar_cases import Lookalikes, lookalikes
from neuroval.data.lazy import once
from neuroval.data.storage.arrow_text import positions
from neuroval.data.study.evaluated_cases import NEW_PATIENTS
from neuroval.data.study.folder import Study

WORST: Final = 5  # errors on the overview
EXAMPLES: Final = 4  # of each class


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """The results on a basis and the cases behind them, each made when a page first asks for it."""

    results: Results

    @property
    def study(self) -> Study:
        return self.results.study

    @property
    def basis(self) -> str:
        return self.results.basis

    @once
    def published(self) -> "Evidence":
        """The evidence on the network itself: this, unless it is of the networks of cross-validation."""
        published = self.results.published
        return self if published is self.results else Evidence(results=published)

    @property
    def mapped(self) -> "Evidence":
        """The evidence itself where its networks left maps, else that on the network of the study."""
        return self if self.results.mapped is self.results else self.published

    @property
    def maps_are_worthless(self) -> bool:
        """Whether a trial shows that the maps do not depend on what the network has learnt."""
        trial = self.results.trial
        return trial is not None and trial.maps is not None and trial.maps.worthless

    @once
    def selection(self) -> Selection:
        """The evaluated cases, to be filtered."""
        return Selection(results=self.results)

    @once
    def lookalikes(self) -> Lookalikes | None:
        """What finds similar cases; none without embeddings."""
        return lookalikes(self.study, judged=self.results.evaluated.case_ids)

    @once
    def case_map(self) -> MappedCases | None:
        """Where the cases lie in the network's view; none without embeddings."""
        return mapped_cases(self.selection)

    def right_on(self, ids: Sequence[str]) -> Estimate:
        """Return the share of evaluated cases that the model called rightly, with the wider interval."""
        rows = positions(pd.Series(ids, dtype="str"), among=self.results.evaluated.case_ids)
        right = self.results.predicted[rows] == self.results.evaluated.reference[rows]
        return share_of(right, groups=self.results.groups[rows], level=self.results.level).headline

    @once
    def costliest(self) -> tuple[ConfusionPair, ...]:
        return ranked_by_harm(self.results.pairs, harm=self.study.manifest.harm, classes=self.study.classes.names)

    @once
    def rejected(self) -> Mapping[str, str]:
        """By path, why a file could not be used."""
        rejected = self.study.rejected
        return dict(zip(rejected["image_path"], rejected["reason"], strict=True))

    @once
    def cases(self) -> ByCase[Case]:
        """The evaluated cases by their id."""
        return ByCase(self.results.evaluated.case_ids, self._case)

    @once
    def wrong(self) -> tuple[Case, ...]:
        """The errors, the most confident first; a page takes those it draws from ``cases``."""
        return tuple(self.cases[error.case_id] for error in self.results.errors.cases)

    @once
    def worst(self) -> tuple[Case, ...]:
        """The most confident errors, copies of one image once."""
        wrong = np.flatnonzero(self.results.predicted != self.results.evaluated.reference)
        ids, images = (
            self.results.evaluated.case_ids.array[wrong],
            self.results.whole.shown_images[self.results.evaluated.rows[wrong]],
        )
        image_of = dict(zip(ids, images.tolist(), strict=True))
        return tuple(
            dataclasses.replace(self.cases[error.case_id], copies=number)
            for error, number in collapsed(self.results.errors.cases, image_of=image_of)[:WORST]
        )

    @once
    def suspect_images(self) -> tuple[tuple[Suspect, int], ...]:
        """The suspect labels, in their order, each image once with the number of its copies with that label."""
        cases = () if self.results.whole.suspects is None else self.results.whole.suspects.cases
        ids = pd.Series([case.case_id for case in cases], dtype="str")
        images = self.results.whole.shown_images[positions(ids, among=self.study.cases["case_id"])]
        return once_each(
            cases, [(image, case.label, case.suggested) for image, case in zip(images.tolist(), cases, strict=True)]
        )

    def make_ready(self) -> None:
        """Compute what the pages show, that of the first page first."""
        for compute in READY:
            compute(self)

    def cell(self, reference: str, predicted: str) -> Sequence[str]:
        """Return the ids of the cases of one cell of the matrix, the most confident first."""
        wanted = {"reference": reference, "predicted": predicted}
        return self.selection.ids(self.selection.rows(wanted, everything=True))

    @once
    def examples(self) -> Mapping[str, tuple[str, ...]]:
        """By class, the first evaluated cases."""
        ids, of_class = self.results.evaluated.case_ids.array, self.results.evaluated.reference
        return {
            name: tuple(ids[np.flatnonzero(of_class == index)[:EXAMPLES]])
            for index, name in enumerate(self.study.classes.names)
        }

    @once
    def by_content(self) -> Mapping[str, str]:
        """By the sha256 of an image file, the first case of the study that it is of."""
        known = self.study.cases[["sha256", "case_id"]].dropna().drop_duplicates("sha256")
        return dict(zip(known["sha256"], known["case_id"], strict=True))

    @once
    def listed(self) -> ByCase[tuple[str, str]]:
        """By case id, split and label of every case of the study."""
        splits, labels = (self.study.cases[name].array for name in ("split", "label"))
        return ByCase(self.study.cases["case_id"], lambda row: (splits[row], labels[row]))

    @once
    def across(self) -> tuple[tuple[str, str, str], ...]:
        """The pairs of copies across splits, those with two labels first."""
        first, second = (
            self.study.cases["label"].array[positions(pd.Series(ids, dtype="str"), among=self.study.cases["case_id"])]
            for ids in ([pair[end] for pair in self.results.audit.twins] for end in (0, 1))
        )
        order = np.argsort(np.asarray(first == second, dtype=np.bool_), kind="stable")
        return tuple(self.results.audit.twins[place] for place in order.tolist())

    @once
    def same_image(self) -> ByCase[tuple[str, ...]]:
        """By case id, the cases of all splits that show its image, itself included."""
        return together(self.study.cases["case_id"], self.results.whole.shown_images)

    @once
    def same_patient(self) -> ByCase[tuple[str, ...]]:
        """By case id, the cases of all splits of its patient, itself included; none where that is not known."""
        return together(self.study.cases["case_id"], codes_of(self.results.whole.table["patient_id"]))

    def of_patient(self, name: str) -> tuple[str, ...]:
        """Return the cases of all splits of a patient."""
        cases = self.study.cases
        return tuple(cases.loc[cases["patient_id"] == name, "case_id"])

    def _map_of(self, case_id: str) -> tuple[MapOf | None, tuple[str, ...]]:
        """Return by which network maps of a case were drawn, none without any, and of which classes."""
        maps = self.results.maps
        if maps is None or (row := maps.row(case_id)) is None:
            return None, ()
        names = tuple(name for index, name in enumerate(self.study.classes.names) if maps.has(row, index))
        return "fold" if self.basis == NEW_PATIENTS else "network", names

    @once
    def _group_size(self) -> NDArray[np.int64]:
        """For each evaluated case, the number of cases of its group, in all splits."""
        groups = codes_of(self.results.whole.table["group_id"])
        return np.bincount(groups)[groups[self.results.evaluated.rows]]

    def _case(self, row: int) -> Case:
        """Return the evaluated case of a row."""
        facts, chances = (
            self.study.cases.iloc[self.results.evaluated.rows[row]],
            self.results.evaluated.probabilities[row],
        )
        names, limits = self.study.classes.names, self.study.manifest.thresholds
        known, shared = (bool(column[row]) for column in self.results.compared)
        on_target = int(self.results.on_target[row])
        map_of, mapped = self._map_of(facts["case_id"])
        return Case(
            case_id=facts["case_id"],
            reference=facts["label"],
            predicted=names[int(self.results.predicted[row])],
            probabilities=dict(zip(names, chances.tolist(), strict=True)),
            tier=tier_of(float(chances.max()), high=limits.high_confidence, review=limits.review),
            facts={key: facts[key] for key in RECORDED if isinstance(facts[key], str)},
            group_size=int(self._group_size[row]),
            shared=shared if known else None,
            twin=bool(self.results.has_twin[row]),
            on_target=None if on_target < 0 else bool(on_target),
            map_of=map_of,
            mapped=mapped,
        )


READY: Final[tuple[Callable[[Evidence], object], ...]] = (  # page by page
    lambda evidence: evidence.results.criteria,
    lambda evidence: evidence.worst,
    lambda evidence: evidence.results.claims,
    lambda evidence: evidence.results.whole.images,
    lambda evidence: evidence.results.audit.at_steps,
    lambda evidence: evidence.results.audit.twin_kinds,
    lambda evidence: evidence.across,
    lambda evidence: evidence.results.whole.odd_labels,
    lambda evidence: evidence.results.audit.patients_across,
    lambda evidence: evidence.results.whole.confounding,
    lambda evidence: evidence.results.whole.grouped,
    lambda evidence: evidence.results.whole.ungrouped,
    lambda evidence: evidence.results.whole.grouping,
    lambda evidence: evidence.results.published.on_tuning,
    lambda evidence: evidence.results.published.tuning_shared,
    lambda evidence: evidence.suspect_images,
    lambda evidence: evidence.results.aucs,
    lambda evidence: evidence.results.ratios,
    lambda evidence: evidence.results.patients,
    lambda evidence: evidence.costliest,
    lambda evidence: evidence.results.decisions,
    lambda evidence: evidence.results.saliency,
    lambda evidence: evidence.results.evidence_share,
    lambda evidence: evidence.results.confidence,
)


def evidence_of(study: Study, *, basis: str | None = None, level: float = LEVEL) -> Evidence:
    """Return the evidence on a basis, by default that of the study; there is one at least.

    Raises ``InputError`` for a basis without predictions, naming what there is.
    """
    return Evidence(results=results_of(study, basis=basis, level=level))
