module policywire.invalid/dashboards

go 1.26.8

tool policywire.invalid/dashboards

require github.com/grafana/grafana-foundation-sdk/go v0.0.22
