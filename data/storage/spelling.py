"""What people write, brought to one form: text, missing values, names of splits and classes, paths."""

import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

UNSEEN: Final = "\ufeff\u200b\u200c\u200d\u2060"  # marks without width at the ends of a cell, such as that of UTF-8

# How tables say that a value is not known, in lower case; what pandas, R, SAS, SQL and spreadsheets write among it.
MISSING: Final = frozenset(
    {
        *("", "-", "--", "---", "\u2013", "\u2014", "_", "?", "??", ".", "..", "*", "\u2026"),
        *(
            "na",
            "n/a",
            "n.a.",
            "n.a",
            "n\\a",
            "#n/a",
            "#na",
            "<na>",
            "pd.na",
            "nan",
            "-nan",
            "nat",
            "none",
            "none none",
        ),
        *("null", "nil", "\\n", "na_character_", "na_integer_", "na_real_"),
        *("#value!", "#ref!", "#null!", "#div/0!", "#name?", "__hive_default_partition__"),
        *("unknown", "unk", "unspecified", "undefined", "undef", "undetermined", "n.k.", "n/k", "n/d", "n.d."),
        *("not known", "not available", "not applicable", "not recorded", "not specified", "not given", "not provided"),
        *("not reported", "not stated", "not found", "not determined", "not entered", "to be determined", "tbd", "tba"),
        *("missing", "no value", "no data", "nodata", "blank", "empty", "nothing", "placeholder", "dummy"),
        *("anonymous", "anon", "anonymized", "anonymised", "deidentified", "de identified", "redacted", "withheld"),
        *("no id", "noid", "without id", "no patient", "no patient id", "unknown patient", "patient unknown"),
        *("unknown id", "id unknown", "anonymous patient"),
        *("unbekannt", "keine angabe", "k.a.", "inconnu", "inconnue", "non disponible", "desconocido", "desconocida"),
        *("desconhecido", "no disponible", "sconosciuto", "onbekend", "ok\xe4nd", "ukendt", "ukjent", "tuntematon"),
        *("nieznany", "nezn\xe1m\xfd", "bilinmiyor", "\u043d\u0435\u0438\u0437\u0432\u0435\u0441\u0442\u043d\u043e"),
        *("\u672a\u77e5", "\u4e0d\u8be6", "\u4e0d\u660e", "\u65e0", "\u7121", "\u306a\u3057", "\ubbf8\uc0c1"),
        *("\u063a\u064a\u0631 \u0645\u0639\u0631\u0648\u0641", "\u05dc\u05d0 \u05d9\u05d3\u05d5\u05e2"),
        *("-1", "-9", "-99", "-999", "-9999", "-1.0", "-9.0", "-99.0", "-999.0", "-9999.0"),
    }
)

_AROUND: Final = "<>()[]{}\"'`"  # what a word for a missing value may stand in

_DIGIT: Final = re.compile(r"\d")
_BETWEEN_LETTERS: Final = re.compile(r"(?<=[^\W\d])[\s_-]+(?=[^\W\d])")

_SPLIT_WORDS: Final = {
    "train": ("train", "training", "trn", "learn", "learning", "fit", "tr"),
    "tuning": (
        *("tuning", "tune", "val", "vali", "valid", "validate", "validation", "vld", "internalvalidation"),
        *("dev", "devel", "development", "eval", "evaluate", "evaluation", "earlystopping"),
    ),
    "test": ("test", "testing", "tst", "ts", "holdout", "heldout", "internaltest", "blind"),
    "external": ("external", "ext", "externaltest", "externaltesting", "externalvalidation", "exttest", "extval"),
}
_SPLIT_OF: Final = {word: split for split, words in _SPLIT_WORDS.items() for word in words}
_AFTER: Final = (
    "dataset",
    "data",
    "set",
    "split",
    "images",
    "image",
    "imgs",
    "img",
    "scans",
    "cases",
    "folder",
    "part",
)


def plain(text: str) -> str:
    """Return text without blanks or unseen marks at its ends, accents composed (Unicode NFC)."""
    stripped = text.strip()
    if stripped.isascii():  # most text, and millions of numbers: no accents in it, and no unseen marks
        return stripped
    return unicodedata.normalize("NFC", stripped.strip(UNSEEN).strip())


def is_missing(text: str) -> bool:
    """Whether a value stands for one that is not known, such as ``NA``, ``nan``, ``unknown`` or ``-``."""
    written = plain(text).casefold()
    word = written.strip(_AROUND).strip()
    if not _DIGIT.search(word):  # no word for a missing value holds digits among letters, as millions of ids do
        word = _BETWEEN_LETTERS.sub(" ", word)
    return not {written, word, word.rstrip(".")}.isdisjoint(MISSING)


def split_of(word: str) -> str | None:
    """Return the split that a folder or a value names in any usual spelling: ``Validation``, ``val_set``, ``TEST``.

    The validation part of machine learning, which chooses among networks, is ``tuning`` here. None for other words.
    """
    letters = re.sub(r"[\W\d_]", "", plain(word).casefold())
    while letters not in _SPLIT_OF:
        shorter = next((letters.removesuffix(end) for end in _AFTER if letters.endswith(end)), "")
        if not shorter:
            return None
        letters = shorter
    return _SPLIT_OF[letters]


def named(word: str, names: Iterable[str]) -> str | None:
    """Return the one of ``names`` that a word spells: accents in either form, capitals only where that leaves one."""
    wanted, known = plain(word), list(names)
    same = [name for name in known if plain(name) == wanted]
    alike = same or [name for name in known if plain(name).casefold() == wanted.casefold()]
    return alike[0] if len(alike) == 1 else None


def relative_path(path: str) -> str:
    r"""Return a path with ``/`` between its parts and no part that leads nowhere: ``.\x\\a.jpg`` is ``x/a.jpg``."""
    written = plain(path).replace("\\", "/")
    return PurePosixPath(written).as_posix() if written else written
