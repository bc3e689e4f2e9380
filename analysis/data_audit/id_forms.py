"""Patient ids that differ only in how they are written: perhaps one patient, counted as two."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import pandas as pd

from neuroval.analysis.core.finding import Finding
from neuroval.analysis.data_audit.training_overlap import FITTED_ON

# Words before a number that say no more than that it is an id: P7 is 7.
PREFIXES: Final = frozenset(
    {"p", "pt", "pat", "patient", "patientid", "pid", "subj", "subject", "sub", "case", "id", "nr", "no"}
)
TOKENS: Final = re.compile(r"[^\W\d_]+|\d+")
NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d*)?(?:e[+-]?\d{1,2})?")
THOUSANDS: Final = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.0*)?")
MIDNIGHT: Final = re.compile(r"(?<=\d)[t ]00:00(?::00(?:\.0+)?)?(?:z|[+-]00:?00)?$")  # a date that became a time
EXACT: Final = 2**53  # the largest whole number up to which a float holds each one
POWER: Final = re.compile(r"[+-]?\d(?:[.,]\d+)?[eE]\+?\d{2,}")  # 7.20576E+17: how a spreadsheet shows a long number


@dataclass(frozen=True, slots=True, kw_only=True)
class IdForms:
    """What is odd about how patient ids are written.

    ``alike`` are sets of ids that differ only in form, such as 7, 007, 7.0, P7 and p7, in their order. ``across``
    counts the evaluated cases with such an id of which another form is in the data the model was fitted on, ``n`` the
    evaluated cases. ``powers`` are ids written as a power of ten, or as a float beyond 2**53, whose last digits are
    lost: different patients may look like one.
    """

    alike: tuple[tuple[str, ...], ...]
    across: int
    n: int
    powers: tuple[str, ...]


def forms_of_ids(cases: pd.DataFrame, *, split: str = "test") -> IdForms:
    """Return the patient ids of all ``cases`` that differ only in form, and what that may hide in ``split``."""
    ids = cases["patient_id"]
    known = sorted(ids.dropna().unique())
    by_form: dict[tuple[str, ...], list[str]] = {}
    for patient_id in known:
        by_form.setdefault(_form(patient_id), []).append(patient_id)
    alike = {form: tuple(written) for form, written in by_form.items() if len(written) > 1}
    group_of = {patient_id: written for written in alike.values() for patient_id in written}
    fitted = set(ids[cases["split"].isin(FITTED_ON)].dropna().unique())
    hidden = {
        spelling
        for spelling, written in group_of.items()
        if any(other != spelling and other in fitted for other in written)
    }
    evaluated = ids[cases["split"] == split]
    return IdForms(
        alike=tuple(alike.values()),
        across=int(evaluated.isin(hidden).sum()),
        n=len(evaluated),
        powers=tuple(patient_id for patient_id in known if _lost_digits(patient_id)),
    )


def _lost_digits(written: str) -> bool:
    whole = re.fullmatch(r"(\d{1,17})\.0", written)
    return POWER.fullmatch(written) is not None or (whole is not None and int(whole[1]) > EXACT)


def _form(written: str) -> tuple[str, ...]:
    """Return what an id is without its form: no capitals, no zeros in front, no ``.0``, no word such as ``patient``.

    1e5, 100,000 and 100000 are one number, and a date is the same with midnight behind it.
    """
    text = written
    if not text.isascii():  # digits of any script; hundreds of thousands of ids have none but ours
        text = "".join(str(unicodedata.decimal(letter, letter)) for letter in unicodedata.normalize("NFKC", text))
    text = text.casefold().strip()
    text = MIDNIGHT.sub("", text)
    text = text.replace(",", "" if THOUSANDS.fullmatch(text) else ".")
    if NUMBER.fullmatch(text) and (number := Decimal(text)) == number.to_integral_value():
        text = f"{number:f}".partition(".")[0]
    parts = [part.lstrip("0") or "0" if part.isdigit() else part for part in TOKENS.findall(text)]
    if len(parts) > 1 and parts[0] in PREFIXES and parts[1].isdigit():
        del parts[0]
    return tuple(parts) or (text,)


def forms_differ(ids: IdForms | None, *, split: str) -> Finding | None:
    """Return that ids differ only in form, critical where that may hide a patient on both sides; else none."""
    if ids is None or not ids.alike:
        return None
    return Finding(
        code="ids_differ_in_form",
        severity="critical" if ids.across else "warning",
        check="id_forms",
        page="data_set",
        count=ids.across or len(ids.alike),
        n=ids.n if ids.across else None,
        facts={"split": split, "alike": len(ids.alike), "such_as": ids.alike[0]},
    )


def digits_lost(ids: IdForms | None) -> Finding | None:
    """Return how many ids have lost digits, none when no id is."""
    if ids is None or not ids.powers:
        return None
    return Finding(
        code="ids_cut_short",
        severity="critical",
        check="id_forms",
        page="data_set",
        count=len(ids.powers),
        n=None,
        facts={"such_as": ids.powers[0]},
    )
