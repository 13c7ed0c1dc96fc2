"""The root image of a unikernel: which files, and EROFS as its format."""
