"""What a refresh rewrites."""
