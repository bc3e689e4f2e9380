"""The command that puts a network on trial: ``trial``."""

from typing import TYPE_CHECKING, Annotated

import typer

from neuroval.dashboard.cli.shared import how_to_open, own_study, say
from neuroval.data.exceptions import InputError

if TYPE_CHECKING:
    from neuroval.data.study.folder import Study

app = typer.Typer()


@app.command()
def trial(
    study: Annotated[str, typer.Argument(help="Study name or folder; not a shipped one by its name.")],
    model: Annotated[str, typer.Option(help="Model name or folder; the study's own by default.")] = "",
    kinds: Annotated[
        list[str] | None,
        typer.Option(help="remove, keep, move, corrupt, repeat or maps; repeatable, all by default."),
    ] = None,
    split: Annotated[list[str] | None, typer.Option(help="Splits; all evaluated ones by default.")] = None,
    sample: Annotated[int, typer.Option(help="Scans for corruptions and repeats.", min=1)] = 300,
    map_sample: Annotated[int, typer.Option(help="Scans whose maps are examined.", min=1)] = 60,
    seed: Annotated[int, typer.Option(help="Seed; the same seed gives the same images.", min=0)] = 20261130,
) -> None:
    """Change images on purpose and see what the network says: tumours removed, kept alone, moved; images made worse.

    Its maps are compared with those of networks with random weights.
    A stopped run goes on where it was.
    """
    from neuroval.dashboard.words import trial_run as words
    from neuroval.model.evaluation.trial import run_trial
    from neuroval.model.evaluation.trial_plan import KINDS

    for name in kinds or ():
        if name not in KINDS:
            raise InputError(f"--kinds {name!r} is unknown; expected one of {list(KINDS)}.")
    place = own_study(study)
    result = run_trial(
        place,
        model=model or None,
        kinds=kinds or KINDS,
        splits=split or (),
        sample=sample,
        map_sample=map_sample,
        seed=seed,
        progress=True,
    )
    made = result.study.trial
    if made is not None:
        say(words.done(made, computed=result.computed))
        say(
            "\n".join(
                [
                    *words.rows(made),
                    *words.maps(result.study.trial_maps),
                    *words.left_out(result.left_out),
                    *_notes(result.study),
                ]
            )
        )
    say(f"study {place}  fingerprint {result.study.fingerprint}")
    say(how_to_open(place))


def _notes(study: "Study") -> list[str]:
    """Return what could not be done for want of outlines or of scans without tumour."""
    from neuroval.dashboard.words import trial_run as words

    if study.trial is None or not {"remove", "keep", "move"} & set(study.trial.facts.kinds):
        return []
    table, negative = study.trial.table, study.classes.negative
    labels = study.cases.set_index("case_id")["label"].reindex(table["case_id"]).array
    outlined = set(labels[table["intervention"].isin(("remove_telea", "blank", "move"))])
    missing = [name for name in study.classes.names if name != negative and name in set(labels) - outlined]
    notes = [words.NO_OUTLINES.format(name=study.classes.written[name]) for name in missing]
    return notes if (labels == negative).any() else [*notes, words.NOTHING_HEALTHY]
