"""Where this program's files are: a service is told its directories, a user has them at home. Knows none of the files.

Settings are looked for in config.py, models in manifest.py.
"""

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

SERVICE_DIR = Path("/var/lib/hey-gemma")  # the state of the system's service, as seen by others
SERVICE_CACHE_DIR = Path("/var/cache/hey-gemma")


def models_dir() -> Path:
    """Where the data is that comes with this program: `models/` of a checkout, `assistant/data/` when installed."""
    package = Path(__file__).parent
    checkout = package.parent / "models"
    return checkout if (checkout / "manifest.toml").is_file() else package / "data"


def home_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """The user's own: what HOME says; where nobody set it, as cloud-init doesn't, what the system knows."""
    if given := environ.get("HOME"):
        return Path(given)
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return Path("/")


def cache_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Where prepared slices, prefixes and phrases are kept: they can be thrown away."""
    if given := environ.get("CACHE_DIRECTORY"):
        return Path(given.partition(":")[0])
    return Path(environ.get("XDG_CACHE_HOME") or home_dir(environ) / ".cache") / "hey-gemma"


def state_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Where timers are kept: what the service is given, or the user's own."""
    if given := environ.get("STATE_DIRECTORY"):
        return Path(given.partition(":")[0])
    return Path(environ.get("XDG_STATE_HOME") or home_dir(environ) / ".local" / "state") / "hey-gemma"


def asks_for_service(environ: Mapping[str, str] = os.environ, service: Path = SERVICE_DIR) -> bool:
    """Whether the assistant that is asked about is the system's service: root's is, where there is one."""
    return os.geteuid() == 0 and service.is_dir() and "STATE_DIRECTORY" not in environ


def asked_state_dir(environ: Mapping[str, str] = os.environ, service: Path = SERVICE_DIR) -> Path:
    """The state of the assistant that is asked about."""
    return service if asks_for_service(environ, service) else state_dir(environ)


def asked_cache_dir(environ: Mapping[str, str] = os.environ, service: Path = SERVICE_DIR) -> Path:
    """The cache of the assistant that is asked about."""
    return SERVICE_CACHE_DIR if asks_for_service(environ, service) else cache_dir(environ)


def runtime_dir(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Where files live as long as the machine runs; None: nowhere."""
    if given := environ.get("RUNTIME_DIRECTORY"):
        return Path(given.partition(":")[0])
    own = environ.get("XDG_RUNTIME_DIR")
    return Path(own) / "hey-gemma" if own else None
