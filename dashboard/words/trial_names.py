"""What interventions, corruptions and baselines are called."""

from typing import Final

FILLED: Final = {
    "remove_telea": "From its rim inwards (Telea)",
    "remove_harmonic": "Smoothly (harmonic)",
    "remove_hemisphere": "From the other hemisphere",
    "blank": "With one grey",
}
CORRUPTIONS: Final = {
    "rician_noise": "Noise",
    "bias_field": "Uneven brightness",
    "ghosting": "Ghosting",
    "motion": "Motion",
    "low_resolution": "Low resolution",
    "blur": "Blur",
    "gamma": "Changed greys (gamma)",
    "low_contrast": "Low contrast",
    "turn": "Turned",
    "shift": "Shifted",
    "zoom_crop": "Zoomed and cropped",
    "jpeg": "JPEG compression",
}
REPEATS: Final = {"repeat_shift": "shifted by a few pixels", "repeat_turn": "turned by two degrees"}
BASELINES: Final = {
    "grey": "Mean and spread of its grey values",
    "file": "The size of its file",
    "size": "Its width and height",
    "pattern": "Its coarse pattern (64 bits)",
    "together": "All of these together",
    "source": "Its source",
    "plane": "Its plane",
    "site": "Its site",
    "file_format": "Its file format",
}
PICTURES: Final = {
    "none": "The scan as it is",
    "remove_telea": "Tumour removed",
    "remove_harmonic": "Tumour removed",
    "keep_only": "Tumour alone",
    "move": "Tumour moved",
}


def within(name: str) -> str:
    """Return a name as it stands within a sentence; an abbreviation keeps its capitals."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]
