"""Parameters of models that contracts and SQL share: plain data that imports neither."""
