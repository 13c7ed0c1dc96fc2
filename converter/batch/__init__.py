"""Many images: read from a file, converted by several processes or machines, journalled, reported."""
