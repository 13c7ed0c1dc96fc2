"""analysis.py IMAGE: CPU seconds of its static profile; "TOTAL BEYOND-IMPORTS" on standard output."""

import sys
import time

import iced_x86  # noqa: F401  what a cold analysis loads later

from converter.profiling import profile_image

started = time.process_time()
profile_image(sys.argv[1])
ended = time.process_time()
print(f"{ended:.3f} {ended - started:.3f}")
