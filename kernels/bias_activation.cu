// A bias of cols elements added to every row of a matrix of rows x cols, and an activation function
// of the sum: forward, and backward with the bias's gradient in the same pass.
//
//   forward    y = act(x + b)
//   backward   dx = dy * act'(x + b),   db = sum over the rows of dx
//
//   name              act                   what backward takes
//   bias_relu         relu                  y
//   bias_sigmoid      logistic sigmoid      y
//   bias_tanh         hyperbolic tangent    y
//   bias_gelu         gelu, exact           x and b
//   bias_gelu_tanh    gelu by tanh          x and b
//
// dx and db may each be null. Forward reads 1 matrix and writes 1; backward reads 2 and writes 1.
// db is the sum of dx as it is before it is rounded to the type in memory. `lanes` and `slices`
// shape the grid, and db wants `partial` and `counter`: see columns.cuh.
#include "activation.cuh"
#include "bias.cuh"

// How a gradient takes what is kept for it.

template <typename F>
struct OfOutput {
    template <typename C>
    __device__ __forceinline__ C operator()(C dy, C y, C) const {
        return F()(dy, y);
    }
};

template <typename F>
struct OfInput {
    template <typename C>
    __device__ __forceinline__ C operator()(C dy, C x, C b) const {
        return F()(dy, x + b);
    }
};

// Takes dy and what is kept.
template <typename Items, typename T, typename F>
struct Differentiate {
    T* dx;
    Items bias;
    Compute<T> total[Items::WIDTH];
    __device__ __forceinline__ void operator()(long long i, const Items (&in)[2]) {
        Items out;
#pragma unroll
        for (int k = 0; k < Items::WIDTH; ++k) {
            const Compute<T> grad =
                F()(widen(in[0].item[k]), widen(in[1].item[k]), widen(bias.item[k]));
            total[k] += grad;
            narrow(grad, out.item[k]);
        }
        if (dx) store(dx + i, out);
    }
};

template <typename T, typename F>
struct BiasBackward {
    const Columns<T>& mine;
    const T *dy, *kept, *b;
    T* dx;
    ColumnSums<T>& sums;
    template <typename Items>
    __device__ __forceinline__ void columns(int k) const {
        const T* const in[] = {dy, kept};
        Differentiate<Items, T, F> body = {dx, {}, {}};
        if (b) load(b + mine.first + k * mine.apart, body.bias);
        go_down<Items, 2>(mine, k, in, body);
#pragma unroll
        for (int i = 0; i < Items::WIDTH; ++i) sums[k + i][threadIdx.x] = body.total[i];
    }
};

// `b` is null where F has no use for it.
template <typename F, typename T>
__device__ __forceinline__ void bias_backward(const T* dy, const T* kept, const T* b, T* dx,
                                              T* db, Compute<T>* partial, unsigned int* counter,
                                              long long lanes, long long slices, long long rows,
                                              long long cols) {
    __shared__ ColumnSums<T> sums;
    const Columns<T> mine(lanes, slices, rows, cols, dy, kept, b, dx);
    const BiasBackward<T, F> work = {mine, dy, kept, b, dx, sums};
    for_each_column(mine, work);
    if (db) sum_columns(mine, sums, db, partial, counter);
}

#define BIAS_ACTIVATION(T, SUFFIX)                                                               \
    KERNEL bias_relu_forward_##SUFFIX(const T* x, const T* b, T* y, long long lanes,             \
                                      long long slices, long long rows, long long cols) {        \
        bias_forward<Relu<Compute<T>>>(x, b, y, lanes, slices, rows, cols);                      \
    }                                                                                            \
    KERNEL bias_relu_backward_##SUFFIX(const T* dy, const T* y, NULLABLE T* dx, NULLABLE T* db,  \
                                       NULLABLE Compute<T>* partial,                             \
                                       NULLABLE unsigned int* counter, long long lanes,          \
                                       long long slices, long long rows, long long cols) {       \
        bias_backward<OfOutput<ReluGrad<Compute<T>>>, T>(dy, y, nullptr, dx, db, partial,        \
                                                         counter, lanes, slices, rows, cols);    \
    }                                                                                            \
    KERNEL bias_sigmoid_forward_##SUFFIX(const T* x, const T* b, T* y, long long lanes,          \
                                         long long slices, long long rows, long long cols) {     \
        bias_forward<Sigmoid<Compute<T>>>(x, b, y, lanes, slices, rows, cols);                   \
    }                                                                                            \
    KERNEL bias_sigmoid_backward_##SUFFIX(const T* dy, const T* y, NULLABLE T* dx,               \
                                          NULLABLE T* db, NULLABLE Compute<T>* partial,          \
                                          NULLABLE unsigned int* counter, long long lanes,       \
                                          long long slices, long long rows, long long cols) {    \
        bias_backward<OfOutput<SigmoidGrad<Compute<T>>>, T>(dy, y, nullptr, dx, db, partial,     \
                                                            counter, lanes, slices, rows, cols); \
    }                                                                                            \
    KERNEL bias_tanh_forward_##SUFFIX(const T* x, const T* b, T* y, long long lanes,             \
                                      long long slices, long long rows, long long cols) {        \
        bias_forward<Tanh<Compute<T>>>(x, b, y, lanes, slices, rows, cols);                      \
    }                                                                                            \
    KERNEL bias_tanh_backward_##SUFFIX(const T* dy, const T* y, NULLABLE T* dx, NULLABLE T* db,  \
                                       NULLABLE Compute<T>* partial,                             \
                                       NULLABLE unsigned int* counter, long long lanes,          \
                                       long long slices, long long rows, long long cols) {       \
        bias_backward<OfOutput<TanhGrad<Compute<T>>>, T>(dy, y, nullptr, dx, db, partial,        \
                                                         counter, lanes, slices, rows, cols);    \
    }                                                                                            \
    KERNEL bias_gelu_forward_##SUFFIX(const T* x, const T* b, T* y, long long lanes,             \
                                      long long slices, long long rows, long long cols) {        \
        bias_forward<Gelu<Compute<T>>>(x, b, y, lanes, slices, rows, cols);                      \
    }                                                                                            \
    KERNEL bias_gelu_backward_##SUFFIX(const T* dy, const T* x, const T* b, NULLABLE T* dx,      \
                                       NULLABLE T* db, NULLABLE Compute<T>* partial,             \
                                       NULLABLE unsigned int* counter, long long lanes,          \
                                       long long slices, long long rows, long long cols) {       \
        bias_backward<OfInput<GeluGrad<Compute<T>>>, T>(dy, x, b, dx, db, partial, counter,      \
                                                        lanes, slices, rows, cols);              \
    }                                                                                            \
    KERNEL bias_gelu_tanh_forward_##SUFFIX(const T* x, const T* b, T* y, long long lanes,        \
                                           long long slices, long long rows, long long cols) {   \
        bias_forward<GeluTanh<Compute<T>>>(x, b, y, lanes, slices, rows, cols);                  \
    }                                                                                            \
    KERNEL bias_gelu_tanh_backward_##SUFFIX(const T* dy, const T* x, const T* b, NULLABLE T* dx, \
                                            NULLABLE T* db, NULLABLE Compute<T>* partial,        \
                                            NULLABLE unsigned int* counter, long long lanes,     \
                                            long long slices, long long rows, long long cols) {  \
        bias_backward<OfInput<GeluTanhGrad<Compute<T>>>, T>(dy, x, b, dx, db, partial, counter,  \
                                                            lanes, slices, rows, cols);          \
    }

FOR_EACH_TYPE(BIAS_ACTIVATION)
