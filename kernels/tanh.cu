// Hyperbolic tangent, forward and backward, elementwise over n elements.
//
//   forward    y  = tanh(x)
//   backward   dx = dy * (1 - y * y)       y is the saved output, so x need not be kept
//
// Reads 1 array and writes 1; backward reads 2 and writes 1.
#include "activation.cuh"

#define TANH(T, SUFFIX)                                                          \
    KERNEL tanh_forward_##SUFFIX(const T* x, T* y, long long n) {                \
        map(grid_walk(), n, Tanh<Compute<T>>(), y, x);                           \
    }                                                                            \
    KERNEL tanh_backward_##SUFFIX(const T* dy, const T* y, T* dx, long long n) { \
        map(grid_walk(), n, TanhGrad<Compute<T>>(), dx, dy, y);                  \
    }

FOR_EACH_TYPE(TANH)
