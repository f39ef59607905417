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

// Sums of g and of g * h.
template <typename C>
struct GradSums {
    C g, gh;
};

template <typename C>
__device__ __forceinline__ GradSums<C> shuffle_xor(GradSums<C> v, int lanes) {
    return {shuffle_xor(v.g, lanes), shuffle_xor(v.gh, lanes)};
}

struct MergeGradSums {
    template <typename C>
    __device__ __forceinline__ GradSums<C> operator()(GradSums<C> a, GradSums<C> b) const {
        return {a.g + b.g, a.gh + b.gh};
    }
};

template <typename C>
struct AddToGradSums {
    C mean, rstd;
    __device__ __forceinline__ GradSums<C> operator()(GradSums<C> total, C x, C dy) const {
        return {total.g + dy, total.gh + dy * ((x - mean) * rstd)};
    }
    __device__ __forceinline__ GradSums<C> operator()(GradSums<C> total, C x, C dy, C w) const {
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
        const AddToGradSums<C> add = {m, s};
        const GradSums<C> none = {C(0), C(0)};
        GradSums<C> total = weight ? fold(team.walk(), cols, none, add, from, grad, weight)
                                   : fold(team.walk(), cols, none, add, from, grad);
        total = team.reduce(total, MergeGradSums(), none);
        const LayerNormGrad<C> f = {m, s, total.g / C(cols), total.gh / C(cols)};
        if (weight) {
            map(team.walk(), cols, f, to, from, grad, weight);
        } else {
            map(team.walk(), cols, f, to, from, grad);
        }
    }
};

// One tile: threads stand in lines of 32, a thread in each column; each line takes every eighth
// row of the slice.
template <typename T>
__device__ __forceinline__ void affine_grad(const T* dy, const T* x, const Compute<T>* mean,
                                            const Compute<T>* rstd, T* dw, T* db,
                                            Compute<T>* partial, unsigned int* counter,
                                            long long slices, long long rows, long long cols) {
    typedef Compute<T> C;
    __shared__ GradSums<C> of_line[THREADS];
    const long long tiles = (cols + WARP - 1) / WARP;
    const long long tile = blockIdx.x % tiles, slice = blockIdx.x / tiles;
    const int line = threadIdx.x / WARP, lines = blockDim.x / WARP;
    const long long c = tile * WARP + threadIdx.x % WARP;
    GradSums<C> total = {C(0), C(0)};
    if (c < cols) {
        for (long long r = slice * lines + line; r < rows; r += slices * lines) {
            const C grad = widen(dy[r * cols + c]);
            total.g += grad;
            total.gh += grad * ((widen(x[r * cols + c]) - mean[r]) * rstd[r]);
        }
    }
    of_line[threadIdx.x] = total;
    __syncthreads();
    if (line == 0) {
        for (int k = 1; k < lines; ++k) {
            total = MergeGradSums()(total, of_line[threadIdx.x + k * WARP]);
        }
        if (c < cols) {
            partial[2 * (slice * cols + c)] = total.g;
            partial[2 * (slice * cols + c) + 1] = total.gh;
        }
    }
    if (!last_block(counter + tile, static_cast<unsigned int>(slices))) return;
    if (line == 0 && c < cols) {
        const volatile C* written = partial;
        total = {C(0), C(0)};
        for (long long k = 0; k < slices; ++k) {
            total.g += written[2 * (k * cols + c)];
            total.gh += written[2 * (k * cols + c) + 1];
        }
        if (db) narrow(total.g, db[c]);
        if (dw) narrow(total.gh, dw[c]);
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
        affine_grad(dy, x, mean, rstd, dw, db, partial, counter, slices, rows, cols);            \
    }

FOR_EACH_TYPE(LAYER_NORM)
