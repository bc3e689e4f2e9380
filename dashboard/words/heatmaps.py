"""What is said after heat maps were put into a study."""

from neuroval.data.study.heatmaps import Added


def added(added: Added, *, method: str) -> list[str]:
    """Return line by line what became of the maps."""
    lines = [
        f"study {added.study.path}  {added.cases:,} of {added.n:,} evaluated cases have a map, called {method}",
    ]
    if added.shrunk is not None and added.study.gradcam is not None:
        (height, width), cells = added.shrunk, added.study.gradcam.grid
        lines.append(
            f"Maps of up to {height:,} x {width:,} cells were brought to {cells[0]} x {cells[1]}, as fine as outlines."
        )
    if added.negative:
        lines.append(f"{added.negative:,} maps hold values below 0, which speak against the class: left out.")
    lines.append("The maps of a case are drawn relative to its strongest value: two cases cannot be compared by them.")
    lines.append(f"fingerprint {added.study.fingerprint}")
    return lines
