"""`python -m converter` is the command `u2k`."""

from converter.cli.main import main

main()
