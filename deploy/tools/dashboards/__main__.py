"""``python -m deploy.tools.dashboards``: write Grafana's dashboards to ``deploy/grafana/``."""

import json
from pathlib import Path

from deploy.tools.dashboards.business import BUSINESS
from deploy.tools.dashboards.grafana import document
from deploy.tools.dashboards.operations import OPERATIONS

FOLDER = Path(__file__).parents[2] / "grafana"


def texts() -> dict[str, str]:
    """The files, by name."""
    made = {"operations.json": OPERATIONS, "business.json": BUSINESS}
    return {name: json.dumps(document(dashboard), indent=2) + "\n" for name, dashboard in made.items()}


if __name__ == "__main__":
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
