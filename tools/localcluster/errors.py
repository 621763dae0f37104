"""What can go wrong, each with what to do about it."""


class ClusterError(Exception):
    """A step failed; the text names the thing and says what to do."""


class MachineNotReady(ClusterError):
    """The machine lacks something: rights, a program, a kernel feature, space."""


class BuildFailed(ClusterError):
    """A program could not be built from its Go module."""


class PartFailed(ClusterError):
    """A process of the cluster ended or did not become ready in time."""
