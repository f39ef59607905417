// Functions of the rows of a matrix on the CPU: softmax, log_softmax, cross entropy, layer norm, and
// the largest element and the sum of each row; every gradient beside its function.
//
// A row is read again from the first-level cache for each pass over it. Sums are in the arrays' type,
// in many lanes. Gradients that add up rows have sums for each part, which are added up in order.

#include <stdlib.h>

#include "native_work.h"

typedef struct {
    const void *x, *y, *z, *mean, *rstd;
    void *out, *second, *third;
    const int64_t *target;
    void *sums;
    int64_t rows, cols, rows_of_part, ignored;
    double number;
} Rows;

// The rows of a part: from `first` to before `last`.
#define ROWS_OF_PART                                                                               \
    const Rows *const w = work;                                                                    \
    const int64_t cols = w->cols, first = part * w->rows_of_part;                                  \
    const int64_t last = smaller(first + w->rows_of_part, w->rows);

static void run_rows(Function function, Rows *w, int threads) {
    if (w->rows_of_part == 0) w->rows_of_part = rows_of_part(w->cols);
    run_parts(function, w, parts_of(w->rows, w->rows_of_part), threads);
}

#define FUNCTIONS_OF(T)                                                                               \
    /* e = exp(x - max), and their sum. A nan makes the sum nan. */                                \
    static inline T exponentials_##T(const T *x, T *e, int64_t n, T most) {                        \
        EACH_ALONE for (int64_t i = 0; i < n; i++) e[i] = nm_exp_below_##T(x[i] - most);           \
        return row_sum_##T(e, n);                                                                  \
    }                                                                                              \
                                                                                                   \
    static void softmax_part_##T(void *work, int64_t part) {                                       \
        ROWS_OF_PART                                                                               \
        for (int64_t row = first; row < last; row++) {                                             \
            const T *const x = (const T *)w->x + row * cols;                                       \
            T *const y = (T *)w->out + row * cols;                                                 \
            const T total = exponentials_##T(x, y, cols, row_max_##T(x, cols));                    \
            const T share = 1 / total;                                                             \
            EACH_ALONE for (int64_t i = 0; i < cols; i++) y[i] *= share;                           \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    void softmax_##T(void *x, void *out, int64_t rows, int64_t cols, int threads) {                \
        Rows w = {.x = DATA(T, x), .out = DATA(T, out), .rows = rows, .cols = cols};               \
        run_rows(softmax_part_##T, &w, threads);                                                   \
    }                                                                                              \
                                                                                                   \
    /* y (grad - sum(grad y)) */                                                                   \
    static void softmax_grad_part_##T(void *work, int64_t part) {                                  \
        ROWS_OF_PART                                                                               \
        for (int64_t row = first; row < last; row++) {                                             \
            const T *const y = (const T *)w->x + row * cols;                                       \
            const T *const grad = (const T *)w->y + row * cols;                                    \
            T *const out = (T *)w->out + row * cols;                                               \
            const T along = row_dot_##T(grad, y, cols);                                            \
            EACH_ALONE for (int64_t i = 0; i < cols; i++) out[i] = y[i] * (grad[i] - along);       \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    void softmax_grad_##T(void *y, void *grad, void *out, int64_t rows, int64_t cols,              \
                          int threads) {                                                           \
        Rows w = {.x = DATA(T, y), .y = DATA(T, grad), .out = DATA(T, out), .rows = rows,          \
                  .cols = cols};                                                                   \
        run_rows(softmax_grad_part_##T, &w, threads);                                              \
    }                                                                                              \
                                                                                                   \
    static void log_softmax_part_##T(void *work, int64_t part) {                                   \
        ROWS_OF_PART                                                                               \
        for (int64_t row = first; row < last; row++) {                                             \
            const T *const x = (const T *)w->x + row * cols;                                       \
            T *const y = (T *)w->out + row * cols;                                                 \
            const T most = row_max_##T(x, cols);                                                   \
            T total;                                                                               \
            if (x == y) { /* the exponentials need a place of their own */                         \
                total = 0;                                                                         \
                T e[64];                                                                           \
                for (int64_t i = 0; i < cols; i += 64)                                             \
                    total += exponentials_##T(x + i, e, smaller(64, cols - i), most);              \
            } else {                                                                               \
                total = exponentials_##T(x, y, cols, most);                                        \
            }                                                                                      \
            const T log_total = nm_log_##T(total);                                                 \
            EACH_ALONE for (int64_t i = 0; i < cols; i++) y[i] = (x[i] - most) - log_total;        \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    void log_softmax_##T(void *x, void *out, int64_t rows, int64_t cols, int threads) {            \
        Rows w = {.x = DATA(T, x), .out = DATA(T, out), .rows = rows, .cols = cols};               \
        run_rows(log_softmax_part_##T, &w, threads);                                               \
    }                                                                                              \
                                                                                                   \
    /* grad - exp(y) sum(grad) */                                                                  \
    static void log_softmax_grad_part_##T(void *work, int64_t part) {                              \
        ROWS_OF_PART                                                                               \
        for (int64_t row = first; row < last; row++) {                                             \
            const T *const y = (const T *)w->x + row * cols;                                       \
            const T *const grad = (const T *)w->y + row * cols;                                    \
            T *const out = (T *)w->out + row * cols;                                               \
            const T total = row_sum_##T(grad, cols);                                               \
            EACH_ALONE for (int64_t i = 0; i < cols; i++)                                          \
                out[i] = grad[i] - nm_exp_##T(y[i]) * total;                                       \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    void log_softmax_grad_##T(void *y, void *grad, void *out, int64_t rows, int64_t cols,          \
                              int threads) {                                                       \
        Rows w = {.x = DATA(T, y), .y = DATA(T, grad), .out = DATA(T, out), .rows = rows,          \
                  .cols = cols};                                                                   \
        run_rows(log_softmax_grad_part_##T, &w, threads);                                          \
    }                                                                                              \
                                                                                                   \
    /* log(sum(exp(x - max))) - (x[target] - max), or 0 if ignored, and the softmax. */            \
    static void cross_entropy_part_##T(void *work, int64_t part) {                                 \
        ROWS_OF_PART                                                                               \
        for (int64_t row = first; row < last; row++) {                                             \
            const T *const x = (const T *)w->x + row * cols;                                       \
            T *const y = (T *)w->second + row * cols;                                              \
            const int64_t target = w->target[row];                                                 \
            const T most = row_max_##T(x, cols);                                                   \
            const T picked = target == w->ignored ? 0 : x[target] - most;                          \
            const T total = exponentials_##T(x, y, cols, most);                                    \
            const T share = 1 / total;                                                             \
            ((T *)w->out)[row] = target == w->ignored ? 0 : nm_log_##T(total) - picked;            \
            EACH_ALONE for (int64_t i = 0; i < cols; i++) y[i] *= share;                           \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    /* Whether all targets, of type int64, are classes or `ignored`; if not, nothing is done. */   \
    int cross_entropy_##T(void *x, void *target, void *losses, void *softmax, int64_t ignored,     \
                          int64_t rows, int64_t cols, int threads) {                               \
        Rows w = {.x = DATA(T, x), .target = DATA(int64_t, target), .out = DATA(T, losses),        \
                  .second = DATA(T, softmax), .ignored = ignored, .rows = rows, .cols = cols};     \
        for (int64_t row = 0; row < rows; row++)                                                   \
            if (w.target[row] != ignored && (w.target[row] < 0 || w.target[row] >= cols))          \
                return 0;                                                                          \
        run_rows(cross_entropy_part_##T, &w, threads);                                             \
        return 1;                                                                                  \
    }                                                                                              \
                                                                                                   \
    /* (x - mean) rstd weight + bias, mean, and rstd = 1 / sqrt(variance + eps). */                \
    static void layer_norm_part_##T(void *work, int64_t part) {                                    \
        ROWS_OF_PART                                                                               \
        const T *const weight = w->y, *const bias = w->z;                                          \
        for (int64_t row = first; row < last; row++) {                                             \
            const T *const x = (const T *)w->x + row * cols;                                       \
            T *const y = (T *)w->out + row * cols;                                                 \
            const T mean = row_sum_##T(x, cols) / (T)cols;                                         \
            const T variance = row_squares_##T(x, mean, cols) / (T)cols;                           \
            const T rstd = 1 / (T)sqrt(variance + (T)w->number);                                   \
            ((T *)w->second)[row] = mean;                                                          \
            ((T *)w->third)[row] = rstd;                                                           \
            if (weight != 0 && bias != 0) {                                                        \
                EACH_ALONE for (int64_t i = 0; i < cols; i++)                                      \
                    y[i] = (x[i] - mean) * rstd * weight[i] + bias[i];                             \
            } else if (weight != 0) {                                                              \
                EACH_ALONE for (int64_t i = 0; i < cols; i++)                                      \
                    y[i] = (x[i] - mean) * rstd * weight[i];                                       \
            } else {                                                                               \
                const T shift = 0;                                                                 \
                EACH_ALONE for (int64_t i = 0; i < cols; i++)                                      \
                    y[i] = (x[i] - mean) * rstd + (bias == 0 ? shift : bias[i]);                   \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    void layer_norm_##T(void *x, void *weight, void *bias, void *y, void *mean, void *rstd,        \
                        double eps, int64_t rows, int64_t cols, int threads) {                     \
        Rows w = {.x = DATA(T, x), .y = DATA(T, weight), .z = DATA(T, bias), .out = DATA(T, y),    \
                  .second = DATA(T, mean), .third = DATA(T, rstd), .number = eps, .rows = rows,    \
                  .cols = cols};                                                                   \
        run_rows(layer_norm_part_##T, &w, threads);                                                \
    }                                                                                              \
                                                                                                   \
    NM_ROW_SUM(centred_dot, T, (const T *g, const T *x, T c, int64_t n),                           \
               VECTOR(T, g + i) * (VECTOR(T, x + i) - c), g[i] * (x[i] - c))                       \
                                                                                                   \
    /* With h = (x - mean) rstd and g = grad weight: (g - mean(g) - h mean(g h)) rstd in x, and    \
       the part's sums of grad h and of grad. */                                                   \
    static void layer_norm_grad_part_##T(void *work, int64_t part) {                               \
        ROWS_OF_PART                                                                               \
        const T *const weight = w->z;                                                              \
        T *const of_weight = (T *)w->sums + part * 3 * cols, *const of_bias = of_weight + cols;    \
        T *const g = of_bias + cols;                                                               \
        memset(of_weight, 0, sizeof(T) * (size_t)(2 * cols));                                      \
        for (int64_t row = first; row < last; row++) {                                             \
            const T *const x = (const T *)w->x + row * cols;                                       \
            const T *const grad = (const T *)w->y + row * cols;                                    \
            const T mean = ((const T *)w->mean)[row], rstd = ((const T *)w->rstd)[row];            \
            if (w->out != 0) {                                                                     \
                T *const out = (T *)w->out + row * cols;                                           \
                if (weight != 0) {                                                                 \
                    EACH_ALONE for (int64_t i = 0; i < cols; i++) g[i] = grad[i] * weight[i];      \
                } else {                                                                           \
                    memcpy(g, grad, sizeof(T) * (size_t)cols);                                     \
                }                                                                                  \
                const T across = row_sum_##T(g, cols) / (T)cols;                                   \
                const T bend = row_centred_dot_##T(g, x, mean, cols) / (T)cols * rstd * rstd;      \
                EACH_ALONE for (int64_t i = 0; i < cols; i++)                                      \
                    out[i] = (g[i] - across - (x[i] - mean) * bend) * rstd;                        \
            }                                                                                      \
            if (w->second != 0) {                                                                  \
                EACH_ALONE for (int64_t i = 0; i < cols; i++)                                      \
                    of_weight[i] += grad[i] * ((x[i] - mean) * rstd);                              \
            }                                                                                      \
            if (w->third != 0) {                                                                   \
                EACH_ALONE for (int64_t i = 0; i < cols; i++) of_bias[i] += grad[i];               \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    /* Whether there was memory for the sums. */                                                   \
    int layer_norm_grad_##T(void *grad, void *x, void *weight, void *mean, void *rstd,             \
                            void *in_x, void *in_weight, void *in_bias, int64_t rows,              \
                            int64_t cols, int threads) {                                           \
        Rows w = {.x = DATA(T, x), .y = DATA(T, grad), .z = DATA(T, weight),                       \
                  .mean = DATA(T, mean), .rstd = DATA(T, rstd), .out = DATA(T, in_x),              \
                  .second = DATA(T, in_weight), .third = DATA(T, in_bias), .rows = rows,           \
                  .cols = cols, .rows_of_part = 4 * rows_of_part(cols)};                           \
        const int64_t parts = parts_of(rows, w.rows_of_part);                                      \
        w.sums = malloc(sizeof(T) * (size_t)(parts * 3 * cols));                                   \
        if (w.sums == 0) return 0;                                                                 \
        run_rows(layer_norm_grad_part_##T, &w, threads);                                           \
        for (int which = 0; which < 2; which++) {                                                  \
            T *const total = which == 0 ? w.second : w.third;                                      \
            if (total == 0) continue;                                                              \
            memset(total, 0, sizeof(T) * (size_t)cols);                                            \
            for (int64_t part = 0; part < parts; part++) {                                         \
                const T *const sums = (T *)w.sums + (part * 3 + which) * cols;                     \
                EACH_ALONE for (int64_t i = 0; i < cols; i++) total[i] += sums[i];                 \
            }                                                                                      \
        }                                                                                          \
        free(w.sums);                                                                              \
        return 1;                                                                                  \
    }                                                                                              \
                                                                                                   \
    static void row_max_part_##T(void *work, int64_t part) {                                       \
        ROWS_OF_PART                                                                               \
        for (int64_t row = first; row < last; row++)                                               \
            ((T *)w->out)[row] = row_max_##T((const T *)w->x + row * cols, cols);                  \
    }                                                                                              \
                                                                                                   \
    /* The largest element of each row; nan if one is nan. */                                      \
    void amax_rows_##T(void *x, void *out, int64_t rows, int64_t cols, int threads) {              \
        Rows w = {.x = DATA(T, x), .out = DATA(T, out), .rows = rows, .cols = cols};               \
        run_rows(row_max_part_##T, &w, threads);                                                   \
    }                                                                                              \
                                                                                                   \
    static void row_sum_part_##T(void *work, int64_t part) {                                       \
        ROWS_OF_PART                                                                               \
        for (int64_t row = first; row < last; row++)                                               \
            ((T *)w->out)[row] = row_sum_##T((const T *)w->x + row * cols, cols);                  \
    }                                                                                              \
                                                                                                   \
    void sum_rows_##T(void *x, void *out, int64_t rows, int64_t cols, int threads) {               \
        Rows w = {.x = DATA(T, x), .out = DATA(T, out), .rows = rows, .cols = cols};               \
        run_rows(row_sum_part_##T, &w, threads);                                                   \
    }

FOR_TYPE(FUNCTIONS_OF)
