"""The speaker that an answer comes out of, whatever happens to it: tried again, then the system's default one.

A busy card is often free a moment later, and one that is gone needn't take the answer with it: the clip is played whole
on the other. Knows nothing of words or files. Costs nothing while the speaker works.
"""

import asyncio
import logging
from collections.abc import Callable

from assistant.audio.devices import Wanted
from assistant.audio.speaker import SoundSpeaker
from assistant.errors import AudioDeviceError
from assistant.stages import AudioClip, Clock

RETRY_S = 0.3
RETURN_S = 10.0
_log = logging.getLogger(__name__)


class Outlet:
    """A Speaker made of speakers: `make` opens one on a device, None being the system's default.

    After a failure the default one is used for ten seconds before the wanted one is tried again.
    """

    def __init__(self, make: Callable[[Wanted], SoundSpeaker], wanted: Wanted, clock: Clock) -> None:
        self._clock = clock
        self._wanted = make(wanted)
        self._spare = make(None) if wanted not in (None, "") else None
        self._spared_until_s = 0.0
        self._latest: AudioClip | None = None  # None: stopped

    async def play(self, clip: AudioClip) -> None:
        """As a Speaker. Raises AudioDeviceError when no speaker takes the clip."""
        self._latest = clip
        if self._spare is not None and self._clock.now_s() < self._spared_until_s:
            await self._spare.play(clip)
            return
        try:
            await self._wanted.play(clip)
        except AudioDeviceError:
            await self._play_again(clip)

    async def _play_again(self, clip: AudioClip) -> None:
        """Unless it was stopped meanwhile, or another clip has come, whose place it would take."""
        await asyncio.sleep(RETRY_S)
        try:
            if self._latest is clip:
                await self._wanted.play(clip)
        except AudioDeviceError as e:
            if self._latest is not clip:
                return
            if self._spare is None:
                _log.warning("%s: something was not heard", e.message)
                raise
            _log.warning("%s; the default speaker is used instead", e.message)
            await self._spare.play(clip)
            self._spared_until_s = self._clock.now_s() + RETURN_S

    def stop(self) -> None:
        """Silence the clip that plays. Harmless when nothing plays."""
        self._latest = None
        for speaker in self._all():
            speaker.stop()

    def let_go(self) -> None:
        """Close what is open but doesn't play: PortAudio looks for new devices only then."""
        for speaker in self._all():
            speaker.let_go()

    async def aclose(self) -> None:
        """Free the devices; a clip that plays is cut off."""
        for speaker in self._all():
            await speaker.aclose()

    def _all(self) -> list[SoundSpeaker]:
        return [self._wanted, *([self._spare] if self._spare is not None else [])]
