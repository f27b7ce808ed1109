"""Hey Gemma: an on-device voice assistant for the Raspberry Pi 5."""

import os

__version__ = "0.1.0"

# onnxruntime (1.29 and later) sends what it computes and how fast to Microsoft unless this is set before it is loaded, by
# whatever way: then it opens no socket and writes no device id. tests/test_private.py watches it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
