// Work on the rows of a matrix, each by one warp or by one block.
//
// A row that is short is left to a warp, which needs no barrier, and a block then does several; a
// long one needs a block's worth of loads in flight. Which it is is decided while running: two
// copies of every body would take twice as long to compile.
#ifndef GPUGRAD_ROWS_CUH
#define GPUGRAD_ROWS_CUH

#include "common.cuh"

// Up to this many columns, a warp does a row. The caller sizes the grid by the same number.
constexpr long long WARP_COLUMNS = 1024;

// The threads that do a row together.
struct Team {
    bool is_block;

    // The share of this thread in a row.
    __device__ __forceinline__ Walk walk() const {
        const int rank = is_block ? threadIdx.x : threadIdx.x % WARP;
        return {rank, is_block ? static_cast<int>(blockDim.x) : WARP};
    }

    // Whether this thread writes what there is one of for each row.
    __device__ __forceinline__ bool leads() const { return walk().first == 0; }

    // The rows that the team does, as its share of all rows.
    __device__ __forceinline__ Walk rows() const {
        const Walk all = grid_walk();
        if (is_block) return {static_cast<long long>(blockIdx.x), gridDim.x};
        return {all.first / WARP, all.step / WARP};
    }

    // Waits until the whole team is here, and has finished its loads and stores.
    __device__ __forceinline__ void sync() const {
        if (is_block) {
            __syncthreads();
        } else {
            __syncwarp();
        }
    }

    // The combination of the values of the team's threads, in all of them.
    template <typename V, typename Op>
    __device__ __forceinline__ V reduce(V v, const Op& op, V neutral) const {
        v = warp_reduce(v, op);
        return is_block ? reduce_warps(v, op, neutral) : v;
    }
};

// body.row(team, row) for every row that belongs to this thread's team.
template <typename Body>
__device__ __forceinline__ void for_each_row(long long rows, long long cols, const Body& body) {
    const Team team = {cols > WARP_COLUMNS};
    const Walk mine = team.rows();
#pragma unroll 1
    for (long long r = mine.first; r < rows; r += mine.step) body.row(team, r);
}

// --- the sum of exponentials ------------------------------------------------------------------

// Numbers seen so far: the largest, and the sum of exp(number - largest).
template <typename C>
struct ExpSum {
    C largest, sum;
};

template <typename C>
__device__ __forceinline__ ExpSum<C> shuffle_xor(ExpSum<C> v, int lanes) {
    return {shuffle_xor(v.largest, lanes), shuffle_xor(v.sum, lanes)};
}

// Equal numbers are told apart from others so that an infinity is not subtracted from itself.
// A nan leaves the largest as it is and makes the sum a nan.
struct MergeExpSum {
    template <typename C>
    __device__ __forceinline__ ExpSum<C> operator()(ExpSum<C> a, ExpSum<C> b) const {
        const C ratio = exp(-fabs(a.largest - b.largest));
        if (a.largest == b.largest) return {a.largest, a.sum + b.sum};
        if (a.largest > b.largest) return {a.largest, a.sum + b.sum * ratio};
        return {b.largest, b.sum + a.sum * ratio};
    }
};

struct AddToExpSum {
    template <typename C>
    __device__ __forceinline__ ExpSum<C> operator()(ExpSum<C> total, C x) const {
        const C ratio = exp(-fabs(x - total.largest));
        if (x > total.largest) return {x, total.sum * ratio + C(1)};
        return {total.largest, total.sum + (x == total.largest ? C(1) : ratio)};
    }
};

// Over one row of x, in one pass. A row with +inf, or of -inf only, gives what subtracting the
// largest number would: a nan in the sum or in the difference from the largest.
template <typename T>
__device__ __forceinline__ ExpSum<Compute<T>> exp_sum(const Team& team, const T* x,
                                                      long long cols) {
    typedef Compute<T> C;
    const ExpSum<C> none = {-infinity<C>(), C(0)};
    ExpSum<C> total = fold(team.walk(), cols, none, AddToExpSum(), x);
    total = team.reduce(total, MergeExpSum(), none);
    if (total.largest == infinity<C>()) total.sum = total.largest - total.largest;
    return total;
}

#endif
