"""ELF files as the converter sees them, and the search order of the dynamic loaders."""
