"""The server asks nothing outside: every connection that it tries is listed while it starts, is asked and reports.

Two watchers look at the same run: an audit hook inside Python, and strace, where it is installed, for what libraries in
other languages do.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import textwrap
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from neuroval.dashboard.pages import PAGES

ROOT: Final = Path(__file__).parents[2]
SERVE: Final = "import sys; from neuroval.dashboard.cli.main import main; sys.exit(main())"
HOOK: Final = """
    import os, sys
    FILE = open(os.environ["WATCHED"], "a", buffering=1)
    def hook(event, arguments):
        if event in ("socket.connect", "socket.sendto") and not isinstance(arguments[1], (str, bytes)):
            FILE.write(f"{event} {arguments[1][0]}\\n")
        elif event in ("socket.getaddrinfo", "socket.gethostbyname") and arguments[0] is not None:
            FILE.write(f"{event} {arguments[0]}\\n")
    sys.addaudithook(hook)
"""
ADDRESS: Final = re.compile(
    r'(?:connect|sendto|sendmsg)\(.*?sa_family=AF_INET6?.*?(?:inet_addr\(|inet_pton\(AF_INET6, )"([^"]+)"'
)
INSIDE: Final = ("127.0.0.1", "::1", "0.0.0.0", "localhost", "::ffff:127.0.0.1")
PATIENCE: Final = 60  # seconds


@dataclass(frozen=True)
class Watched:
    """A server whose connections are listed."""

    port: int
    folder: Path

    def asked(self) -> list[str]:
        """Return every address and name outside this machine that was tried."""
        tried = [line.split() for line in (self.folder / "audit").read_text().splitlines()]
        outside = [" ".join(line) for line in tried if line[1] not in INSIDE]
        traced = self.folder / "strace"
        if traced.exists():
            outside += [name for name in ADDRESS.findall(traced.read_text()) if name not in INSIDE]
        return outside


@pytest.fixture(scope="module")
def watched(dashboard_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A server on all addresses, as a container starts it."""
    folder = tmp_path_factory.mktemp("watched")
    (folder / "sitecustomize.py").write_text(textwrap.dedent(HOOK))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {
        **os.environ,
        "NEUROVAL_HOME": str(dashboard_home),
        "NEUROVAL_MODEL": "phantom",
        "PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]),
        "WATCHED": str(folder / "audit"),
    }
    strace = shutil.which("strace")
    watch = [strace, "-D", "-f", "--seccomp-bpf", "-e", "trace=connect,sendto,sendmsg", "-o", str(folder / "strace")]
    command = [sys.executable, "-c", SERVE, "serve", "--address", "0.0.0.0", "--port", str(port), "--no-browser"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*(watch if strace else ()), *command], cwd=ROOT, stdout=log, stderr=log, env=variables
        )
    try:
        end = time.monotonic() + PATIENCE
        while _status(f"http://127.0.0.1:{port}/_stcore/health") != 200:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < end, (folder / "log").read_text()
            time.sleep(0.2)
        yield Watched(port=port, folder=folder)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _status(url: str, **headers: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except urllib.error.URLError:
        return 0


def _socket(port: int, **headers: str) -> ClientConnection:
    return connect(
        f"ws://127.0.0.1:{port}/_stcore/stream",
        additional_headers=headers,
        subprotocols=["streamlit"],
        max_size=None,  # type: ignore[list-item]
    )


def _run_page(stream: ClientConnection, page: str, query: str) -> None:
    """Run a page to its end, as the browser asks for it."""
    message = BackMsg()
    message.rerun_script.query_string = query
    message.rerun_script.page_name = page
    stream.send(message.SerializeToString())
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        answer = ForwardMsg()
        answer.ParseFromString(stream.recv(timeout=PATIENCE))  # type: ignore[arg-type]
        early = answer.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN
        if answer.WhichOneof("type") == "script_finished" and not early:
            assert answer.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
            return
    pytest.fail(f"{page} does not end")


def test_the_watchers_see_what_goes_out(watched: Watched, tmp_path: Path) -> None:
    """A program that does ask outside is caught by each of them."""
    (tmp_path / "audit").touch()
    code = "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.connect(('192.0.2.1', 9))"
    variables = {**os.environ, "PYTHONPATH": str(watched.folder), "WATCHED": str(tmp_path / "audit")}
    subprocess.run([sys.executable, "-c", code], env=variables, check=True, timeout=30)
    assert Watched(port=0, folder=tmp_path).asked() == ["socket.connect 192.0.2.1"]
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed: what libraries in other languages ask for is not seen")
    subprocess.run([strace, "-f", "-o", tmp_path / "strace", sys.executable, "-c", code], check=True, timeout=60)
    assert "192.0.2.1" in Watched(port=0, folder=tmp_path).asked()


def test_nothing_is_asked_at_the_start(watched: Watched) -> None:
    assert f"http://127.0.0.1:{watched.port}" in (watched.folder / "log").read_text()
    assert watched.asked() == []


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://192.0.2.7:8501"])
def test_a_page_elsewhere_is_refused_at_once_and_nothing_is_asked(watched: Watched, origin: str) -> None:
    begin = time.perf_counter()
    for _ in range(20):
        with pytest.raises(InvalidStatus, match="403"):
            _socket(watched.port, Origin=origin)
    assert time.perf_counter() - begin < 5
    assert _status(f"http://127.0.0.1:{watched.port}/", Host="evil.example") == 403
    assert watched.asked() == []


def test_pages_images_and_the_api_ask_nothing(watched: Watched) -> None:
    url = f"http://127.0.0.1:{watched.port}"
    with _socket(watched.port, Origin=url) as stream:
        for page in PAGES:
            _run_page(stream, page, "study=whole")  # the report among them
    assert _status(f"{url}/images/normal/{20:016x}.webp") == 200
    assert _status(f"{url}/api/v1/studies") == 200
    assert watched.asked() == []
