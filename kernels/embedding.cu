// Rows of a table picked by index, forward and backward; `weight` is a table of rows x cols.
//
//   embedding_forward    y[i, :] = weight[index[i], :]                       for i < n
//   embedding_backward   dw[r, :] = scale(r) * sum of dy[i, :] over all i with index[i] = r
//                        scale(r) is 1, or 1 / (number of such i) where `by_frequency` is not 0;
//                        dw[padding, :] is 0; no row has a negative index, so -1 is no padding
//   embedding_backward_sorted   the same sum, where order[starts[r] ... starts[r + 1] - 1] are
//                        the i with index[i] = r, in rising order
//
// An index outside 0 ... rows - 1 gives a row of nan forward and adds nothing backward; nothing
// outside the arrays is read.
//
// Forward reads and writes n rows. Backward writes every row of dw once, so dw need not be cleared,
// and reads dy once. It is deterministic, without atomics: the threads of a row look for their i
// themselves. Each of them adds in rising order of i, and warps are added up in their order; which
// warp takes which i depends on n and `by_block` only (in the sorted form, on the place in `order`).
// Looking costs rows * n reads of the index, from the cache, for every 512 bytes of a row: where
// that is too much, the sorted form needs none. Either way a row's sum is the work of one warp, or
// of one block where `by_block` is not 0, for every 512 bytes of it.
#include "common.cuh"

struct Same {
    template <typename C>
    __device__ __forceinline__ C operator()(C x) const {
        return x;
    }
};

template <typename C>
struct Nan {
    __device__ __forceinline__ C operator()() const { return infinity<C>() - infinity<C>(); }
};

// Rows are dealt out to teams of a power of two of threads, one for every pack of a row if the
// block has so many.
template <typename T>
__device__ __forceinline__ void gather(const T* weight, const long long* index, T* y, long long n,
                                       long long rows, long long cols) {
    const Walk all = grid_walk();
    int team = 1;
    while (team < static_cast<int>(blockDim.x) && team * Pack<T>::WIDTH < cols) team *= 2;
    // A block of other than a power of two threads: its warps stay whole.
    if (blockDim.x % team != 0) team = WARP;
    const Walk lanes = {all.first % team, team};
#pragma unroll 1
    for (long long i = all.first / team; i < n; i += all.step / team) {
        const long long r = index[i];
        if (r >= 0 && r < rows) {
            map(lanes, cols, Same(), y + i * cols, weight + r * cols);
        } else {
            map(lanes, cols, Nan<Compute<T>>(), y + i * cols);
        }
    }
}

// The part of a row that a warp sums: a pack for every lane.
template <typename T>
struct Tile {
    typedef Compute<T> C;
    static constexpr int WIDTH = Pack<T>::WIDTH;
    static constexpr int COLUMNS = WARP * WIDTH;
    long long first, cols;
    bool packed;  // whether the lane's columns are a pack; else they lie WARP columns apart

    __device__ __forceinline__ long long column(int k) const {
        const int lane = threadIdx.x % WARP;
        return first + (packed ? lane * WIDTH + k : k * WARP + lane);
    }

    __device__ __forceinline__ void add(C (&sum)[WIDTH], const T* row) const {
        if (packed) {
            if (column(0) >= cols) return;
            const Pack<T> pack = load_pack(row + column(0));
#pragma unroll
            for (int k = 0; k < WIDTH; ++k) sum[k] += widen(pack.item[k]);
        } else {
#pragma unroll
            for (int k = 0; k < WIDTH; ++k) {
                if (column(k) < cols) sum[k] += widen(row[column(k)]);
            }
        }
    }

    __device__ __forceinline__ void store(const C (&sum)[WIDTH], C scale, T* row) const {
        if (packed) {
            if (column(0) >= cols) return;
            Pack<T> pack;
#pragma unroll
            for (int k = 0; k < WIDTH; ++k) narrow(sum[k] * scale, pack.item[k]);
            store_pack(row + column(0), pack);
        } else {
#pragma unroll
            for (int k = 0; k < WIDTH; ++k) {
                if (column(k) < cols) narrow(sum[k] * scale, row[column(k)]);
            }
        }
    }
};

// Finds the i of a row by comparing; this warp, number `warp` of `warps`, takes some of them.
struct Search {
    static constexpr int AT_ONCE = 4;  // loads under way
    const long long* index;
    long long n;

    template <typename F>
    __device__ __forceinline__ void for_each(long long r, int warp, int warps, const F& f) const {
        constexpr int STRETCH = AT_ONCE * WARP;
        const int lane = threadIdx.x % WARP;
#pragma unroll 1
        for (long long first = warp * STRETCH; first < n; first += warps * STRETCH) {
            bool mine[AT_ONCE];
#pragma unroll
            for (int k = 0; k < AT_ONCE; ++k) {
                const long long i = first + k * WARP + lane;
                mine[k] = i < n && index[i] == r;
            }
#pragma unroll
            for (int k = 0; k < AT_ONCE; ++k) {
                unsigned int found = __ballot_sync(0xffffffffu, mine[k]);
#pragma unroll 1
                for (; found != 0; found &= found - 1) f(first + k * WARP + __ffs(found) - 1);
            }
        }
    }
};

// Finds them in a list.
struct Sorted {
    const long long *order, *starts;

    template <typename F>
    __device__ __forceinline__ void for_each(long long r, int warp, int warps, const F& f) const {
#pragma unroll 2
        for (long long k = starts[r] + warp; k < starts[r + 1]; k += warps) f(order[k]);
    }
};

template <typename T, typename Finder>
struct ScatterAdd {
    typedef Compute<T> C;
    static constexpr int WIDTH = Pack<T>::WIDTH;
    const T* dy;
    Finder finder;
    T* dw;
    long long padding, by_frequency, rows, cols;

    struct AddRow {
        const ScatterAdd& task;
        const Tile<T>& tile;
        C (&sum)[WIDTH];
        long long& count;
        __device__ __forceinline__ void operator()(long long i) const {
            tile.add(sum, task.dy + i * task.cols);
            ++count;
        }
    };

    __device__ __forceinline__ void run(bool by_block) const {
        const Walk all = grid_walk();
        const long long tiles = (cols + Tile<T>::COLUMNS - 1) / Tile<T>::COLUMNS;
        const bool packed =
            (misalignment(dy) | misalignment(dw)) == 0 && cols % WIDTH == 0;
        const long long team = by_block ? blockDim.x : WARP;
#pragma unroll 1
        for (long long j = all.first / team; j < rows * tiles; j += all.step / team) {
            const Tile<T> tile = {j % tiles * Tile<T>::COLUMNS, cols, packed};
            row(tile, j / tiles, by_block);
        }
    }

    __device__ __forceinline__ void row(const Tile<T>& tile, long long r, bool by_block) const {
        const int warp = by_block ? threadIdx.x / WARP : 0;
        const int warps = by_block ? blockDim.x / WARP : 1;
        C sum[WIDTH];
#pragma unroll
        for (int k = 0; k < WIDTH; ++k) sum[k] = C(0);
        long long count = 0;
        if (r != padding) finder.for_each(r, warp, warps, AddRow{*this, tile, sum, count});
        if (by_block) add_warps(sum, count);
        if (warp != 0) return;
        const C scale = by_frequency && count > 0 ? C(1) / C(count) : C(1);
        tile.store(sum, scale, dw + r * cols);
    }

    // Adds to the first warp's sums those of the others.
    __device__ __forceinline__ void add_warps(C (&sum)[WIDTH], long long& count) const {
        __shared__ C sums[THREADS / WARP][WIDTH][WARP];
        __shared__ long long counts[THREADS / WARP];
        const int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
        __syncthreads();  // until the first warp has read what was here for an earlier row
#pragma unroll
        for (int k = 0; k < WIDTH; ++k) sums[warp][k][lane] = sum[k];
        if (lane == 0) counts[warp] = count;
        __syncthreads();
        if (warp != 0) return;
#pragma unroll 1
        for (int w = 1; w < static_cast<int>(blockDim.x) / WARP; ++w) {
#pragma unroll
            for (int k = 0; k < WIDTH; ++k) sum[k] += sums[w][k][lane];
            count += counts[w];
        }
    }
};

#define EMBEDDING(T, SUFFIX)                                                                      \
    KERNEL embedding_forward_##SUFFIX(const T* weight, const long long* index, T* y, long long n, \
                                      long long rows, long long cols) {                           \
        gather(weight, index, y, n, rows, cols);                                                  \
    }                                                                                             \
    KERNEL embedding_backward_##SUFFIX(const T* dy, const long long* index, T* dw,                \
                                       long long padding, long long by_frequency,                 \
                                       long long by_block, long long n, long long rows,           \
                                       long long cols) {                                          \
        ScatterAdd<T, Search>{dy, {index, n}, dw, padding, by_frequency, rows, cols}.run(         \
            by_block != 0);                                                                       \
    }                                                                                             \
    KERNEL embedding_backward_sorted_##SUFFIX(const T* dy, const long long* order,                \
                                              const long long* starts, T* dw, long long padding,  \
                                              long long by_frequency, long long by_block,         \
                                              long long rows, long long cols) {                   \
        ScatterAdd<T, Sorted>{dy, {order, starts}, dw, padding, by_frequency, rows, cols}.run(    \
            by_block != 0);                                                                       \
    }

FOR_EACH_TYPE(EMBEDDING)
