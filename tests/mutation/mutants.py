"""Small wrong changes to the code, one at a time: which of them does no test notice?

``python -m tests.mutation.mutants [NUMBER|all|survivors]`` changes a copy of the project with Cosmic Ray and runs the
tests of the changed module. Stopped, it goes on with the session in ``build/``; ``survivors`` tries again those that
no test had noticed. ``mutants.toml`` says what is changed and what tests it.
"""

import ast
import compileall
import hashlib
import os
import random
import re
import shutil
import sys
import tempfile
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from cosmic_ray.commands import init
from cosmic_ray.modules import find_modules
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.testing import run_tests
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkItem

Span = tuple[tuple[int, int], tuple[int, int]]  # (line, column) of the beginning and of the end

ROOT: Final = Path(__file__).parents[2]
SETUP: Final[dict[str, Any]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
NOT_COPIED: Final = shutil.ignore_patterns(".*_cache", ".git", ".venv", ".hypothesis", "__pycache__", "build", "dist")
PYTEST: Final = (
    f"{sys.executable} -m pytest -x -q -p no:cacheprovider -p no:schemathesis -p no:xdist"
    " --hypothesis-profile=mutants -m 'not slow and not needs_data and not browser'"
)


def tests_of(module: Path) -> set[str]:
    """The test files that must notice a change of a module."""
    mirror = Path("tests") / module.parent / f"test_{module.name}"
    others = {name for start, names in SETUP["tests"].items() if str(module).startswith(start) for name in names}
    return others | ({str(mirror)} if (ROOT / mirror).exists() else set())


def places(module: Path) -> tuple[list[Span], list[Span]]:
    """Where an operator stands between two values (a star in a signature does not), and what no run can tell apart.

    The latter are types, decorators, and ``strict=`` of a zip whose parts are equally long.
    """

    def span(node: ast.expr) -> Span:
        return (node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)

    nodes = list(ast.walk(ast.parse(module.read_text(encoding="utf-8"))))
    types = [getattr(node, name, None) for node in nodes for name in ("annotation", "returns")]
    decorators = [one for node in nodes for one in getattr(node, "decorator_list", ())]
    strict = [node.value for node in nodes if isinstance(node, ast.keyword) and node.arg == "strict"]
    between = [(span(node.left)[1], span(node.right)[0]) for node in nodes if isinstance(node, ast.BinOp)]
    return between, [span(node) for node in (*types, *decorators, *strict) if node is not None]


def wanted(mutation: MutationSpec, between: list[Span], alike: list[Span]) -> bool:
    def inside(spans: list[Span]) -> bool:
        return any(start <= mutation.start_pos < end for start, end in spans)

    named = any(re.fullmatch(f"core/{name}", mutation.operator_name) for name in SETUP["operators"])
    return named and not inside(alike) and ("BinaryOperator" not in mutation.operator_name or inside(between))


def choose(session: Path, modules: list[Path], number: int | None) -> None:
    """Make a session of all mutants, or of a sample of each room in proportion to its number."""
    found, rooms = {module: places(module) for module in modules}, defaultdict[Path, list[WorkItem]](list)
    unfinished = session.with_suffix(".unfinished")
    with use_db(unfinished) as database:
        init(modules, database, {})
        for item in sorted(database.work_items, key=lambda item: str(item.mutations)):
            (mutation,) = item.mutations
            if wanted(mutation, *found[mutation.module_path]):
                rooms[mutation.module_path.parent].append(item)
        total, rng = sum(map(len, rooms.values())), random.Random(SETUP["seed"])
        database.clear()
        for items in rooms.values():
            share = len(items) if number is None else round(number * len(items) / total)
            database.add_work_items(rng.sample(items, min(share, len(items))))
    unfinished.rename(session)


def run(database: WorkDB, items: list[WorkItem]) -> None:
    """Run the tests of each mutant, after they have passed on the code as it is."""
    tests = set().union(*(tests_of(item.mutations[0].module_path) for item in items))
    outcome, output = run_tests(f"{PYTEST} {' '.join(sorted(tests))}", 1200)
    if outcome is not TestOutcome.SURVIVED:
        sys.exit(f"The tests fail without any change:\n{output}")
    for number, item in enumerate(items, start=1):
        module = item.mutations[0].module_path
        result = mutate_and_test(item.mutations, f"{PYTEST} {' '.join(sorted(tests_of(module)))}", SETUP["timeout"])
        database.set_result(item.job_id, result)
        sys.stderr.write(f"{number}/{len(items)} {module} {result.test_outcome.value if result.test_outcome else ''}\n")


def report(database: WorkDB) -> str:
    """The survivors as differences, then how many of each room were noticed."""
    rooms, survivors = defaultdict[str, list[bool]](list), []
    for item, result in database.completed_work_items:
        survived = result.test_outcome is TestOutcome.SURVIVED
        rooms[str(item.mutations[0].module_path.parent)].append(not survived)
        survivors += [result.diff or ""] if survived else []
    lines = [f"{room}: {sum(noticed)} of {len(noticed)}" for room, noticed in sorted(rooms.items())]
    noticed = [one for room in rooms.values() for one in room]
    return "\n".join([*sorted(survivors), *lines, f"Noticed: {sum(noticed)} of {len(noticed)} mutants."])


def main(asked: str) -> None:
    """Make or go on with the session of this code, in a copy of the project that is thrown away."""
    files = [path for path in sorted(find_modules(ROOT / name for name in SETUP["modules"])) if path.stem != "__init__"]
    modules = [path.relative_to(ROOT) for path in files]
    if untested := [str(module) for module in modules if not tests_of(module)]:
        sys.exit(f"No tests are known of {', '.join(untested)}: name them in tests/mutation/mutants.toml.")
    parts = [path.read_bytes() for path in (Path(__file__).with_suffix(".toml"), *files)]
    state = hashlib.sha256(b"".join(parts)).hexdigest()[:8]
    (ROOT / "build").mkdir(exist_ok=True)
    session = ROOT / "build" / f"mutants-{asked}-{state}.sqlite"
    if again := asked == "survivors":
        made = sorted((ROOT / "build").glob(f"mutants-*-{state}.sqlite"), key=lambda path: path.stat().st_mtime)
        session = made[-1] if made else sys.exit("No mutants of this code have been tried yet: run make mutants first.")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(shutil.copytree(ROOT, Path(folder) / "copy", symlinks=True, ignore=NOT_COPIED))
        os.environ["PYTHONPATH"] = str(Path.cwd())
        compileall.compile_dir(".", quiet=2)
        if not session.exists():
            choose(session, modules, None if asked == "all" else int(asked))
        with use_db(session) as database:
            done = {job: result.test_outcome for job, result in database.results}
            items = sorted(database.work_items, key=lambda item: item.job_id)  # random ids: half a run is a sample too
            survived = [item for item in items if done.get(item.job_id) is TestOutcome.SURVIVED]
            if left := survived if again else [item for item in items if item.job_id not in done]:
                run(database, left)
            sys.stdout.write(report(database) + "\n")
        os.chdir(ROOT)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else str(SETUP["sample"]))
