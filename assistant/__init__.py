"""Hey Gemma: an on-device voice assistant for the Raspberry Pi 5."""

import os

__version__ = "0.1.0"

# onnxruntime (1.29 and later) tells Microsoft what it computes and how fast, unless this is set before it is loaded,
# whoever loads it: then it opens no socket and writes no device id. tests/test_private.py watches it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
