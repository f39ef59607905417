// Leaky rectified linear unit, forward and backward, elementwise over n elements.
//
//   forward    y  = x where x > 0, else slope * x
//   backward   dx = dy where x > 0, else slope * dy
//
// Reads 1 array and writes 1; backward reads dy and x and writes 1. The slope is rounded to the
// type of the arithmetic first.
#include "common.cuh"

template <typename C>
struct LeakyRelu {
    C slope;
    __device__ __forceinline__ C operator()(C x) const { return x > C(0) ? x : slope * x; }
};

template <typename C>
struct LeakyReluGrad {
    C slope;
    __device__ __forceinline__ C operator()(C dy, C x) const { return x > C(0) ? dy : slope * dy; }
};

#define LEAKY_RELU(T, SUFFIX)                                                         \
    KERNEL leaky_relu_forward_##SUFFIX(const T* x, T* y, double slope, long long n) { \
        map(grid_walk(), n, LeakyRelu<Compute<T>>{Compute<T>(slope)}, y, x);          \
    }                                                                                 \
    KERNEL leaky_relu_backward_##SUFFIX(const T* dy, const T* x, T* dx, double slope, \
                                        long long n) {                                \
        map(grid_walk(), n, LeakyReluGrad<Compute<T>>{Compute<T>(slope)}, dx, dy, x); \
    }

FOR_EACH_TYPE(LEAKY_RELU)
