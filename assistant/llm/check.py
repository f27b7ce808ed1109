"""A look at two model files before llama.cpp sees them: it aborts, or computes nonsense, on some of what can be wrong.

Knows headers only: that weights are right, their checksums say. A truncated mmproj for instance loads without a word.
"""

from pathlib import Path

from assistant.errors import ModelDamaged
from assistant.gguf_file import read_header


def check_files(model: Path, mmproj: Path) -> None:
    """Raise ModelMissing or ModelDamaged unless these are a Gemma 4 and an audio encoder that fits it."""
    text, audio = read_header(model), read_header(mmproj)
    kind = text.values.get("general.architecture")
    if kind != "gemma4":
        raise _wrong(f"{model} is a {kind} model, not a gemma4")
    kind = audio.values.get("clip.audio.projector_type", audio.values.get("clip.projector_type"))
    if kind != "gemma4a" or not audio.values.get("clip.has_audio_encoder"):
        raise _wrong(f"{mmproj} has no gemma4 audio encoder")
    width, projected = text.values.get("gemma4.embedding_length"), audio.values.get("clip.audio.projection_dim")
    if width != projected:
        raise _wrong(f"{mmproj} makes rows of width {projected}, {model} wants {width}: they don't belong together")


def _wrong(message: str) -> ModelDamaged:
    return ModelDamaged(message, remedy="hey-gemma models verify")
