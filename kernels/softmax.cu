// Softmax and its logarithm over the rows of a matrix of rows x cols, forward and backward.
//
//   softmax       y  = exp(x - m) / s       m = max of the row, s = sum of exp(x - m) over the row
//                 dx = y * (dy - sum of dy * y)
//   log_softmax   y  = x - m - log(s)
//                 dx = dy - exp(y) * sum of dy
//
// Forward reads x twice, the second time from the cache, and writes y; backward reads dy and y
// likewise and writes dx. m and s come in one pass. Sums are in the type of the arithmetic, in an
// order that only the number of columns and the launch decide.
#include "rows.cuh"

template <typename C>
struct Softmax {
    ExpSum<C> total;
    __device__ __forceinline__ C operator()(C x) const {
        return exp(x - total.largest) / total.sum;
    }
};

template <typename C>
struct LogSoftmax {
    C largest, log_sum;
    __device__ __forceinline__ C operator()(C x) const { return x - largest - log_sum; }
};

template <typename T>
struct SoftmaxRows {
    const T* x;
    T* y;
    long long cols;
    __device__ __forceinline__ void row(const Team& team, long long r) const {
        const T* from = x + r * cols;
        const Softmax<Compute<T>> f = {exp_sum(team, from, cols)};
        map(team.walk(), cols, f, y + r * cols, from);
    }
};

template <typename T>
struct LogSoftmaxRows {
    const T* x;
    T* y;
    long long cols;
    __device__ __forceinline__ void row(const Team& team, long long r) const {
        const T* from = x + r * cols;
        const ExpSum<Compute<T>> total = exp_sum(team, from, cols);
        const LogSoftmax<Compute<T>> f = {total.largest, log(total.sum)};
        map(team.walk(), cols, f, y + r * cols, from);
    }
};

template <typename C>
struct AddProduct {
    __device__ __forceinline__ C operator()(C total, C a, C b) const { return total + a * b; }
};

template <typename C>
struct Add {
    __device__ __forceinline__ C operator()(C total, C a) const { return total + a; }
};

template <typename C>
struct SoftmaxGrad {
    C total;
    __device__ __forceinline__ C operator()(C dy, C y) const { return y * (dy - total); }
};

template <typename C>
struct LogSoftmaxGrad {
    C total;
    __device__ __forceinline__ C operator()(C dy, C y) const { return dy - exp(y) * total; }
};

template <typename T>
struct SoftmaxGradRows {
    const T *dy, *y;
    T* dx;
    long long cols;
    __device__ __forceinline__ void row(const Team& team, long long r) const {
        typedef Compute<T> C;
        const T *grad = dy + r * cols, *out = y + r * cols;
        C total = fold(team.walk(), cols, C(0), AddProduct<C>(), grad, out);
        total = team.reduce(total, Plus(), C(0));
        map(team.walk(), cols, SoftmaxGrad<C>{total}, dx + r * cols, grad, out);
    }
};

template <typename T>
struct LogSoftmaxGradRows {
    const T *dy, *y;
    T* dx;
    long long cols;
    __device__ __forceinline__ void row(const Team& team, long long r) const {
        typedef Compute<T> C;
        const T *grad = dy + r * cols, *out = y + r * cols;
        C total = fold(team.walk(), cols, C(0), Add<C>(), grad);
        total = team.reduce(total, Plus(), C(0));
        map(team.walk(), cols, LogSoftmaxGrad<C>{total}, dx + r * cols, grad, out);
    }
};

#define SOFTMAX(T, SUFFIX)                                                                  \
    KERNEL softmax_forward_##SUFFIX(const T* x, T* y, long long rows, long long cols) {     \
        for_each_row(rows, cols, SoftmaxRows<T>{x, y, cols});                               \
    }                                                                                       \
    KERNEL softmax_backward_##SUFFIX(const T* dy, const T* y, T* dx, long long rows,        \
                                     long long cols) {                                      \
        for_each_row(rows, cols, SoftmaxGradRows<T>{dy, y, dx, cols});                      \
    }                                                                                       \
    KERNEL log_softmax_forward_##SUFFIX(const T* x, T* y, long long rows, long long cols) { \
        for_each_row(rows, cols, LogSoftmaxRows<T>{x, y, cols});                            \
    }                                                                                       \
    KERNEL log_softmax_backward_##SUFFIX(const T* dy, const T* y, T* dx, long long rows,    \
                                         long long cols) {                                  \
        for_each_row(rows, cols, LogSoftmaxGradRows<T>{dy, y, dx, cols});                   \
    }

FOR_EACH_TYPE(SOFTMAX)
