// Sigmoid linear unit (swish), forward and backward, elementwise over n elements.
//
//   forward    y  = x * s,  s = 1 / (1 + exp(-x))
//   backward   dx = dy * s * (1 + x * (1 - s))
//
// Reads 1 array and writes 1; backward reads dy and x and writes 1.
#include "common.cuh"

template <typename C>
struct Silu {
    __device__ __forceinline__ C operator()(C x) const { return x * (C(1) / (C(1) + exp(-x))); }
};

template <typename C>
struct SiluGrad {
    __device__ __forceinline__ C operator()(C dy, C x) const {
        const C s = C(1) / (C(1) + exp(-x));
        return dy * (s * (C(1) + x * (C(1) - s)));
    }
};

#define SILU(T, SUFFIX)                                                          \
    KERNEL silu_forward_##SUFFIX(const T* x, T* y, long long n) {                \
        map(grid_walk(), n, Silu<Compute<T>>(), y, x);                           \
    }                                                                            \
    KERNEL silu_backward_##SUFFIX(const T* dy, const T* x, T* dx, long long n) { \
        map(grid_walk(), n, SiluGrad<Compute<T>>(), dx, dy, x);                  \
    }

FOR_EACH_TYPE(SILU)
