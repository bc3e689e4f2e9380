"""Telling outlines from scans by their names: ``7_mask.png`` beside ``7.jpg``, or ``masks/7.png``."""

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import PurePosixPath
from typing import Final

from neuroval.data.storage.spelling import named, plain

# Words that only an outline has, and words that a scan may have too, so that its scan must be there.
SURE: Final = (
    r"(?:tumou?r)?masks?|masken?|masques?|m[a\u00e1]scaras?|msk|seg(?:m|ment|mentation|mented)?s?|segmentations?|"
    r"outlines?|contours?|ground[ _-]?truths?"
)
PERHAPS: Final = r"labels?|lbls?|annotations?|annot|gt|rois?|delineations?|lesions?|labelmaps?|bin|binary"
GAP: Final = r"(?:[\s_.\-]+|(?<=\d))"
BEHIND: Final = re.compile(
    rf"(?P<base>.+?){GAP}\(?(?:(?P<sure>{SURE})|{PERHAPS})\)?(?:[\s_.\-]*\(?\d+\)?)?", re.IGNORECASE
)
BEFORE: Final = re.compile(rf"(?:(?P<sure>{SURE})|{PERHAPS})[\s_.\-]+(?P<base>.+)", re.IGNORECASE)
FOLDER: Final = re.compile(
    rf"(?:(?P<base>.*?)[\s_.\-]*)??(?:(?P<sure>{SURE})|{PERHAPS})(?:[\s_.\-]*(?:images?|imgs?|png|tif|files))?",
    re.IGNORECASE,
)
PICTURES: Final = frozenset({"images", "image", "imgs", "img", "scans", "scan", "pictures", "slices", "data", "raw"})
LAST_WORD: Final = re.compile(r"[\s_.\-]+[^\s_.\-]+$")

ALONE: Final = "named as an outline, of no image that is read"
ANOTHER: Final = "a further outline of an image; one of them is used"

Key = tuple[tuple[str, ...], str]


def outlines(paths: Iterable[str], classes: Collection[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return which files are outlines: outline -> its image, and outline -> reason where it is not used.

    A name says so, beside an image or in a folder of its own: ``_mask``, ``-seg``, ``mask_``, ``masks/``. Words that
    a scan may carry too, such as ``label`` or ``roi``, count only where the image itself is there.
    """
    suspects: list[tuple[str, list[Key], bool]] = []
    images: dict[Key, str] = {}
    for path in paths:
        keys, sure, suspect = _keys(path, classes)
        if suspect:
            suspects.append((path, keys, sure))
        else:
            images.setdefault(keys[0], path)
    used: dict[str, str] = {}
    unused: dict[str, str] = {}
    taken: set[str] = set()
    for path, keys, sure in suspects:
        image = next((images[key] for key in keys if key in images), None)
        if image is None:
            if sure:
                unused[path] = ALONE
        elif image in taken:
            unused[path] = ANOTHER
        else:
            taken.add(image)
            used[path] = image
    return used, unused


def _keys(path: str, classes: Collection[str]) -> tuple[list[Key], bool, bool]:
    """Return under which keys the image of a file would be found, whether it surely is an outline, or may be one."""
    parts = [plain(part) for part in PurePosixPath(path).parts]
    folders: list[str] = []
    sure = in_folder = False
    for part in parts[:-1]:
        match = None if named(part, classes) else FOLDER.fullmatch(part)
        if match is not None:
            in_folder, sure = True, sure or match["sure"] is not None
            part = match["base"] or ""
        if part and (named(part, classes) or part.casefold() not in PICTURES):
            folders.append((named(part, classes) or part).casefold())
    place, stem = tuple(folders), PurePosixPath(parts[-1]).stem.casefold()
    bases = [base for base, _ in _bases(stem)]
    sure = sure or any(certain for _, certain in _bases(stem))
    stems = [*([stem] if in_folder else []), *bases] or [stem]
    return [(place, stem) for stem in stems], sure, in_folder or bool(bases)


def _bases(stem: str) -> Iterator[tuple[str, bool]]:
    """Yield what a name is without the words that make it an outline: ``7_tumor`` and ``7`` of ``7_tumor_mask``."""
    for pattern in (BEHIND, BEFORE):
        if match := pattern.fullmatch(stem):
            base, sure = match["base"], match["sure"] is not None
            yield base, sure
            if shorter := LAST_WORD.sub("", base):
                yield shorter, sure
