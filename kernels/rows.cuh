// Work on the rows of a matrix, each by one warp or by one block.
//
// A row that is short is left to a warp, which needs no barrier, and a block then does several; a
// long one needs a block's worth of loads in flight. The bodies are written once, over a team:
//   walk()            the thread's share of a row
//   reduce(v, op, n)  the combination over the team, in all its threads
//   sync()            waits until the whole team is here, and has finished its loads and stores
//   leader()          whether this thread writes what there is one of for each row
//   rows()            the rows that the team does, as a walk over all rows
#ifndef GPUGRAD_ROWS_CUH
#define GPUGRAD_ROWS_CUH

#include "common.cuh"

// Up to this many columns, a warp does a row. The caller sizes the grid by the same number.
constexpr long long WARP_COLUMNS = 1024;

struct WarpTeam {
    static __device__ __forceinline__ Walk walk() {
        return {static_cast<long long>(threadIdx.x % WARP), WARP};
    }
    static __device__ __forceinline__ void sync() { __syncwarp(); }
    static __device__ __forceinline__ bool leader() { return threadIdx.x % WARP == 0; }
    static __device__ __forceinline__ Walk rows() {
        const Walk all = grid_walk();
        return {all.first / WARP, all.step / WARP};
    }
    template <typename V, typename Op>
    static __device__ __forceinline__ V reduce(V v, const Op& op, V) {
        return warp_reduce(v, op);
    }
};

struct BlockTeam {
    static __device__ __forceinline__ Walk walk() { return block_walk(); }
    static __device__ __forceinline__ void sync() { __syncthreads(); }
    static __device__ __forceinline__ bool leader() { return threadIdx.x == 0; }
    static __device__ __forceinline__ Walk rows() {
        return {static_cast<long long>(blockIdx.x), static_cast<long long>(gridDim.x)};
    }
    template <typename V, typename Op>
    static __device__ __forceinline__ V reduce(V v, const Op& op, V neutral) {
        return block_reduce(v, op, neutral);
    }
};

// body.row<Team>(row) for every row that belongs to this thread's team.
template <typename Body>
__device__ __forceinline__ void for_each_row(long long rows, long long cols, const Body& body) {
    if (cols <= WARP_COLUMNS) {
        const Walk mine = WarpTeam::rows();
        for (long long r = mine.first; r < rows; r += mine.step) body.template row<WarpTeam>(r);
    } else {
        const Walk mine = BlockTeam::rows();
        for (long long r = mine.first; r < rows; r += mine.step) body.template row<BlockTeam>(r);
    }
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
        if (a.largest == b.largest) return {a.largest, a.sum + b.sum};
        if (a.largest > b.largest) return {a.largest, a.sum + b.sum * exp(b.largest - a.largest)};
        return {b.largest, b.sum + a.sum * exp(a.largest - b.largest)};
    }
};

struct AddToExpSum {
    template <typename C>
    __device__ __forceinline__ ExpSum<C> operator()(ExpSum<C> total, C x) const {
        if (x > total.largest) return {x, total.sum * exp(total.largest - x) + C(1)};
        return {total.largest, total.sum + (x == total.largest ? C(1) : exp(x - total.largest))};
    }
};

// Over one row of x, in one pass. A row with +inf, or of -inf only, gives what subtracting the
// largest number would: a nan in the sum or in the difference from the largest.
template <typename Team, typename T>
__device__ __forceinline__ ExpSum<Compute<T>> exp_sum(const T* x, long long cols) {
    typedef Compute<T> C;
    const ExpSum<C> none = {-infinity<C>(), C(0)};
    ExpSum<C> total = fold(Team::walk(), cols, none, AddToExpSum(), x);
    total = Team::reduce(total, MergeExpSum(), none);
    if (total.largest == infinity<C>()) total.sum = total.largest - total.largest;
    return total;
}

#endif
