"""A page as text, Markdown or HTML. Knows the formats; nothing of policies."""

import re
from collections.abc import Iterator
from html import escape
from textwrap import wrap
from typing import Final

from policywire.workbench.brief.page import Page, Points, Rows, Section

TEXT_WIDTH: Final = 100
CELL_MIN: Final = 24
"""Narrower, and a cell is a column of single words."""

_CODE: Final = re.compile(r"`([^`]+)`")

_STYLE: Final = """
  @page { size: Letter; margin: 12mm }
  :root { color-scheme: light dark }
  body { font: 10pt/1.3 system-ui, sans-serif; margin: 2em auto; max-width: 52em; padding: 0 1em }
  h1 { font-size: 1.4em; margin: 0 0 .2em } h2 { font-size: 1.1em; margin: .7em 0 .2em }
  p, ul { margin: .2em 0 } ul { padding-left: 1.3em }
  table { border-collapse: collapse; width: 100% }
  th, td { text-align: left; vertical-align: top; padding: .12em .5em .12em 0; border-bottom: 1px solid #8888 }
  td:first-child { overflow-wrap: anywhere }
  .reader, footer { color: GrayText } .notes { border-left: 3px solid #c60; padding-left: .6em; margin-top: .4em }
  @media print { body { font-size: 8.4pt; line-height: 1.22; margin: 0; max-width: none; padding: 0 } }
"""


def as_text(page: Page) -> str:
    """Text of at most 100 columns."""
    return "\n".join(_text(page)) + "\n"


def as_markdown(page: Page) -> str:
    """Markdown with tables."""
    return "\n".join(_markdown(page)) + "\n"


def as_html(page: Page) -> str:
    """One HTML file that needs nothing else and prints on one page."""
    lead = " ".join(page.lead)
    sections = "\n".join(_html_section(section) for section in page.sections)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(page.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{escape(page.title)}</h1>\n<p class="reader">For: {escape(page.reader)}</p>\n<p>{escape(lead)}</p>\n'
        f"{sections}\n</main>\n<footer><p>{escape(page.closing)}</p></footer>\n</body>\n</html>\n"
    )


def _text(page: Page) -> Iterator[str]:
    yield page.title
    yield "=" * min(len(page.title), TEXT_WIDTH)
    yield from wrap(f"For: {page.reader}. {' '.join(page.lead)}", TEXT_WIDTH)
    for section in page.sections:
        yield ""
        yield section.heading
        if isinstance(section.body, Points):
            yield from _text_points(section.body.items)
        else:
            yield from _text_rows(section.body)
    yield ""
    yield from wrap(page.closing, TEXT_WIDTH)


def _text_points(items: tuple[str, ...]) -> Iterator[str]:
    for item in items:
        yield from wrap(item, TEXT_WIDTH, initial_indent="- ", subsequent_indent="  ")


def _text_rows(rows: Rows) -> Iterator[str]:
    """Columns side by side, each cell wrapped in its share of the width."""
    columns = list(zip(rows.header, *rows.rows, strict=True))
    widths = _shares(columns)
    for row in (rows.header, *rows.rows):
        cells = [wrap(cell, width) or [""] for cell, width in zip(row, widths, strict=True)]
        for number in range(max(map(len, cells))):
            parts = (cell[number] if number < len(cell) else "" for cell in cells)
            yield "  " + "  ".join(part.ljust(width) for part, width in zip(parts, widths, strict=True)).rstrip()
    yield from _text_points(rows.notes)


def _shares(columns: list[tuple[str, ...]]) -> list[int]:
    """Each column's width: what it wants where there is room; else those that want most share it by their text."""
    wanted = [max(map(len, column)) for column in columns]
    room = TEXT_WIDTH - 2 * len(columns)
    if sum(wanted) <= room:
        return wanted
    wide = [number for number, width in enumerate(wanted) if width > room // len(columns)]
    left = room - sum(width for number, width in enumerate(wanted) if number not in wide)
    text = {number: sum(map(len, columns[number])) for number in wide}
    shares = [
        min(width, max(CELL_MIN, left * text[number] // sum(text.values()))) if number in wide else width
        for number, width in enumerate(wanted)
    ]
    # What the narrowest were given beyond their share comes from the widest.
    shares[shares.index(max(shares))] -= max(0, sum(shares) - room)
    return shares


def _markdown(page: Page) -> Iterator[str]:
    yield f"# {page.title}"
    yield f"*For: {page.reader}.* {' '.join(page.lead)}"
    for section in page.sections:
        yield ""
        yield f"## {section.heading}"
        if isinstance(section.body, Points):
            yield from (f"- {item}" for item in section.body.items)
            continue
        yield f"| {' | '.join(section.body.header)} |"
        yield f"|{'---|' * len(section.body.header)}"
        for row in section.body.rows:
            yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
        if section.body.notes:
            yield ""
            yield from (f"- {note}" for note in section.body.notes)
    yield ""
    yield page.closing


def _html_section(section: Section) -> str:
    heading = f"<h2>{escape(section.heading)}</h2>"
    if isinstance(section.body, Points):
        return f"<section>{heading}\n{_html_list(section.body.items)}</section>"
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in section.body.header)
    body = "\n".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in section.body.rows)
    notes = f'<div class="notes">{_html_list(section.body.notes)}</div>' if section.body.notes else ""
    table = f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"
    return f"<section>{heading}\n{table}{notes}</section>"


def _html_list(items: tuple[str, ...]) -> str:
    return "<ul>\n" + "\n".join(f"<li>{_html_text(item)}</li>" for item in items) + "\n</ul>"


def _html_text(text: str) -> str:
    """Text with what stands between backticks as code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))
