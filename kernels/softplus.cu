// Smooth rectifier, forward and backward, elementwise over n elements.
//
//   forward    y  = log(1 + exp(beta * x)) / beta,  and x where beta * x > threshold
//   backward   dx = dy / (1 + exp(-beta * x)),      and dy where beta * x > threshold
//
// Reads 1 array and writes 1; backward reads dy and x and writes 1.
#include "common.cuh"

template <typename C>
struct Softplus {
    C beta, threshold;
    __device__ __forceinline__ C operator()(C x) const {
        const C scaled = beta * x;
        return scaled > threshold ? x : log1p(exp(scaled)) / beta;
    }
};

template <typename C>
struct SoftplusGrad {
    C beta, threshold;
    __device__ __forceinline__ C operator()(C dy, C x) const {
        const C scaled = beta * x;
        return scaled > threshold ? dy : dy * (C(1) / (C(1) + exp(-scaled)));
    }
};

#define SOFTPLUS(T, SUFFIX)                                                           \
    KERNEL softplus_forward_##SUFFIX(const T* x, T* y, double beta, double threshold, \
                                     long long n) {                                   \
        const Softplus<Compute<T>> f = {Compute<T>(beta), Compute<T>(threshold)};     \
        map(grid_walk(), n, f, y, x);                                                 \
    }                                                                                 \
    KERNEL softplus_backward_##SUFFIX(const T* dy, const T* x, T* dx, double beta,    \
                                      double threshold, long long n) {                \
        const SoftplusGrad<Compute<T>> f = {Compute<T>(beta), Compute<T>(threshold)}; \
        map(grid_walk(), n, f, dx, dy, x);                                            \
    }

FOR_EACH_TYPE(SOFTPLUS)
