"""``neuroval``: everything the pages do, without a browser.

Results go to stdout, progress to stderr. Exit 0: done. 1: a finding that ``--strict`` was asked to fail on.
2: bad input, with one clear line.
"""

import io
import json
import os
import shlex
import socket
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlencode

import typer

from neuroval.data.classes import BRAIN_TUMOR, ClassOrder
from neuroval.data.exceptions import InputError
from neuroval.data.phantom import DIFFICULTY, PATIENTS, SEED
from neuroval.data.storage.home import DESCRIPTIONS, PACKAGE, RECIPES

if TYPE_CHECKING:
    from neuroval.data.study.folder import Study

# Each command imports what it needs: help is shown and the server started without waiting for the rest.

RECIPE = RECIPES / "brain-tumor-mri.toml"
DESCRIPTION = DESCRIPTIONS / "brain-tumor-mri.toml"
CLAIMS = DESCRIPTION.with_name("brain-tumor-readme-claims.toml")  # what is published about a model of this data set

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
data_app = typer.Typer(help="The images of a data set.", no_args_is_help=True)
app.add_typer(data_app, name="data")

Images = Annotated[Path, typer.Option(help="Folder of the data set.")]
StudyPlace = Annotated[
    str, typer.Option(help="Study to write: a folder, or a name, which puts it where the dashboard finds it.")
]
DataName = Annotated[str, typer.Option("--data", help="Name of the data set; case ids depend on it.")]
ClassNames = Annotated[str, typer.Option(help="Class names in order, separated by commas.")]
ClaimsFile = Annotated[
    Path | None, typer.Option("--claims", help="TOML with what a paper or README says, to be checked.")
]
Track = Annotated[
    Literal["mlflow", "wandb", "none"], typer.Option(help="Where the run is recorded: mlflow, wandb, or none.")
]
OUR_CLASSES = ",".join(BRAIN_TUMOR.names)


def main() -> None:
    """Run the command line; bad input ends with one line on stderr and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a character that the terminal does not have ends nothing
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except InputError as error:
        _note(str(error))
        sys.exit(2)
    except OSError as error:
        names = [str(name) for name in (error.filename, error.filename2) if name is not None]
        where = f"{' -> '.join(names)}: " if names else ""
        _note(f"{where}{error.strerror or error}. Check the path and your permissions, or choose another place.")
        sys.exit(2)


def _note(text: str) -> None:
    sys.stderr.write(f"neuroval: {' '.join(text.split())}\n")


def _class_order(names: str, negative: str | None = None) -> ClassOrder:
    order = tuple(name.strip() for name in names.split(","))
    return BRAIN_TUMOR if order == BRAIN_TUMOR.names else ClassOrder(names=order, negative=negative)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _how_to_open(study: Path) -> str:
    from neuroval.data.storage import home

    found = home.studies().get(study.name)
    if found is not None and found.resolve() == study.resolve():
        return f"Open it: neuroval serve, then http://127.0.0.1:8501/?{urlencode({'study': study.name})}"
    return f"The dashboard lists the studies in {home.home() / 'studies'}: a name as --out writes there."


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8501,
    address: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    browser: Annotated[bool, typer.Option(help="Open the dashboard in the default browser.")] = True,
) -> None:
    """Start dashboard, REST API and case images in one process."""
    from neuroval.dashboard.settings import check_sign_in, ignored, read_settings

    server = PACKAGE / "dashboard" / "server.py"
    named = os.environ.get("STREAMLIT_SECRETS_FILES")
    folders = (Path(os.environ.get("HOME", PACKAGE)), PACKAGE)  # where Streamlit looks; the last of them wins
    files = named.split(",") if named else [str(folder / ".streamlit" / "secrets.toml") for folder in folders]
    check_sign_in(read_settings(), tuple(map(Path, reversed(files))))
    for name in ignored():
        _note(f"{name} is no setting and ignored.")
    _check_free(address, port)
    if browser:
        os.environ["NEUROVAL_OPEN"] = f"http://{address}:{port}"  # Streamlit opens none for an app of this kind
    options = ["--server.port", str(port), "--server.address", address]
    os.chdir(PACKAGE)  # Streamlit reads .streamlit/config.toml from the folder it is started in
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", str(server), *options])


def _check_free(address: str, port: int) -> None:
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as free:
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            free.bind(place)
    except OSError as error:
        raise InputError(
            f"cannot listen on {address}, port {port} ({error.strerror}); choose another with --port or --address."
        ) from None


@app.command()
def settings() -> None:
    """Check the settings of the server and print them."""
    from neuroval.dashboard.settings import described, read_settings

    _say("\n".join(described(read_settings())))


@app.command()
def demo() -> None:
    """Draw the phantom cohort (synthetic MRI) and run the shipped phantom model over it; what is there is kept."""
    from neuroval.model.evaluation.demo import make_demo

    made = make_demo(progress=True)
    if made.made:
        _say(f"study {made.study}")
        _say(_how_to_open(made.study))


@app.command()
def evaluate(
    model: Annotated[str, typer.Option(help="Shipped model or model folder.")],
    images: Images,
    out: StudyPlace,
    data: DataName = "",
    split: Annotated[list[str] | None, typer.Option(help="Splits to predict; all but train by default.")] = None,
    about: Annotated[Path | None, typer.Option(help="TOML with wording, harm and acceptance criteria.")] = None,
    claims: ClaimsFile = None,
    mc_dropout: Annotated[int, typer.Option(help="Passes of Monte-Carlo dropout on the head; 0 for none.", min=0)] = 0,
    embeddings: Annotated[
        bool, typer.Option(help="Keep how each case looks to the network, for similar cases.")
    ] = True,
) -> None:
    """Run a model over a folder of images into a study. A stopped run goes on where it was."""
    from neuroval.data.schema import EVALUATED_SPLITS
    from neuroval.data.storage import home
    from neuroval.model.evaluation.to_study import evaluate as run_evaluation

    for name in split or ():
        if name not in EVALUATED_SPLITS:
            raise InputError(f"--split {name!r} is unknown; expected one of {list(EVALUATED_SPLITS)}.")
    folder, place, name = home.find_model(model), home.new_study(out), data or images.resolve().name
    description = _description(about, folder)
    if claims is None and about is None and description is not None and description["data"]["name"] == name:
        claims = CLAIMS
    result = run_evaluation(
        folder,
        images,
        out=place,
        data_name=name,
        description=description,
        claims=claims,
        splits=tuple(split or EVALUATED_SPLITS),
        mc_dropout=mc_dropout,
        embeddings=embeddings,
        progress=True,
    )
    study = result.study
    what = "Evaluated" if result.computed else "Already evaluated, nothing to do:"
    _say(f"{what} {_counted(len(study.predictions), 'case')}, {_counted(len(study.rejected), 'file')} rejected.")
    _say(f"study {place}  fingerprint {study.fingerprint}")
    _say(_how_to_open(place))


def _description(about: Path | None, model: Path) -> dict[str, Any] | None:
    if about is None:
        from neuroval.model.card import read_card

        if read_card(model).classes.names != BRAIN_TUMOR.names:
            return None
        about = DESCRIPTION
    try:
        return tomllib.loads(about.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{about}: not a readable TOML file ({error}).") from None


@app.command("import")
def import_(
    predictions: Annotated[Path, typer.Argument(help="CSV or Parquet with label and prob_<class>.")],
    out: StudyPlace,
    data: DataName = "imported",
    title: Annotated[str, typer.Option(help="Title of the study.")] = "",
    classes: ClassNames = "",
    negative: Annotated[str | None, typer.Option(help="The class that means nothing was found.")] = None,
    claims: ClaimsFile = None,
) -> None:
    """Make a study of anybody's predictions."""
    from neuroval.data.storage import home
    from neuroval.data.study.import_predictions import import_predictions

    place = home.new_study(out)
    names = [name.strip() for name in classes.split(",")] if classes else None
    study = import_predictions(
        predictions,
        out=place,
        data_name=data,
        title=title or place.name,
        classes=names,
        negative=negative,
        claims=claims,
    )
    _say(f"Imported {_counted(len(study.predictions), 'prediction')}.")
    _say(f"study {place}  fingerprint {study.fingerprint}")
    _say(_how_to_open(place))


@app.command("claims")
def claims_(
    study: Annotated[str, typer.Argument(help="Study name or folder; not a shipped one by its name.")],
    file: Annotated[Path, typer.Argument(help="TOML with what a paper or README says.")],
) -> None:
    """Put claims into a study, in the place of earlier ones; the numbers stay as they are."""
    from neuroval.data.storage import home
    from neuroval.data.study.folder import add_claims

    place = home.find_study(study)
    if study == place.name and place.parent == home.SHIPPED_STUDIES:
        raise InputError(f"{study}: a shipped study is not changed; copy its folder and name the copy.")
    changed = add_claims(place, file)
    _say(f"study {place}  fingerprint {changed.fingerprint}")
    _say(f"See them: neuroval analyze {shlex.quote(study)} --section claims")


def _one_thread() -> None:
    """Keep the matrix library to one thread, as the server does: equal numbers everywhere, and no waiting."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@app.command()
def analyze(
    study: Annotated[str, typer.Argument(help="Study name or folder.")],
    section: Annotated[list[str] | None, typer.Option(help="Only this section; may be repeated.")] = None,
    split: Annotated[str, typer.Option(help="Split whose predictions are analysed.")] = "test",
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable, with stable keys.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Do not cut lists over 1,000 entries.")] = False,
    strict: Annotated[bool, typer.Option(help="Exit 1 when a critical finding is open.")] = False,
) -> None:
    """Print every number of the dashboard."""
    _one_thread()
    from neuroval.analysis.study.results import results
    from neuroval.dashboard.documents.study_document import as_text, document_of
    from neuroval.data.storage import home
    from neuroval.data.study.folder import read_study

    source = results(read_study(home.find_study(study)), split=split)
    document = document_of(source, names=section, everything=everything)
    _say(json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False) if as_json else as_text(document))
    if strict and any(finding.severity == "critical" for finding in source.findings):
        sys.exit(1)


@app.command()
def compare(
    study_a: Annotated[str, typer.Argument(help="Study name or folder.")],
    study_b: Annotated[str, typer.Argument(help="Study of another model on the same cases.")],
    split: Annotated[str | None, typer.Option(help="Split to compare; by default test, if both predict it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable, with stable keys.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Do not cut long lists.")] = False,
) -> None:
    """Compare two models on the same cases: paired differences, tests, and where only one is right."""
    _one_thread()
    from neuroval.analysis.study.comparison import comparisons
    from neuroval.dashboard.documents.comparison_document import as_text, document_of
    from neuroval.data.storage import home
    from neuroval.data.study.folder import read_study

    first, second = (read_study(home.find_study(name)) for name in (study_a, study_b))
    found = comparisons(first, second, split=split)
    if as_json:
        _say(json.dumps(document_of(found, everything=everything), indent=1, allow_nan=False, ensure_ascii=False))
    else:
        _say(as_text(found, everything=everything))


@app.command()
def report(
    study: Annotated[str, typer.Argument(help="Study name or folder.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="PDF file to write.")],
    section: Annotated[list[str] | None, typer.Option(help="Only this optional section; may be repeated.")] = None,
    split: Annotated[str | None, typer.Option(help="Split to report; by default the one the dashboard shows.")] = None,
    level: Annotated[float, typer.Option(help="Level of the intervals; another than 0.95 is post hoc.")] = 0.95,
    prevalence: Annotated[float | None, typer.Option(help="Prevalence for PPV and NPV; post hoc.")] = None,
    threshold: Annotated[float | None, typer.Option(help="Threshold on P(any tumour); post hoc.")] = None,
    all_errors: Annotated[bool, typer.Option(help="Every error, not a sample of the less confident ones.")] = False,
    reviewer: Annotated[str, typer.Option(help="Name of the reviewer.")] = "",
    site: Annotated[str, typer.Option(help="Site of the reviewer.")] = "",
    remarks: Annotated[str, typer.Option(help="Remarks of the reviewer, plain text.")] = "",
) -> None:
    """Write the validation report as PDF: archivable, accessible, with every number attached."""
    _one_thread()
    from neuroval.dashboard.report.options import SECTIONS, Options
    from neuroval.dashboard.report.pdf import report as make
    from neuroval.data.storage import home
    from neuroval.data.study.folder import read_study

    options = Options(
        sections=SECTIONS if section is None else tuple(section),
        split=split,
        level=level,
        prevalence=prevalence,
        threshold=threshold,
        all_errors=all_errors,
        reviewer=reviewer,
        site=site,
        remarks=remarks,
    )
    if not out.absolute().parent.is_dir():
        raise InputError(f"{out}: the folder is not there; make it or choose another place.")
    content = make(read_study(home.find_study(study)), options)
    out.write_bytes(content)
    _say(f"report {out}  {len(content) / 1e6:.1f} MB")


@app.command()
def train(
    images: Images,
    out: Annotated[Path, typer.Option(help="Model folder to write.")],
    data: DataName = "",
    classes: ClassNames = OUR_CLASSES,
    negative: Annotated[str | None, typer.Option(help="The class that means nothing was found.")] = None,
    recipe: Annotated[Path, typer.Option(help="TOML with every choice of the training.")] = RECIPE,
    track: Track = "mlflow",
) -> None:
    """Fine-tune a network; checkpointed every epoch, a stopped run goes on where it was."""
    from neuroval.data.storage import home
    from neuroval.model.recipe import read_recipe
    from neuroval.model.training.pipeline import train_model

    card = train_model(
        images,
        out=out,
        work=home.home() / "training" / out.resolve().name,
        data_name=data or images.resolve().name,
        classes=_class_order(classes, negative),
        config=read_recipe(recipe),
        track=track,
        progress=True,
    )
    _say(f"model {out}  tuning accuracy {card.recipe['tuning_accuracy']:.4f}  sha256 {card.sha256}")


@app.command()
def reference(
    model: Annotated[str, typer.Option(help="Model folder, changed in place.")],
    images: Images,
    data: DataName = "",
) -> None:
    """Add to a model what its training images look like, for a scan that is unlike them; training does it too."""
    from neuroval.data.storage import home
    from neuroval.model.training.reference_file import FLAGGED, complete

    folder = home.find_model(model)
    card = complete(folder, images, data_name=data or images.resolve().name, progress=True)
    counts = ", ".join(f"{name} {count}" for name, count in card.metrics[FLAGGED].items())
    _say(f"model {folder}  unlike its training images: {counts}")


@app.command("cross-validate")
def cross_validate(
    model: Annotated[str, typer.Option(help="Model whose recipe is cross-validated; its folder takes the result.")],
    images: Images,
    data: DataName = "",
    folds: Annotated[int, typer.Option(help="Number of folds.", min=2)] = 5,
    grouped: Annotated[bool, typer.Option(help="Keep patients and copies in one fold.")] = True,
    recipe: Annotated[Path | None, typer.Option(help="TOML of another recipe, if the model's takes too long.")] = None,
    track: Track = "mlflow",
) -> None:
    """Predict every case by a network that has not seen its patient; a stopped run goes on where it was."""
    from neuroval.data.storage import home
    from neuroval.model.recipe import read_recipe
    from neuroval.model.training.cross_validation import cross_validate as run_folds

    folder = home.find_model(model)
    table = run_folds(
        folder,
        images=images,
        work=home.home() / "training" / f"{folder.resolve().name}-folds",
        data_name=data or images.resolve().name,
        folds=folds,
        grouped=grouped,
        recipe=None if recipe is None else read_recipe(recipe),
        track=track,
        progress=True,
    )
    _say(f"model {folder}  {len(table):,} cases predicted out of fold, {folds} folds")


@app.command()
def benchmark(
    images: Images,
    model: Annotated[
        list[str] | None, typer.Option(help="Shipped model or model folder; several: one after the other.")
    ] = None,
    data: DataName = "",
    single: Annotated[int, typer.Option(help="Images for the image-by-image way; scaled to all.", min=1)] = 24,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Time models on this machine, and the evaluation against Keras on the same test images, side by side."""
    from neuroval.data.storage import home
    from neuroval.model.training.keras_benchmark import as_table, compare

    folders = [home.find_model(name) for name in model or ["brain-tumor-mri"]]
    found = [compare(folder, images, data_name=data or images.resolve().name, single=single) for folder in folders]
    text = json.dumps([one.as_dict() for one in found], indent=1)
    _say(text if as_json else "\n\n".join("\n".join(as_table(one)) for one in found))


@data_app.command()
def link(
    folder: Annotated[Path, typer.Argument(help="Folder that holds the images.")],
    data: DataName = "brain-tumor-mri",
) -> None:
    """Use a copy of a data set's images on this machine; nothing is copied."""
    from neuroval.data.storage import home

    study = _study_of(data)
    report = home.link(folder, data_name=data, cases=study.cases, progress=True)
    _say(report.as_text())


def _study_of(data: str) -> "Study":
    """Return the first study of a data set that can be read; others that cannot are said on stderr."""
    from neuroval.data.storage import home
    from neuroval.data.study.folder import read_manifest, read_study

    known: set[str] = set()
    for name, path in home.studies().items():
        try:
            known.add(of := read_manifest(path).data.name)
            if of == data:
                return read_study(path)
        except InputError as error:
            _note(f"study {name} is left out: {error}")
    raise InputError(f"no study of data set {data!r} can be read; there are studies of {sorted(known)}.")


@data_app.command()
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
    _say(f"{len(made.metadata):,} images in {folder}, {len(made.planted):,} of them with a planted flaw.")


@data_app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="Folder of the data set.")],
    classes: ClassNames = OUR_CLASSES,
) -> None:
    """Read a data set and say what is in it and what cannot be used."""
    from neuroval.data.dataset.folder import read_dataset

    dataset = read_dataset(folder, name=folder.resolve().name, classes=_class_order(classes), progress=True)
    counts = dataset.cases.groupby(["split", "label"], as_index=False).size()
    hidden = _counted(dataset.hidden, "hidden file")
    _say(f"{_counted(len(dataset.cases), 'image')}, {len(dataset.rejected):,} rejected, {hidden} skipped.")
    for split, label, number in counts.itertuples(index=False, name=None):
        _say(f"  {split:9} {label:20} {number:7,}")
    for row in dataset.rejected.itertuples():
        _say(f"  rejected {row.image_path}: {row.reason}")
