"""The slim container: the files of a unikernel's root as an image for container engines."""
