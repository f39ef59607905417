// Functions of the rows of a matrix on the CPU: softmax, log_softmax and cross entropy, every
// gradient beside its function; rows added to others.
//
// A row is read again from the first-level cache for each pass over it. Sums are in the arrays'
// type, in many lanes.

#include "native_rows.h"

static int are_classes(const int64_t *target, int64_t rows, int64_t classes, int64_t ignored) {
    for (int64_t row = 0; row < rows; row++)
        if (target[row] != ignored && (target[row] < 0 || target[row] >= classes)) return 0;
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
            const T total = exponentials_##T(x, y, cols, row_most_##T(x, cols));                   \
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
            const T most = row_most_##T(x, cols);                                                  \
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
            const T most = row_most_##T(x, cols);                                                  \
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
        if (!are_classes(target->data, x->shape[0], x->shape[1], ignored)) return 0;               \
        Rows w = {.x = x->data, .target = target->data, .out = losses->data,                       \
                  .second = softmax->data, .ignored = ignored};                                    \
        return run_rows(cross_entropy_part_##T, &w, x, threads);                                   \
    }                                                                                              \
                                                                                                   \
    /* The mean of the losses that count, and how many these are; the others are 0. */             \
    int cross_entropy_mean_##T(Array *losses, Array *target, Array *mean, Array *count,            \
                               int64_t ignored) {                                                  \
        if (!fits(losses) || (target->flags & FITTING) != FITTING) return 0;                       \
        const int64_t *const classes = target->data;                                               \
        const int64_t rows = losses->shape[0];                                                     \
        int64_t counted = 0;                                                                       \
        for (int64_t row = 0; row < rows; row++) counted += classes[row] != ignored;               \
        *(T *)count->data = (T)counted;                                                            \
        *(T *)mean->data = row_sum_##T(losses->data, rows) / (T)counted;                           \
        return 1;                                                                                  \
    }                                                                                              \
                                                                                                   \
    static void cross_entropy_grad_part_##T(void *work, int64_t part) {                            \
        ROWS_OF_PART                                                                               \
        for (int64_t row = first; row < last; row++) {                                             \
            const T *const softmax = (const T *)w->x + row * cols;                                 \
            T *const out = (T *)w->out + row * cols;                                               \
            const int64_t target = w->target[row];                                                 \
            const T grad = ((const T *)w->y)[w->number ? row : 0];                                 \
            const T share = w->z ? grad / *(const T *)w->z : grad;                                 \
            if (target == w->ignored) {                                                            \
                memset(out, 0, sizeof(T) * cols);                                                  \
            } else {                                                                               \
                EACH_ALONE for (int64_t i = 0; i < cols; i++) out[i] = softmax[i] * share;         \
                out[target] -= share;                                                              \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    /* (softmax - 1 at the target) grad, or 0 if ignored; grad is a number for all rows or for each,\
       to be divided by `count` if there is one. Targets may have changed since the losses. */     \
    int cross_entropy_grad_##T(Array *softmax, Array *target, Array *grad, Array *count, Array *out,\
                               int64_t ignored, int threads) {                                     \
        if (!fits(softmax) || !fits(grad) || (target->flags & FITTING) != FITTING) return 0;       \
        if (!are_classes(target->data, softmax->shape[0], softmax->shape[1], ignored)) return 0;   \
        Rows w = {.x = softmax->data, .y = grad->data, .z = count ? count->data : NULL,            \
                  .target = target->data, .out = out->data, .number = grad->nd,                    \
                  .ignored = ignored};                                                             \
        return run_rows(cross_entropy_grad_part_##T, &w, softmax, threads);                        \
    }                                                                                              \
                                                                                                   \
    static void add_row_part_##T(void *work, int64_t part) {                                       \
        ROWS_OF_PART                                                                               \
        const T *const v = w->y;                                                                   \
        for (int64_t row = first; row < last; row++) {                                             \
            const T *const x = (const T *)w->x + row * cols;                                       \
            T *const out = (T *)w->out + row * cols;                                               \
            EACH_ALONE for (int64_t i = 0; i < cols; i++) out[i] = x[i] + v[i];                    \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    /* x + v in every row. */                                                                      \
    int add_row_##T(Array *x, Array *v, Array *out, int threads) {                                 \
        if (!fits(x) || !fits(v) || v->nd != 1 || v->shape[0] != cols_of(x)) return 0;             \
        Rows w = {.x = x->data, .y = v->data, .out = out->data};                                   \
        return run_rows(add_row_part_##T, &w, x, threads);                                         \
    }                                                                                              \
                                                                                                   \
    /* out[index[i]] += x[i] for vectors x[i], one after the other; index is of type int64. */     \
    int add_at_##T(Array *x, Array *index, Array *out) {                                           \
        if (!fits(x) || !fits(out) || (index->flags & FITTING) != FITTING) return 0;               \
        const int64_t rows = out->shape[0], cols = rows == 0 ? 0 : size_of(out) / rows;            \
        const int64_t *const at = index->data, count = index->shape[0];                            \
        for (int64_t i = 0; i < count; i++)                                                        \
            if (at[i] < -rows || at[i] >= rows) return 0;                                          \
        for (int64_t i = 0; cols == 1 && i < count; i++)                                           \
            DATA(T, out)[at[i] < 0 ? at[i] + rows : at[i]] += DATA(T, x)[i];                       \
        if (cols == 1) return 1;                                                                   \
        for (int64_t i = 0; i < count; i++) {                                                      \
            const T *const row = DATA(T, x) + i * cols;                                            \
            T *const total = DATA(T, out) + (at[i] < 0 ? at[i] + rows : at[i]) * cols;             \
            EACH_ALONE for (int64_t j = 0; j < cols; j++) total[j] += row[j];                      \
        }                                                                                          \
        return 1;                                                                                  \
    }

FOR_TYPE(FUNCTIONS_OF)
