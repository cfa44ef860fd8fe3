"""One page of plain words, before it is dressed as text, Markdown or HTML. Knows no policy and no format."""

from msgspec import Struct


class Points(Struct, frozen=True):
    """Sentences that stand on their own, one below the other."""

    items: tuple[str, ...]


class Rows(Struct, frozen=True):
    """A small table; ``notes`` stand directly beside it, for what must be read with it."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


class Section(Struct, frozen=True):
    """A heading and what stands under it."""

    heading: str
    body: Points | Rows

    def __bool__(self) -> bool:
        """Whether there is anything under the heading."""
        return bool(self.body.items if isinstance(self.body, Points) else self.body.rows)


class Page(Struct, frozen=True, kw_only=True):
    """A title, what matters most in a few sentences, and sections; a closing line says what it is worth."""

    title: str
    reader: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]
    closing: str
