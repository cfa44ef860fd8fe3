"""The page on settings (``deploy/settings.md``), made from the settings themselves. Knows them and Markdown."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policywire.stream.settings import Settings, variable

_HEAD: Final = """# Settings

Every setting of a worker. Made by `policywire settings > deploy/settings.md` from
`services/policywire/stream/settings.py`; a test fails when page and code differ.

The first that has a value wins: an option of the command line, a variable, a file of secrets, the settings file.

- A variable has the name below. One that nothing reads is refused, at the start and with all others at once.
- A file of secrets lies in the folder that `POLICYWIRE_SECRETS_DIR` names and is named as the variable, such as
  `POLICYWIRE_KAFKA__SASL_PASSWORD`; it holds the value alone. What is secret below belongs there.
- The settings file is the TOML file that `POLICYWIRE_SETTINGS` names: a table a group, names in small letters, so
  `POLICYWIRE_KAFKA__GROUP` is `group = "policywire"` under `[kafka]`.
"""
_BOUNDS: Final = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "maxLength": "no longer than"}


def page() -> str:
    """The page's text, to its last line's end."""
    schema = Settings.model_json_schema()
    return "\n".join([_HEAD, *(line for group in Settings.model_fields for line in _table(group, schema)), ""])


def _table(group: str, schema: Mapping[str, Any]) -> Iterator[str]:
    of_group = next(each for each in schema["$defs"].values() if each["title"] == _title(group))
    yield from (f"## {group}", "", of_group["description"], "")
    yield "| variable | default | may be | what it is |"
    yield "|---|---|---|---|"
    for name, field in of_group["properties"].items():
        may_be = _may_be(field)
        default = "must be given" if name in of_group.get("required", ()) else _default(field)
        yield f"| `{variable(group, name)}` | {default} | {may_be} | {field['description']} |"
    yield ""


def _title(group: str) -> str:
    annotation = Settings.model_fields[group].annotation
    return annotation.__name__ if annotation else group


def _default(field: Mapping[str, Any]) -> str:
    default = field.get("default")
    if default in {None, ""}:
        return "none"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _may_be(field: Mapping[str, Any]) -> str:
    kind = next((each for each in field.get("anyOf", ()) if each["type"] != "null"), field)
    if kind.get("writeOnly") or field.get("writeOnly"):
        return "**secret**"
    if "enum" in kind:
        return ", ".join(f"`{each}`" for each in kind["enum"])
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true`, `false`"}
    word = "path" if kind.get("format") == "path" else words[kind["type"]]
    return " ".join([word, *(f"{text} {kind[key]}" for key, text in _BOUNDS.items() if key in kind)])
