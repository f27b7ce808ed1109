"""A look at model files before llama.cpp sees them: it aborts, or computes nonsense, on some of what can be wrong.

Knows headers only: that weights are right, their checksums say. A truncated mmproj for instance loads without a word.
"""

from pathlib import Path

from assistant.errors import ModelDamaged
from assistant.gguf import ear_slice
from assistant.gguf.gguf_file import read_header

_REMEDY = "hey-gemma models fetch, or name a Gemma 4 model with audio in the config"


def check_files(model: Path, mmproj: Path) -> None:
    """Raise ModelMissing or ModelDamaged unless these are a Gemma 4 and an audio encoder that fits it."""
    text, audio = read_header(model), read_header(mmproj)
    kind = text.values.get("general.architecture")
    if kind != "gemma4":
        raise ModelDamaged(f"{model} is a {kind} model, not a gemma4", remedy=_REMEDY)
    kind = audio.values.get("clip.audio.projector_type", audio.values.get("clip.projector_type"))
    if kind != "gemma4a" or not audio.values.get("clip.has_audio_encoder"):
        raise ModelDamaged(f"{mmproj} has no gemma4 audio encoder", remedy=_REMEDY)
    width, projected = text.values.get("gemma4.embedding_length"), audio.values.get("clip.audio.projection_dim")
    if width != projected:
        raise ModelDamaged(
            f"{mmproj} makes rows of width {projected}, {model} wants {width}: they don't belong together",
            remedy="use the mmproj that came with the text model: hey-gemma models fetch",
        )


def check_ear(model: Path, ear: Path) -> None:
    """Raise ModelDamaged unless `ear` is the half-depth copy of `model`."""
    if (problem := ear_slice.problem(ear, model)) is not None:
        raise ModelDamaged(problem, remedy=ear_slice.REMEDY)
