"""The registry of pages: what each asks, where it is listed, how its numbers were computed.

A new page is its file in ``app_pages``, its words, and one entry here.
"""

from dataclasses import dataclass
from typing import Final, Literal

from neuroval.dashboard.permissions import Action
from neuroval.dashboard.words import how_computed, readers, roles
from neuroval.dashboard.words.glossary import AVERAGES, RATES, RATIOS, SCORE_TERMS, explained

Group = Literal["Verdict", "Evidence", "Tools"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page: its ``question`` is the title, ``label`` the link to it, ``name`` its file and address.

    ``judges`` when its numbers are of the cases that the reader chose to judge: the page then says which these are.
    ``only`` is what somebody must be allowed to do for the page to be listed.
    ``methods`` says how its numbers were computed, ``metrics`` are the entries of the glossary that it explains.
    """

    name: str
    label: str
    question: str
    methods: str
    metrics: tuple[str, ...] = ()
    group: Group = "Evidence"
    needs_study: bool = True
    judges: bool = False
    only: Action | None = None

    @property
    def file(self) -> str:
        """The script, from the folder of the dashboard."""
        return f"app_pages/{self.name}.py"

    @property
    def how(self) -> str:
        """What the metrics of the page mean, and how its numbers were computed, as Markdown."""
        return f"{explained(self.metrics)}\n\n{self.methods}"


_PAGES: Final = (
    Page(
        name="overview",
        judges=True,
        label="Overview",
        question="Can this model be trusted?",
        methods=how_computed.OVERVIEW,
        metrics=("Accuracy", "Balanced accuracy", *RATES[:2]),
        group="Verdict",
    ),
    Page(
        name="report",
        judges=True,
        label="Report",
        question="What goes on file?",
        methods=how_computed.REPORT,
        group="Verdict",
    ),
    Page(
        name="model_card",
        label="Model card",
        question="What is the model for, and what not?",
        methods=how_computed.MODEL_CARD,
    ),
    Page(
        name="data_set",
        label="Data set",
        question="What was it tested on?",
        methods=how_computed.DATA_SET,
    ),
    Page(
        name="training",
        label="Training",
        question="How was it trained?",
        methods=how_computed.TRAINING,
        metrics=("Loss", "Accuracy"),
    ),
    Page(
        name="cross_validation",
        label="Cross-validation",
        question="Is it stable?",
        methods=how_computed.CROSS_VALIDATION,
        metrics=("Accuracy", "Balanced accuracy", *RATES[:2], "SD"),
    ),
    Page(
        name="per_class",
        judges=True,
        label="Per class",
        question="How good is it on each class?",
        methods=how_computed.PER_CLASS,
        metrics=(*RATES, *RATIOS, *AVERAGES),
    ),
    Page(
        name="subgroups",
        judges=True,
        label="Subgroups",
        question="Whom do the averages hide?",
        methods=how_computed.SUBGROUPS,
        metrics=("Difference to the rest", "Accuracy", *RATES[:2]),
    ),
    Page(
        name="confusion",
        judges=True,
        label="Confusion",
        question="What is mistaken for what?",
        methods=how_computed.CONFUSION,
    ),
    Page(
        name="errors",
        judges=True,
        label="Errors",
        question="Where is it wrong?",
        methods=how_computed.ERRORS,
    ),
    Page(
        name="confidence",
        judges=True,
        label="Confidence",
        question="Does 90% mean 90%?",
        methods=how_computed.CONFIDENCE,
        metrics=("Accuracy", *SCORE_TERMS),
    ),
    Page(
        name="shortcuts",
        label="Shortcuts",
        question="Does it need the tumour?",
        methods=how_computed.SHORTCUTS,
        metrics=(
            *("Need", "Sufficiency", "Still called", "Called in a healthy scan"),
            *("Map correlation", "Map similarity", "Deletion", "Insertion", "Accuracy", "AUC"),
        ),
    ),
    Page(
        name="robustness",
        label="Robustness",
        question="What breaks it?",
        methods=how_computed.ROBUSTNESS,
        metrics=("Accuracy", *RATES[:2]),
    ),
    Page(
        name="map",
        judges=True,
        label="Map",
        question="What lies together?",
        methods=how_computed.MAP,
    ),
    Page(
        name="claims",
        label="Claims",
        question="Does the published record hold?",
        methods=how_computed.CLAIMS,
        metrics=("Accuracy", *RATES, "AUC"),
    ),
    Page(
        name="compare",
        label="Compare",
        question="How does it compare with another model?",
        methods=how_computed.COMPARE,
        metrics=("Accuracy", *RATES[:2], "AUC"),
    ),
    Page(
        name="readers",
        judges=True,
        label="Readers",
        question="Do people agree?",
        methods=readers.METHODS,
    ),
    Page(
        name="try_scan",
        label="Try a scan",
        question="What does the model say of a scan?",
        methods=how_computed.TRY_SCAN,
        group="Tools",
    ),
    Page(
        name="run",
        label="Run",
        question="How does a model do on other scans?",
        methods=how_computed.RUN,
        group="Tools",
        needs_study=False,
    ),
    Page(
        name="access_log",
        label="Access log",
        question="Who saw what?",
        methods=roles.METHODS,
        group="Tools",
        needs_study=False,
        only="see-log",
    ),
)
PAGES: Final = {page.name: page for page in _PAGES}
GROUPS: Final[tuple[Group, ...]] = ("Verdict", "Evidence", "Tools")
SCAN_PAGE: Final = "try_scan"  # what is uploaded there is forgotten on every other page
