"""The continuum as a page: one HTML file that fetches nothing."""
