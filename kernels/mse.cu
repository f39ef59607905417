// Squared error of two arrays of n elements, forward for every reduction, and backward.
//
//   mse_none        e[i] = (x[i] - y[i])^2
//   mse_reduce      e = scale * sum of (x[i] - y[i])^2       scale is 1 for a sum, 1 / n for a mean
//   mse_backward    dx[i] = scale * de * (x[i] - y[i])       de is e's gradient: one number, or,
//                                                            where `each` is not 0, de[i]
//                   scale is 2, and 2 / n for a mean; y's gradient is -dx
//
// Reads 2 arrays; mse_none and mse_backward write 1. mse_reduce sums within threads, blocks and the
// grid, in the type of the arithmetic and in an order that only the launch decides. It wants
// `partial`, one number for each block, and `counter`, which is 0 before and after; for a launch of
// one block both may be null.
#include "common.cuh"

template <typename C>
struct SquaredError {
    __device__ __forceinline__ C operator()(C x, C y) const { return (x - y) * (x - y); }
};

template <typename C>
struct AddSquaredError {
    __device__ __forceinline__ C operator()(C total, C x, C y) const {
        return total + (x - y) * (x - y);
    }
};

template <typename C>
struct SquaredErrorGrad {
    C scale;
    __device__ __forceinline__ C operator()(C x, C y) const { return (x - y) * scale; }
    __device__ __forceinline__ C operator()(C x, C y, C de) const { return (x - y) * (de * scale); }
};

#define MSE(T, SUFFIX)                                                                     \
    KERNEL mse_none_##SUFFIX(const T* x, const T* y, T* e, long long n) {                  \
        map(grid_walk(), n, SquaredError<Compute<T>>(), e, x, y);                          \
    }                                                                                      \
    KERNEL mse_reduce_##SUFFIX(const T* x, const T* y, T* e, double scale,                 \
                               NULLABLE Compute<T>* partial,                               \
                               NULLABLE unsigned int* counter, long long n) {              \
        typedef Compute<T> C;                                                              \
        const C mine = fold(grid_walk(), n, C(0), AddSquaredError<C>(), x, y);             \
        grid_sum(mine, partial, counter, WriteScaled<T>{e, C(scale)});                     \
    }                                                                                      \
    KERNEL mse_backward_##SUFFIX(const T* x, const T* y, const T* de, T* dx, double scale, \
                                 long long each, long long n) {                            \
        typedef Compute<T> C;                                                              \
        if (each) {                                                                        \
            map(grid_walk(), n, SquaredErrorGrad<C>{C(scale)}, dx, x, y, de);              \
        } else {                                                                           \
            map(grid_walk(), n, SquaredErrorGrad<C>{widen(*de) * C(scale)}, dx, x, y);     \
        }                                                                                  \
    }

FOR_EACH_TYPE(MSE)
