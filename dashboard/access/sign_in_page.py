"""The page that stands in the place of every other until somebody has signed in: plain HTML, no script, no socket."""

from collections.abc import Mapping
from html import escape
from typing import Final

from neuroval.dashboard.figures.palette import DARK, LIGHT
from neuroval.dashboard.words import sign_in as words

TEMPLATE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{heading}</title>
<style>
:root {{ color-scheme: light dark; {light} }}
@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}
body {{ background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; margin: 0; }}
main {{ margin: 15vh auto 0; max-width: 32rem; padding: 0 1.5rem; }}
h1 {{ font-size: 1.75rem; font-weight: 600; }}
a {{ background: var(--accent); border-radius: 4px; color: var(--on-accent); display: inline-block; margin-top: 0.5rem;
  padding: 0.5rem 1rem; text-decoration: none; }}
</style>
</head>
<body>
<main>
<p>{heading}</p>
<h1>{title}</h1>
{lines}
{link}
</main>
</body>
</html>
"""
SIGN_IN: Final = "/sign-in"
SIGN_OUT: Final = "/auth/logout"


def page(*lines: str, address: str = "", label: str = "") -> str:
    """Return the page with these lines, and one link if its address is given."""
    return TEMPLATE.format(
        light=_properties(LIGHT),
        dark=_properties(DARK),
        heading=escape(words.HEADING),
        title=escape(words.TITLE),
        lines="\n".join(f"<p>{escape(line)}</p>" for line in lines),
        link=f'<a href="{escape(address)}">{escape(label)}</a>' if address else "",
    )


def _properties(colours: Mapping[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())
