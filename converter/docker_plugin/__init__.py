"""`docker u2k`: a plug-in of docker's command line client (docs/how-to/docker-plugin.md)."""
