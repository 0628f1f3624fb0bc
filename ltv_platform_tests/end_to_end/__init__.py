"""Through the command line, as people and the docs use it: real processes, real files."""
