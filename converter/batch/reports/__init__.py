"""What came of a batch, as documents for machines and people: one format a file."""
