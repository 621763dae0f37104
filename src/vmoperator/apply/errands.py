"""Errands: bringing one pod to load the configuration that was written for it, beside the passes.

A changed Secret reaches a pod's volume after a minute or more, but at once when an annotation of
the pod changes; a reload that comes before the file does is lost, so it is asked for again.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field
from typing import Final

from vmoperator.apply.client import Client
from vmoperator.apply.clock import precise_now
from vmoperator.apply.orders import Asked, Order, Pace
from vmoperator.apply.programs import NoAnswer, Programs, Refusal
from vmoperator.apply.showing import shown
from vmoperator.base import labels
from vmoperator.base.errors import ApiError, NotFound
from vmoperator.base.resource import POD
from vmoperator.observe.loading import Loading, Shown, Standing, is_refused
from vmoperator.observe.pods import Pod
from vmoperator.observe.words import without_values

log = logging.getLogger(__name__)

# Pauses before each request; the kubelet swaps the files 0.1 s after the annotation.
_PAUSES_SECONDS: Final = (0.12, 0.08, 0.15, 0.3, 0.6, 1.2)
_LARGE_PAUSE_SECONDS: Final = 0.25
_GOING_WELL: Final = (Standing.LOADED, Standing.LOADING)
# Where nothing shows that the files were there, the last request counts; one more to be sure.
_LATE_SECONDS: Final = 3.0
# Until then what was told before stays: most reloads are over.
LONG_SECONDS: Final = 5.0
_WAITS_WORDS: Final = "waits to be asked: the operator asks so many pods at a time"
_BUSY_WORDS: Final = "still reads what was written before: it is asked when it is done"
_LONG_WORDS: Final = (
    "reads all of it anew, and takes long: a higher limit of CPU in spec.resources helps, or fewer"
    " objects, the others selected by a second parent"
)
_SHARD_WORDS: Final = "; shards divide the targets, not the reading"
# The metrics of VictoriaMetrics' programs may be a second old (lib/appmetrics).
_METRICS_AGE_SECONDS: Final = 1.1
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
    """What takes longer is told of while it goes on."""
    loading: Loading = field(init=False)
    _annotated: bool = field(init=False)
    _before: Shown = field(default_factory=Shown, init=False)
    """What the program showed before it could have the new files; empty if that is not known."""
    _found: Shown = field(default_factory=Shown, init=False)
    """What it showed last."""
    _waits: str = field(default=_WAITS_WORDS, init=False)
    """What it waits for, in words."""
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
        loop = asyncio.get_running_loop()
        late = loop.call_later(self.long_seconds, self._tell_waiting)
        try:
            await self._tried_again_and_again()
        finally:
            late.cancel()

    async def _tried_again_and_again(self) -> None:
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

    async def _annotate(self) -> Shown | NoAnswer:
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
        if await self._has_it_already():
            return self._at(Standing.LOADED)
        words: str | None = ""
        self._waits = self._long_words
        patience_seconds = self.pace.patience_seconds(self.order.size_bytes)
        for pause_seconds in _PAUSES_SECONDS:
            if pause_seconds == _PAUSES_SECONDS[-1] and not words and self._runs_older_jobs:
                await self._nudge()
            least = _LARGE_PAUSE_SECONDS if patience_seconds else 0.0
            await asyncio.sleep(max(pause_seconds, least))
            words = await self._objections(patience_seconds)
            if words is None:
                return self._at(Standing.LOADED)
        if words:
            standing = Standing.REFUSED if await self._is_refused() else Standing.FAILED
            return self._at(standing, words)
        if self.order.marks or (self._runs_older_jobs and not await self._is_refused()):
            return self._at(Standing.FAILED, "still runs an older configuration")
        self._is_proven, self._waits = False, ""
        return await self._looked_at_metrics()

    async def _objections(self, patience_seconds: float) -> str | None:
        """Ask once, and look; None once the program shows that it runs it, else its own words."""
        asked = Asked(self.order, self._before)
        began = asyncio.get_running_loop().time()
        self.pace.asked, self.pace.busy_until = asked, began + patience_seconds
        words = await self._reloaded()
        patience_seconds = 0.0 if words else patience_seconds
        for look_seconds in self.pace.looks(patience_seconds, self.order.size_bytes):
            await asyncio.sleep(look_seconds)
            is_taken = self.order.is_taken(await self._shown(asked), self._before)
            spent_seconds = asyncio.get_running_loop().time() - began
            if is_taken:
                self.pace.seconds, self.pace.busy_until = spent_seconds, 0.0
                return None
            if spent_seconds > self.long_seconds:
                self._tell(self._at(Standing.LOADING, self._long_words))
        return words

    @property
    def _long_words(self) -> str:
        return _LONG_WORDS + (_SHARD_WORDS if self.order.program == "vmagent" else "")

    async def _has_it_already(self) -> bool:
        """Wait for what an errand before this one asked for: it must not be taken for ours, unless
        the program found our files when it read."""
        asked = self.pace.asked
        left_seconds = self.pace.busy_until - asyncio.get_running_loop().time()
        if asked is None or left_seconds <= 0:
            self._before = self._before if self._before.pages else await self._shown()
            return False
        self._waits = _BUSY_WORDS
        for look_seconds in self.pace.looks(left_seconds, self.order.size_bytes):
            await asyncio.sleep(look_seconds)
            with suppress(NoAnswer):
                if asked.is_over(await self._shown(asked)):
                    break
        self.pace.busy_until = 0.0
        read = self._found
        self._before = await self._shown()
        return asked.order.is_told_by_jobs(self.order) and self.order.is_taken(read, asked.before)

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
            return self.order.is_taken(await self._shown(), Shown())
        if self.order.markers is not None:
            await self._shown()
        return not self._runs_older_jobs and not await self._is_refused()

    @property
    def _runs_older_jobs(self) -> bool:
        return self.order.is_older(self._found)

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

    async def _silence_or_shown(self) -> Shown | NoAnswer:
        try:
            return await self._shown() if self.pod.address else Shown()
        except NoAnswer as silent:
            return silent

    async def _shown(self, asked: Asked | None = None) -> Shown:
        asked = asked or Asked(self.order, Shown())
        patience_seconds = self.pace.patience_seconds(self.order.size_bytes)
        self._found = await shown(self.programs, asked, patience_seconds=patience_seconds)
        return self._found

    def _at(self, standing: Standing, words: str = "") -> Loading:
        return Loading(pod=self.pod.ref.name, standing=standing, words=words)

    def _tell_waiting(self) -> None:
        if self.loading.standing is Standing.PENDING and self._waits:
            self._tell(self._at(Standing.LOADING, self._waits))

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
