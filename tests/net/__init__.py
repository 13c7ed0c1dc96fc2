"""The network as a peer sees it: frames, links, a scripted TCP peer, an impairing relay, servers under load."""
