"""List the examples with the first line of what each says about itself."""

import importlib
import pkgutil

from gpugrad import examples


def main() -> int:
    """Print one line an example; always 0."""
    for module in pkgutil.iter_modules(examples.__path__):
        if not module.name.startswith("_"):
            about = importlib.import_module(f"gpugrad.examples.{module.name}").__doc__ or ""
            print(f"python -m gpugrad.examples.{module.name:<22}{about.partition(chr(10))[0]}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
