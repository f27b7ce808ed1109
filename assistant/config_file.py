"""A config file as a person wrote it -> the same file with other values: comments, order and what it knows more stay.

The only importer of tomlkit, which the standard library's reader can't replace: it forgets every comment. Knows no key.
Files are written whole or not at all; what is a secret can be read by its owner only, from the first byte on.
"""

import os
import tempfile
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from assistant.errors import ConfigError, OutputError

Setting = str | int | float | bool


def changed(text: str, values: Mapping[str, Setting]) -> str:
    """`values` by their dotted keys ("home.url"), put into the text of a config file. Raises ConfigError."""
    try:
        document = tomlkit.parse(text)
        for dotted, value in values.items():
            *sections, key = dotted.split(".")
            table: MutableMapping[str, Any] = document
            for name in sections:
                found = table.setdefault(name, tomlkit.table())
                if not isinstance(found, MutableMapping):
                    raise ConfigError(f"{name} is no section", remedy=f"write [{name}] on a line of its own")
                table = found
            table[key] = value
        return tomlkit.dumps(document)
    except TOMLKitError as e:
        raise ConfigError(f"the config file can't be read: {e}", remedy="mend the TOML syntax there") from e


def read(path: Path) -> str:
    """The text of a config file; empty where there is none. Raises ConfigError."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as e:
        reason = e.strerror if isinstance(e, OSError) else "not UTF-8 text"
        raise ConfigError(f"{path}: {reason}", remedy="see what is there, or name another file with --config") from e


def write(path: Path, text: str, *, secret: bool = False) -> None:
    """Put `text` in place of a file, with its mode; `secret`: only its owner may read it. Raises OutputError."""
    path = path.resolve()  # a link to where somebody keeps such files stays one
    new = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.stat() if path.exists() else None
        mode = 0o600 if secret else before.st_mode & 0o777 if before is not None else 0o644
        descriptor, new = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # of mode 0600
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            if before is not None and os.geteuid() == 0:  # the service's group still reads what root changed
                os.fchown(file.fileno(), before.st_uid, before.st_gid)
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(new).replace(path)
    except OSError as e:
        with suppress(OSError):
            Path(new).unlink()
        raise OutputError(
            f"{path} can't be written: {e.strerror}", remedy="see who owns it, and if the disk is full"
        ) from e
