"""What the checks see when rows are lost, doubled or mixed."""
