"""The network of a run: what the user asks for, in which form each platform gets it, and the host's ports."""
