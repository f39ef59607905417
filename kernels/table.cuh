// One launch for a list of arrays of any number and sizes, such as the parameters of a model.
//
// The work is cut into chunks, each a stretch of one array; blocks take chunks in turn. Tables in
// device memory say what is where:
//   pointers[list * arrays + a]     address of array a of a list (parameters, gradients, ...)
//   chunks[3 * k + 0, 1, 2]         chunk k's array, first element and number of elements
// A list's arrays have the same sizes as every other list's, and the type T.
#ifndef GPUGRAD_TABLE_CUH
#define GPUGRAD_TABLE_CUH

#include "common.cuh"

struct Table {
    const long long* pointers;
    const long long* chunks;
    long long arrays, chunk_count;
};

// f(values) for every element, where values[k] is the element of list k. List 0 (the gradients)
// is only read; the others are written back.
template <typename T, int LISTS, typename F>
__device__ __forceinline__ void update_chunk(T* const (&at)[LISTS], long long n, const F& f) {
    typedef Compute<T> C;
    constexpr int WIDTH = Pack<T>::WIDTH;
    Split s = split(n, at[0]);
#pragma unroll
    for (int k = 1; k < LISTS; ++k) {
        if (misalignment(at[k]) != misalignment(at[0])) s = {n, 0};
    }
#pragma unroll 1
    for (long long i = threadIdx.x; i < s.packs; i += blockDim.x) {
        const long long j = s.head + i * WIDTH;
        Pack<T> pack[LISTS];
#pragma unroll
        for (int k = 0; k < LISTS; ++k) pack[k] = load_pack(at[k] + j);
#pragma unroll
        for (int e = 0; e < WIDTH; ++e) {
            C value[LISTS];
#pragma unroll
            for (int k = 0; k < LISTS; ++k) value[k] = widen(pack[k].item[e]);
            f(value);
#pragma unroll
            for (int k = 1; k < LISTS; ++k) narrow(value[k], pack[k].item[e]);
        }
#pragma unroll
        for (int k = 1; k < LISTS; ++k) store_pack(at[k] + j, pack[k]);
    }
    const long long packed = s.packs * WIDTH;
#pragma unroll 1
    for (long long i = threadIdx.x; i < n - packed; i += blockDim.x) {
        const long long j = i < s.head ? i : i + packed;
        C value[LISTS];
#pragma unroll
        for (int k = 0; k < LISTS; ++k) value[k] = widen(at[k][j]);
        f(value);
#pragma unroll
        for (int k = 1; k < LISTS; ++k) narrow(value[k], at[k][j]);
    }
}

template <typename T, int LISTS, typename F>
__device__ __forceinline__ void update(const Table& table, const F& f) {
#pragma unroll 1
    for (long long c = blockIdx.x; c < table.chunk_count; c += gridDim.x) {
        const long long array = table.chunks[3 * c], first = table.chunks[3 * c + 1];
        T* at[LISTS];
#pragma unroll
        for (int k = 0; k < LISTS; ++k) {
            at[k] = reinterpret_cast<T*>(table.pointers[k * table.arrays + array]) + first;
        }
        update_chunk<T, LISTS>(at, table.chunks[3 * c + 2], f);
    }
}

// Adds 1 to a step count that every block has read before it came here.
__device__ __forceinline__ void count_step(float* step, unsigned int* counter) {
    if (last_block(counter, gridDim.x) && threadIdx.x == 0) *step += 1.0f;
}

#endif
