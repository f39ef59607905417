// A bias of cols elements added to every row of a matrix of rows x cols, and gelu of the sum:
// forward, and backward with the bias's gradient in the same pass.
//
//   forward    y = gelu(x + b)
//   backward   dx = dy * gelu'(x + b),   db = sum over the rows of dx
//
//   bias_gelu          the exact one
//   bias_gelu_tanh     its approximation by tanh
//
// dx and db may each be null. Forward reads 1 matrix and writes 1; backward reads 2 and writes 1.
// db is the sum of dx as it is before it is rounded to the type in memory. `lanes` and `slices`
// shape the grid, and db wants `partial` and `counter`: see columns.cuh.
#include "activation.cuh"
#include "bias.cuh"

template <typename F>
struct OfInput {
    template <typename C>
    __device__ __forceinline__ C operator()(C dy, C x, C b) const {
        return F()(dy, x + b);
    }
};

#define BIAS_GELU(T, SUFFIX)                                                                     \
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

FOR_EACH_TYPE(BIAS_GELU)
