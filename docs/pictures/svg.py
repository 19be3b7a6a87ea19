"""What the drawings of the documentation share."""

from html import escape

STYLE = (
    "text{font-family:sans-serif;font-size:12.5px;fill:#222}"
    ".note{font-size:11px;fill:#666}.arrow{fill:none;stroke:#9aa3ad}.step{fill:#f6f7f9;stroke:#9aa3ad}"
)


def text(x: float, y: float, words: str, kind: str) -> str:
    return f'<text x="{x}" y="{y}" class="{kind}">{escape(words)}</text>'


def document(title: str, size: tuple[float, float], style: str, body: list[str]) -> str:
    width, height = size
    return "\n".join(
        [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" role="img">',
         f"<title>{escape(title)}</title>", f"<style>{STYLE}{style}</style>",
         f'<rect width="{width}" height="{height:.0f}" fill="#fff"/>', *body, "</svg>"]
    )
