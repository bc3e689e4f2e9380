"""The API under load: ``python -m tests.benchmarks.api_load IMAGE [--model NAME] [--clients 50] [--seconds 60]``.

Starts the API alone, and with ``--dashboard`` the whole server. Printed are the time from start to ready, one
prediction with Grad-CAM without load, then the same from many clients that ask again at once, a refused one after the
``Retry-After`` it was told: answers by status, percentiles of those answered with 200, and their ratio to those
without load; the memory of the server before and after. Loopback only. A benchmark, not a test: times differ from
machine to machine, ratios less.
"""

import argparse
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Final

import httpx2 as httpx
import numpy as np

ROOT: Final = Path(__file__).parents[2]
ALONE: Final = 200  # predictions without load
ALONE_SERVER: Final = (
    "uvicorn",
    "neuroval.dashboard.api.app:app",
    "--no-access-log",
    "--log-level",
    "warning",
    "--port",
)
WHOLE_SERVER: Final = ("streamlit", "run", "dashboard/server.py", "--server.port")


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - this is what it is for


def memory(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def started(command: tuple[str, ...], model: str) -> tuple["subprocess.Popen[bytes]", str, float]:
    """Start a server and return it with its address and the seconds until it was ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begin, url = time.perf_counter(), f"http://127.0.0.1:{port}/api/v1"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = os.environ | {"NEUROVAL_MODEL": model}
    process = subprocess.Popen([sys.executable, "-m", *command, str(port)], cwd=ROOT, env=environment, **quiet)
    while time.perf_counter() - begin < 120:
        try:
            if httpx.get(f"{url}/ready", timeout=5).status_code == 200:
                return process, url, time.perf_counter() - begin
        except httpx.HTTPError:
            pass
        time.sleep(0.02)
    process.terminate()
    raise SystemExit("not ready after two minutes")


def percentiles(seconds: list[float]) -> str:
    p50, p95, p99 = (1000 * float(np.percentile(seconds, share)) for share in (50, 95, 99))
    return f"p50 {p50:6.1f} ms   p95 {p95:6.1f} ms   p99 {p99:6.1f} ms   n {len(seconds):,}"


def ask(client: httpx.Client, url: str, content: bytes) -> tuple[int, float, float]:
    """Return status, seconds, and the seconds to wait before asking again."""
    begin = time.perf_counter()
    answer = client.post(f"{url}/predict?gradcam=true", files={"file": content})
    return answer.status_code, time.perf_counter() - begin, float(answer.headers.get("retry-after", 0))


def alone(url: str, content: bytes) -> list[float]:
    with httpx.Client(timeout=60) as client:
        for _ in range(10):
            ask(client, url, content)
        return [ask(client, url, content)[1] for _ in range(ALONE)]


def crowded(url: str, content: bytes, clients: int, seconds: float) -> tuple[Counter[int], list[float]]:
    """Return the answers by status and the times of those with 200."""
    statuses, times, end = Counter[int](), list[float](), time.monotonic() + seconds
    lock = threading.Lock()

    def run() -> None:
        with httpx.Client(timeout=60) as client:
            while time.monotonic() < end:
                status, took, wait = ask(client, url, content)
                with lock:
                    statuses[status] += 1
                    if status == 200:
                        times.append(took)
                time.sleep(wait)

    threads = [threading.Thread(target=run) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses, times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image", type=Path)
    parser.add_argument("--model", default="brain-tumor-mri")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--dashboard", action="store_true", help="the whole server instead of the API alone")
    given = parser.parse_args()
    content = given.image.read_bytes()
    process, url, ready = started(WHOLE_SERVER if given.dashboard else ALONE_SERVER, given.model)
    try:
        say(f"start to ready      {ready:.2f} s")
        before = alone(url, content)
        say(f"one client          {percentiles(before)}")
        held = memory(process.pid)
        statuses, times = crowded(url, content, given.clients, given.seconds)
        say(f"{given.clients:3} clients         {percentiles(times)}")
        say(f"ratio of p95        {np.percentile(times, 95) / np.percentile(before, 95):.1f}")
        say(f"answers             {dict(statuses)}, {statuses[200] / given.seconds:.1f} scans/s")
        say(f"memory              {held:.0f} MB before, {memory(process.pid):.0f} MB after")
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
