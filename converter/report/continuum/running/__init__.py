"""Starting the stops of a continuum and measuring them: each is asked the same, in turns, in one session."""
