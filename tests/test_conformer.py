"""The streaming encoder against llama.cpp's own, which takes a sound as a whole."""

import dataclasses
import math
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from assistant.errors import ModelDamaged, ModelError, ModelMissing
from assistant.gguf import gguf_file
from assistant.gguf.gguf_file import NewTensor, read_header
from assistant.gguf.shape import MINI, write_text
from assistant.llm.conformer import HOPS, TOKEN_SAMPLES, Conformer, Rows
from assistant.llm.engine import Engine, Threads
from assistant.manifest import data_dirs
from assistant.stages import Pcm

TINY = Path(__file__).parent.parent / "models" / "tiny"
SHAPE = data_dirs()[0] / "shape"
TYPES = ("F32", "F16", "BF16", "Q8_0")
# One more than a multiple of 640 gives another token; every residue of 4 frames; less than mtmd takes; some blocks.
LENGTHS = (2, 639, 1599, 1600, 1601, *(9 * 640 + r for r in (0, 1, 160, 161, 320, 321, 480, 481, 639)), 31 * 640 + 7)


def convert(target: Path, kind: str) -> Path:
    """Write tiny's encoder with its Q8_0 matrices in another type."""

    def change(tensor: NewTensor) -> NewTensor:
        if tensor.type != "Q8_0" or kind == "Q8_0":
            return tensor
        blocks = np.frombuffer(b"".join(tensor.chunks()), np.dtype([("scale", "<f2"), ("values", "i1", 32)]))
        values = (blocks["scale"].astype(np.float32)[:, None] * blocks["values"]).ravel()
        as_bf16 = (values.view(np.uint32) >> 16).astype(np.uint16)
        content = {"F32": values, "F16": values.astype(np.float16), "BF16": as_bf16}[kind].tobytes()
        return NewTensor(tensor.name, tensor.shape, kind, lambda: [content])

    return edit(target, change)


def edit(
    target: Path,
    change: Callable[[NewTensor], NewTensor | None],
    fields: Mapping[str, gguf_file.Value] | None = None,
    without: str = "",
    more: Sequence[NewTensor] = (),
) -> Path:
    """Write tiny's encoder with some of its tensors and fields changed or left out."""
    source = TINY / "tiny-mmproj.gguf"
    header, content = read_header(source), source.read_bytes()
    tensors = []
    for t in header.tensors:
        start = header.data_start + t.offset
        piece = content[start : start + t.nbytes]
        changed = change(NewTensor(t.name, t.shape, t.type, lambda piece=piece: [piece]))  # type: ignore[misc]
        if changed is not None:
            tensors.append(changed)
    encoded = {key: header.encoded(key) for key in header.spans}
    encoded |= {key: gguf_file.encode(value) for key, value in (fields or {}).items()}
    if without:
        del encoded[without]
    gguf_file.write(target, encoded, [*tensors, *more], lambda _: None)
    return target


def sound(samples: int, seed: int = 1) -> Pcm:
    """Noise with a tone that comes and goes."""
    t = np.arange(samples)
    tone = 4000 * np.sin(t * 0.05) * np.sin(t * 0.0007)
    noise = np.random.default_rng(seed).normal(0, 1500, samples)
    return np.asarray(noise + tone, np.int16)


def stream(conformer: Conformer, samples: Pcm, hops: Sequence[int], seed: int = 0) -> Rows:
    """Encode in hops drawn from `hops` as soon as they are ready, sound fed in chunks of 20 ms."""
    choice = np.random.default_rng(seed)
    conformer.reset()
    hop = int(choice.choice(hops))
    rows = []
    for at in range(0, len(samples), 320):
        conformer.feed(samples[at : at + 320])
        if conformer.ready >= hop:
            rows.append(conformer.encode(hop))
            hop = int(choice.choice(hops))
    return np.concatenate([*rows, conformer.flush()])


def assert_same(rows: Rows, expected: Rows) -> None:
    """Equal bits on x86-64; other processors round by the shapes of matrices, and mtmd's mel by fused multiply-add."""
    assert rows.shape == expected.shape
    if platform.machine() == "x86_64":
        assert np.array_equal(rows, expected)
    norms = np.linalg.norm(rows, axis=1) * np.linalg.norm(expected, axis=1)
    assert ((rows * expected).sum(axis=1) > 0.999 * norms).all()


def assert_same_as_mtmd(mmproj: Path) -> None:
    """Encode sounds that end at each of the four frames of a token."""
    engine = Engine(TINY / "tiny-text.gguf", mmproj, context=512, threads=Threads(1, 1))
    conformer = Conformer(mmproj)
    for frames in range(4):
        samples = sound(27 * TOKEN_SAMPLES + 160 * frames + 99)
        assert_same(stream(conformer, samples, HOPS), engine.encode(samples))
    conformer.close()
    engine.close()


def vector(name: str, shape: tuple[int, ...] = (128,), values: Sequence[float] = ()) -> NewTensor:
    """Make a tensor of `values`, or of numbers about 0.5 if none are given."""
    content = np.array(values, np.float32) if values else np.linspace(0.1, 0.9, max(shape), dtype=np.float32)
    return NewTensor(name, shape, "F32", lambda: [content.tobytes()])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Tiny's encoder in every type."""
    directory = tmp_path_factory.mktemp("types")
    return {kind: convert(directory / f"{kind}.gguf", kind) for kind in TYPES}


@pytest.fixture(scope="module")
def tiny() -> Iterator[Conformer]:
    conformer = Conformer(TINY / "tiny-mmproj.gguf")
    yield conformer
    conformer.close()


@pytest.fixture(scope="module")
def tiny_engine() -> Iterator[Engine]:
    engine = Engine(TINY / "tiny-text.gguf", TINY / "tiny-mmproj.gguf", context=512, threads=Threads(1, 1))
    yield engine
    engine.close()


@pytest.mark.parametrize("samples", LENGTHS)
def test_the_rows_are_those_of_the_whole_sound(tiny: Conformer, tiny_engine: Engine, samples: int) -> None:
    """Whatever the hops, and wherever the sound ends."""
    expected = tiny_engine.encode(sound(samples))
    for hops in ((2,), (4,), (8,), (12,), HOPS):
        assert_same(stream(tiny, sound(samples), hops), expected)


@pytest.mark.parametrize("kind", TYPES)
def test_every_tensor_type_gives_the_same_rows_as_mtmd(files: dict[str, Path], kind: str) -> None:
    """With one thread and with two."""
    samples = sound(27 * TOKEN_SAMPLES + 99)
    engine = Engine(TINY / "tiny-text.gguf", files[kind], context=512, threads=Threads(1, 1))
    expected = engine.encode(samples)
    engine.close()
    for threads in (1, 2):
        conformer = Conformer(files[kind], threads=threads)
        for hops in ((2,), (8,), HOPS):
            assert_same(stream(conformer, samples, hops), expected)
        conformer.close()


def test_tight_clamps_give_the_same_rows_as_mtmd(tmp_path: Path) -> None:
    """A clamp works in place: what q, k and v read depends on the order in which they are computed."""
    bounds = np.random.default_rng(3)

    def tighten(t: NewTensor) -> NewTensor:
        sign = {"min": -1, "max": 1}.get(t.name[-3:])
        return t if sign is None else vector(t.name, (1,), [sign * bounds.uniform(0.3, 2)])

    assert_same_as_mtmd(edit(tmp_path / "tight.gguf", tighten))


def test_parts_that_a_file_may_have_or_not(tmp_path: Path) -> None:
    """Biases, more scales, linears without clamps."""
    more = [
        vector("a.conv1d.0.bias", (1, 1, 128)), vector("a.conv1d.1.bias", (1, 1, 8)), vector("a.input_projection.bias"),
        vector("a.blk.0.attn_out.bias"), vector("a.blk.3.conv_dw.bias"), vector("mm.a.soft_emb_norm.weight"),
        vector("a.blk.1.per_dim_k_scale.weight", (32,)),
    ]  # fmt: skip
    left_out = ("a.blk.1.ffn_up.input_", "a.blk.1.ffn_up.output_", "a.blk.2.attn_q.input_max", "a.pre_encode.out.bias")
    assert_same_as_mtmd(edit(tmp_path / "x.gguf", lambda t: None if t.name.startswith(left_out) else t, more=more))


def test_another_shape_gives_the_same_rows_as_mtmd(engine: Engine, mini: tuple[Path, Path]) -> None:
    """Random weights in the shapes of the mini preset."""
    conformer = Conformer(mini[1])
    samples = sound(14 * TOKEN_SAMPLES + 1)
    assert_same(stream(conformer, samples, HOPS), engine.encode(samples))
    conformer.close()


@pytest.mark.models
@pytest.mark.parametrize("kind", ["Q8_0", "F16", "BF16"])
def test_e2b_shapes_give_the_same_rows_as_mtmd(tmp_path: Path, kind: str) -> None:
    mmproj = SHAPE / f"shape-mmproj-{kind}.gguf"
    if not mmproj.exists():
        pytest.skip(f"`hey-gemma models shape --mmproj {kind}` makes it")
    wide = dataclasses.replace(MINI, text=dataclasses.replace(MINI.text, width=1536))
    write_text(tmp_path / "text.gguf", wide)
    samples = sound(15 * TOKEN_SAMPLES + 200)
    engine = Engine(tmp_path / "text.gguf", mmproj, context=512, threads=Threads(1, 1))
    expected = engine.encode(samples)
    engine.close()
    conformer = Conformer(mmproj)
    for hops in ((2,), (12,)):
        assert_same(stream(conformer, samples, hops), expected)
    conformer.close()


def test_a_longer_sound_than_mtmd_takes_goes_on(tiny: Conformer) -> None:
    """A stream goes on where mtmd begins anew, every 30 s."""
    samples = sound(31 * 16_000)
    rows = stream(tiny, samples, (12,))
    assert rows.shape == (31 * 25, tiny.width)
    assert_same(rows[:-1], stream(tiny, samples, (8,))[:-1])


def test_a_token_is_ready_one_sample_after_its_end(tiny: Conformer) -> None:
    """With that sample mtmd would have its last frame, whatever comes next."""
    tiny.reset()
    assert tiny.ready == 0
    tiny.feed(sound(2 * TOKEN_SAMPLES))
    assert tiny.ready == 1
    tiny.feed(sound(1))
    assert tiny.ready == 2
    assert tiny.encode(2).shape == (2, tiny.width)
    assert tiny.ready == 0


@pytest.mark.parametrize(("samples", "rows"), [(0, 0), (1, 3)])
def test_the_shortest_sounds_have_rows_too(tiny: Conformer, tiny_engine: Engine, samples: int, rows: int) -> None:
    """Nothing has none."""
    tiny.reset()
    tiny.feed(sound(samples))
    flushed = tiny.flush()
    assert flushed.shape == (rows, tiny.width)
    if samples:
        assert_same(flushed, tiny_engine.encode(sound(samples)))


def test_loud_noise_and_digital_silence_give_numbers(tiny: Conformer) -> None:
    for samples in (np.zeros(9000, np.int16), np.full(9000, -32768, np.int16)):
        assert np.isfinite(stream(tiny, samples, HOPS)).all()


def test_a_snapshot_brings_the_sound_back(tiny: Conformer, tiny_engine: Engine) -> None:
    """A flush in between leaves no trace: so drafts are made."""
    samples = sound(30 * TOKEN_SAMPLES + 50)
    expected = tiny_engine.encode(samples)
    tiny.reset()
    rows = []
    for at in range(0, len(samples), 2000):
        tiny.feed(samples[at : at + 2000])
        if tiny.ready >= 2:
            rows.append(tiny.encode(2))
        before = tiny.snapshot()
        done = np.concatenate([*rows, tiny.flush()])
        assert_same(done, tiny_engine.encode(samples[: at + 2000]))
        tiny.restore(before)
    assert_same(np.concatenate([*rows, tiny.flush()]), expected)


def test_two_sounds_take_turns(tiny: Conformer, tiny_engine: Engine) -> None:
    """Each goes on from its own snapshot, in the same encoder or another one of the same file."""
    sounds = sound(20 * TOKEN_SAMPLES, 1), sound(20 * TOKEN_SAMPLES, 2)
    other = Conformer(TINY / "tiny-mmproj.gguf")
    tiny.reset()
    states = [tiny.snapshot(), tiny.snapshot()]
    rows: tuple[list[Rows], list[Rows]] = ([], [])
    for step, at in enumerate(range(0, 20 * TOKEN_SAMPLES, 4000)):
        for i in (0, 1):
            conformer = (tiny, other)[(step + i) % 2]
            conformer.restore(states[i])
            conformer.feed(sounds[i][at : at + 4000])
            rows[i].append(conformer.encode(2))
            states[i] = conformer.snapshot()
    for i in (0, 1):
        tiny.restore(states[i])
        assert_same(np.concatenate([*rows[i], tiny.flush()]), tiny_engine.encode(sounds[i]))
    other.close()


def test_the_shared_memory_may_move(tiny_engine: Engine) -> None:
    """Graphs made before are made again."""
    conformer = Conformer(TINY / "tiny-mmproj.gguf")
    for graph in conformer._graphs.values():
        graph.close()
    conformer._graphs.clear()
    conformer._processor.close()
    conformer._processor = type(conformer._processor)(1)  # its memory begins with the smallest graph
    samples = sound(50 * TOKEN_SAMPLES)
    for hop in HOPS:
        assert_same(stream(conformer, samples, (hop,)), tiny_engine.encode(samples))
    conformer.close()


def test_what_is_not_ready_cannot_be_encoded(tiny: Conformer) -> None:
    tiny.reset()
    tiny.feed(sound(3 * TOKEN_SAMPLES + 1))
    for tokens in (0, 1, 3, 4, 14):
        with pytest.raises(ValueError, match="3 are ready"):
            tiny.encode(tokens)
    assert tiny.encode(2).shape[0] == 2


def test_a_flushed_sound_is_over(tiny: Conformer) -> None:
    """Until `reset` or `restore`."""
    tiny.reset()
    tiny.feed(sound(2000))
    tiny.flush()
    for act in (lambda: tiny.feed(sound(1)), lambda: tiny.encode(2), tiny.flush):
        with pytest.raises(ValueError, match="flushed"):
            act()
    tiny.reset()
    tiny.feed(sound(1))


def matrix(path: Path, name: str) -> NDArray[np.float32]:
    """A matrix of a file that holds F32."""
    header = read_header(path)
    (found,) = [t for t in header.tensors if t.name == name]
    return np.fromfile(path, "<f4", math.prod(found.shape), offset=header.data_start + found.offset).reshape(
        found.shape[::-1]
    )


def test_the_states_of_all_layers_are_what_the_rows_are_made_of(files: dict[str, Path]) -> None:
    samples = sound(27 * TOKEN_SAMPLES + 99)
    rows: list[Rows] = []
    states: list[Rows] = []
    for layers, made in ((None, rows), (12, states), (8, states)):
        conformer = Conformer(files["F32"], layers=layers)
        made.append(stream(conformer, samples, HOPS))
        conformer.close()
    x = states[0] @ matrix(files["F32"], "a.pre_encode.out.weight").T
    x += matrix(files["F32"], "a.pre_encode.out.bias")
    x /= np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-6)
    assert x @ matrix(files["F32"], "mm.a.input_projection.weight").T == pytest.approx(rows[0], abs=1e-3)
    assert states[1].shape == states[0].shape
    assert not np.allclose(states[1], states[0], atol=0.1)


@pytest.mark.parametrize("layers", [0, 13])
def test_an_encoder_has_no_more_layers_than_it_has(layers: int) -> None:
    with pytest.raises(ModelDamaged, match="has 12 layers"):
        Conformer(TINY / "tiny-mmproj.gguf", layers=layers)


def test_closing_twice_is_harmless() -> None:
    conformer = Conformer(TINY / "tiny-mmproj.gguf")
    conformer.close()
    conformer.close()


def test_a_text_model_is_no_encoder() -> None:
    with pytest.raises(ModelDamaged, match="has no gemma4 audio encoder"):
        Conformer(TINY / "tiny-text.gguf")


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        Conformer(tmp_path / "none.gguf")


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    content = (TINY / "tiny-mmproj.gguf").read_bytes()
    (tmp_path / "cut.gguf").write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelDamaged, match="is cut off"):
        Conformer(tmp_path / "cut.gguf")


def test_another_encoder_is_refused(tmp_path: Path) -> None:
    other = edit(tmp_path / "other.gguf", lambda t: t, {"clip.audio.projector_type": "gemma3n"})
    with pytest.raises(ModelDamaged, match="has no gemma4 audio encoder"):
        Conformer(other)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.blk.0.ffn_up.weight", "Q4_0"), ("a.conv1d.0.weight", "F16"), ("a.blk.1.conv_dw.weight", "F16")],
)
def test_a_tensor_type_that_is_not_read_is_refused(tmp_path: Path, name: str, kind: str) -> None:
    """It is a file that mtmd may well take, so it isn't called damaged."""

    def change(t: NewTensor) -> NewTensor:
        size = gguf_file.Tensor(t.name, t.shape, kind).nbytes
        return NewTensor(t.name, t.shape, kind, lambda: [bytes(size)]) if t.name == name else t

    with pytest.raises(ModelError, match=f"{name} is {kind}") as error:
        Conformer(edit(tmp_path / "other.gguf", change))
    assert not isinstance(error.value, ModelDamaged)


def test_a_missing_tensor_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelDamaged, match=r"lacks a\.blk\.2\.attn_k_rel\.weight"):
        Conformer(edit(tmp_path / "x.gguf", lambda t: None if t.name == "a.blk.2.attn_k_rel.weight" else t))


@pytest.mark.parametrize("name", ["a.pre_encode.out.bias", "a.blk.0.ffn_up.input_min", "a.conv1d.1.bias"])
def test_so_is_one_that_may_be_left_out(tmp_path: Path, name: str) -> None:
    """Found by made-up input: ggml would end the process."""
    odd = edit(tmp_path / "x.gguf", lambda t: None if t.name == name else t, more=[vector(name, (2,), [0.1, 0.2])])
    with pytest.raises(ModelDamaged, match=rf"{name} of shape \(2,\)"):
        Conformer(odd)


def test_a_tensor_of_another_shape_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelDamaged, match=r"a\.blk\.0\.attn_q\.weight of shape \(128, 64\)"):
        Conformer(
            edit(
                tmp_path / "x.gguf",
                lambda t: (
                    NewTensor(t.name, (128, 64), "F32", lambda: [bytes(4 * 128 * 64)])
                    if t.name == "a.blk.0.attn_q.weight"
                    else t
                ),
            )
        )


def test_a_missing_size_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelDamaged, match=r"lacks 'clip\.audio\.block_count'"):
        Conformer(edit(tmp_path / "x.gguf", lambda t: t, without="clip.audio.block_count"))


def test_sizes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelDamaged, match="width 128 and 7 heads"):
        Conformer(edit(tmp_path / "x.gguf", lambda t: t, {"clip.audio.attention.head_count": 7}))
