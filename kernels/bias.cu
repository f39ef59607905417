// A bias of cols elements added to every row of a matrix of rows x cols, forward and backward.
//
//   bias_forward    y[r][c] = x[r][c] + b[c]
//   column_sum      db[c] = sum over the rows r of dy[r][c]         dx is dy
//
// bias_forward reads 1 matrix and writes 1; column_sum reads 1. `lanes` and `slices` shape the
// grid, and column_sum wants `partial` and `counter`: see columns.cuh.
#include "bias.cuh"

template <typename C>
struct Same {
    __device__ __forceinline__ C operator()(C x) const { return x; }
};

template <typename Items, typename T>
struct Add {
    Compute<T> total[Items::WIDTH];
    __device__ __forceinline__ void operator()(long long, const Items (&in)[1]) {
#pragma unroll
        for (int k = 0; k < Items::WIDTH; ++k) total[k] += widen(in[0].item[k]);
    }
};

template <typename T>
struct Sum {
    const Columns<T>& mine;
    const T* x;
    ColumnSums<T>& sums;
    template <typename Items>
    __device__ __forceinline__ void columns(int k) const {
        const T* const in[] = {x};
        Add<Items, T> body = {};
        go_down<Items, 4>(mine, k, in, body);
#pragma unroll
        for (int i = 0; i < Items::WIDTH; ++i) sums[k + i][threadIdx.x] = body.total[i];
    }
};

template <typename T>
__device__ __forceinline__ void column_sum(const T* x, T* out, Compute<T>* partial,
                                           unsigned int* counter, long long lanes,
                                           long long slices, long long rows, long long cols) {
    __shared__ ColumnSums<T> sums;
    const Columns<T> mine(lanes, slices, rows, cols, x);
    const Sum<T> work = {mine, x, sums};
    for_each_column(mine, work);
    sum_columns(mine, sums, out, partial, counter);
}

#define BIAS(T, SUFFIX)                                                                           \
    KERNEL bias_forward_##SUFFIX(const T* x, const T* b, T* y, long long lanes, long long slices, \
                                 long long rows, long long cols) {                                \
        bias_forward<Same<Compute<T>>>(x, b, y, lanes, slices, rows, cols);                       \
    }                                                                                             \
    KERNEL column_sum_##SUFFIX(const T* dy, T* db, NULLABLE Compute<T>* partial,                  \
                               NULLABLE unsigned int* counter, long long lanes, long long slices, \
                               long long rows, long long cols) {                                  \
        column_sum(dy, db, partial, counter, lanes, slices, rows, cols);                          \
    }

FOR_EACH_TYPE(BIAS)
