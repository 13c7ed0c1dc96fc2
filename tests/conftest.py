"""For all tests: programs start with the signals as a shell's user has them, and no example is timed."""

import signal

from hypothesis import settings

# Under nohup, or in a background job of a script, some are ignored, and that is inherited by every program
# a test starts: one that should end by SIGHUP would not.
for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Machines are busy: how long an example takes says nothing about whether it is right.
settings.register_profile("u2k", deadline=None)
settings.load_profile("u2k")
