// Elementwise functions of large arrays on the CPU, every gradient beside its function, and what is
// added up over all elements: sums, squared errors.
//
// One pass over memory each. In a gradient y is the function's result, x its input. Sums are in
// float64 over pieces of PIECE elements, which are in the arrays' type.

#include <stdlib.h>

#include "native_work.h"

typedef struct {
    const void *x, *y, *grad;
    void *out, *second;
    double *sums;
    int64_t n, cols;
    double a, b;
    int past_cache;
} Map;

// From `first` to before `last`.
#define ELEMENTS_OF_PART                                                                           \
    const Map *const w = work;                                                                     \
    const int64_t first = part * PART, last = smaller(first + PART, w->n);

// A function NAME(x, y) with numbers a and b; y is not read if VALUE does not name it.
#define MAP(NAME, T, VALUE)                                                                        \
    static inline void NAME##_some_##T(const Map *w, int64_t first, int64_t n, T *out) {           \
        const T *const xs = (const T *)w->x + first, *const ys = (const T *)w->y + first;          \
        const T a = (T)w->a, b = (T)w->b;                                                          \
        (void)ys, (void)a, (void)b;                                                                \
        EACH_ALONE for (int64_t i = 0; i < n; i++) {                                               \
            const T x = xs[i];                                                                     \
            out[i] = VALUE;                                                                        \
        }                                                                                          \
    }                                                                                              \
    static void NAME##_part_##T(void *work, int64_t part) {                                        \
        ELEMENTS_OF_PART                                                                           \
        T *const out = w->out;                                                                     \
        if (!w->past_cache) {                                                                      \
            NAME##_some_##T(w, first, last - first, out + first);                                  \
            return;                                                                                \
        }                                                                                          \
        T block[BLOCK_BYTES / sizeof(T)];                                                          \
        for (int64_t i = first, n; i < last; i += n) {                                             \
            n = next_block(out + i, sizeof(T), last - i);                                          \
            NAME##_some_##T(w, i, n, block);                                                       \
            write_past(out + i, block, n * (int64_t)sizeof(T));                                    \
        }                                                                                          \
        all_written();                                                                             \
    }                                                                                              \
    int NAME##_##T(Array *x, Array *y, Array *out, double a, double b, int threads) {              \
        if (!fits(x) || !fits(y) || (y != 0 && !same_shape(x, y))) return 0;                       \
        const int64_t n = size_of(x);                                                              \
        Map w = {.x = x->data, .y = DATA(T, y), .out = out->data, .n = n, .a = a, .b = b};         \
        w.past_cache = is_past_cache(n * (int64_t)sizeof(T)) && w.out != w.x && w.out != w.y;  \
        run_parts(NAME##_part_##T, &w, parts_of(n, PART), threads);                                \
        return 1;                                                                                  \
    }

enum { PIECE = 4096 };

// The sum over all pieces of what SUM gives for n elements from x and y on.
#define TOTAL(NAME, T, SUM)                                                                        \
    static void NAME##_part_##T(void *work, int64_t part) {                                        \
        ELEMENTS_OF_PART                                                                           \
        double total = 0;                                                                          \
        for (int64_t i = first; i < last; i += PIECE) {                                            \
            const T *const x = (const T *)w->x + i, *const y = (const T *)w->y + i;                \
            const int64_t n = smaller(PIECE, last - i);                                            \
            (void)y;                                                                               \
            total += (double)(SUM);                                                                \
        }                                                                                          \
        w->sums[part] = total;                                                                     \
    }                                                                                              \
    /* Into a 0-d array, divided. */                                                               \
    int NAME##_##T(Array *x, Array *y, Array *out, double divisor, int threads) {                  \
        if (!fits(x) || !fits(y) || (y != 0 && !same_shape(x, y))) return 0;                       \
        Map w = {.x = x->data, .y = DATA(T, y), .n = size_of(x)};                                  \
        return store_total_##T(NAME##_part_##T, &w, out, divisor, threads);                        \
    }

// Adds up the parts' sums in order; whether there was memory for them.
static int find_total(Function function, Map *w, double *total, int threads) {
    const int64_t parts = parts_of(w->n, PART);
    w->sums = malloc(sizeof(double) * (size_t)larger(1, parts));
    if (w->sums == 0) return 0;
    run_parts(function, w, parts, threads);
    *total = 0;
    for (int64_t part = 0; part < parts; part++) *total += w->sums[part];
    free(w->sums);
    return 1;
}

#define STORE_TOTAL(T)                                                                             \
    static int store_total_##T(Function function, Map *w, Array *out, double divisor,              \
                               int threads) {                                                      \
        double total;                                                                              \
        if (!find_total(function, w, &total, threads)) return 0;                                   \
        *(T *)out->data = (T)(total / divisor);                                                    \
        return 1;                                                                                  \
    }

FOR_TYPE(STORE_TOTAL)

// Phi(x) of the normal distribution, and exp(-x^2 / 2).
//
// Phi(-z) = t p(t) exp(-z^2 / 2) with t = 1 / (1 + 0.3 z), a form of Hastings, "Approximations for
// digital computers" (1955), 26.2.17. The relative error of p is 5e-8 for z up to 5, and grows to
// 2e-5 for 13, where Phi has 38 zeros.
static inline float cdf_float(float x, float *bell) {
    const float z = fabsf(x);
    const float e = nm_exp_within_float(-0.5f * (z * z));
    *bell = z > 13.0f ? 0.0f : e;
    const float t = 1.0f / NM_FMA_float(z, 0.3f, 1.0f);
    float p = 0.0361086963f;
    p = NM_FMA_float(p, t, -0.158202427f);
    p = NM_FMA_float(p, t, 0.20627547f);
    p = NM_FMA_float(p, t, -0.0514235001f);
    p = NM_FMA_float(p, t, 0.125801104f);
    p = NM_FMA_float(p, t, 0.101405879f);
    p = NM_FMA_float(p, t, 0.12036623f);
    p = NM_FMA_float(p, t, 0.119668566f);
    const float tail = p * t * *bell;
    return x > 0.0f ? 1.0f - tail : tail;
}

static inline double cdf_double(double x, double *bell) {
    *bell = nm_exp_double(-0.5 * x * x);
    return 0.5 * erfc(-0.70710678118654752440 * x);
}

#define SQRT_2_OVER_PI 0.79788456080286535588
#define INVERSE_SQRT_2_PI 0.39894228040143267794
#define CUBIC 0.044715

#define FUNCTIONS_OF(T)                                                                            \
    static inline T gelu_of_##T(T x) {                                                             \
        T bell;                                                                                    \
        return x * cdf_##T(x, &bell);                                                              \
    }                                                                                              \
    static inline T gelu_slope_##T(T x) {                                                          \
        T bell;                                                                                    \
        const T cdf = cdf_##T(x, &bell);                                                           \
        return cdf + x * (bell * (T)INVERSE_SQRT_2_PI);                                            \
    }                                                                                              \
    /* (1 + tanh(u)) / 2 = sigmoid(2 u), which loses nothing where tanh(u) is close to -1. */      \
    static inline T cdf_by_tanh_##T(T x) {                                                         \
        return nm_sigmoid_##T((T)(2 * SQRT_2_OVER_PI) * (x * (1 + (T)CUBIC * (x * x))));           \
    }                                                                                              \
    static inline T gelu_tanh_slope_##T(T x) {                                                     \
        const T s = cdf_by_tanh_##T(x);                                                            \
        const T steep = (T)(2 * SQRT_2_OVER_PI) * (1 + (T)(3 * CUBIC) * (x * x));                  \
        return x * steep * (s * (1 - s)) + s;                                                      \
    }                                                                                              \
    static inline T silu_slope_##T(T x) {                                                          \
        const T s = nm_sigmoid_##T(x);                                                             \
        return ((1 - s) * x + 1) * s;                                                              \
    }                                                                                              \
    static inline T softplus_of_##T(T x, T beta, T threshold) {                                    \
        const T scaled = x * beta;                                                                 \
        const T smooth = nm_softplus_##T(scaled) / beta;                                           \
        return scaled > threshold ? x : smooth;                                                    \
    }                                                                                              \
    static inline T softplus_slope_##T(T x, T beta, T threshold) {                                 \
        const T slope = nm_sigmoid_##T(x * beta);                                                  \
        return x * beta > threshold ? 1 : slope;                                                   \
    }                                                                                              \
                                                                                                   \
    MAP(tanh_grad, T, ys[i] * (1 - x * x))                                                         \
    MAP(sigmoid, T, nm_sigmoid_##T(x))                                                             \
    MAP(sigmoid_grad, T, ys[i] * ((1 - x) * x))                                                    \
    MAP(relu, T, x < 0 ? 0 : x) /* nan stays */                                                    \
    MAP(relu_grad, T, x != 0 ? ys[i] : 0)                                                          \
    MAP(clamp, T, (x < a ? a : x) > b ? b : (x < a ? a : x)) /* nan stays */                       \
    MAP(hardtanh_grad, T, x > a && x < b ? ys[i] : 0)                                              \
    MAP(leaky_relu, T, x > 0 ? x : x * a)                                                          \
    MAP(leaky_relu_grad, T, x > 0 ? ys[i] : ys[i] * a)                                             \
    MAP(elu, T, x > 0 ? x : nm_expm1_##T(nm_minimum_##T(x, 0)) * a)                                \
    MAP(silu, T, x * nm_sigmoid_##T(x))                                                            \
    MAP(silu_grad, T, ys[i] * silu_slope_##T(x))                                                   \
    MAP(softplus, T, softplus_of_##T(x, a, b))                                                     \
    MAP(softplus_grad, T, ys[i] * softplus_slope_##T(x, a, b))                                     \
    MAP(gelu, T, gelu_of_##T(x))                                                                   \
    MAP(gelu_grad, T, ys[i] * gelu_slope_##T(x))                                                   \
    MAP(gelu_tanh, T, x * cdf_by_tanh_##T(x))                                                      \
    MAP(gelu_tanh_grad, T, ys[i] * gelu_tanh_slope_##T(x))                                         \
    /* a (x - y) */                                                                                \
    MAP(mse_grad, T, (x - ys[i]) * a)                                                              \
                                                                                                   \
    TOTAL(sum, T, row_sum_##T(x, n))                                                               \
    TOTAL(squared_error, T, row_differences_##T(x, y, n))                                          \
                                                                                                   \
    /* p = sigmoid(x), into `out` if there is one, and the sum of (p - y)^2 */                     \
    static void sigmoid_mse_part_##T(void *work, int64_t part) {                                   \
        ELEMENTS_OF_PART                                                                           \
        double total = 0;                                                                          \
        T scratch[PIECE];                                                                          \
        for (int64_t start = first; start < last; start += PIECE) {                                \
            const T *const x = (const T *)w->x + start, *const y = (const T *)w->y + start;        \
            T *const p = w->out == 0 ? scratch : (T *)w->out + start;                              \
            const int64_t n = smaller(PIECE, last - start);                                        \
            EACH_ALONE for (int64_t i = 0; i < n; i++) p[i] = nm_sigmoid_##T(x[i]);                \
            total += (double)row_differences_##T(p, y, n);                                         \
        }                                                                                          \
        w->sums[part] = total;                                                                     \
    }                                                                                              \
    int sigmoid_mse_##T(Array *x, Array *y, Array *p, Array *out, double divisor, int threads) {   \
        if (!fits(x) || !fits(y) || !same_shape(x, y)) return 0;                                   \
        Map w = {.x = x->data, .y = y->data, .out = DATA(T, p), .n = size_of(x)};                  \
        return store_total_##T(sigmoid_mse_part_##T, &w, out, divisor, threads);                   \
    }                                                                                              \
                                                                                                   \
    /* g p (1 - p) and -g, where wanted, for g = a (p - y); p is x itself or its sigmoid. */       \
    static void sigmoid_mse_grad_part_##T(void *work, int64_t part) {                              \
        ELEMENTS_OF_PART                                                                           \
        const T *const xs = w->x, *const y = w->y, a = (T)w->a;                                    \
        T scratch[PIECE];                                                                          \
        for (int64_t start = first; start < last; start += PIECE) {                                \
            const int64_t n = smaller(PIECE, last - start);                                        \
            const T *p = xs + start;                                                               \
            if (w->b == 0) {                                                                       \
                EACH_ALONE for (int64_t i = 0; i < n; i++)                                         \
                    scratch[i] = nm_sigmoid_##T(xs[start + i]);                                    \
                p = scratch;                                                                       \
            }                                                                                      \
            if (w->second != 0) {                                                                  \
                T *const out = (T *)w->second + start;                                             \
                EACH_ALONE for (int64_t i = 0; i < n; i++) out[i] = -((p[i] - y[start + i]) * a);  \
            }                                                                                      \
            if (w->out != 0) {                                                                     \
                T *const out = (T *)w->out + start;                                                \
                EACH_ALONE for (int64_t i = 0; i < n; i++)                                         \
                    out[i] = (p[i] - y[start + i]) * a * ((1 - p[i]) * p[i]);                      \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    int sigmoid_mse_grad_##T(Array *x, Array *y, Array *in_x, Array *in_y, double a,               \
                             int of_output, int threads) {                                         \
        if (!fits(x) || !fits(y) || !same_shape(x, y)) return 0;                                   \
        const int64_t n = size_of(x);                                                              \
        Map w = {.x = x->data, .y = y->data, .out = DATA(T, in_x), .second = DATA(T, in_y),        \
                 .n = n, .a = a, .b = of_output};                                                  \
        run_parts(sigmoid_mse_grad_part_##T, &w, parts_of(n, PART), threads);                      \
        return 1;                                                                                  \
    }

FOR_TYPE(FUNCTIONS_OF)
