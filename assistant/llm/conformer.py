"""Sound -> rows for the decoder while it comes in: Gemma 4's audio encoder with a state instead of a context.

The encoder is causal, so hops of any size give the rows that mtmd gives for the whole sound, on x86-64 to the bit.
Knows no decoder. E2B's shapes (Q8_0), one thread: a second of sound takes 0.22 s of processor time in hops of 12
tokens, 0.27 s in hops of 8, 0.34 s of 4; mtmd takes 0.19 s in one go. It begins anew every 30 s; a stream doesn't.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.llm import mel
from assistant.llm.conformer_file import ConformerFile
from assistant.llm.conformer_graph import (
    BLOCK,
    DISTANCES,
    FRAMES,
    FRAMES_PAST,
    WINDOW,
    Place,
    Ports,
    Weights,
    build,
    build_positions,
    position_table,
)
from assistant.llm.ggml import FLOAT_BYTES, Graph, Memory, Processor, zeros
from assistant.stages import Pcm

TOKEN_SAMPLES = 640
HOPS = (2, 4, 6, 8, 10, 12)  # even: matrices of one column are multiplied in another order, with other bits
SHORTEST_SOUND = 1600  # mtmd is given zeros behind what is shorter

Rows = NDArray[np.float32]  # (tokens, width)


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A stream's state, for `restore`: 1.3 MB on E2B's shapes."""

    state: NDArray[np.uint8]
    frames: mel.Frames
    samples: Pcm
    heard: int
    encoded: int
    ended: bool


class Conformer:
    """The streaming audio encoder of one mmproj file: weights, graphs, and one stream's state.

    `layers`: only so many, and what the last of them gives are the rows: how it sounds rather than what it means.
    One caller at a time, from any thread. Raises ModelMissing, ModelDamaged, and ModelError for tensor types or a
    llama-cpp-python that it can't use.
    """

    def __init__(self, mmproj: Path, *, threads: int = 1, layers: int | None = None) -> None:
        self._file = ConformerFile(mmproj)
        self._sizes = sizes = self._file.sizes if layers is None else self._file.sizes_of(layers)
        self.width: int = sizes.rows
        self._log_mel = mel.LogMel()
        longest = HOPS[-1]
        blocks = Place(longest, BLOCK - 2).blocks
        self._ports = Ports(
            frames=_floats((FRAMES * longest + FRAMES_PAST) * mel.BINS),
            heard=_floats(2 * longest + 1),
            mask=_floats(blocks * BLOCK * WINDOW),
            state=_floats(Ports.state_floats(sizes)),
            keys=_floats(blocks * WINDOW * sizes.width),
            values=_floats(blocks * WINDOW * sizes.width),
            rows=_floats(longest * sizes.rows),
        )
        self._processor = Processor(threads)
        self._graphs: dict[Place, Graph] = {}
        self._weights = self._prepare_weights()
        self._graph(Place(longest, BLOCK - 2))  # the largest first: the others fit into its memory
        self.reset()

    def reset(self) -> None:
        """Begin a new sound."""
        for memory in (self._ports.state, self._ports.keys, self._ports.values):
            memory.content.fill(0)
        self._frames = np.zeros((FRAMES_PAST, mel.BINS), np.float32)  # before the sound there is zero, not silence
        self._samples = np.zeros(mel.HOP, np.int16)
        self._heard = self._encoded = 0
        self._ended = False

    def feed(self, samples: Pcm) -> None:
        """Append sound, (n,), int16 at 16 kHz. Nothing is computed yet."""
        self._check_open()
        self._samples = np.concatenate((self._samples, samples))
        self._heard += len(samples)

    @property
    def ready(self) -> int:
        """Tokens that `encode` may be asked for. Token k is final when one sample more than 640 (k + 1) is there.

        At 640 (k + 1) exactly mtmd would leave its last frame out, if the sound ended there.
        """
        return max(self._heard - 1, 0) // TOKEN_SAMPLES - self._encoded

    def encode(self, tokens: int) -> Rows:
        """Encode the next `tokens`, one of HOPS and no more than `ready` -> (tokens, width)."""
        self._check_open()
        if tokens not in HOPS or tokens > self.ready:
            raise ValueError(f"{tokens} tokens can't be encoded: {self.ready} are ready, in hops of {HOPS}")
        frames = self._take_frames(FRAMES * tokens)
        return self._run(frames, tokens, ends_at=None)

    def flush(self) -> Rows:
        """Encode all that is left -> (n, width); with the rows before, what mtmd makes of the whole sound.

        Afterwards only `reset` and `restore` are allowed.
        """
        self._check_open()
        if 0 < self._heard < SHORTEST_SOUND:
            self.feed(np.zeros(SHORTEST_SOUND - self._heard, np.int16))
        self._ended = True
        frames = max(self._heard - 1, 0) // mel.HOP
        left = -(-frames // FRAMES) - self._encoded
        parts = [np.empty((0, self.width), np.float32)]
        while left > 0:
            hop = min(left + left % 2, HOPS[-1])
            missing = frames - FRAMES * self._encoded
            content = np.zeros((FRAMES * hop, mel.BINS), np.float32)
            content[:missing] = self._take_frames(min(missing, FRAMES * hop))
            parts.append(self._run(content, hop, ends_at=frames)[:left])
            left -= hop
        return np.concatenate(parts)

    def snapshot(self) -> Snapshot:
        """Copy the stream's state. E2B's shapes: 0.8 ms, and 0.1 ms to restore."""
        state = self._ports.state.content.copy()
        return Snapshot(state, self._frames, self._samples, self._heard, self._encoded, self._ended)

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from where `snapshot` was taken, of this encoder or another one of the same file."""
        self._ports.state.content[:] = snapshot.state
        self._frames, self._samples = snapshot.frames, snapshot.samples
        self._heard, self._encoded, self._ended = snapshot.heard, snapshot.encoded, snapshot.ended

    def close(self) -> None:
        """Free everything; the encoder is of no more use."""
        for graph in self._graphs.values():
            graph.close()
        self._graphs.clear()
        self._processor.close()
        ports = self._ports
        for memory in (
            ports.frames, ports.heard, ports.mask, ports.state, ports.keys, ports.values, ports.rows,
            self._weights.positions,
        ):  # fmt: skip
            memory.close()
        self._file.close()

    def _take_frames(self, count: int) -> mel.Frames:
        """Compute the next `count` mel frames; the last 160 samples stay, the next frame begins with them."""
        samples = self._samples[: mel.HOP * (count + 1)].astype(np.float32) / np.float32(32768)
        self._samples = self._samples[mel.HOP * count :]
        return self._log_mel.frames(samples)

    def _run(self, frames: mel.Frames, tokens: int, *, ends_at: int | None) -> Rows:
        """Encode tokens from their mel frames, (4 tokens, 128); `ends_at`: frames of the whole sound, if it is over."""
        block, start = divmod(self._encoded, BLOCK)
        graph = self._graph(Place(tokens, start))
        window = np.concatenate((self._frames, frames))
        self._frames = window[-FRAMES_PAST:]
        self._write(self._ports.frames, window)
        between = 2 * self._encoded - 1 + np.arange(2 * tokens + 1)
        last = np.inf if ends_at is None else -(-ends_at // 2)
        self._write(self._ports.heard, (between >= 0) & (between < last))
        self._write(self._ports.mask, _mask(first=block == 0))
        self._processor.compute(graph)
        self._encoded += tokens
        return self._ports.rows.content.view(np.float32)[: tokens * self.width].reshape(tokens, self.width).copy()

    def _graph(self, place: Place) -> Graph:
        """Give the graph for a place, made when it is first needed."""
        if place not in self._graphs:
            graph = build(self._sizes, self._weights, self._ports, place)
            if self._processor.prepare(graph):
                for stale in self._graphs.values():
                    stale.close()
                self._graphs.clear()
            self._graphs[place] = graph
        return self._graphs[place]

    def _prepare_weights(self) -> Weights:
        tensors = self._file.tensors
        names = {name.removesuffix(".weight") for name in tensors}
        found = {name: bounds for name in names if (bounds := self._file.bounds(name)) is not None}
        sizes = self._sizes
        weights = Weights(tensors, found, _floats(sizes.layers * DISTANCES * sizes.width))
        table = _floats(DISTANCES * sizes.width)
        self._write(table, position_table(sizes.width))
        graph = build_positions(sizes, weights, table)
        self._processor.prepare(graph)
        self._processor.compute(graph)
        graph.close()
        table.close()
        return weights

    def _check_open(self) -> None:
        if self._ended:
            raise ValueError("the sound was flushed: reset or restore first")

    @staticmethod
    def _write(memory: Memory, values: NDArray[np.float32] | NDArray[np.bool_]) -> None:
        memory.content.view(np.float32)[: values.size] = values.ravel()


def _floats(count: int) -> Memory:
    return Memory(zeros(count * FLOAT_BYTES))


def _mask(*, first: bool) -> NDArray[np.float32]:
    """Which of 24 keys the 12 queries of two blocks see, (2, 12, 24); the first block has no keys before it."""
    query, key = np.arange(BLOCK)[:, None], np.arange(WINDOW)
    seen = np.broadcast_to((query < key) & (key <= query + BLOCK), (2, BLOCK, WINDOW)).copy()
    if first:
        seen[0, :, :BLOCK] = False
    return np.where(seen, 0, -1e9).astype(np.float32)
