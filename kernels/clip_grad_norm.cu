// The common norm of a list of arrays as if they were one vector, and their scaling in place by it:
// two launches that clip the gradients of a model.
//
//   norm = (sum of |x|^p)^(1/p), or the largest |x| where p is infinite
//   x = x * min(max_norm / (norm + 1e-6), 1)
//
// Each block adds up its chunks, and the last one to come adds up the blocks' sums in their order,
// in the type of the arithmetic. A nan anywhere makes the norm nan, and with it every x.
// `partial` has a number for each block, `counter` is 0 before and after; neither is needed for one
// block. The norm stays in device memory: nobody waits for it.
#include "table.cuh"

struct SumOfSquares {
    template <typename C>
    __device__ __forceinline__ C operator()(C total, C x) const {
        return total + x * x;
    }
};

struct SumOfMagnitudes {
    template <typename C>
    __device__ __forceinline__ C operator()(C total, C x) const {
        return total + fabs(x);
    }
};

template <typename C>
struct SumOfPowers {
    C p;
    __device__ __forceinline__ C operator()(C total, C x) const { return total + pow(fabs(x), p); }
};

// The larger of two numbers that are not negative, or the one that is nan.
struct Larger {
    template <typename C>
    __device__ __forceinline__ C operator()(C a, C b) const {
        return a > b || a != a ? a : b;
    }
};

struct LargestMagnitude {
    template <typename C>
    __device__ __forceinline__ C operator()(C total, C x) const {
        return Larger()(total, C(fabs(x)));
    }
};

template <typename T, typename F>
__device__ __forceinline__ Compute<T> fold_chunks(const Table& table, const F& f) {
    Compute<T> total = 0;
#pragma unroll 1
    for (long long c = blockIdx.x; c < table.chunk_count; c += gridDim.x) {
        const T* x = array_of<T>(table, 0, table.chunks[3 * c]) + table.chunks[3 * c + 1];
        total = fold(block_walk(), table.chunks[3 * c + 2], total, f, x);
    }
    return total;
}

template <typename T>
__device__ __forceinline__ void norm_of_list(const Table& table, double p, T* norm,
                                             Compute<T>* partial, unsigned int* counter) {
    typedef Compute<T> C;
    if (p == 2) {
        const C total = fold_chunks<T>(table, SumOfSquares());
        grid_sum(total, partial, counter, [=](C sum) { narrow(sqrt(sum), *norm); });
    } else if (p == 1) {
        const C total = fold_chunks<T>(table, SumOfMagnitudes());
        grid_sum(total, partial, counter, [=](C sum) { narrow(sum, *norm); });
    } else if (isinf(p)) {
        const C total = fold_chunks<T>(table, LargestMagnitude());
        grid_reduce(total, Larger(), partial, counter, [=](C most) { narrow(most, *norm); });
    } else {
        const C total = fold_chunks<T>(table, SumOfPowers<C>{C(p)});
        grid_sum(total, partial, counter,
                 [=](C sum) { narrow(C(pow(sum, C(1 / p))), *norm); });
    }
}

template <typename C>
struct ScaleBy {
    C factor;
    __device__ __forceinline__ void operator()(C (&value)[1]) const { value[0] *= factor; }
};

#define CLIP_GRAD_NORM(T, SUFFIX)                                                                  \
    KERNEL total_norm_##SUFFIX(BY_VALUE Addresses arrays, NULLABLE const long long* more_arrays,   \
                               const long long* chunks, long long chunk_count, double p, T* norm,  \
                               NULLABLE Compute<T>* partial, NULLABLE unsigned int* counter) {     \
        const Table table = {arrays, more_arrays, nullptr, chunks, 0, chunk_count};                \
        norm_of_list<T>(table, p, norm, partial, counter);                                         \
    }                                                                                              \
                                                                                                   \
    KERNEL clip_by_norm_##SUFFIX(BY_VALUE Addresses arrays,                                        \
                                 NULLABLE const long long* more_arrays, const long long* chunks,   \
                                 long long chunk_count, const T* norm, double max_norm) {          \
        typedef Compute<T> C;                                                                      \
        const C factor = C(max_norm) / (widen(*norm) + C(1e-6));                                   \
        if (factor >= C(1)) return;                                                                \
        const Table table = {arrays, more_arrays, nullptr, chunks, 0, chunk_count};                \
        update<T, 1>(table, true, ScaleBy<C>{factor});                                             \
    }

FOR_EACH_TYPE(CLIP_GRAD_NORM)
