"""What the checks detect when rows are lost, doubled or mixed."""
