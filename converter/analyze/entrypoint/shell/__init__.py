"""The shell, read and not run: a parser, and an evaluator over the image's file tree.

Text is handled as the shell does, byte by byte: a `str` here holds one byte a character (latin-1).
"""
