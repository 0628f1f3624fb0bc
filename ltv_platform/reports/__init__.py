"""Reports for people, from the published snapshot."""
