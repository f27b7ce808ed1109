"""The error tree: every error that a person may meet carries a remedy that the person can follow.

    HeyGemmaError
    ├── UsageError            exit 2   unusable arguments
    │   ├── ConfigError                config file or key
    │   └── AudioFileError             input audio file
    ├── ModelError            exit 3   model missing or damaged
    │   ├── ModelMissing
    │   └── ModelDamaged
    ├── AudioDeviceError      exit 4   microphone or speaker
    ├── HomeRefused           exit 5   the home or broker refuses us for good
    ├── HomeAway              exit 5   the home can't be reached now, and it is asked for
    ├── OutputError           exit 6   an output file can't be written
    ├── ModelStuck            exit 1   the model's thread never comes back: only a new process helps
    ├── ModelFailed           (a turn) decoding went wrong; the next turn works
    ├── SpeechFailed          (a turn) no voice could speak
    └── CallFailed            (a call) a tool call can't be done; spoken

Vendor exceptions are translated in the adapter that owns the vendor, with `raise ... from`.
"""

from typing import ClassVar


class HeyGemmaError(Exception):
    """Something went wrong that a person can do something about.

    `message` says what happened, `remedy` what to do next (a command where there is one).
    """

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageError(HeyGemmaError):
    """Arguments, a config file or an input file can't be used."""

    exit_code = 2
    code = "usage"


class ConfigError(UsageError):
    """A config file can't be read or has a wrong key or value."""

    code = "config"


class AudioFileError(UsageError):
    """An audio file is missing, empty, truncated or no audio."""

    code = "audio_file"


class ModelError(HeyGemmaError):
    """A model can't be used."""

    exit_code = 3
    code = "model"


class ModelMissing(ModelError):
    """A model file isn't where it should be."""

    code = "model_missing"


class ModelDamaged(ModelError):
    """A model file is truncated, of another architecture, or doesn't fit its partner."""

    code = "model_damaged"


class AudioDeviceError(HeyGemmaError):
    """A microphone or speaker is missing or went away."""

    exit_code = 4
    code = "audio_device"


class HomeRefused(HeyGemmaError):
    """The home refuses us for good (a revoked token, a wrong password)."""

    exit_code = 5
    code = "home_refused"


class HomeAway(HeyGemmaError):
    """The home can't be reached, where a command is about nothing else."""

    exit_code = 5
    code = "home_away"


class OutputError(HeyGemmaError):
    """An output file can't be written (full disk, no permission)."""

    exit_code = 6
    code = "output"


class ModelFailed(HeyGemmaError):
    """One turn's decoding failed; the session is reset and the next turn works."""

    code = "model_failed"


class ModelStuck(HeyGemmaError):
    """The model's thread stands still and can't be stopped. Nobody can wait for it: the process has to end."""

    code = "model_stuck"


class SpeechFailed(HeyGemmaError):
    """No voice could speak a text."""

    code = "speech_failed"


class CallFailed(HeyGemmaError):
    """A tool call can't be carried out. `code` is the machine-readable reason, `message` is spoken."""

    def __init__(self, message: str, *, code: str, remedy: str = "say it in another way") -> None:
        super().__init__(message, remedy=remedy)
        self.reason = code
