"""The process behind the page Run: ``neuroval evaluate`` of the job that was asked for, at low priority."""

import logging
import os
import sys
from pathlib import Path

from neuroval.dashboard.jobs import job as jobs
from neuroval.data.exceptions import InputError
from neuroval.data.images import linking
from neuroval.data.storage import home
from neuroval.data.study.folder import read_study
from neuroval.model.evaluation.description import described
from neuroval.model.evaluation.to_study import evaluate as run_evaluation

log = logging.getLogger("neuroval")
NICE = 10  # pages come first


def main() -> None:
    """Evaluate the job into its study, link its images unless others are, and write how it ended."""
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(message)s", level=logging.INFO)
    status = jobs.status()
    if status is None:
        sys.exit("There is no job to do.")
    job = status.job
    log.info("%s on %s into %s", job.model, job.images, job.study)
    os.nice(NICE)
    state, reason = jobs.State.FAILED, f"something unexpected; {jobs.folder() / 'log'} says what."
    try:
        evaluate(job)
        state, reason = jobs.State.DONE, ""
    except InputError as error:
        reason = str(error)
    except OSError as error:
        reason = f"{error.filename or job.study}: {error.strerror or error}."
    except MemoryError:
        reason = "the memory of the server did not suffice."
    finally:
        jobs.end(state, reason)


def evaluate(job: jobs.Job) -> None:
    """Do what the command does, then let the pages show the images."""
    out = jobs.place(job.study)
    out.parent.mkdir(parents=True, exist_ok=True)
    model = home.models()[job.model]
    description, claims = described(model, images=Path(job.images), about=None, data_name=job.data)
    run_evaluation(
        model, Path(job.images), out=out, data_name=job.data, description=description, claims=claims, progress=True
    )
    if linking.linked_images(job.data) is None:
        linking.link(Path(job.images), data_name=job.data, cases=read_study(out).cases)


if __name__ == "__main__":
    main()
