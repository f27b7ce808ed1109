"""Write sizes and sha256 of the shipped models into `manifest.toml`: `python -m models.update_manifest`.

Run it after tiny's files were exported anew. `--check` changes nothing and fails if something would change.
"""

import hashlib
import re
import sys
import tomllib
from pathlib import Path

MODELS = Path(__file__).parent


def updated(text: str, directory: Path) -> str:
    """Return the manifest's text with the figures of the shipped files that are there."""
    for name, entry in tomllib.loads(text)["models"].items():
        for part in ("text", "mmproj"):
            path = directory / entry[part]["file"]
            if entry["kind"] == "shipped" and path.is_file():
                text = _with_figures(text, f"[models.{name}.{part}]", path)
    return text


def _with_figures(text: str, heading: str, path: Path) -> str:
    start = text.index(heading)
    end = text.find("\n[", start) if "\n[" in text[start:] else len(text)
    table = re.sub(r"(?m)^bytes = .*$", f"bytes = {path.stat().st_size:_}", text[start:end])
    table = re.sub(r"(?m)^sha256 = .*$", f'sha256 = "{hashlib.sha256(path.read_bytes()).hexdigest()}"', table)
    return text[:start] + table + text[end:]


def main(arguments: list[str]) -> int:
    """Update, or check."""
    path = MODELS / "manifest.toml"
    before = path.read_text(encoding="utf-8")
    after = updated(before, MODELS)
    if after == before:
        print("models/manifest.toml is up to date")
        return 0
    if "--check" in arguments:
        print("models/manifest.toml is out of date: python -m models.update_manifest")
        return 1
    path.write_text(after, encoding="utf-8")
    print("models/manifest.toml: sizes and sha256 updated")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
