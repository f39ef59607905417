// Logistic sigmoid, forward and backward, elementwise over n elements.
//
//   forward    y  = 1 / (1 + exp(-x))
//   backward   dx = dy * y * (1 - y)       y is the saved output, so x need not be kept
//
// Reads 1 array and writes 1; backward reads 2 and writes 1.
// exp(-x) overflows to infinity only where the true result is below the smallest normal number of
// the type; 1 / infinity then gives the zero that rounding to normal numbers would give.
#include "activation.cuh"

#define SIGMOID(T, SUFFIX)                                                          \
    KERNEL sigmoid_forward_##SUFFIX(const T* x, T* y, long long n) {                \
        map(grid_walk(), n, Sigmoid<Compute<T>>(), y, x);                           \
    }                                                                               \
    KERNEL sigmoid_backward_##SUFFIX(const T* dy, const T* y, T* dx, long long n) { \
        map(grid_walk(), n, SigmoidGrad<Compute<T>>(), dx, dy, y);                  \
    }

FOR_EACH_TYPE(SIGMOID)
