"""``python -m tingjian``."""

from tingjian.cli import main

main()
