// Rectified linear unit, forward and backward, elementwise over n elements.
//
//   forward    y  = x where x > 0, else 0          nan stays nan
//   backward   dx = 0 where y <= 0, else dy        y is the saved output; the slope at 0 is 0
//
// Reads 1 array and writes 1; backward reads 2 and writes 1. Exact in every type.
#include "activation.cuh"

#define RELU(T, SUFFIX)                                                          \
    KERNEL relu_forward_##SUFFIX(const T* x, T* y, long long n) {                \
        map(grid_walk(), n, Relu<Compute<T>>(), y, x);                           \
    }                                                                            \
    KERNEL relu_backward_##SUFFIX(const T* dy, const T* y, T* dx, long long n) { \
        map(grid_walk(), n, ReluGrad<Compute<T>>(), dx, dy, y);                  \
    }

FOR_EACH_TYPE(RELU)
