"""The local IHC engine: its steps, its distance to the API, fits."""
