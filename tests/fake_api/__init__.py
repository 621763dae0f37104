"""A small fake Kubernetes API server over real HTTP: quick, and able to misbehave on demand."""

from tests.fake_api.server import FakeApi, Fault, Seen

__all__ = ["FakeApi", "Fault", "Seen"]
