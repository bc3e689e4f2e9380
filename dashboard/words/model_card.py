"""Every sentence about what the model is for and what not; what the study says of it comes from its description."""

from neuroval.data.study.manifest import About, Manifest
from neuroval.model.card import REGULATORY

REGULATORY_STATUS = REGULATORY
NOT_RECORDED = "Not recorded in this study."
NO_MODEL = "The predictions of this study were imported: it holds no model."


def answer(about: About) -> str:
    """Return the answer of the page: what the model is for, as the study says."""
    return about.intended_use or "The study does not say what the model is for."


def lists(about: About) -> list[tuple[str, tuple[str, ...]]]:
    """Return what the study says in lists, by title."""
    return [
        ("Not for", about.contraindications),
        ("Modalities", about.modalities),
        ("Limitations", about.limitations),
    ]


def fact_rows(manifest: Manifest) -> list[dict[str, str]]:
    """Return what identifies model and data as table rows."""
    facts = {"Classes": ", ".join(manifest.classes.display[name] for name in manifest.classes.names)}
    if manifest.model is not None:
        model = manifest.model
        facts |= {"Model": model.name, "Version": model.version, "sha256 of the network": model.sha256}
    data = manifest.data
    facts |= {"Data set": data.name, "Licence": data.licence, "Source": data.source_url, "Citation": data.citation}
    return [{"Fact": name, "Value": value} for name, value in facts.items() if value]
