"""vmoperator: a Kubernetes operator that runs VictoriaMetrics."""

__version__ = "0.1.0"
