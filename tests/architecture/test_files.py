"""What the tree may not hold: names that hide packages, web addresses of registries, patients' images, long pages."""

import importlib.metadata
import re
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("data", "model", "analysis", "dashboard")
LONGEST_PAGE = 100
IMAGES = {".bmp", ".dcm", ".gif", ".ico", ".jpeg", ".jpg", ".nii", ".png", ".tif", ".tiff", ".webp"}
# Hosts of package registries, in pieces, so that this file does not hold one.
REGISTRIES = tuple(
    f"{name}.{ending}"
    for name, ending in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "com"),
        ("npmjs", "org"),
        ("yarnpkg", "com"),
        ("anaconda", "org"),
        ("deb.debian", "org"),
        ("archive.ubuntu", "com"),
    )
)
UNSAFE = "unsafe_" + "allow_html"
PICKLES = "allow_" + "pickle=True"


def texts(files: list[Path]) -> Iterator[tuple[Path, str]]:
    """The files that are text, with what they say."""
    for path in files:
        with path.open("rb") as stream:
            start = stream.read(8192)
            if b"\0" not in start:
                yield path, (start + stream.read()).decode("utf-8", errors="replace")


def holding(root: Path, files: list[Path], pattern: str) -> list[str]:
    """The text files, with the line, in which a pattern is found."""
    return [
        f"{path.relative_to(root)}:{number}"
        for path, text in texts(files)
        if re.search(pattern, text)
        for number, line in enumerate(text.splitlines(), start=1)
        if re.search(pattern, line)
    ]


def hiding_names(folder: Path) -> list[str]:
    """Entries of a folder that would hide an importable module, were the folder first on the import path.

    ``streamlit run`` puts the folder of its script there.
    """
    installed = {
        module for module, owners in importlib.metadata.packages_distributions().items() if owners != ["neuroval"]
    }
    taken = sys.stdlib_module_names | installed | set(PACKAGES)
    names = {path.stem if path.suffix == ".py" else path.name for path in folder.iterdir()}
    return sorted(name for name in names & taken if not name.startswith("__"))


def test_nothing_in_dashboard_hides_a_module(root: Path) -> None:
    assert hiding_names(root / "dashboard") == []


def test_a_hiding_name_is_found(tmp_path: Path) -> None:
    for name in ("html.py", "numpy.py", "streamlit.py", "compute.py", "__init__.py"):
        (tmp_path / name).touch()
    (tmp_path / "data").mkdir()
    assert hiding_names(tmp_path) == ["data", "html", "numpy", "streamlit"]


def test_tests_are_no_package(root: Path) -> None:
    """A package tests/data would replace the package data."""
    assert list((root / "tests").rglob("__init__.py")) == []


def test_no_file_names_a_package_registry(root: Path, project_files: list[Path]) -> None:
    assert holding(root, project_files, "|".join(map(re.escape, REGISTRIES))) == []


def test_the_locks_hold_no_address(root: Path) -> None:
    assert holding(root, sorted(root.glob("requirements*.lock")), "://") == []


def test_no_page_paints_with_raw_html(root: Path, project_files: list[Path]) -> None:
    assert holding(root, project_files, UNSAFE) == []


def test_no_array_file_is_read_as_a_pickle(root: Path, project_files: list[Path]) -> None:
    assert holding(root, project_files, PICKLES) == []


def test_pages_are_short(root: Path) -> None:
    lengths = {
        path.name: len(path.read_text(encoding="utf-8").splitlines())
        for path in (root / "dashboard" / "app_pages").glob("*.py")
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_PAGE} == {}


def test_no_image_is_committed_outside_docs(root: Path, project_files: list[Path]) -> None:
    """Images of patients are never part of the repository; screenshots of the phantom live in docs/."""
    images = [path.relative_to(root) for path in project_files if path.suffix.lower() in IMAGES]
    assert [str(path) for path in images if path.parts[0] != "docs"] == []


def test_checks_see_the_tree(root: Path, project_files: list[Path]) -> None:
    """The checks above look at the real files, and at what the locks hold."""
    names = {path.relative_to(root).as_posix() for path in project_files}
    assert {"pyproject.toml", "requirements.lock", "dashboard/__init__.py"} <= names
    assert holding(root, [root / "requirements.lock"], "--hash=sha256:")
