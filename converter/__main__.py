"""The command `u2k`: as a console script, and as `python -m converter`."""

import signal

_INTERRUPT = signal.getsignal(signal.SIGINT)
if _INTERRUPT is signal.default_int_handler:
    # While modules are loaded there is nothing to clear away, and a traceback through them helps nobody.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def main() -> None:
    """Load the verbs, and run the one that the command line names."""
    from converter.cli.main import main as command

    signal.signal(signal.SIGINT, _INTERRUPT)
    command()


if __name__ == "__main__":
    main()
