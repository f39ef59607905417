// BLAS's products of matrices: in pieces where those are quicker, and with one thread where a second
// one does not pay.
//
// For processors with AVX-512 OpenBLAS has functions for products of up to SMALL multiplications,
// which read matrices where they lie and come to 95 % of the processor's speed. What is a little
// larger comes to 80 %, and with the second matrix transposed, as in a linear layer, both come to
// 60 %. So that matrix is written out the other way round, and the product divided by rows.
//
// OpenBLAS wakes its threads from WOKEN multiplications on, 7 us of work for each of two, and waits
// until the last is done, which on a busy machine is as long as the system lets others run.

#include <stdint.h>
#include <stdlib.h>

typedef int get_threads(void);
typedef void set_threads(int);

static get_threads *threads;
static set_threads *choose;
static int64_t woken, worth;
static int has_small;

void np_begin(get_threads *get, set_threads *set, int64_t from, int64_t until, int small) {
    threads = get;
    choose = set;
    woken = from;
    worth = until;
    has_small = small;
}

// How many threads to give back after the product; 0 where BLAS chooses well itself.
static inline int alone(int64_t m, int64_t n, int64_t k) {
    const int64_t size = m * n * k;
    if (size < woken || size >= worth) return 0;
    const int before = threads();
    if (before < 2) return 0;
    choose(1);
    return before;
}

enum { ROW_MAJOR = 101, AS_IS = 111, TRANSPOSED = 112 };

enum {
    SMALL = 1000000,
    DIVIDED = 2100000, // so large a product may be to be done in pieces
    FEWEST_ROWS = 8,   // and so small a piece
    TURNED_ROWS = 16,  // how large it must be for its second matrix to be turned
    TURNED_COLS = 24,
};

typedef float eight __attribute__((vector_size(32), aligned(4), may_alias));

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define PICK(x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)
#endif
#endif

// Writes a block of 8 by 8 numbers the other way round.
static inline void turn_block(const float *x, int64_t step, float *out, int64_t out_step) {
#ifdef PICK
    eight r[8], t[8];
    for (int i = 0; i < 8; i++) r[i] = *(const eight *)(x + i * step);
    for (int i = 0; i < 8; i += 2) {
        t[i] = PICK(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        t[i + 1] = PICK(r[i], r[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    for (int i = 0; i < 8; i += 4) {
        r[i] = PICK(t[i], t[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        r[i + 1] = PICK(t[i], t[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        r[i + 2] = PICK(t[i + 1], t[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
        r[i + 3] = PICK(t[i + 1], t[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
    }
    for (int i = 0; i < 4; i++) {
        *(eight *)(out + i * out_step) = PICK(r[i], r[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        *(eight *)(out + (i + 4) * out_step) = PICK(r[i], r[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
#else
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 8; j++) out[j * out_step + i] = x[i * step + j];
#endif
}

// Writes n rows of k numbers as k rows of n numbers.
static void turn(const float *x, int64_t step, int64_t n, int64_t k, float *out) {
    int64_t j = 0;
    for (; j + 8 <= n; j += 8) {
        int64_t i = 0;
        for (; i + 8 <= k; i += 8) turn_block(x + j * step + i, step, out + i * n + j, n);
        for (; i < k; i++)
            for (int64_t y = j; y < j + 8; y++) out[i * n + y] = x[y * step + i];
    }
    for (; j < n; j++)
        for (int64_t i = 0; i < k; i++) out[i * n + j] = x[j * step + i];
}

typedef void gemm_float(int, int, int, int64_t, int64_t, int64_t, float, const float *, int64_t,
                        const float *, int64_t, float, float *, int64_t);

// The product with its second matrix turned, and in pieces; 0 where neither is quicker.
static int in_pieces_float(gemm_float *gemm, int order, int how_a, int how_b, int64_t m, int64_t n,
                           int64_t k, float alpha, const float *a, int64_t step_a, const float *b,
                           int64_t step_b, float beta, float *out, int64_t step) {
    const int64_t size = m * n * k, most = size == 0 ? 0 : SMALL / (n * k);
    if (!has_small || size > DIVIDED || most < FEWEST_ROWS || order != ROW_MAJOR) return 0;
    const int turns = how_b == TRANSPOSED && m >= TURNED_ROWS && n >= TURNED_COLS;
    if (!turns && (size <= SMALL || how_b == TRANSPOSED)) return 0;
    float *turned = 0;
    if (turns) {
        turned = malloc(n * k * sizeof(float));
        if (turned == 0) return 0;
        turn(b, step_b, n, k, turned);
        b = turned;
        step_b = n;
    }
    const int64_t pieces = (m + most - 1) / most, rows = (m + pieces - 1) / pieces;
    for (int64_t i = 0; i < m; i += rows)
        gemm(order, how_a, AS_IS, rows < m - i ? rows : m - i, n, k, alpha,
             a + (how_a == TRANSPOSED ? i : i * step_a), step_a, b, step_b, beta, out + i * step,
             step);
    free(turned);
    return 1;
}

#define in_pieces_double(...) 0

#define DEFINE_GEMM(kind)                                                                        \
    static gemm_##kind *blas_##kind;                                                             \
    void np_use_##kind(gemm_##kind *gemm) { blas_##kind = gemm; }                                \
    void np_gemm_##kind(int order, int how_a, int how_b, int64_t m, int64_t n, int64_t k,        \
                        kind alpha, const kind *a, int64_t step_a, const kind *b,                \
                        int64_t step_b, kind beta, kind *out, int64_t step) {                    \
        if (in_pieces_##kind(blas_##kind, order, how_a, how_b, m, n, k, alpha, a, step_a, b,     \
                             step_b, beta, out, step))                                           \
            return;                                                                              \
        const int before = alone(m, n, k);                                                       \
        blas_##kind(order, how_a, how_b, m, n, k, alpha, a, step_a, b, step_b, beta, out, step); \
        if (before) choose(before);                                                              \
    }

typedef void gemm_double(int, int, int, int64_t, int64_t, int64_t, double, const double *, int64_t,
                         const double *, int64_t, double, double *, int64_t);

DEFINE_GEMM(float)
DEFINE_GEMM(double)
