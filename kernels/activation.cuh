// The activation functions and their gradients, element by element, in the type of the arithmetic.
//
// Each gradient takes dy and what is kept for it: the output y of relu, sigmoid and tanh, the input
// x of gelu. The formulas stand in the sources of the same names.
#ifndef GPUGRAD_ACTIVATION_CUH
#define GPUGRAD_ACTIVATION_CUH

#include "common.cuh"

template <typename C>
struct Relu {
    __device__ __forceinline__ C operator()(C x) const { return x <= C(0) ? C(0) : x; }
};

template <typename C>
struct ReluGrad {
    __device__ __forceinline__ C operator()(C dy, C y) const { return y <= C(0) ? C(0) : dy; }
};

template <typename C>
struct Sigmoid {
    __device__ __forceinline__ C operator()(C x) const { return C(1) / (C(1) + exp(-x)); }
};

template <typename C>
struct SigmoidGrad {
    __device__ __forceinline__ C operator()(C dy, C y) const { return dy * ((C(1) - y) * y); }
};

template <typename C>
struct Tanh {
    __device__ __forceinline__ C operator()(C x) const { return tanh(x); }
};

template <typename C>
struct TanhGrad {
    __device__ __forceinline__ C operator()(C dy, C y) const { return dy * (C(1) - y * y); }
};

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

#endif
