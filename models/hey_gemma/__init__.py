"""The wake word's head: data, training, evaluation. See README.md."""
