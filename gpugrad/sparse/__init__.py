"""Sparse tensors: coordinates and values of what is not zero, as graph networks use them.

>>> import gpugrad
>>> adjacency = gpugrad.sparse_coo_tensor([[0, 1, 1], [2, 0, 2]], [3.0, 4.0, 5.0], (2, 3))
>>> gpugrad.sparse.mm(adjacency, gpugrad.ones(3, 1))
tensor([[3.],
        [9.]])

There are the layouts COO and CSR. Products with dense matrices, sums, softmax, arithmetic among
sparse tensors and with numbers keep to what is stored; **any other function takes the dense form**
of a sparse tensor and gives a dense result. Gradients reach the values.
"""

from .creation import DoubleTensor as DoubleTensor
from .creation import FloatTensor as FloatTensor
from .creation import IntTensor as IntTensor
from .creation import LongTensor as LongTensor
from .creation import sparse_coo_tensor as sparse_coo_tensor
from .creation import sparse_csr_tensor as sparse_csr_tensor
from .creation import spdiags as spdiags
from .creation import to_sparse as to_sparse
from .functions import addmm as addmm
from .functions import log_softmax as log_softmax
from .functions import mm as mm
from .functions import softmax as softmax
from .functions import spmm as spmm
from .functions import sum as sum
from .tensor import SparseTensor as SparseTensor
