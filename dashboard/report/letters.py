"""What the report's fonts can print: other letters are shown by their code points, never left out in silence."""

import atexit
import json
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typst

from neuroval.dashboard.figures.typeface import face
from neuroval.data.classes import END, ISOLATE
from neuroval.data.storage.scratch import scratch

if TYPE_CHECKING:
    from typst import PDFStandard

STANDARDS: Final["list[PDFStandard]"] = ["a-3a", "ua-1"]
TEMPLATE: Final = Path(__file__).with_name("template")
FACES: Final = ("Regular", "It", "Semibold", "SemiboldIt", "Bold")
UNBROKEN: Final = 24  # letters of a word, beyond which a line may break within it
SPACE: Final = "\N{ZERO WIDTH SPACE}"

CJK: Final = "cvttf_NotoSansCJK_Regular"  # Noto Sans CJK, SIL Open Font License 1.1; the package is optional
KEPT: Final = "\n\t" + SPACE + ISOLATE + END

_HIDDEN = {"Cc", "Cf", "Co", "Cs", "Cn"}  # controls, directions, private and unassigned code points
_LINES = re.compile(r"\s*[\r\n\v\f\u0085\u2028\u2029]+\s*")
_LONG = re.compile(rf"\S{{{UNBROKEN + 1},}}")
_MARKS = re.compile(r"(?<=[/_.-])(?=[^/_.-])")
_NAMED = re.compile(r"(?:the text|the codepoint) `\"(.*?)\"`")
_ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")


@lru_cache(maxsize=1)
def fonts() -> typst.Fonts:
    """Return the fonts of the report: Source Sans, as on the pages, and those that Typst carries; none of the machine.

    With the extra ``cjk`` Chinese, Japanese and Korean letters have a font too, which Typst falls back on. It would
    find each face twice in a package: those that are picked are put into a folder of their own.
    """
    kept = ExitStack()
    folder = kept.enter_context(scratch("fonts"))
    atexit.register(kept.close)  # a face is read when it is first used
    for name in FACES:
        shutil.copy(face(name), folder)
    spec = find_spec(CJK)
    if spec is not None and spec.origin is not None:
        for font in Path(spec.origin).parent.glob("*.otf"):
            shutil.copy(font, folder)
    return typst.Fonts(include_system_fonts=False, font_paths=[str(folder)])


def one_line(words: str) -> str:
    """Return text in one line."""
    return _LINES.sub(" ", words).strip()


def stand_in(letter: str) -> str:
    """Return what is printed in the place of a letter that no font has."""
    return f"[U+{ord(letter):04X}]"


def shortened(words: str, longest: int) -> str:
    """Return text of at most ``longest`` letters, the end left out."""
    line = one_line(words)
    if len(line) <= longest:
        return line
    cut = line[: longest - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
    return cut + END * (cut.count(ISOLATE) - cut.count(END))


def printable(document: Any) -> tuple[Any, tuple[str, ...]]:
    """Return a document in which every text can be printed, and the letters that are shown by their code points."""
    letters: set[str] = set()

    def seen(words: str) -> str:
        letters.update(words)
        return words

    _each(document, seen)
    missing = {letter for letter in letters if unicodedata.category(letter) in _HIDDEN and letter not in KEPT}
    missing |= _without_glyph(frozenset(letters - missing))
    shown = str.maketrans({letter: stand_in(letter) for letter in missing})
    return _each(document, lambda words: breakable(words.translate(shown))), tuple(sorted(missing))


def breakable(words: str) -> str:
    """Return text in which a long word may be broken: after a mark, and within a part that is long itself."""
    return _LONG.sub(lambda match: SPACE.join(_parts(match[0])), words)


def _parts(word: str) -> Iterator[str]:
    half = UNBROKEN // 2
    for part in _MARKS.split(word):
        yield from (part[at : at + half] for at in range(0, len(part), half)) if len(part) > UNBROKEN else (part,)


def _each(value: Any, spelled: Callable[[str], str]) -> Any:
    """Return a document with ``spelled`` applied to each text; keys and labels are names of ours and stay."""
    if isinstance(value, str):
        return spelled(value)
    if isinstance(value, dict):
        return {key: inner if key in ("label", "labels") else _each(inner, spelled) for key, inner in value.items()}
    return [_each(inner, spelled) for inner in value] if isinstance(value, (list, tuple)) else value


@lru_cache(maxsize=64)
def _without_glyph(letters: frozenset[str]) -> frozenset[str]:
    """Return the letters that no font has: the compiler names them, a few at a time."""
    asked, missing = {letter for letter in letters if ord(letter) > 0xFF and letter not in KEPT}, set()
    while asked:
        without = _named(sorted(asked)) & asked
        missing |= without
        if not without:
            break
        asked -= without
    return frozenset(missing)


def _named(letters: list[str]) -> set[str]:
    try:
        typst.compile(
            str(TEMPLATE / "probe.typ"),
            root=str(TEMPLATE),
            font_paths=fonts(),
            pdf_standards=STANDARDS,
            sys_inputs={"letters": json.dumps(letters)},
        )
    except typst.TypstError as error:
        message = _ESCAPED.sub(lambda code: chr(int(code[1], 16)), error.diagnostic)
        return {letter for text in _NAMED.findall(message) for letter in text} or set(letters)
    return set()
