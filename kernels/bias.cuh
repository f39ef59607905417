// A bias added to every row of a matrix, a function of the sum, and the gradients of both.
#ifndef GPUGRAD_BIAS_CUH
#define GPUGRAD_BIAS_CUH

#include "columns.cuh"

template <typename Items, typename T, typename F>
struct AddBias {
    T* y;
    Items bias;
    __device__ __forceinline__ void operator()(long long i, const Items (&in)[1]) const {
        Items out;
#pragma unroll
        for (int k = 0; k < Items::WIDTH; ++k) {
            narrow(F()(widen(in[0].item[k]) + widen(bias.item[k])), out.item[k]);
        }
        store(y + i, out);
    }
};

template <typename T, typename F>
struct BiasForward {
    const Columns<T>& mine;
    const T *x, *b;
    T* y;
    template <typename Items>
    __device__ __forceinline__ void columns(int k) const {
        const T* const in[] = {x};
        AddBias<Items, T, F> body = {y, {}};
        load(b + mine.first + k * mine.apart, body.bias);
        go_down<Items, 2>(mine, k, in, body);
    }
};

template <typename F, typename T>
__device__ __forceinline__ void bias_forward(const T* x, const T* b, T* y, long long lanes,
                                             long long slices, long long rows, long long cols) {
    const Columns<T> mine(lanes, slices, rows, cols, x, b, y);
    const BiasForward<T, F> work = {mine, x, b, y};
    for_each_column(mine, work);
}

// dx = F(dy, what is kept, bias), and the sums of its columns.
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

#endif
