"""Disk images that start by themselves: boot loaders, partitions, the layout of it all."""
