"""What a program loads at run time beyond its DT_NEEDED closure: plug-ins, modules, and their data files.

`fixpoint.py` is the way in. Which families of plug-ins there are is data: converter/analyze/data/libraries/.
"""
