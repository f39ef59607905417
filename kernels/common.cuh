// What all kernels share: types, the walk over an array, reductions.
//
// Conventions
//   - Arrays are contiguous; indices and sizes are long long, so no size overflows. Scalars of an
//     entry point are long long or double, which is what Python's numbers become.
//   - Any launch of blocks of at most THREADS threads, a multiple of 32, gives the right result:
//     threads walk with the stride of the whole grid, and the number of elements may be 0.
//   - T is the type in memory, Compute<T> the type of all arithmetic: float for 16-bit types.
//   - An output may be the very same array as an input of the same size (each element is read
//     before it is written, by the same thread); apart from that, arrays must not overlap.
//   - Results depend on the size of the launch at most, never on the order in which blocks run:
//     no floating-point atomics.
#ifndef GPUGRAD_COMMON_CUH
#define GPUGRAD_COMMON_CUH

#include "half.cuh"

constexpr int THREADS = 256;
constexpr int WARP = 32;

// The start of an entry point's declaration: KERNEL name_##SUFFIX(arguments) { body }
// One block a multiprocessor is all that is asked for: left to itself, the assembler spills a few
// registers of the larger kernels in order to fit in more blocks.
#define KERNEL extern "C" __global__ void __launch_bounds__(THREADS, 1)

// Before a pointer among an entry point's arguments: it may be null.
#define NULLABLE

// DEFINE(T, SUFFIX) once for each type in memory
#define FOR_EACH_TYPE(DEFINE) \
    DEFINE(float, float32)    \
    DEFINE(double, float64)   \
    DEFINE(float16, float16)  \
    DEFINE(bfloat16, bfloat16)

// --- types ----------------------------------------------------------------------------------

template <typename T>
struct ComputeType {
    typedef float type;
};

template <>
struct ComputeType<double> {
    typedef double type;
};

template <typename T>
using Compute = typename ComputeType<T>::type;

__device__ __forceinline__ float widen(float x) { return x; }
__device__ __forceinline__ double widen(double x) { return x; }
__device__ __forceinline__ void narrow(float x, float& out) { out = x; }
__device__ __forceinline__ void narrow(double x, double& out) { out = x; }

template <typename C>
__device__ __forceinline__ C infinity() {
    return C(__int_as_float(0x7f800000));
}

// 16 bytes, the most that one instruction loads or stores.
template <typename T>
union Pack {
    static constexpr int WIDTH = 16 / sizeof(T);
    uint4 bytes;
    T item[WIDTH];
};

template <typename T>
__device__ __forceinline__ Pack<T> load_pack(const T* at) {
    Pack<T> pack;
    pack.bytes = *reinterpret_cast<const uint4*>(at);
    return pack;
}

template <typename T>
__device__ __forceinline__ void store_pack(T* at, const Pack<T>& pack) {
    *reinterpret_cast<uint4*>(at) = pack.bytes;
}

// --- walks ----------------------------------------------------------------------------------

// The share of one thread in a loop: indices first, first + step, first + 2 step, ...
struct Walk {
    long long first, step;
};

__device__ __forceinline__ Walk grid_walk() {
    return {static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x,
            static_cast<long long>(gridDim.x) * blockDim.x};
}

__device__ __forceinline__ Walk block_walk() {
    return {static_cast<long long>(threadIdx.x), static_cast<long long>(blockDim.x)};
}

// How n elements at some addresses are taken apart: `head` elements up to the first address that
// is a multiple of 16, then `packs` whole packs, then the rest. Addresses that do not agree in
// their distance from such a multiple leave no packs: every element is then moved singly.
struct Split {
    long long head, packs;
};

template <typename T>
__device__ __forceinline__ unsigned int misalignment(const T* at) {
    return static_cast<unsigned int>(reinterpret_cast<unsigned long long>(at) & 15);
}

template <typename T, typename... Others>
__device__ __forceinline__ Split split(long long n, const T* at, const Others*... others) {
    const unsigned int off = misalignment(at);
    if (!((misalignment(others) == off) && ... && true)) return {n, 0};
    const long long head = off == 0 ? 0 : (16 - off) / sizeof(T);
    if (head >= n) return {n, 0};
    return {head, (n - head) / Pack<T>::WIDTH};
}

template <typename T, typename F, typename... Packs>
__device__ __forceinline__ Pack<T> map_pack(const F& f, const Packs&... in) {
    Pack<T> out;
#pragma unroll
    for (int k = 0; k < Pack<T>::WIDTH; ++k) narrow(f(widen(in.item[k])...), out.item[k]);
    return out;
}

// out[i] = f(in[i]...) for i < n. Two packs are on their way at a time: outputs may be inputs, so
// the compiler cannot move a load before the store of the pack before.
template <typename T, typename F, typename... In>
__device__ __forceinline__ void map(Walk walk, long long n, const F& f, T* out, const In*... in) {
    constexpr int WIDTH = Pack<T>::WIDTH;
    const Split s = split(n, out, in...);
    long long i = walk.first;
#pragma unroll 1
    for (; i + walk.step < s.packs; i += 2 * walk.step) {
        const long long at = s.head + i * WIDTH, next = at + walk.step * WIDTH;
        const Pack<T> a = map_pack<T>(f, load_pack(in + at)...);
        const Pack<T> b = map_pack<T>(f, load_pack(in + next)...);
        store_pack(out + at, a);
        store_pack(out + next, b);
    }
    if (i < s.packs) {
        const long long at = s.head + i * WIDTH;
        store_pack(out + at, map_pack<T>(f, load_pack(in + at)...));
    }
    const long long packed = s.packs * WIDTH;
#pragma unroll 1
    for (i = walk.first; i < n - packed; i += walk.step) {
        const long long at = i < s.head ? i : i + packed;
        narrow(f(widen(in[at])...), out[at]);
    }
}

// total = f(total, in[i]...) for this thread's share of i < n.
template <typename V, typename F, typename T, typename... In>
__device__ __forceinline__ V fold(Walk walk, long long n, V total, const F& f, const T* x,
                                  const In*... in) {
    constexpr int WIDTH = Pack<T>::WIDTH;
    const Split s = split(n, x, in...);
#pragma unroll 2
    for (long long i = walk.first; i < s.packs; i += walk.step) {
        const long long at = s.head + i * WIDTH;
        total = fold_pack(total, f, load_pack(x + at), load_pack(in + at)...);
    }
    const long long packed = s.packs * WIDTH;
#pragma unroll 1
    for (long long i = walk.first; i < n - packed; i += walk.step) {
        const long long at = i < s.head ? i : i + packed;
        total = f(total, widen(x[at]), widen(in[at])...);
    }
    return total;
}

template <typename V, typename F, typename T, typename... Packs>
__device__ __forceinline__ V fold_pack(V total, const F& f, const Pack<T>& x,
                                       const Packs&... in) {
#pragma unroll
    for (int k = 0; k < Pack<T>::WIDTH; ++k) {
        total = f(total, widen(x.item[k]), widen(in.item[k])...);
    }
    return total;
}

// --- reductions -----------------------------------------------------------------------------

template <typename V>
__device__ __forceinline__ V shuffle_xor(V v, int lanes) {
    return __shfl_xor_sync(0xffffffffu, v, lanes);
}

// Two sums that are made together.
template <typename C>
struct Pair {
    C first, second;
    __device__ __forceinline__ Pair operator+(const Pair& other) const {
        return {first + other.first, second + other.second};
    }
};

template <typename C>
__device__ __forceinline__ Pair<C> shuffle_xor(Pair<C> v, int lanes) {
    return {shuffle_xor(v.first, lanes), shuffle_xor(v.second, lanes)};
}

struct Plus {
    template <typename V>
    __device__ __forceinline__ V operator()(V a, V b) const {
        return a + b;
    }
};

// The combination of all 32 values of a warp, in every lane of it.
template <typename V, typename Op>
__device__ __forceinline__ V warp_reduce(V v, const Op& op) {
#pragma unroll
    for (int lanes = WARP / 2; lanes > 0; lanes /= 2) v = op(v, shuffle_xor(v, lanes));
    return v;
}

// The combination of one value for each warp, which all its threads hold, in all threads of the
// block. `neutral` changes nothing in a combination.
template <typename V, typename Op>
__device__ __forceinline__ V reduce_warps(V v, const Op& op, V neutral) {
    __shared__ V of_warp[THREADS / WARP];
    const int lane = threadIdx.x % WARP;
    __syncthreads();  // until every warp has read the results of an earlier reduction
    if (lane == 0) of_warp[threadIdx.x / WARP] = v;
    __syncthreads();
    v = lane < static_cast<int>(blockDim.x) / WARP ? of_warp[lane] : neutral;
    return warp_reduce(v, op);
}

// The combination of the values of all threads of a block, in every thread.
template <typename V, typename Op>
__device__ __forceinline__ V block_reduce(V v, const Op& op, V neutral) {
    return reduce_warps(warp_reduce(v, op), op, neutral);
}

// True in all threads of the block that comes here last of `blocks` blocks, which then sees what
// the others wrote before. Leaves the counter at 0, as it must be before a launch.
__device__ __forceinline__ bool last_block(unsigned int* counter, unsigned int blocks) {
    __shared__ bool last;
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
        last = atomicAdd(counter, 1u) == blocks - 1;
        if (last) *counter = 0;
    }
    __syncthreads();
    __threadfence();
    return last;
}

// What another block wrote, which must not be taken from this processor's cache.
template <typename C>
__device__ __forceinline__ C written(const C* at) {
    return *static_cast<const volatile C*>(at);
}

template <typename C>
__device__ __forceinline__ Pair<C> written(const Pair<C>* at) {
    return {written(&at->first), written(&at->second)};
}

// finish(combination of v over all threads of the grid), called by one thread; V{}, which is 0,
// changes nothing in a combination. Every block writes the result of its threads to `partial` (one
// V for each block), and the last one to come combines those, in their order, whichever that was.
template <typename V, typename Op, typename F>
__device__ __forceinline__ void grid_reduce(V v, const Op& op, V* partial, unsigned int* counter,
                                            const F& finish) {
    v = block_reduce(v, op, V{});
    if (gridDim.x > 1) {
        if (threadIdx.x == 0) partial[blockIdx.x] = v;
        if (!last_block(counter, gridDim.x)) return;
        v = V{};
        for (unsigned int i = threadIdx.x; i < gridDim.x; i += blockDim.x) {
            v = op(v, written(partial + i));
        }
        v = block_reduce(v, op, V{});
    }
    if (threadIdx.x == 0) finish(v);
}

// finish(sum of v over all threads of the grid).
template <typename V, typename F>
__device__ __forceinline__ void grid_sum(V v, V* partial, unsigned int* counter, const F& finish) {
    grid_reduce(v, Plus(), partial, counter, finish);
}

// Finishes a sum, or a mean.
template <typename T>
struct WriteScaled {
    T* out;
    Compute<T> scale;
    __device__ __forceinline__ void operator()(Compute<T> total) const {
        narrow(total * scale, *out);
    }
};

#endif
