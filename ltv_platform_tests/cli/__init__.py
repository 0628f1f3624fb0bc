"""The commands, as people see them."""
