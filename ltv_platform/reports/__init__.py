"""Reports for people, out of the published snapshot."""
