"""Commands that open the dashboard: serve, settings, demo."""

import os
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from neuroval.dashboard.cli.shared import how_to_open, note, say
from neuroval.data.exceptions import InputError
from neuroval.data.storage.home import PACKAGE

EVERYWHERE = ("0.0.0.0", "::")  # all addresses of the machine: none that a browser could open

app = typer.Typer()


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
    given = read_settings()
    check_sign_in(given, tuple(map(Path, reversed(files))))
    for name in ignored():
        note(f"{name} is no setting and ignored.")
    _check_free(address, port)
    reached = address if address not in EVERYWHERE else "127.0.0.1"
    if browser:
        os.environ["NEUROVAL_OPEN"] = f"http://{reached}:{port}"  # Streamlit opens none for an app of this kind
    options = ["--server.port", str(port), "--server.address", address, "--browser.serverAddress", reached]
    options += ["--server.maxUploadSize", str(given.widget_mb)]
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

    say("\n".join(described(read_settings())))


@app.command()
def demo() -> None:
    """Draw the phantom cohort (synthetic MRI) and run the shipped phantom model over it; what is there is kept."""
    from neuroval.model.evaluation.demo import make_demo

    made = make_demo(progress=True)
    if made.made:
        say(f"study {made.study}")
        say(how_to_open(made.study))
