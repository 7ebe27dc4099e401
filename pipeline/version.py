"""The version of the code, which every assessment carries."""

CODE_VERSION = "0.1.0"
