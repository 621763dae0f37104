"""Errands: bringing one pod to load the configuration that was written for it, beside the passes.

A changed Secret reaches a pod's volume after a minute or more, but at once when an annotation of
the pod changes; a reload that comes before the file does is lost, so it is asked for again.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import KW_ONLY, dataclass, field
from typing import Final

from vmoperator.apply.client import Client
from vmoperator.apply.clock import precise_now
from vmoperator.apply.orders import Order, Pace
from vmoperator.apply.programs import NoAnswer, Programs, Refusal
from vmoperator.base import labels
from vmoperator.base.errors import ApiError, NotFound
from vmoperator.base.resource import POD
from vmoperator.observe.loading import JOBS_PAGE, PAGES, Loading, Standing, is_refused, mark
from vmoperator.observe.pods import Pod
from vmoperator.observe.words import without_values

log = logging.getLogger(__name__)

# Pauses before each request; the kubelet swaps the files 0.1 s after the annotation.
_PAUSES_SECONDS: Final = (0.12, 0.08, 0.15, 0.3, 0.6, 1.2)
_LARGE_PAUSE_SECONDS: Final = 0.25
_LOOK_SECONDS_PER_MB: Final = 0.15
_LONGEST_LOOK_SECONDS: Final = 2.0
_GOING_WELL: Final = (Standing.LOADED, Standing.LOADING)
# Their pages are nothing but what they run, and may be megabytes.
_PLAIN: Final = ("vmagent", "vmsingle")
# Where nothing shows that the files were there, the last request counts; one more to be sure.
_LATE_SECONDS: Final = 3.0
# A program answers before it has read its files.
_LOOKS_SECONDS: Final = (0.01, 0.04, 0.1)
# Until then what was told before stays: most reloads are over.
LONG_SECONDS: Final = 5.0
_LONG_WORDS: Final = (
    "reads all of it anew, and takes long: a higher limit of CPU in spec.resources helps, or fewer"
    " objects, the others selected by a second parent"
)
# The metrics of VictoriaMetrics' programs may be a second old (lib/appmetrics).
_METRICS_AGE_SECONDS: Final = 1.1
_PAGE_SECONDS: Final = 5.0
_RETRY_SECONDS: Final = (2.0, 5.0, 10.0, 30.0, 60.0)


@dataclass(slots=True)
class Errand:
    """One pod and its order; `loading` says how far it is, `told` is called when that changes."""

    client: Client
    programs: Programs
    pod: Pod
    order: Order
    _: KW_ONLY
    slots: asyncio.Semaphore
    told: Callable[[], None]
    pace: Pace = field(default_factory=Pace)
    is_trusted: bool = True
    """Whether a pod that was told before this process knew of it is taken to have loaded it."""
    long_seconds: float = LONG_SECONDS
    """A reload that takes longer is told of while it goes on."""
    loading: Loading = field(init=False)
    _annotated: bool = field(init=False)
    _before: tuple[str, ...] = field(default=(), init=False)
    """What the program showed before it could have the new files; empty if that is not known."""
    _found: frozenset[str] = field(default=frozenset(), init=False)
    """Markers among the jobs that it showed last."""
    _is_proven: bool = field(default=True, init=False)
    _is_known: bool = field(default=False, init=False)
    """It is the program that answers at the address."""

    def __post_init__(self) -> None:
        self.loading = self._at(Standing.PENDING)
        self._annotated = self.pod.config == self.order.digest

    @property
    def _is_old_news(self) -> bool:
        return self.is_trusted and self.pod.config == self.order.digest

    async def run(self) -> None:
        """Return once the pod has loaded it; until then try again, after ever longer pauses."""
        for failures in itertools.count():
            try:
                async with self.slots:
                    self._tell(await self._outcome(self._tried()))
                if self.loading.standing is Standing.LOADED and self.pod.address:
                    self._tell(await self._outcome(self._looked_again()))
            except NotFound:
                return  # the pod is gone
            if self.loading.standing is Standing.LOADED:
                return
            await asyncio.sleep(_RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)])

    async def _outcome(self, trying: Awaitable[Loading]) -> Loading:
        try:
            return await trying
        except NotFound:
            raise
        except NoAnswer as silent:
            return self._at(Standing.UNREACHABLE, str(silent))
        except Refusal as refused:
            return self._at(Standing.FAILED, str(refused))
        except ApiError as refused:
            return self._at(Standing.FAILED, f"cannot be told: {refused}")

    async def _tried(self) -> Loading:
        if self._is_old_news and await self._runs_well():
            return self._at(Standing.LOADED)
        if not self._annotated:
            before = await self._annotate()
            if not self.pod.address:
                # It has not started yet: what it is going to read is there already.
                return self._at(Standing.LOADED)
            if isinstance(before, NoAnswer):
                raise before
            self._before = before
        return await self._urged()

    async def _annotate(self) -> tuple[str, ...] | NoAnswer:
        """Have the kubelet swap the files; what the program shows while it does not yet."""
        patch = {"metadata": {"annotations": {labels.CONFIG_HASH: self.order.digest}}}
        showing = asyncio.create_task(self._silence_or_shown())
        try:
            await self.client.patch(POD, self.pod.ref, patch)
            self._annotated = True
            return await showing
        finally:
            showing.cancel()

    async def _urged(self) -> Loading:
        """Ask again and again until the program shows that it has read the new files."""
        words, loop = "", asyncio.get_running_loop()
        await self._let_finish()
        patience_seconds = self.pace.patience_seconds(self.order.size_bytes)
        for pause_seconds in _PAUSES_SECONDS:
            if pause_seconds == _PAUSES_SECONDS[-1] and not words and self._runs_older_jobs:
                await self._nudge()
            least = _LARGE_PAUSE_SECONDS if patience_seconds else 0.0
            await asyncio.sleep(max(pause_seconds, least))
            asked = loop.time()
            self.pace.busy_until = asked + patience_seconds
            words = await self._reloaded()
            looks = _looks(0.0 if words else patience_seconds, self.order.size_bytes)
            for look_seconds in looks:
                await asyncio.sleep(look_seconds)
                if self._is_taken(await self._shown()):
                    self.pace.seconds, self.pace.busy_until = loop.time() - asked, 0.0
                    return self._at(Standing.LOADED)
                if loop.time() - asked > self.long_seconds:
                    self._tell(self._at(Standing.LOADING, _LONG_WORDS))
        if words:
            standing = Standing.REFUSED if await self._is_refused() else Standing.FAILED
            return self._at(standing, words)
        if self.order.marks or self._runs_older_jobs:
            return self._at(Standing.FAILED, "still runs an older configuration")
        self._is_proven = False
        return await self._looked_at_metrics()

    async def _let_finish(self) -> None:
        """Wait for what an errand before this one asked for: it must not be taken for ours."""
        left_seconds = self.pace.busy_until - asyncio.get_running_loop().time()
        if left_seconds > 0:
            await asyncio.sleep(left_seconds)
            self._before = await self._shown()

    async def _looked_again(self) -> Loading:
        """A second look at what was taken for loaded: the metrics are slow to say no."""
        if self.order.marks or self._is_old_news:
            return self.loading
        if not self._is_proven:
            await asyncio.sleep(_LATE_SECONDS)
            await self._reloaded()
        return await self._looked_at_metrics()

    async def _looked_at_metrics(self) -> Loading:
        await asyncio.sleep(_METRICS_AGE_SECONDS)
        if await self._is_refused():
            words = "refuses the configuration and goes on with what it had: its log says why"
            return self._at(Standing.REFUSED, words)
        return self._at(Standing.LOADED)

    async def _runs_well(self) -> bool:
        if self.order.marks:
            return self._is_taken(await self._shown())
        if self.order.markers is not None:
            await self._shown()
        return not self._runs_older_jobs and not await self._is_refused()

    @property
    def _runs_older_jobs(self) -> bool:
        return self.order.markers is not None and self._found != self.order.markers

    def _is_taken(self, marks: tuple[str, ...]) -> bool:
        if self.order.marks:
            return not self.order.marks.isdisjoint(marks)
        if self._runs_older_jobs:
            return False
        return bool(self._before) and marks != self._before

    async def _nudge(self) -> None:
        """Have the kubelet look once more: it may have looked before it knew of all Secrets."""
        patch = {"metadata": {"annotations": {labels.ASKED_AGAIN: precise_now()}}}
        await self.client.patch(POD, self.pod.ref, patch)

    async def _reloaded(self) -> str:
        """Ask once; what the program has against it, in its own words."""
        if not self._is_known:
            # Nobody else must be sent the key.
            await self.programs.metrics(self.order.address)
            self._is_known = True
        try:
            await self.programs.reload(self.order.address)
        except Refusal as refused:
            return without_values(str(refused), self.order.files)
        return ""

    async def _is_refused(self) -> bool:
        return is_refused(await self.programs.metrics(self.order.address))

    async def _silence_or_shown(self) -> tuple[str, ...] | NoAnswer:
        try:
            return await self._shown() if self.pod.address else ()
        except NoAnswer as silent:
            return silent

    async def _shown(self) -> tuple[str, ...]:
        marks = []
        for path in PAGES.get(self.order.program, ()):
            try:
                marks.append(await self._mark(path))
            except Refusal:
                marks.append("")  # a page that this program does not show
        return tuple(marks)

    async def _mark(self, path: str) -> str:
        if self.order.program not in _PLAIN:
            return mark(await self.programs.page(self.order.address, path))
        seconds = _PAGE_SECONDS + self.pace.patience_seconds(self.order.size_bytes)
        if path == JOBS_PAGE:
            self._found = frozenset()
        shown = await self.programs.jobs(self.order.address, path, seconds=seconds)
        self._found |= shown.markers
        return shown.digest

    def _at(self, standing: Standing, words: str = "") -> Loading:
        return Loading(pod=self.pod.ref.name, standing=standing, words=words)

    def _tell(self, loading: Loading) -> None:
        if loading == self.loading:
            return
        self.loading = loading
        is_loaded = loading.standing is Standing.LOADED
        log.log(
            logging.INFO if loading.standing in _GOING_WELL else logging.WARNING,
            "pod %s: %s (%s)",
            self.pod.ref.name,
            "configuration loaded" if is_loaded else loading.words,
            self.order.digest,
            extra={"ref": self.pod.parent},
        )
        self.told()


def _looks(patience_seconds: float, size_bytes: int) -> Iterator[float]:
    """Pauses before each look: short ones, then such that looking costs little, to the end of the
    patience."""
    yield from _LOOKS_SECONDS
    pause = min(max(0.1, size_bytes / 1e6 * _LOOK_SECONDS_PER_MB), _LONGEST_LOOK_SECONDS)
    spent = sum(_LOOKS_SECONDS)
    while spent < patience_seconds:
        yield pause
        spent += pause
