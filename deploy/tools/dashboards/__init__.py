"""Grafana's dashboards: described here, written to ``deploy/grafana/``, read back by Grafana's own types (main.go)."""
