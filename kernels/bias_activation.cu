// A bias of cols elements added to every row of a matrix of rows x cols, and an activation function
// of the sum: forward, and backward with the bias's gradient in the same pass.
//
//   forward    y = act(x + b)
//   backward   dx = dy * act'(x + b),  by y;   db = sum over the rows of dx
//
//   bias_relu, bias_sigmoid, bias_tanh     gelu has a source of its own: it takes long to compile
//
// dx and db may each be null. Forward reads 1 matrix and writes 1; backward reads 2 and writes 1.
// db is the sum of dx as it is before it is rounded to the type in memory. `lanes` and `slices`
// shape the grid, and db wants `partial` and `counter`: see columns.cuh.
#include "activation.cuh"
#include "bias.cuh"

// The bias has done its part: y is all that the gradient needs.
template <typename F>
struct OfOutput {
    template <typename C>
    __device__ __forceinline__ C operator()(C dy, C y, C) const {
        return F()(dy, y);
    }
};

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
    }

FOR_EACH_TYPE(BIAS_ACTIVATION)
