"""Comparing results in tests: :func:`assert_close`, and tensors to test with: :func:`make_tensor`.

>>> import gpugrad
>>> gpugrad.testing.assert_close(gpugrad.ones(3) / 3 * 3, gpugrad.ones(3))
"""

from .comparison import assert_allclose as assert_allclose
from .comparison import assert_close as assert_close
from .samples import make_tensor as make_tensor
