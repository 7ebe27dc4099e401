"""The small Whisper that lets the demo and the tests turn synthetic calls into text without a model hub."""
