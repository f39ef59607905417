"""The suites of ``python -m bench``: each has a ``run(options)``."""
