"""Container images: references, sources, the blob cache, and layers as one file tree."""
