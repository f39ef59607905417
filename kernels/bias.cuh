// A bias added to every row of a matrix, and a function of the sum.
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

#endif
