// Work on the columns of a matrix: every thread keeps a few columns and goes down the rows.
//
// What belongs to a column (a bias, a sum) then stays in registers. The columns are cut into tiles,
// the rows into slices; a block does one slice of one tile. Its threads stand in lines, `lanes` of
// them in each, and every thread has Pack<T>::WIDTH columns of the tile: neighbours, moved as a
// pack, where all rows of all arrays can be; else columns that lie `lanes` apart, one after the
// other, so that neighbouring threads touch neighbouring elements. The lines of all blocks of a
// tile take rows in turn.
//
// The caller chooses lanes, from 1 to the threads of a block, and slices. A tile is
// lanes * Pack<T>::WIDTH columns wide, and the grid is slices x tiles.
#ifndef GPUGRAD_COLUMNS_CUH
#define GPUGRAD_COLUMNS_CUH

#include "common.cuh"

// The share of one thread.
template <typename T>
struct Columns {
    static constexpr int WIDTH = Pack<T>::WIDTH;

    long long rows, cols;
    unsigned int slices, tiles, slice, tile;
    int lanes, lines, lane, line;
    long long first;  // of this thread's columns
    int apart;        // from one of them to the next
    int count;        // how many there are: the last tile may reach beyond the matrix
    bool packed;

    // The arrays are all those that will be loaded and stored by columns; some may be null.
    template <typename... Arrays>
    __device__ __forceinline__ Columns(long long lanes_, long long slices_, long long rows_,
                                       long long cols_, const Arrays*... arrays)
        : rows(rows_), cols(cols_), slices(static_cast<unsigned int>(slices_)),
          lanes(static_cast<int>(lanes_)) {
        tiles = gridDim.x / slices;
        tile = blockIdx.x % tiles;
        slice = blockIdx.x / tiles;
        lines = static_cast<int>(blockDim.x) / lanes;
        lane = static_cast<int>(threadIdx.x) % lanes;
        line = static_cast<int>(threadIdx.x) / lanes;
        packed = cols % WIDTH == 0 && ((misalignment(arrays) == 0) && ...);
        first = static_cast<long long>(tile) * lanes * WIDTH + (packed ? lane * WIDTH : lane);
        apart = packed ? 1 : lanes;
        count = 0;
#pragma unroll
        for (int k = 0; k < WIDTH; ++k) count += line < lines && first + k * apart < cols;
    }
};

// What a thread moves at once: a pack, or one element.
template <typename T>
struct Single {
    static constexpr int WIDTH = 1;
    T item[1];
};

template <typename T>
__device__ __forceinline__ void load(const T* at, Pack<T>& to) {
    to = load_pack(at);
}

template <typename T>
__device__ __forceinline__ void load(const T* at, Single<T>& to) {
    to.item[0] = *at;
}

template <typename T>
__device__ __forceinline__ void store(T* at, const Pack<T>& from) {
    store_pack(at, from);
}

template <typename T>
__device__ __forceinline__ void store(T* at, const Single<T>& from) {
    *at = from.item[0];
}

// work.columns<Items>(k) for every k such that Items::WIDTH columns from this thread's k-th on are
// to be done together.
template <typename T, typename Work>
__device__ __forceinline__ void for_each_column(const Columns<T>& mine, Work& work) {
    if (mine.packed) {
        if (mine.count) work.template columns<Pack<T>>(0);
    } else {
#pragma unroll 1
        for (int k = 0; k < mine.count; ++k) work.template columns<Single<T>>(k);
    }
}

// body(i, what stands at element i and after it in each of N arrays) for this thread's share of the
// rows, from its k-th column on. AHEAD rows are on their way while one is worked on.
template <typename Items, int AHEAD, typename T, int N, typename Body>
__device__ __forceinline__ void go_down(const Columns<T>& mine, int k, const T* const (&in)[N],
                                        Body& body) {
    const long long step = static_cast<long long>(mine.slices) * mine.lines;
    const long long first = static_cast<long long>(mine.slice) * mine.lines + mine.line;
    if (first >= mine.rows) return;
    long long left = (mine.rows - first + step - 1) / step;
    long long i = first * mine.cols + mine.first + k * mine.apart;
    const long long apart = step * mine.cols;
    Items coming[AHEAD][N];
#pragma unroll
    for (int j = 0; j < AHEAD; ++j) {
#pragma unroll
        for (int a = 0; a < N; ++a) {
            if (j < left) load(in[a] + (i + j * apart), coming[j][a]);
        }
    }
#pragma unroll 1
    for (; left > 0; left -= AHEAD) {
#pragma unroll
        for (int j = 0; j < AHEAD; ++j) {
            Items here[N];
#pragma unroll
            for (int a = 0; a < N; ++a) {
                here[a] = coming[j][a];
                if (j + AHEAD < left) load(in[a] + (i + AHEAD * apart), coming[j][a]);
            }
            if (j < left) body(i, here);
            i += apart;
        }
    }
}

// --- sums -----------------------------------------------------------------------------------

// What each thread has added up in each of its columns.
template <typename T>
using ColumnSums = Compute<T>[Pack<T>::WIDTH][THREADS];

// Adds up what the lines of a block have; the result is the first line's. The order is a tree's.
template <typename T>
__device__ __forceinline__ void sum_lines(const Columns<T>& mine, ColumnSums<T>& sums) {
    for (int n = mine.lines; n > 1;) {
        const int half = (n + 1) / 2;
        __syncthreads();
        if (mine.line + half < n) {
#pragma unroll
            for (int k = 0; k < Columns<T>::WIDTH; ++k) {
                sums[k][threadIdx.x] += sums[k][threadIdx.x + half * mine.lanes];
            }
        }
        n = half;
    }
}

// out[c] = sum of what all threads have for column c. With more than one slice, every block writes
// its sums to `partial`, lanes * Pack<T>::WIDTH numbers for each block, and the last block of a
// tile to come adds them up in their order; `counter`, one for each tile, is 0 before and after.
// For one slice both may be null.
template <typename T>
__device__ __forceinline__ void sum_columns(const Columns<T>& mine, ColumnSums<T>& sums, T* out,
                                            Compute<T>* partial, unsigned int* counter) {
    constexpr int WIDTH = Columns<T>::WIDTH;
    const int me = threadIdx.x;
    sum_lines(mine, sums);
    if (mine.slices > 1) {
        // Of one block after the other; in it, neighbouring lanes have neighbouring numbers.
        const long long width = mine.lanes * WIDTH, of_slice = mine.tiles * width;
        Compute<T>* const of_tile = partial + mine.tile * width + mine.lane;
        if (mine.line == 0) {
#pragma unroll
            for (int k = 0; k < WIDTH; ++k) {
                of_tile[mine.slice * of_slice + k * mine.lanes] = sums[k][me];
            }
        }
        if (!last_block(counter + mine.tile, mine.slices)) return;
        Compute<T> total[WIDTH] = {};
        if (mine.line < mine.lines) {
#pragma unroll 2
            for (unsigned int s = mine.line; s < mine.slices; s += mine.lines) {
                const Compute<T>* of_block = of_tile + s * of_slice;
                Compute<T> found[WIDTH];
#pragma unroll
                for (int k = 0; k < WIDTH; ++k) found[k] = written(of_block + k * mine.lanes);
#pragma unroll
                for (int k = 0; k < WIDTH; ++k) total[k] += found[k];
            }
        }
#pragma unroll
        for (int k = 0; k < WIDTH; ++k) sums[k][me] = total[k];
        sum_lines(mine, sums);
    }
    if (mine.line == 0) {
        for (int k = 0; k < mine.count; ++k) {
            narrow(sums[k][me], out[mine.first + k * mine.apart]);
        }
    }
}

#endif
