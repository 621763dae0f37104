"""A small fake Kubernetes API server over real HTTP: quick, and able to misbehave on demand."""

from tests.fake_api.server import Denied, FakeApi, Fault, Seen

__all__ = ["Denied", "FakeApi", "Fault", "Seen"]
