"""What an agent can ask: tools over the catalogue of metrics and the published tables.

``tools.py`` lists them; each is a function from arguments to a result, both typed, that knows
nothing of a protocol. ``server.py`` offers them by the Model Context Protocol.
"""
