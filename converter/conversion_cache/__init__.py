"""Finished conversions, kept by all that decides their result: doing the same again is copying a file."""
