"""ELF files as the converter sees them (lief behind a small facade) and the loaders' search order."""
