"""``python -m procauthor`` is the command line."""

from procauthor.cli.app import main

main()
