"""Why the demo cannot go on; the text says what to do."""


class DemoFailed(Exception):
    """A step did not work."""
