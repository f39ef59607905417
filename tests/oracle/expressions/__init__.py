"""Expressions that both libraries evaluate, one in a line; statements before it end in semicolons.

They use the names that ``test_more_ops.names`` gives, and ``torch`` for the library at hand.
"""

from __future__ import annotations

from . import indexing, linear, order, rearranging, special

GROUPS = {
    "order": order.EXPRESSIONS,
    "indexing": indexing.EXPRESSIONS,
    "rearranging": rearranging.EXPRESSIONS,
    "special": special.EXPRESSIONS,
    "linear": linear.EXPRESSIONS,
}
