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
#include "common.cuh"

constexpr double SQRT_HALF = 0.70710678118654752440;        // sqrt(1 / 2)
constexpr double SQRT_2_OVER_PI = 0.79788456080286535588;   // sqrt(2 / pi)
constexpr double INV_SQRT_2_PI = 0.39894228040143267794;    // 1 / sqrt(2 pi)
constexpr double CUBIC = 0.044715;

template <typename C>
struct Gelu {
    __device__ __forceinline__ C operator()(C x) const {
        return x * C(0.5) * (C(1) + erf(x * C(SQRT_HALF)));
    }
};

template <typename C>
struct GeluGrad {
    __device__ __forceinline__ C operator()(C dy, C x) const {
        const C cdf = C(0.5) * (C(1) + erf(x * C(SQRT_HALF)));
        const C density = C(INV_SQRT_2_PI) * exp(C(-0.5) * x * x);
        return dy * (cdf + x * density);
    }
};

template <typename C>
struct GeluTanh {
    __device__ __forceinline__ C operator()(C x) const {
        const C u = C(SQRT_2_OVER_PI) * (x + C(CUBIC) * x * x * x);
        return x * C(0.5) * (C(1) + tanh(u));
    }
};

template <typename C>
struct GeluTanhGrad {
    __device__ __forceinline__ C operator()(C dy, C x) const {
        const C t = tanh(C(SQRT_2_OVER_PI) * (x + C(CUBIC) * x * x * x));
        const C slope = C(SQRT_2_OVER_PI) * (C(1) + C(3 * CUBIC) * x * x);
        // Far out t is 1 or -1 exactly, and x * x may overflow: no 0 * infinity there.
        const C level = C(1) - t * t;
        const C bend = level == C(0) ? C(0) : x * level * slope;
        return dy * (C(0.5) * ((C(1) + t) + bend));
    }
};

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
