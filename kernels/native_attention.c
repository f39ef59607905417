// Attention's scores into weights, and the weights' gradients into the scores', in place.
//
// Rows lie one after the other, `length` to each matrix; row i of a matrix counts up to column i only
// if `causal`.

#include "native_work.h"

typedef struct {
    void *scores;
    const void *weights;
    int64_t rows, cols, length, rows_of_part;
    int causal;
} Scores;

#define EACH_ROW(T)                                                                                \
    const Scores *const w = work;                                                                  \
    const int64_t cols = w->cols, first = part * w->rows_of_part;                                  \
    const int64_t last = smaller(first + w->rows_of_part, w->rows);                                \
    for (int64_t row = first; row < last; row++) {                                                 \
        T *const x = (T *)w->scores + row * cols;

static int run_scores(Function function, Scores *w, const Array *scores, int threads) {
    w->cols = cols_of(scores);
    w->rows = size_of(scores) / larger(1, w->cols);
    w->rows_of_part = rows_of_part(w->cols);
    run_parts(function, w, parts_of(w->rows, w->rows_of_part), threads);
    return 1;
}

typedef int32_t bits_float __attribute__((vector_size(64)));
typedef int64_t bits_double __attribute__((vector_size(64)));
static const bits_float numbers_float = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static const bits_double numbers_double = {0, 1, 2, 3, 4, 5, 6, 7};

#define FUNCTIONS_OF(T)                                                                            \
    /* Minus infinity from column `seen` to before `end`, by one vector if it can be: what is */   \
    /* written element by element comes late for the vectors that are read next. */                \
    static inline void hide_##T(T *x, int64_t seen, int64_t end) {                                 \
        const int64_t first = end - LANES_##T;                                                     \
        if (first < 0 || seen <= first) {                                                          \
            for (int64_t i = seen; i < end; i++) x[i] = -INFINITY;                                 \
            return;                                                                                \
        }                                                                                          \
        const vector_##T least = (vector_##T){0} - INFINITY;                                       \
        const bits_##T keep = numbers_##T < (int)(seen - first);                                   \
        const bits_##T found =                                                                     \
            (keep & (bits_##T)VECTOR(T, x + first)) | (~keep & (bits_##T)least);                   \
        memcpy(x + first, &found, sizeof found);                                                   \
    }                                                                                              \
                                                                                                   \
    static void weights_part_##T(void *work, int64_t part) {                                       \
        EACH_ROW(T)                                                                                \
            /* So many columns count; what is done beyond them fills a vector. */                  \
            const int64_t seen = w->causal ? smaller(cols, row % w->length + 1) : cols;            \
            const int64_t end = smaller(cols, (seen + LANES_##T - 1) / LANES_##T * LANES_##T);     \
            hide_##T(x, seen, end);                                                                \
            const T most = row_max_##T(x, end);                                                    \
            EACH_ALONE for (int64_t i = 0; i < end; i++) x[i] = nm_exp_below_##T(x[i] - most);     \
            const T share = 1 / row_sum_##T(x, end);                                               \
            EACH_ALONE for (int64_t i = 0; i < end; i++) x[i] *= share;                            \
            for (int64_t i = end; i < cols; i++) x[i] = 0;                                         \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    int attention_weights_##T(Array *scores, int causal, int threads) {                            \
        if (!fits(scores) || scores->nd < 2) return 0;                                             \
        Scores w = {.scores = scores->data, .causal = causal};                                     \
        w.length = scores->shape[scores->nd - 2];                                                  \
        return run_scores(weights_part_##T, &w, scores, threads);                                  \
    }                                                                                              \
                                                                                                   \
    /* weights (g - sum(g weights)) for g in `scores` */                                           \
    static void spread_part_##T(void *work, int64_t part) {                                        \
        EACH_ROW(T)                                                                                \
            const T *const y = (const T *)w->weights + row * cols;                                 \
            const T along = row_dot_##T(x, y, cols);                                               \
            EACH_ALONE for (int64_t i = 0; i < cols; i++) x[i] = y[i] * (x[i] - along);            \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    int attention_spread_##T(Array *scores, Array *weights, int threads) {                         \
        if (!fits(scores) || !fits(weights) || !same_shape(scores, weights)) return 0;             \
        Scores w = {.scores = scores->data, .weights = weights->data};                             \
        return run_scores(spread_part_##T, &w, scores, threads);                                   \
    }

FOR_TYPE(FUNCTIONS_OF)
