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

// Carries out a function of the rows of x, which lie along its last dimension; gives 1.
static int run_rows(Function function, Rows *w, const Array *x, int threads) {
    const int64_t size = size_of(x);
    w->cols = cols_of(x);
    w->rows = size == 0 ? 0 : size / w->cols;
    if (w->rows_of_part == 0) w->rows_of_part = rows_of_part(w->cols);
    run_parts(function, w, parts_of(w->rows, w->rows_of_part), threads);
    return 1;
}

#define FUNCTIONS_OF(T)                                                                            \
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
    int softmax_##T(Array *x, Array *out, int threads) {                                           \
        if (!fits(x)) return 0;                                                                    \
        Rows w = {.x = x->data, .out = out->data};                                                 \
        return run_rows(softmax_part_##T, &w, x, threads);                                         \
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
    int softmax_grad_##T(Array *y, Array *grad, Array *out, int threads) {                         \
        if (!fits(y) || !fits(grad) || !same_shape(y, grad)) return 0;                             \
        Rows w = {.x = y->data, .y = grad->data, .out = out->data};                                \
        return run_rows(softmax_grad_part_##T, &w, y, threads);                                    \
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
    int log_softmax_##T(Array *x, Array *out, int threads) {                                       \
        if (!fits(x)) return 0;                                                                    \
        Rows w = {.x = x->data, .out = out->data};                                                 \
        return run_rows(log_softmax_part_##T, &w, x, threads);                                     \
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
    int log_softmax_grad_##T(Array *y, Array *grad, Array *out, int threads) {                     \
        if (!fits(y) || !fits(grad) || !same_shape(y, grad)) return 0;                             \
        Rows w = {.x = y->data, .y = grad->data, .out = out->data};                                \
        return run_rows(log_softmax_grad_part_##T, &w, y, threads);                                \
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
    /* Targets, of type int64, that are neither classes nor `ignored` are left to Python. */       \
    int cross_entropy_##T(Array *x, Array *target, Array *losses, Array *softmax, int64_t ignored, \
                          int threads) {                                                           \
        if (!fits(x) || (target->flags & FITTING) != FITTING) return 0;                            \
        const int64_t *const classes = target->data;                                               \
        for (int64_t row = 0; row < x->shape[0]; row++)                                            \
            if (classes[row] != ignored && (classes[row] < 0 || classes[row] >= x->shape[1]))      \
                return 0;                                                                          \
        Rows w = {.x = x->data, .target = classes, .out = losses->data,                            \
                  .second = softmax->data, .ignored = ignored};                                    \
        return run_rows(cross_entropy_part_##T, &w, x, threads);                                   \
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
    int layer_norm_##T(Array *x, Array *weight, Array *bias, Array *y, Array *mean, Array *rstd,   \
                       double eps, int threads) {                                                  \
        if (!fits(x) || !fits(weight) || !fits(bias)) return 0;                                    \
        Rows w = {.x = x->data, .y = DATA(T, weight), .z = DATA(T, bias), .out = y->data,          \
                  .second = mean->data, .third = rstd->data, .number = eps};                       \
        return run_rows(layer_norm_part_##T, &w, x, threads);                                      \
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
    int layer_norm_grad_##T(Array *grad, Array *x, Array *weight, Array *mean, Array *rstd,        \
                            Array *in_x, Array *in_weight, Array *in_bias, int threads) {          \
        if (!fits(grad) || !fits(x) || !fits(weight) || !fits(mean) || !fits(rstd)) return 0;      \
        if (!same_shape(grad, x)) return 0;                                                        \
        const int64_t rows = x->shape[0], cols = x->shape[1];                                      \
        Rows w = {.x = x->data, .y = grad->data, .z = DATA(T, weight), .mean = mean->data,         \
                  .rstd = rstd->data, .out = DATA(T, in_x), .second = DATA(T, in_weight),          \
                  .third = DATA(T, in_bias), .rows_of_part = 4 * rows_of_part(cols)};              \
        const int64_t parts = parts_of(rows, w.rows_of_part);                                      \
        w.sums = malloc(sizeof(T) * (size_t)(parts * 3 * cols));                                   \
        if (w.sums == 0) return 0;                                                                 \
        run_rows(layer_norm_grad_part_##T, &w, x, threads);                                        \
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
    int amax_rows_##T(Array *x, Array *out, int threads) {                                         \
        if (!fits(x)) return 0;                                                                    \
        Rows w = {.x = x->data, .out = out->data};                                                 \
        return run_rows(row_max_part_##T, &w, x, threads);                                         \
    }                                                                                              \
                                                                                                   \
    static void row_sum_part_##T(void *work, int64_t part) {                                       \
        ROWS_OF_PART                                                                               \
        for (int64_t row = first; row < last; row++)                                               \
            ((T *)w->out)[row] = row_sum_##T((const T *)w->x + row * cols, cols);                  \
    }                                                                                              \
                                                                                                   \
    int sum_rows_##T(Array *x, Array *out, int threads) {                                          \
        if (!fits(x)) return 0;                                                                    \
        Rows w = {.x = x->data, .out = out->data};                                                 \
        return run_rows(row_sum_part_##T, &w, x, threads);                                         \
    }

FOR_TYPE(FUNCTIONS_OF)
