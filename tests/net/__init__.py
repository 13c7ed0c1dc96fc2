"""The network as a peer sees it: frames, links, a scripted TCP peer, a bad wire, servers under load."""
