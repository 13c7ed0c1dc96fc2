"""What the configuration in the image says: one reader a program or library that has modules."""
