"""Building the library OS, choosing its parts, linking them, and writing the unikernel file."""
