"""Packages of programming languages, by the metadata that their installers leave."""
