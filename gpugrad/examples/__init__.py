"""Small programs to read and run: ``python -m gpugrad.examples`` lists them."""
