"""Copies of one image: the pairs that tie cases together."""

import pandas as pd


def exact_copies(cases: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of cases with identical file content, as the study's pairs table.

    Each further copy is paired with the first case (by ``case_id``) of the same ``sha256``, so a content that
    appears m times gives m - 1 pairs, and the table grows with the data, not with its square.
    """
    known = cases.dropna(subset="sha256").sort_values("case_id")
    first = known.groupby("sha256")["case_id"].transform("first")
    copies = known["case_id"] != first
    return pd.DataFrame(
        {
            "case_a": first[copies].to_numpy(),
            "case_b": known.loc[copies, "case_id"].to_numpy(),
            "kind": "exact",
            "score": 1.0,
        }
    ).sort_values(["case_a", "case_b"], ignore_index=True)
