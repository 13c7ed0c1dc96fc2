"""Package databases of distributions, read out of the file tree: what is installed, and which file is
whose.
"""
