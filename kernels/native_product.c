// BLAS's products of matrices, with one thread where a second one does not pay.
//
// OpenBLAS wakes its threads from WOKEN multiplications on, 7 us of work for each of two, and waits
// until the last is done, which on a busy machine is as long as the system lets others run.

#include <stdint.h>

typedef int get_threads(void);
typedef void set_threads(int);

static get_threads *threads;
static set_threads *choose;
static int64_t woken, worth;

void np_begin(get_threads *get, set_threads *set, int64_t from, int64_t until) {
    threads = get;
    choose = set;
    woken = from;
    worth = until;
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

#define DEFINE_GEMM(kind)                                                                        \
    typedef void gemm_##kind(int, int, int, int64_t, int64_t, int64_t, kind, const kind *,       \
                             int64_t, const kind *, int64_t, kind, kind *, int64_t);             \
    static gemm_##kind *blas_##kind;                                                             \
    void np_use_##kind(gemm_##kind *gemm) { blas_##kind = gemm; }                                \
    void np_gemm_##kind(int order, int how_a, int how_b, int64_t m, int64_t n, int64_t k,        \
                        kind alpha, const kind *a, int64_t step_a, const kind *b,                \
                        int64_t step_b, kind beta, kind *out, int64_t step) {                    \
        const int before = alone(m, n, k);                                                       \
        blas_##kind(order, how_a, how_b, m, n, k, alpha, a, step_a, b, step_b, beta, out, step); \
        if (before) choose(before);                                                              \
    }

DEFINE_GEMM(float)
DEFINE_GEMM(double)
