"""The page on settings and the settings say the same."""

from pathlib import Path

from click.testing import CliRunner
from pydantic import BaseModel

from policywire.cli import main
from policywire.stream.settings import Settings, variable

PAGE = Path(__file__).parents[3] / "deploy" / "settings.md"


def test_the_page_is_what_the_command_prints_and_has_every_setting() -> None:
    printed = CliRunner().invoke(main, ["settings"], catch_exceptions=False)
    assert PAGE.read_text() == printed.output, "run: policywire settings > deploy/settings.md"
    for group, field in Settings.model_fields.items():
        assert isinstance(field.annotation, type)
        assert issubclass(field.annotation, BaseModel)
        for name, setting in field.annotation.model_fields.items():
            assert setting.description, f"{group}.{name} is not described"
            assert f"| `{variable(group, name)}` |" in printed.output
            assert ("SecretStr" in str(setting.annotation)) == (
                "**secret**" in printed.output.split(f"`{variable(group, name)}` |")[1].splitlines()[0]
            )
