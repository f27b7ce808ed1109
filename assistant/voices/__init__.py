"""The engines that turn a sentence into sound, a module each, and where their files lie."""
