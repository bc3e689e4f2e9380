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
        *("", "-", "--", "---", "\u2013", "\u2014", "?", "??", ".", "..", "*"),
        *("na", "n/a", "n.a.", "n.a", "#n/a", "#na", "<na>", "nan", "-nan", "nat", "none", "null", "nil", "\\n"),
        *("unknown", "unk", "not known", "not available", "not applicable", "not recorded", "not specified"),
        *("unspecified", "undefined", "missing", "no value", "#value!", "#ref!", "#null!"),
        *("anonymous", "anon", "anonymized", "anonymised", "deidentified", "de identified", "redacted", "withheld"),
        *(
            "not given",
            "not provided",
            "not reported",
            "not stated",
            "not known",
            "not found",
            "to be determined",
            "tbd",
        ),
        *("no id", "without id", "no patient", "unknown patient", "patient unknown", "unknown id", "n.k."),
        *(
            "blank",
            "empty",
            "nothing",
            "undef",
            "n\\a",
            "na_character_",
            "na_integer_",
            "na_real_",
            "#div/0!",
            "#name?",
        ),
        *("unbekannt", "inconnu", "inconnue", "desconocido", "sconosciuto", "onbekend", "__hive_default_partition__"),
        *("-1", "-9", "-99", "-999", "-9999", "-1.0", "-9.0", "-99.0", "-999.0", "-9999.0"),
    }
)

_AROUND: Final = "<>()[]{}\"'`"  # what a word for a missing value may stand in

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
    return unicodedata.normalize("NFC", text.strip().strip(UNSEEN).strip())


def is_missing(text: str) -> bool:
    """Whether a value stands for one that is not known, such as ``NA``, ``nan``, ``unknown`` or ``-``."""
    written = plain(text).casefold()
    word = re.sub(r"(?<=[^\W\d])[\s_-]+(?=[^\W\d])", " ", written.strip(_AROUND).strip())
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
