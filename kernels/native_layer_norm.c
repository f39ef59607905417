// Layer norm of the rows of a matrix on the CPU, and its gradients.
//
// A row is read again from the first-level cache for each pass over it. Sums are in the arrays'
// type, in many lanes. Gradients that add up rows have sums for each part, which are added up in
// order.

#include <stdlib.h>

#include "native_rows.h"

#define FUNCTIONS_OF(T)                                                                            \
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
    NM_ROW_SUM(centred_dot_3, T, (const T *g, const T *h, const T *x, T c, int64_t n),             \
               VECTOR(T, g + i) * VECTOR(T, h + i) * (VECTOR(T, x + i) - c),                       \
               g[i] * h[i] * (x[i] - c))                                                           \
    /* With h = (x - mean) rstd and g = grad weight: (g - mean(g) - h mean(g h)) rstd in x, and    \
       the part's sums of grad h and of grad. One loop for all three where all are wanted: rows    \
       that lie a power of two apart compete for the same places of the cache. */                  \
    static void layer_norm_grad_part_##T(void *work, int64_t part) {                               \
        ROWS_OF_PART                                                                               \
        const T *const weight = w->z;                                                              \
        T *const of_weight = (T *)w->sums + part * 2 * cols, *const of_bias = of_weight + cols;    \
        memset(of_weight, 0, sizeof(T) * (size_t)(2 * cols));                                      \
        for (int64_t row = first; row < last; row++) {                                             \
            const T *const x = (const T *)w->x + row * cols;                                       \
            const T *const grad = (const T *)w->y + row * cols;                                    \
            T *const out = (T *)w->out + row * cols;                                               \
            const T mean = ((const T *)w->mean)[row], rstd = ((const T *)w->rstd)[row];            \
            T across = 0, bend = 0;                                                                \
            if (w->out != 0 && weight != 0) {                                                      \
                across = row_dot_##T(grad, weight, cols) / (T)cols;                                \
                bend = row_centred_dot_3_##T(grad, weight, x, mean, cols) / (T)cols;               \
            } else if (w->out != 0) {                                                              \
                across = row_sum_##T(grad, cols) / (T)cols;                                        \
                bend = row_centred_dot_##T(grad, x, mean, cols) / (T)cols;                         \
            }                                                                                      \
            bend = bend * rstd * rstd;                                                             \
            if (w->out != 0 && w->second != 0 && w->third != 0 && weight != 0) {                   \
                EACH_ALONE for (int64_t i = 0; i < cols; i++) {                                    \
                    const T centred = x[i] - mean, g = grad[i];                                    \
                    of_weight[i] += g * (centred * rstd);                                          \
                    of_bias[i] += g;                                                               \
                    out[i] = (g * weight[i] - across - centred * bend) * rstd;                     \
                }                                                                                  \
                continue;                                                                          \
            }                                                                                      \
            if (w->second != 0) {                                                                  \
                EACH_ALONE for (int64_t i = 0; i < cols; i++)                                      \
                    of_weight[i] += grad[i] * ((x[i] - mean) * rstd);                              \
            }                                                                                      \
            if (w->third != 0) {                                                                   \
                EACH_ALONE for (int64_t i = 0; i < cols; i++) of_bias[i] += grad[i];               \
            }                                                                                      \
            if (w->out != 0 && weight != 0) {                                                      \
                EACH_ALONE for (int64_t i = 0; i < cols; i++)                                      \
                    out[i] = (grad[i] * weight[i] - across - (x[i] - mean) * bend) * rstd;         \
            } else if (w->out != 0) {                                                              \
                EACH_ALONE for (int64_t i = 0; i < cols; i++)                                      \
                    out[i] = (grad[i] - across - (x[i] - mean) * bend) * rstd;                     \
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
        w.sums = malloc(sizeof(T) * (size_t)(parts * 2 * cols));                                   \
        if (w.sums == 0) return 0;                                                                 \
        run_rows(layer_norm_grad_part_##T, &w, x, threads);                                        \
        for (int which = 0; which < 2; which++) {                                                  \
            T *const total = which == 0 ? w.second : w.third;                                      \
            if (total == 0) continue;                                                              \
            memset(total, 0, sizeof(T) * (size_t)cols);                                            \
            for (int64_t part = 0; part < parts; part++) {                                         \
                const T *const sums = (T *)w.sums + (part * 2 + which) * cols;                     \
                EACH_ALONE for (int64_t i = 0; i < cols; i++) total[i] += sums[i];                 \
            }                                                                                      \
        }                                                                                          \
        free(w.sums);                                                                              \
        return 1;                                                                                  \
    }

FOR_TYPE(FUNCTIONS_OF)
