"""PyTorch's switches for the libraries below it, as far as programs read or set them.

This library has its own kernels and no cuDNN, MPS or MKL, so each says that it is not there;
what a program assigns (``cudnn.benchmark = True``) is kept, and changes nothing.

>>> import gpugrad
>>> gpugrad.backends.cudnn.is_available()
False
"""

from . import cpu as cpu
from . import cuda as cuda
from . import cudnn as cudnn
from . import mkl as mkl
from . import mkldnn as mkldnn
from . import mps as mps
from . import openmp as openmp
from . import opt_einsum as opt_einsum
