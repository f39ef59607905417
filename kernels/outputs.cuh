// Elementwise kernels with several results.
#ifndef GPUGRAD_OUTPUTS_CUH
#define GPUGRAD_OUTPUTS_CUH

#include "common.cuh"

// What a function of one element returns, and where the arrays of such values are.
template <typename C, int N>
struct Values {
    C of[N];
};

template <typename T, int N>
struct Outputs {
    T* of[N];
};

template <typename T, int N>
struct Packs {
    Pack<T> of[N];
};

template <typename T, int N, typename F, typename... In>
__device__ __forceinline__ Packs<T, N> map_packs(const F& f, const In&... in) {
    Packs<T, N> out;
#pragma unroll
    for (int k = 0; k < Pack<T>::WIDTH; ++k) {
        const Values<Compute<T>, N> values = f(widen(in.item[k])...);
#pragma unroll
        for (int j = 0; j < N; ++j) narrow(values.of[j], out.of[j].item[k]);
    }
    return out;
}

// out[0][i], out[1][i], ... = f(in[i]...) for i < n.
template <typename T, int N, typename F, typename... In>
__device__ __forceinline__ void map(Walk walk, long long n, const F& f, const Outputs<T, N>& out,
                                    const In*... in) {
    constexpr int WIDTH = Pack<T>::WIDTH;
    Split s = split(n, out.of[0], in...);
#pragma unroll
    for (int j = 1; j < N; ++j) {
        if (misalignment(out.of[j]) != misalignment(out.of[0])) s = {n, 0};
    }
#pragma unroll 1
    for (long long i = walk.first; i < s.packs; i += walk.step) {
        const long long at = s.head + i * WIDTH;
        const Packs<T, N> results = map_packs<T, N>(f, load_pack(in + at)...);
#pragma unroll
        for (int j = 0; j < N; ++j) store_pack(out.of[j] + at, results.of[j]);
    }
    const long long packed = s.packs * WIDTH;
#pragma unroll 1
    for (long long i = walk.first; i < n - packed; i += walk.step) {
        const long long at = i < s.head ? i : i + packed;
        const Values<Compute<T>, N> values = f(widen(in[at])...);
#pragma unroll
        for (int j = 0; j < N; ++j) narrow(values.of[j], out.of[j][at]);
    }
}

#endif
