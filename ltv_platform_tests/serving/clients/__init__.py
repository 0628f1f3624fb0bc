"""Programs of others as they are: curl, and the clients of Tinybird's API."""
