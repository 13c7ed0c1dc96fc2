"""Images that the engine builds here, to be converted: `u2k build`."""
