"""`python -m gpugrad` is the command line `gpugrad`."""

from gpugrad.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
