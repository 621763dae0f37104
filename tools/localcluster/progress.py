"""Progress on long work: a live table on a terminal, plain lines elsewhere."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress as Table
    from rich.progress import TaskID

HEARTBEAT_SECONDS = 30.0


class Step:
    """One running step; `note` says how far it is."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.started = time.monotonic()
        self.text = ""
        self.last_line = self.started

    @property
    def elapsed_seconds(self) -> float:
        return time.monotonic() - self.started

    def note(self, text: str) -> None:
        self.text = text


class Progress:
    """Shows steps as they start, run and end; safe to use from several threads."""

    def __init__(self, *, live: bool | None = None, quiet: bool = False) -> None:
        self._live = sys.stderr.isatty() if live is None else live
        self._quiet = quiet
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._steps: dict[Step, TaskID | None] = {}
        self._table: Table | None = None
        self._ended = threading.Event()
        self._ticker: threading.Thread | None = None

    def __enter__(self) -> Self:
        if self._quiet:
            return self
        if self._live:
            self._table = _table()
            self._table.start()
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        self._ticker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._ticker is not None:
            self._ticker.join()
        if self._table is not None:
            self._table.stop()

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Shows `title` while the block runs, and how long it took afterwards."""
        step = Step(title)
        with self._lock:
            task = self._table.add_task(title, note="") if self._table else None
            self._steps[step] = task
        ended = "failed"
        try:
            yield step
            ended = "done"
        finally:
            self._end(step, task, ended)

    def say(self, text: str) -> None:
        """One line of plain text between the steps."""
        if self._quiet:
            return
        if self._table is not None:
            self._table.console.print(text, markup=False, highlight=False)
        else:
            print(text, file=sys.stderr, flush=True)

    def _end(self, step: Step, task: "TaskID | None", ended: str) -> None:
        with self._lock:
            del self._steps[step]
            if self._table is not None and task is not None:
                self._table.remove_task(task)
        note = f": {step.text}" if step.text else ""
        mark = "" if ended == "done" else "FAILED "
        self._line(f"{mark}{step.title}{note} ({duration(step.elapsed_seconds)})")

    def _line(self, text: str) -> None:
        self.say(f"[{time.monotonic() - self._started:6.1f} s] {text}")

    def _tick(self) -> None:
        while not self._ended.wait(0.5):
            with self._lock:
                running = list(self._steps.items())
            for step, task in running:
                if self._table is not None and task is not None:
                    self._table.update(task, note=step.text)
                elif time.monotonic() - step.last_line > HEARTBEAT_SECONDS:
                    step.last_line = time.monotonic()
                    note = f": {step.text}" if step.text else ""
                    self._line(f"... {step.title}{note} ({duration(step.elapsed_seconds)})")


def _table() -> "Table":
    # Imported late: it costs 0.1 s, which `status` and a second `up` need not pay.
    from rich.console import Console
    from rich.progress import Progress as Table
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[note]}"),
    )
    return Table(*columns, console=Console(stderr=True), transient=True)


def duration(seconds: float) -> str:
    """Seconds as people say them: `0.4 s`, `12 s`, `3 min 05 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"
