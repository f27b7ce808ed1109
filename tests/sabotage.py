"""`python -m tests.sabotage FAULT run ...`: the command with a fault in its model thread, at the first reply.

`crash`: native code reads where nothing is. `hang`: a native call never returns; patience is
short. `none`: nothing. The microphone is a recording at real time: a command, again every minute.
"""

import asyncio
import ctypes
import sys
from collections.abc import AsyncIterator
from typing import Self

import numpy as np

from assistant import cli, conversation, runs
from assistant.audio.mic import Microphone
from assistant.llm import worker
from assistant.llm.ledger import Ledger
from assistant.llm.patience import Patience
from assistant.stages import CHUNK_MS, CHUNK_SAMPLES, AudioChunk
from tests.faults import command, quiet


class Recording(Microphone):
    """In the place of the microphone."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def heard_s(self, start_sample: int) -> float:
        """No device, no time of its own: nothing that was played is in it."""
        return 0.0

    async def __aiter__(self) -> AsyncIterator[AudioChunk]:
        start = self._start_sample
        while True:
            sound = np.concatenate([quiet(4), command(), quiet(47)])
            for at in range(0, len(sound), CHUNK_SAMPLES):
                await asyncio.sleep(CHUNK_MS / 1000)
                yield AudioChunk(sound[at : at + CHUNK_SAMPLES], start)
                start += CHUNK_SAMPLES


def crash(*_: object) -> None:
    """End the process as a defect in native code would: read where nothing is."""
    ctypes.string_at(0)


def hang(*_: object) -> None:
    """Never return, and look at no abort flag."""
    ctypes.CDLL(None).sleep(1_000_000)


def main() -> None:
    """Build the fault in and run the command."""
    fault = {"crash": crash, "hang": hang, "none": None}[sys.argv.pop(1)]
    if fault is not None:
        Ledger._reply = fault  # type: ignore[method-assign, assignment]
        conversation.LAST_WORDS_MS = 200_000.0  # the machine may be busy
        worker.Patience = lambda: Patience(3.0, 1.0)  # type: ignore[misc, assignment, attr-defined]
    runs.Microphone = Recording  # type: ignore[attr-defined]
    cli.main()


if __name__ == "__main__":
    main()
