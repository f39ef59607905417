"""Making tensors: from data, filled with a value, as ranges, or like another tensor."""

from .filled import empty as empty
from .filled import eye as eye
from .filled import full as full
from .filled import ones as ones
from .filled import zeros as zeros
from .from_data import as_tensor as as_tensor
from .from_data import from_numpy as from_numpy
from .from_data import tensor as tensor
from .like import empty_like as empty_like
from .like import full_like as full_like
from .like import new_empty as new_empty
from .like import new_full as new_full
from .like import new_ones as new_ones
from .like import new_tensor as new_tensor
from .like import new_zeros as new_zeros
from .like import ones_like as ones_like
from .like import zeros_like as zeros_like
from .placing import leaf as leaf
from .ranges import arange as arange
from .ranges import linspace as linspace
from .ranges import logspace as logspace
