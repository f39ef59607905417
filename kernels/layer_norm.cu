// Layer normalization over the rows of a matrix of rows x cols, forward and backward.
//
//   forward    h = (x - mean) * rstd,  rstd = 1 / sqrt(mean of (x - mean)^2 + eps),  y = h * w + b
//   backward   g = dy * w
//              dx = (g - mean of g - h * mean of (g * h)) * rstd
//              dw = sum over the rows of dy * h,   db = sum over the rows of dy
//
// w and b, of cols elements, may each be null (1 and 0). mean and rstd are kept for each row, in
// the type of the arithmetic, for backward. The variance is summed from the differences, in a
// second pass over the row, which comes from the cache.
//
// layer_norm_backward writes dx. layer_norm_backward_affine writes dw and db, either of which may
// be null: blocks share out tiles of 32 columns and, within each, slices of the rows; the sums of
// the slices go to `partial` (2 x slices x cols numbers), and the last block of a tile adds them in
// order. `counter`, one for each tile, is 0 before and after. The grid is slices x tiles.
#include "rows.cuh"

template <typename C>
struct AddOne {
    __device__ __forceinline__ C operator()(C total, C x) const { return total + x; }
};

template <typename C>
struct AddSquareFrom {
    C mean;
    __device__ __forceinline__ C operator()(C total, C x) const {
        return total + (x - mean) * (x - mean);
    }
};

template <typename C>
struct Normalize {
    C mean, rstd;
    __device__ __forceinline__ C operator()(C x) const { return (x - mean) * rstd; }
    __device__ __forceinline__ C operator()(C x, C w) const { return (x - mean) * rstd * w; }
    __device__ __forceinline__ C operator()(C x, C w, C b) const {
        return (x - mean) * rstd * w + b;
    }
};

template <typename C>
struct NormalizeAndShift {
    C mean, rstd;
    __device__ __forceinline__ C operator()(C x, C b) const { return (x - mean) * rstd + b; }
};

template <typename T>
struct LayerNormRows {
    const T *x, *weight, *bias;
    T* y;
    Compute<T>*mean, *rstd;
    Compute<T> eps;
    long long cols;
    __device__ __forceinline__ void row(const Team& team, long long r) const {
        typedef Compute<T> C;
        const T* from = x + r * cols;
        T* to = y + r * cols;
        const C total = fold(team.walk(), cols, C(0), AddOne<C>(), from);
        const C m = team.reduce(total, Plus(), C(0)) / C(cols);
        const C squares = fold(team.walk(), cols, C(0), AddSquareFrom<C>{m}, from);
        const C s = C(1) / sqrt(team.reduce(squares, Plus(), C(0)) / C(cols) + eps);
        if (team.leads()) {
            mean[r] = m;
            rstd[r] = s;
        }
        if (weight && bias) {
            map(team.walk(), cols, Normalize<C>{m, s}, to, from, weight, bias);
        } else if (weight) {
            map(team.walk(), cols, Normalize<C>{m, s}, to, from, weight);
        } else if (bias) {
            map(team.walk(), cols, NormalizeAndShift<C>{m, s}, to, from, bias);
        } else {
            map(team.walk(), cols, Normalize<C>{m, s}, to, from);
        }
    }
};

// To the sums of g and of g * h.
template <typename C>
struct AddGrad {
    C mean, rstd;
    __device__ __forceinline__ Pair<C> operator()(Pair<C> total, C x, C dy) const {
        return {total.first + dy, total.second + dy * ((x - mean) * rstd)};
    }
    __device__ __forceinline__ Pair<C> operator()(Pair<C> total, C x, C dy, C w) const {
        return (*this)(total, x, dy * w);
    }
};

template <typename C>
struct LayerNormGrad {
    C mean, rstd, mean_g, mean_gh;
    __device__ __forceinline__ C operator()(C x, C dy) const {
        return (dy - mean_g - (x - mean) * rstd * mean_gh) * rstd;
    }
    __device__ __forceinline__ C operator()(C x, C dy, C w) const { return (*this)(x, dy * w); }
};

template <typename T>
struct LayerNormGradRows {
    const T *dy, *x, *weight;
    const Compute<T>*mean, *rstd;
    T* dx;
    long long cols;
    __device__ __forceinline__ void row(const Team& team, long long r) const {
        typedef Compute<T> C;
        const T *from = x + r * cols, *grad = dy + r * cols;
        T* to = dx + r * cols;
        const C m = mean[r], s = rstd[r];
        const AddGrad<C> add = {m, s};
        const Pair<C> none = {C(0), C(0)};
        Pair<C> total = weight ? fold(team.walk(), cols, none, add, from, grad, weight)
                                   : fold(team.walk(), cols, none, add, from, grad);
        total = team.reduce(total, Plus(), none);
        const LayerNormGrad<C> f = {m, s, total.first / C(cols), total.second / C(cols)};
        if (weight) {
            map(team.walk(), cols, f, to, from, grad, weight);
        } else {
            map(team.walk(), cols, f, to, from, grad);
        }
    }
};

// The sum of the values of all threads in a column of the block, in the first line of threads.
template <typename V>
__device__ __forceinline__ V sum_of_lines(V v) {
    __shared__ V of_thread[THREADS];
    const int lines = blockDim.x / WARP;
    __syncthreads();  // until the results of an earlier sum have been read
    of_thread[threadIdx.x] = v;
    __syncthreads();
    if (threadIdx.x < WARP) {
        for (int k = 1; k < lines; ++k) v = v + of_thread[threadIdx.x + k * WARP];
    }
    return v;
}

// One tile: threads stand in lines of 32, a thread in each column; each line takes every eighth
// row of the slice, and later every eighth of the slices' sums.
template <typename T>
__device__ __forceinline__ void affine_grad(const T* dy, const T* x, const Compute<T>* mean,
                                            const Compute<T>* rstd, T* dw, T* db,
                                            Pair<Compute<T>>* partial, unsigned int* counter,
                                            long long slices, long long rows, long long cols) {
    typedef Compute<T> C;
    const long long tiles = (cols + WARP - 1) / WARP;
    const long long tile = blockIdx.x % tiles, slice = blockIdx.x / tiles;
    const int line = threadIdx.x / WARP, lines = blockDim.x / WARP;
    const long long c = tile * WARP + threadIdx.x % WARP;
    Pair<C> total = {C(0), C(0)};
    if (c < cols) {
#pragma unroll 4
        for (long long r = slice * lines + line; r < rows; r += slices * lines) {
            const C grad = widen(dy[r * cols + c]);
            const C h = (widen(x[r * cols + c]) - mean[r]) * rstd[r];
            total = total + Pair<C>{grad, grad * h};
        }
    }
    total = sum_of_lines(total);
    if (line == 0 && c < cols) partial[slice * cols + c] = total;
    if (!last_block(counter + tile, static_cast<unsigned int>(slices))) return;
    total = {C(0), C(0)};
    if (c < cols) {
#pragma unroll 4
        for (long long k = line; k < slices; k += lines) {
            total = total + written(partial + k * cols + c);
        }
    }
    total = sum_of_lines(total);
    if (line == 0 && c < cols) {
        if (db) narrow(total.first, db[c]);
        if (dw) narrow(total.second, dw[c]);
    }
}

#define LAYER_NORM(T, SUFFIX)                                                                    \
    KERNEL layer_norm_forward_##SUFFIX(const T* x, NULLABLE const T* weight,                     \
                                       NULLABLE const T* bias, T* y, Compute<T>* mean,           \
                                       Compute<T>* rstd, double eps, long long rows,             \
                                       long long cols) {                                         \
        for_each_row(rows, cols, LayerNormRows<T>{x, weight, bias, y, mean, rstd,                \
                                                  Compute<T>(eps), cols});                       \
    }                                                                                            \
    KERNEL layer_norm_backward_##SUFFIX(const T* dy, const T* x, NULLABLE const T* weight,       \
                                        const Compute<T>* mean, const Compute<T>* rstd, T* dx,   \
                                        long long rows, long long cols) {                        \
        for_each_row(rows, cols, LayerNormGradRows<T>{dy, x, weight, mean, rstd, dx, cols});     \
    }                                                                                            \
    KERNEL layer_norm_backward_affine_##SUFFIX(                                                  \
        const T* dy, const T* x, const Compute<T>* mean, const Compute<T>* rstd, NULLABLE T* dw, \
        NULLABLE T* db, Compute<T>* partial, unsigned int* counter, long long slices,            \
        long long rows, long long cols) {                                                        \
        affine_grad(dy, x, mean, rstd, dw, db, reinterpret_cast<Pair<Compute<T>>*>(partial),     \
                    counter, slices, rows, cols);                                                \
    }

FOR_EACH_TYPE(LAYER_NORM)
