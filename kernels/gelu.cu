// Gaussian error linear unit, forward and backward, elementwise over n elements.
//
//   exact     y = x * Phi(x),  Phi(x) = (1 + erf(x / sqrt(2))) / 2
//             dx = dy * (Phi(x) + x * phi(x)),  phi(x) = exp(-x * x / 2) / sqrt(2 pi)
//   tanh      y = x * (1 + t) / 2,  t = tanh(u),  u = sqrt(2 / pi) * (x + 0.044715 x^3)
//             dx = dy * ((1 + t) + x * (1 - t * t) * u') / 2
//                  u' = sqrt(2 / pi) * (1 + 3 * 0.044715 x^2)
//
// Reads 1 array and writes 1; backward reads dy and x and writes 1.
// Source: Hendrycks and Gimpel, "Gaussian Error Linear Units" (2016).
#include "activation.cuh"

#define GELU(T, SUFFIX)                                                               \
    KERNEL gelu_forward_##SUFFIX(const T* x, T* y, long long n) {                     \
        map(grid_walk(), n, Gelu<Compute<T>>(), y, x);                                \
    }                                                                                 \
    KERNEL gelu_backward_##SUFFIX(const T* dy, const T* x, T* dx, long long n) {      \
        map(grid_walk(), n, GeluGrad<Compute<T>>(), dx, dy, x);                       \
    }                                                                                 \
    KERNEL gelu_tanh_forward_##SUFFIX(const T* x, T* y, long long n) {                \
        map(grid_walk(), n, GeluTanh<Compute<T>>(), y, x);                            \
    }                                                                                 \
    KERNEL gelu_tanh_backward_##SUFFIX(const T* dy, const T* x, T* dx, long long n) { \
        map(grid_walk(), n, GeluTanhGrad<Compute<T>>(), dx, dy, x);                   \
    }

FOR_EACH_TYPE(GELU)
