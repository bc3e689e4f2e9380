"""How fast and how large a model is on this machine: latency, throughput, memory, and what Grad-CAM costs.

Times differ from machine to machine: compare ratios of one run. Run as a module, it measures in a process of its own,
so that the memory is that of what a server loads.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from neuroval.data.exceptions import InputError
from neuroval.data.images.decoding import read_image
from neuroval.data.storage.scratch import scratch
from neuroval.model.card import GRAPH
from neuroval.model.inference.engine import Engine, load
from neuroval.model.inference.preprocessing import preprocess

BATCHES: Final = (1, 2, 4, 8, 16, 32)
P95_LIMIT: Final = 0.5  # seconds for one scan
LEAST_RATE: Final = 2.0  # scans a second, one at a time
ROUNDS: Final = 5
LATENCIES: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """What a model needs here. Times in seconds, rates in images a second, memory in bytes.

    ``parallel`` is the rate of single images on all cores at once, which is how an evaluation runs.
    ``latency`` is of one scan, from its file to class and Grad-CAM, at the 50th, 95th and 99th percentile;
    ``throughput`` of batches of images already in memory, by size; ``gradcam`` the share by which the Grad-CAM of all
    classes lengthens the same work; ``memory`` the most the process held, none but on Linux.
    """

    load: float
    latency: dict[str, float]
    throughput: dict[int, float]
    parallel: float
    gradcam: float
    memory: int | None

    @property
    def bare(self) -> float:
        """The highest rate of the network alone."""
        return max(self.parallel, *self.throughput.values())

    @property
    def targets(self) -> dict[str, bool]:
        """Whether the clinical targets are met."""
        return {
            f"95% of scans under {P95_LIMIT:g} s": self.latency["p95"] < P95_LIMIT,
            f"at least {LEAST_RATE:g} scans/s": 1 / self.latency["p50"] >= LEAST_RATE,
        }


def measure(folder: Path, images: Sequence[Path], *, latencies: int = LATENCIES, rounds: int = ROUNDS) -> Speed:
    """Return the speed of a model folder on image files, measured in this process."""
    start = time.perf_counter()
    engine = load(folder)
    loaded = time.perf_counter() - start
    size = engine.card.input_size

    def scan(path: Path) -> None:
        engine.run(preprocess(read_image(path).pixels, size=size)[None])

    chosen = [images[index % len(images)] for index in range(latencies)]
    for path in chosen[:3]:
        scan(path)
    seconds = [_timed(scan, path) for path in chosen]
    memory = _memory()  # before the larger batches: what one scan at a time needs
    pixels = np.stack([preprocess(read_image(path).pixels, size=size) for path in chosen[: BATCHES[-1]]])
    return Speed(
        load=loaded,
        latency={f"p{share}": float(np.percentile(seconds, share)) for share in (50, 95, 99)},
        throughput={batch: _throughput(engine, pixels[:batch], rounds) for batch in BATCHES if batch <= len(pixels)},
        parallel=_parallel(load(folder, threads=1), pixels, rounds),
        gradcam=_gradcam_overhead(engine, folder, pixels, rounds),
        memory=memory,
    )


def measure_apart(folder: Path, images: Sequence[Path]) -> Speed:
    """Return the speed measured in a process of its own. Raises ``InputError`` when that fails."""
    names = "\n".join(str(path.resolve()) for path in images)
    command = [sys.executable, "-m", "neuroval.model.evaluation.benchmark", str(folder.resolve())]
    done = subprocess.run(command, input=names, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InputError(f"benchmark of {folder}: {done.stderr.strip().splitlines()[-1]}")
    measured = json.loads(done.stdout)
    throughput = {int(batch): rate for batch, rate in measured.pop("throughput").items()}
    return Speed(throughput=throughput, **measured)


def _timed(work: Callable[[Any], None], result_of: Any) -> float:
    start = time.perf_counter()
    work(result_of)
    return time.perf_counter() - start


def _throughput(engine: Engine, pixels: NDArray[np.uint8], rounds: int) -> float:
    engine.run(pixels)
    return len(pixels) / min(_timed(engine.run, pixels) for _ in range(rounds))  # type: ignore[arg-type]


def _parallel(engine: Engine, pixels: NDArray[np.uint8], rounds: int) -> float:
    with ThreadPoolExecutor(os.cpu_count()) as pool:

        def work(images: NDArray[np.uint8]) -> None:
            list(pool.map(engine.run, images[:, None]))

        work(pixels)
        return len(pixels) / min(_timed(work, pixels) for _ in range(rounds))


def _gradcam_overhead(engine: Engine, folder: Path, pixels: NDArray[np.uint8], rounds: int) -> float:
    """Time the graph against itself cut off before the maps, in turns: drift of the machine meets both."""
    from onnx.utils import extract_model

    with scratch("benchmark") as place:
        short = place / GRAPH
        extract_model(folder / GRAPH, short, ["image"], ["probabilities", "embedding"])
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(short, options, providers=["CPUExecutionProvider"])
    images = pixels.astype(np.float32)

    def without(batch: NDArray[np.float32]) -> None:
        session.run(None, {"image": batch})

    def whole(batch: NDArray[np.float32]) -> None:
        engine.session.run(None, {"image": batch})

    times = np.array([[_timed(work, images) for work in (without, whole)] for _ in range(rounds + 1)])[1:]
    return float(np.median(times[:, 1]) / np.median(times[:, 0]) - 1)


def _memory() -> int | None:
    """Return the most this process held since it began; ``getrusage`` would count the process that started it too."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.is_file() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), None)


def _main() -> None:
    paths = [Path(line) for line in sys.stdin.read().splitlines()]
    measured = measure(Path(sys.argv[1]), paths)
    document = {
        name: getattr(measured, name) for name in ("load", "latency", "throughput", "parallel", "gradcam", "memory")
    }
    sys.stdout.write(json.dumps(document))


if __name__ == "__main__":
    _main()
