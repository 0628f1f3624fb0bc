"""What customers of high lifetime value have in common."""
