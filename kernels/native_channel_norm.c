// Batch norm and group norm on the CPU, and their gradients.
//
// An array (N, C, *) is a stack of planes, one for each channel of each sample. Batch norm takes the
// planes of one channel together, group norm those of some channels of one sample. They stay in the
// cache from one pass over them to the next. Sums within a plane are in the arrays' type, in many
// lanes; those of several planes are added up in double, in order.
//
// Planes of one number are the columns of a matrix: there, the channels lie side by side.

#include <stdlib.h>

#include "native_work.h"

typedef struct {
    const void *x, *grad, *weight, *bias, *mean, *scale;
    void *y, *of_mean, *of_scale, *of_weight, *of_bias;
    double *sums;
    int64_t samples, channels, size, groups;
    double eps;
} Norm;

// So many channels side by side are done at once.
enum { COLUMNS = 64 };

static inline int64_t plane_size(const Array *x) {
    int64_t size = 1;
    for (int d = 2; d < x->nd; d++) size *= x->shape[d];
    return size;
}

#define FUNCTIONS_OF(T)                                                                            \
    NM_ROW_SUM(centred_dot, T, (const T *g, const T *x, T c, int64_t n),                           \
               VECTOR(T, g + i) * (VECTOR(T, x + i) - c), g[i] * (x[i] - c))                       \
                                                                                                   \
    /* y = (x - mean) * scale * weight + bias in a plane. */                                       \
    static inline void normalize_##T(const T *x, T mean, T scale, T weight, T bias, int has_bias,  \
                                     T *y, int64_t n) {                                            \
        if (has_bias)                                                                              \
            EACH_ALONE for (int64_t i = 0; i < n; i++)                                             \
                y[i] = (x[i] - mean) * scale * weight + bias;                                      \
        else                                                                                       \
            EACH_ALONE for (int64_t i = 0; i < n; i++) y[i] = (x[i] - mean) * scale * weight;      \
    }                                                                                              \
                                                                                                   \
    /* The gradient in x: (g - across - (x - mean) * bend) * factor in a plane. */                 \
    static inline void normalize_back_##T(const T *g, const T *x, T mean, T weight, T across,      \
                                          T bend, T factor, T *to, int64_t n) {                    \
        EACH_ALONE for (int64_t i = 0; i < n; i++)                                                 \
            to[i] = (g[i] * weight - across - (x[i] - mean) * bend) * factor;                      \
    }                                                                                              \
                                                                                                   \
    /* --- batch norm: one channel of all samples, or some channels that lie side by side --- */   \
                                                                                                   \
    static void batch_part_##T(void *work, int64_t channel) {                                      \
        const Norm *const w = work;                                                                \
        const int64_t step = w->channels * w->size, count = w->samples * w->size;                  \
        const T *const x = (const T *)w->x + channel * w->size;                                    \
        double total = 0, spread = 0;                                                              \
        for (int64_t n = 0; n < w->samples; n++) total += row_sum_##T(x + n * step, w->size);      \
        const T mean = (T)(total / (double)count);                                                 \
        for (int64_t n = 0; n < w->samples; n++)                                                   \
            spread += row_squares_##T(x + n * step, mean, w->size);                                \
        const T variance = (T)(spread / (double)count);                                            \
        const T scale = 1 / (T)sqrt(variance + (T)w->eps);                                         \
        const T weight = w->weight == 0 ? 1 : ((const T *)w->weight)[channel];                     \
        const T bias = w->bias == 0 ? 0 : ((const T *)w->bias)[channel];                           \
        ((T *)w->of_mean)[channel] = mean;                                                         \
        ((T *)w->of_scale)[channel] = variance;                                                    \
        T *const y = (T *)w->y + channel * w->size;                                                \
        for (int64_t n = 0; n < w->samples; n++)                                                   \
            normalize_##T(x + n * step, mean, scale, weight, bias, w->bias != 0, y + n * step,     \
                          w->size);                                                                \
    }                                                                                              \
                                                                                                   \
    static void batch_columns_##T(void *work, int64_t part) {                                      \
        const Norm *const w = work;                                                                \
        const int64_t first = part * COLUMNS, cols = smaller(COLUMNS, w->channels - first);        \
        const int64_t step = w->channels;                                                          \
        const T *const x = (const T *)w->x + first;                                                \
        T *const y = (T *)w->y + first, *const mean = (T *)w->of_mean + first;                     \
        T *const variance = (T *)w->of_scale + first;                                              \
        double sums[COLUMNS] = {0}, squares[COLUMNS] = {0};                                        \
        T factor[COLUMNS], shift[COLUMNS];                                                         \
        for (int64_t n = 0; n < w->samples; n++)                                                   \
            EACH_ALONE for (int64_t c = 0; c < cols; c++) sums[c] += x[n * step + c];              \
        for (int64_t c = 0; c < cols; c++) mean[c] = (T)(sums[c] / (double)w->samples);            \
        for (int64_t n = 0; n < w->samples; n++)                                                   \
            EACH_ALONE for (int64_t c = 0; c < cols; c++) {                                        \
                const T centred = x[n * step + c] - mean[c];                                       \
                squares[c] += centred * centred;                                                   \
            }                                                                                      \
        for (int64_t c = 0; c < cols; c++) {                                                       \
            variance[c] = (T)(squares[c] / (double)w->samples);                                    \
            factor[c] = 1 / (T)sqrt(variance[c] + (T)w->eps);                                      \
            factor[c] *= w->weight == 0 ? 1 : ((const T *)w->weight)[first + c];                   \
            shift[c] = w->bias == 0 ? 0 : ((const T *)w->bias)[first + c];                         \
        }                                                                                          \
        for (int64_t n = 0; n < w->samples; n++)                                                   \
            EACH_ALONE for (int64_t c = 0; c < cols; c++)                                          \
                y[n * step + c] = (x[n * step + c] - mean[c]) * factor[c] + shift[c];              \
    }                                                                                              \
                                                                                                   \
    int batch_norm_##T(Array *x, Array *weight, Array *bias, Array *y, Array *mean,                \
                       Array *variance, double eps, int threads) {                                 \
        if (!fits(x) || !fits(weight) || !fits(bias) || !fits(y)) return 0;                        \
        Norm w = {.x = x->data, .weight = DATA(T, weight), .bias = DATA(T, bias), .y = y->data,    \
                  .of_mean = mean->data, .of_scale = variance->data, .samples = x->shape[0],       \
                  .channels = x->shape[1], .size = plane_size(x), .eps = eps};                     \
        if (w.size == 1)                                                                           \
            run_parts(batch_columns_##T, &w, parts_of(w.channels, COLUMNS), threads);              \
        else                                                                                       \
            run_parts(batch_part_##T, &w, w.channels, threads);                                    \
        return 1;                                                                                  \
    }                                                                                              \
                                                                                                   \
    static void batch_back_part_##T(void *work, int64_t channel) {                                 \
        const Norm *const w = work;                                                                \
        const int64_t step = w->channels * w->size, count = w->samples * w->size;                  \
        const T *const x = (const T *)w->x + channel * w->size;                                    \
        const T *const grad = (const T *)w->grad + channel * w->size;                              \
        const T mean = ((const T *)w->mean)[channel];                                              \
        const T scale = 1 / (T)sqrt(((const T *)w->scale)[channel] + (T)w->eps);                   \
        const T weight = w->weight == 0 ? 1 : ((const T *)w->weight)[channel];                     \
        double total = 0, bend = 0;                                                                \
        for (int64_t n = 0; n < w->samples; n++) {                                                 \
            total += row_sum_##T(grad + n * step, w->size);                                        \
            bend += row_centred_dot_##T(grad + n * step, x + n * step, mean, w->size);             \
        }                                                                                          \
        if (w->of_weight != 0) ((T *)w->of_weight)[channel] = (T)(bend * scale);                   \
        if (w->of_bias != 0) ((T *)w->of_bias)[channel] = (T)total;                                \
        if (w->y == 0) return;                                                                     \
        const T across = (T)(total / (double)count);                                               \
        const T slope = (T)(bend / (double)count * scale * scale);                                 \
        T *const to = (T *)w->y + channel * w->size;                                               \
        for (int64_t n = 0; n < w->samples; n++)                                                   \
            normalize_back_##T(grad + n * step, x + n * step, mean, 1, across, slope,              \
                               scale * weight, to + n * step, w->size);                            \
    }                                                                                              \
                                                                                                   \
    static void batch_back_columns_##T(void *work, int64_t part) {                                 \
        const Norm *const w = work;                                                                \
        const int64_t first = part * COLUMNS, cols = smaller(COLUMNS, w->channels - first);        \
        const int64_t step = w->channels;                                                          \
        const T *const x = (const T *)w->x + first, *const grad = (const T *)w->grad + first;      \
        const T *const mean = (const T *)w->mean + first;                                          \
        double sums[COLUMNS] = {0}, bends[COLUMNS] = {0};                                          \
        T across[COLUMNS], slope[COLUMNS], factor[COLUMNS];                                        \
        for (int64_t n = 0; n < w->samples; n++)                                                   \
            EACH_ALONE for (int64_t c = 0; c < cols; c++) {                                        \
                const T g = grad[n * step + c];                                                    \
                sums[c] += g;                                                                      \
                bends[c] += g * (x[n * step + c] - mean[c]);                                       \
            }                                                                                      \
        for (int64_t c = 0; c < cols; c++) {                                                       \
            const T scale = 1 / (T)sqrt(((const T *)w->scale)[first + c] + (T)w->eps);             \
            if (w->of_weight != 0) ((T *)w->of_weight)[first + c] = (T)(bends[c] * scale);         \
            if (w->of_bias != 0) ((T *)w->of_bias)[first + c] = (T)sums[c];                        \
            across[c] = (T)(sums[c] / (double)w->samples);                                         \
            slope[c] = (T)(bends[c] / (double)w->samples * scale * scale);                         \
            factor[c] = scale * (w->weight == 0 ? 1 : ((const T *)w->weight)[first + c]);          \
        }                                                                                          \
        T *const to = w->y == 0 ? 0 : (T *)w->y + first;                                           \
        for (int64_t n = 0; to != 0 && n < w->samples; n++)                                        \
            EACH_ALONE for (int64_t c = 0; c < cols; c++) {                                        \
                const int64_t i = n * step + c;                                                    \
                to[i] = (grad[i] - across[c] - (x[i] - mean[c]) * slope[c]) * factor[c];           \
            }                                                                                      \
    }                                                                                              \
                                                                                                   \
    int batch_norm_grad_##T(Array *grad, Array *x, Array *weight, Array *mean, Array *variance,    \
                            Array *in_x, Array *in_weight, Array *in_bias, double eps,             \
                            int threads) {                                                         \
        if (!fits(grad) || !fits(x) || !fits(weight) || !fits(mean) || !fits(variance)) return 0;  \
        if (!same_shape(grad, x)) return 0;                                                        \
        Norm w = {.x = x->data, .grad = grad->data, .weight = DATA(T, weight),                     \
                  .mean = mean->data, .scale = variance->data, .y = DATA(T, in_x),                 \
                  .of_weight = DATA(T, in_weight), .of_bias = DATA(T, in_bias),                    \
                  .samples = x->shape[0], .channels = x->shape[1], .size = plane_size(x),          \
                  .eps = eps};                                                                     \
        if (w.size == 1)                                                                           \
            run_parts(batch_back_columns_##T, &w, parts_of(w.channels, COLUMNS), threads);         \
        else                                                                                       \
            run_parts(batch_back_part_##T, &w, w.channels, threads);                               \
        return 1;                                                                                  \
    }                                                                                              \
                                                                                                   \
    /* --- group norm: some channels of one sample --- */                                          \
                                                                                                   \
    static void group_part_##T(void *work, int64_t part) {                                         \
        const Norm *const w = work;                                                                \
        const int64_t each = w->channels / w->groups, count = each * w->size;                      \
        const T *const x = (const T *)w->x + part * count;                                         \
        T *const y = (T *)w->y + part * count;                                                     \
        const T mean = row_sum_##T(x, count) / (T)count;                                           \
        const T scale = 1 / (T)sqrt(row_squares_##T(x, mean, count) / (T)count + (T)w->eps);       \
        ((T *)w->of_mean)[part] = mean;                                                            \
        ((T *)w->of_scale)[part] = scale;                                                          \
        for (int64_t c = 0; c < each; c++) {                                                       \
            const int64_t channel = part % w->groups * each + c;                                   \
            normalize_##T(x + c * w->size, mean, scale,                                            \
                          w->weight == 0 ? 1 : ((const T *)w->weight)[channel],                    \
                          w->bias == 0 ? 0 : ((const T *)w->bias)[channel], w->bias != 0,          \
                          y + c * w->size, w->size);                                               \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    int group_norm_##T(Array *x, Array *weight, Array *bias, Array *y, Array *mean, Array *rstd,   \
                       int64_t groups, double eps, int threads) {                                  \
        if (!fits(x) || !fits(weight) || !fits(bias) || !fits(y)) return 0;                        \
        Norm w = {.x = x->data, .weight = DATA(T, weight), .bias = DATA(T, bias), .y = y->data,    \
                  .of_mean = mean->data, .of_scale = rstd->data, .channels = x->shape[1],          \
                  .size = plane_size(x), .groups = groups, .eps = eps};                            \
        run_parts(group_part_##T, &w, x->shape[0] * groups, threads);                              \
        return 1;                                                                                  \
    }                                                                                              \
                                                                                                   \
    static void group_back_part_##T(void *work, int64_t part) {                                    \
        const Norm *const w = work;                                                                \
        const int64_t each = w->channels / w->groups, size = w->size, count = each * size;         \
        const T *const x = (const T *)w->x + part * count;                                         \
        const T *const grad = (const T *)w->grad + part * count;                                   \
        const T mean = ((const T *)w->mean)[part], scale = ((const T *)w->scale)[part];            \
        double *const sums = w->sums + 2 * part * each;                                            \
        double total = 0, bend = 0;                                                                \
        for (int64_t c = 0; c < each; c++) {                                                       \
            const int64_t channel = part % w->groups * each + c;                                   \
            const T weight = w->weight == 0 ? 1 : ((const T *)w->weight)[channel];                 \
            const double along = row_sum_##T(grad + c * size, size);                               \
            const double with = row_centred_dot_##T(grad + c * size, x + c * size, mean, size);    \
            sums[2 * c] = with * scale;                                                            \
            sums[2 * c + 1] = along;                                                               \
            total += along * weight;                                                               \
            bend += with * weight;                                                                 \
        }                                                                                          \
        const T across = (T)(total / (double)count);                                               \
        const T slope = (T)(bend / (double)count * scale * scale);                                 \
        T *const to = w->y == 0 ? 0 : (T *)w->y + part * count;                                    \
        for (int64_t c = 0; to != 0 && c < each; c++) {                                            \
            const int64_t channel = part % w->groups * each + c;                                   \
            normalize_back_##T(grad + c * size, x + c * size, mean,                                \
                               w->weight == 0 ? 1 : ((const T *)w->weight)[channel], across,       \
                               slope, scale, to + c * size, size);                                 \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    int group_norm_grad_##T(Array *grad, Array *x, Array *weight, Array *mean, Array *rstd,        \
                            Array *in_x, Array *in_weight, Array *in_bias, int64_t groups,         \
                            int threads) {                                                         \
        if (!fits(grad) || !fits(x) || !fits(weight) || !fits(mean) || !fits(rstd)) return 0;      \
        if (!same_shape(grad, x)) return 0;                                                        \
        const int64_t samples = x->shape[0], channels = x->shape[1];                               \
        Norm w = {.x = x->data, .grad = grad->data, .weight = DATA(T, weight),                     \
                  .mean = mean->data, .scale = rstd->data, .y = DATA(T, in_x),                     \
                  .channels = channels, .size = plane_size(x), .groups = groups};                  \
        w.sums = malloc(sizeof(double) * (size_t)(2 * samples * channels));                        \
        if (w.sums == 0) return 0;                                                                 \
        run_parts(group_back_part_##T, &w, samples * groups, threads);                             \
        for (int64_t c = 0; c < channels; c++) {                                                   \
            double of_weight = 0, of_bias = 0;                                                     \
            for (int64_t n = 0; n < samples; n++) {                                                \
                of_weight += w.sums[2 * (n * channels + c)];                                       \
                of_bias += w.sums[2 * (n * channels + c) + 1];                                     \
            }                                                                                      \
            if (in_weight != 0) DATA(T, in_weight)[c] = (T)of_weight;                              \
            if (in_bias != 0) DATA(T, in_bias)[c] = (T)of_bias;                                    \
        }                                                                                          \
        free(w.sums);                                                                              \
        return 1;                                                                                  \
    }

FOR_TYPE(FUNCTIONS_OF)
