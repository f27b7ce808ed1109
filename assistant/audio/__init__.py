"""Sound in and out: microphone, speaker, files, earcons. Knows samples and devices, nothing of words."""
