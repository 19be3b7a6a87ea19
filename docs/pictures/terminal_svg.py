"""Turns the coloured output of a command (standard input) into an SVG of a terminal: terminal_svg.py TITLE [COLUMNS]."""

import io
import re
import sys

from rich.console import Console
from rich.text import Text

# Columns of the picture. The commands of mtd fold their lines at 110.
WIDTH = int(sys.argv[2]) if len(sys.argv) > 2 else 112

console = Console(record=True, width=WIDTH, file=io.StringIO())
console.print(Text("$ " + sys.argv[1], style="bold"))
console.print(Text.from_ansi(sys.stdin.read().rstrip()))
svg = console.export_svg(title=sys.argv[1], unique_id="mtd")
# A picture fetches nothing: the viewer's own monospace font serves.
svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL).replace("Fira Code", "DejaVu Sans Mono")
svg = re.sub(r"<!-- .*? -->\s*", "", svg).replace("<svg ", '<svg xml:space="preserve" ', 1)
print(svg.replace("&#160;", " "))
