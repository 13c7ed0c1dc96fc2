"""What a program uses, with the evidence for each entry. Knows nothing of the rest of the converter."""
