// One launch for a list of arrays of any number and sizes, such as the parameters of a model.
//
// The work is cut into chunks, each a stretch of one array; blocks take chunks in turn. Tables in
// device memory say what is where:
//   pointers[list * arrays + a]     address of array a of a list (parameters, states)
//   chunks[3 * k + 0, 1, 2]         chunk k's array, first element and number of elements
// Gradients are other arrays at every launch: their addresses are an argument, given by value, so
// that a step copies nothing to the device. Only where there are too many for that are they in a
// table as well.
// A list's arrays have the same sizes as every other list's, and the type T.
#ifndef GPUGRAD_TABLE_CUH
#define GPUGRAD_TABLE_CUH

#include "common.cuh"

// All arguments of a launch together may take 4096 bytes.
constexpr int ADDRESSES = 448;

struct Addresses {
    long long at[ADDRESSES];
};

// The start of an argument's declaration that is a struct: __grid_constant__ lets the kernel index
// the argument where it lies, instead of copying it to the stack first.
#define BY_VALUE const __grid_constant__

struct Table {
    const Addresses& given;     // of the arrays of list 0, the gradients,
    const long long* more;      // unless this has them: it may be null
    const long long* pointers;  // of those of the lists after that
    const long long* chunks;
    long long arrays, chunk_count;
};

template <typename T>
__device__ __forceinline__ T* array_of(const Table& table, int list, long long array) {
    long long address;
    if (list > 0) {
        address = table.pointers[(list - 1) * table.arrays + array];
    } else {
        address = table.more != nullptr ? table.more[array] : table.given.at[array];
    }
    return reinterpret_cast<T*>(address);
}

template <typename T, int LISTS>
struct Packs {
    Pack<T> of_list[LISTS];
};

template <typename T, int LISTS>
__device__ __forceinline__ Packs<T, LISTS> load_packs(T* const (&at)[LISTS], long long j) {
    Packs<T, LISTS> packs;
#pragma unroll
    for (int k = 0; k < LISTS; ++k) packs.of_list[k] = load_pack(at[k] + j);
    return packs;
}

template <typename T, int LISTS, typename F>
__device__ __forceinline__ void update_packs(T* const (&at)[LISTS], long long j,
                                             Packs<T, LISTS>& packs, bool write_first,
                                             const F& f) {
#pragma unroll
    for (int e = 0; e < Pack<T>::WIDTH; ++e) {
        Compute<T> value[LISTS];
#pragma unroll
        for (int k = 0; k < LISTS; ++k) value[k] = widen(packs.of_list[k].item[e]);
        f(value);
#pragma unroll
        for (int k = 0; k < LISTS; ++k) narrow(value[k], packs.of_list[k].item[e]);
    }
    if (write_first) store_pack(at[0] + j, packs.of_list[0]);
#pragma unroll
    for (int k = 1; k < LISTS; ++k) store_pack(at[k] + j, packs.of_list[k]);
}

// f(values) for every element, where values[k] is the element of list k, which f may change. Lists
// from 1 on are written back, list 0 where `write_first`.
template <typename T, int LISTS, typename F>
__device__ __forceinline__ void update_chunk(T* const (&at)[LISTS], long long n, bool write_first,
                                             const F& f) {
    constexpr int WIDTH = Pack<T>::WIDTH;
    Split s = split(n, at[0]);
#pragma unroll
    for (int k = 1; k < LISTS; ++k) {
        if (misalignment(at[k]) != misalignment(at[0])) s = {n, 0};
    }
    long long i = threadIdx.x;
    // With few lists, two packs of each are on their way at a time, so that enough bytes are.
    if (LISTS <= 3) {
#pragma unroll 1
        for (; i + blockDim.x < s.packs; i += 2 * blockDim.x) {
            const long long j = s.head + i * WIDTH, next = j + blockDim.x * WIDTH;
            Packs<T, LISTS> here = load_packs(at, j), there = load_packs(at, next);
            update_packs(at, j, here, write_first, f);
            update_packs(at, next, there, write_first, f);
        }
    }
#pragma unroll 1
    for (; i < s.packs; i += blockDim.x) {
        const long long j = s.head + i * WIDTH;
        Packs<T, LISTS> packs = load_packs(at, j);
        update_packs(at, j, packs, write_first, f);
    }
    const long long packed = s.packs * WIDTH;
#pragma unroll 1
    for (i = threadIdx.x; i < n - packed; i += blockDim.x) {
        const long long j = i < s.head ? i : i + packed;
        Compute<T> value[LISTS];
#pragma unroll
        for (int k = 0; k < LISTS; ++k) value[k] = widen(at[k][j]);
        f(value);
        if (write_first) narrow(value[0], at[0][j]);
#pragma unroll
        for (int k = 1; k < LISTS; ++k) narrow(value[k], at[k][j]);
    }
}

template <typename T, int LISTS, typename F>
__device__ __forceinline__ void update(const Table& table, bool write_first, const F& f) {
#pragma unroll 1
    for (long long c = blockIdx.x; c < table.chunk_count; c += gridDim.x) {
        const long long array = table.chunks[3 * c], first = table.chunks[3 * c + 1];
        T* at[LISTS];
#pragma unroll
        for (int k = 0; k < LISTS; ++k) at[k] = array_of<T>(table, k, array) + first;
        update_chunk<T, LISTS>(at, table.chunks[3 * c + 2], write_first, f);
    }
}

// --- what optimizer steps share -----------------------------------------------------------------

// A hyperparameter of a step: the number given, but where bit k of `varying` is set the k-th of the
// numbers in memory, so that a recorded launch sees it change.
__device__ __forceinline__ double present(double number, int k, const double* numbers,
                                          long long varying) {
    return varying >> k & 1 ? numbers[k] : number;
}

// A step that is skipped changes nothing at all, its count included.
__device__ __forceinline__ bool skipped(const float* found_inf) {
    return found_inf != nullptr && *found_inf != 0.0f;
}

// Divides a gradient by the loss scale, where there is one.
template <typename C>
struct Unscale {
    C scale;
    bool scaled;
    __device__ __forceinline__ void operator()(C& gradient) const {
        if (scaled) gradient /= scale;
    }
};

template <typename C>
__device__ __forceinline__ Unscale<C> unscale_by(const float* grad_scale) {
    return {grad_scale != nullptr ? C(*grad_scale) : C(1), grad_scale != nullptr};
}

// Adds 1 to a step count that every block has read before it came here.
__device__ __forceinline__ void count_step(float* step, unsigned int* counter) {
    if (last_block(counter, gridDim.x) && threadIdx.x == 0) *step += 1.0f;
}

#endif
