"""Where this program's files are: a service is told its directories, a user has them at home. Knows none of the files.

Settings are looked for in config.py, models in manifest.py.
"""

import os
from collections.abc import Mapping
from pathlib import Path

SERVICE_DIR = Path("/var/lib/hey-gemma")  # the state of the system's service, as seen by others


def cache_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Where prepared slices, prefixes and phrases are kept: they can be thrown away."""
    if given := environ.get("CACHE_DIRECTORY"):
        return Path(given.partition(":")[0])
    base = environ.get("XDG_CACHE_HOME")
    return Path(base) / "hey-gemma" if base else Path(environ.get("HOME", "/var")) / ".cache" / "hey-gemma"


def state_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Where timers are kept: what the service is given, or the user's own."""
    if given := environ.get("STATE_DIRECTORY"):
        return Path(given.partition(":")[0])
    base = environ.get("XDG_STATE_HOME") or Path(environ.get("HOME", "/var")) / ".local" / "state"
    return Path(base) / "hey-gemma"


def runtime_dir(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Where files live as long as the machine runs; None: nowhere."""
    if given := environ.get("RUNTIME_DIRECTORY"):
        return Path(given.partition(":")[0])
    own = environ.get("XDG_RUNTIME_DIR")
    return Path(own) / "hey-gemma" if own else None
