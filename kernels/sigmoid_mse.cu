// Squared error of the logistic sigmoid of n elements, forward for every reduction, and backward.
//
//   p = 1 / (1 + exp(-x))
//   sigmoid_mse_none      e[i] = (p[i] - y[i])^2
//   sigmoid_mse_reduce    e = scale * sum of (p[i] - y[i])^2      scale: 1, and 1 / n for a mean
//   sigmoid_mse_backward  g = scale * de * (p[i] - y[i])          scale: 2, and 2 / n for a mean
//                         dx[i] = g * p[i] * (1 - p[i])           de is e's gradient: one number, or,
//                         dy[i] = -g                              where `each` is not 0, de[i]
//
// Forward writes p too, unless it is null. sigmoid_mse_backward computes p anew from x, and
// sigmoid_mse_backward_output reads it. dx and dy may each be null.
//
// Reads 2 arrays and writes those that are not null. sigmoid_mse_reduce sums like mse_reduce, and
// wants `partial` and `counter` as it does.
#include "activation.cuh"

// f(a[i], b[i], in[i]...) for i < n sets a[i] and b[i], either of which may be null.
template <typename T, typename F, typename... In>
__device__ __forceinline__ void map_to_two(Walk walk, long long n, F& f, T* a, T* b, const T* x,
                                           const In*... in) {
    typedef Compute<T> C;
    constexpr int WIDTH = Pack<T>::WIDTH;
    // In place of a null one, an array that is there decides nothing.
    const Split s = split(n, x, in..., a ? a : x, b ? b : x);
#pragma unroll 1
    for (long long i = walk.first; i < s.packs; i += walk.step) {
        const long long at = s.head + i * WIDTH;
        Pack<T> to_a, to_b;
        apply_to_pack(f, to_a, to_b, load_pack(x + at), load_pack(in + at)...);
        if (a) store_pack(a + at, to_a);
        if (b) store_pack(b + at, to_b);
    }
    const long long packed = s.packs * WIDTH;
#pragma unroll 1
    for (long long i = walk.first; i < n - packed; i += walk.step) {
        const long long at = i < s.head ? i : i + packed;
        C to_a, to_b;
        f(to_a, to_b, widen(x[at]), widen(in[at])...);
        if (a) narrow(to_a, a[at]);
        if (b) narrow(to_b, b[at]);
    }
}

template <typename T, typename F, typename... Packs>
__device__ __forceinline__ void apply_to_pack(F& f, Pack<T>& a, Pack<T>& b, const Packs&... in) {
#pragma unroll
    for (int k = 0; k < Pack<T>::WIDTH; ++k) {
        Compute<T> to_a, to_b;
        f(to_a, to_b, widen(in.item[k])...);
        narrow(to_a, a.item[k]);
        narrow(to_b, b.item[k]);
    }
}

// Each error, p, and the sum of the errors.
template <typename C>
struct SigmoidError {
    C total;
    __device__ __forceinline__ void operator()(C& p, C& e, C x, C y) {
        p = Sigmoid<C>()(x);
        e = (p - y) * (p - y);
        total += e;
    }
};

// From p, or from x.
template <typename C, bool OF_OUTPUT>
struct SigmoidErrorGrad {
    C scale;
    __device__ __forceinline__ void operator()(C& dx, C& dy, C x, C y) const {
        (*this)(dx, dy, x, y, C(1));
    }
    __device__ __forceinline__ void operator()(C& dx, C& dy, C x, C y, C de) const {
        const C p = OF_OUTPUT ? x : Sigmoid<C>()(x);
        const C grad = (p - y) * (de * scale);
        dx = SigmoidGrad<C>()(grad, p);
        dy = -grad;
    }
};

template <bool OF_OUTPUT, typename T>
__device__ __forceinline__ void sigmoid_mse_grad(const T* x, const T* y, const T* de, T* dx, T* dy,
                                                 double scale, long long each, long long n) {
    typedef Compute<T> C;
    if (each) {
        const SigmoidErrorGrad<C, OF_OUTPUT> f = {C(scale)};
        map_to_two(grid_walk(), n, f, dx, dy, x, y, de);
    } else {
        const SigmoidErrorGrad<C, OF_OUTPUT> f = {widen(*de) * C(scale)};
        map_to_two(grid_walk(), n, f, dx, dy, x, y);
    }
}

#define SIGMOID_MSE(T, SUFFIX)                                                                    \
    KERNEL sigmoid_mse_none_##SUFFIX(const T* x, const T* y, T* e, NULLABLE T* p, long long n) {  \
        SigmoidError<Compute<T>> f = {};                                                          \
        map_to_two(grid_walk(), n, f, p, e, x, y);                                                \
    }                                                                                             \
    KERNEL sigmoid_mse_reduce_##SUFFIX(const T* x, const T* y, T* e, NULLABLE T* p, double scale, \
                                       NULLABLE Compute<T>* partial,                              \
                                       NULLABLE unsigned int* counter, long long n) {             \
        SigmoidError<Compute<T>> f = {};                                                          \
        map_to_two(grid_walk(), n, f, p, static_cast<T*>(nullptr), x, y);                         \
        grid_sum(f.total, partial, counter, WriteScaled<T>{e, Compute<T>(scale)});                \
    }                                                                                             \
    KERNEL sigmoid_mse_backward_##SUFFIX(const T* x, const T* y, const T* de, NULLABLE T* dx,     \
                                         NULLABLE T* dy, double scale, long long each,            \
                                         long long n) {                                           \
        sigmoid_mse_grad<false>(x, y, de, dx, dy, scale, each, n);                                \
    }                                                                                             \
    KERNEL sigmoid_mse_backward_output_##SUFFIX(const T* p, const T* y, const T* de,              \
                                                NULLABLE T* dx, NULLABLE T* dy, double scale,     \
                                                long long each, long long n) {                    \
        sigmoid_mse_grad<true>(p, y, de, dx, dy, scale, each, n);                                 \
    }

FOR_EACH_TYPE(SIGMOID_MSE)
