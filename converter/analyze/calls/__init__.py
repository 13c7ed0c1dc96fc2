"""Static analysis of system calls: which ones the code of a program and its libraries can make, and why.

`analysis.py` is the way in; docs/explanation/analysis.md says how it works and why its answer holds.
"""
