// What a step of an LSTM or a GRU does beside its product of matrices, and a step back.
//
// All is feature by feature, the sequences of a batch side by side, so that a gate of all sequences
// is one piece of n numbers:
//   acts, slopes   (L, 4, n): gates o, i, f, g of an LSTM; r, z, n and n's part from the state of a GRU
//   cells          (L + 1, 2, n): c and tanh(c), beginning with those before the first step
//   columns        (L + 1, K, N): what a product is made of; the state is the last of each
//   of_y           (L, n): the gradients in the states as results
// Steps forward find the pre-activations in acts and leave the activations there. All arrays are as
// cpu_recurrence.py makes them, which is not looked at again.

#include "native_work.h"

static inline int64_t numbers_of(const Array *acts) { return acts->shape[2] * acts->shape[3]; }

// The state before step t.
#define STATE(T, columns, t, n)                                                                    \
    (DATA(T, columns) + ((t) + 1) * (columns)->shape[1] * (columns)->shape[2] - (n))

#define STEPS_OF(T)                                                                                \
    int lstm_step_##T(Array *acts, Array *cells, Array *columns, int64_t t) {                      \
        const int64_t n = numbers_of(acts);                                                        \
        T *const o = DATA(T, acts) + 4 * t * n, *const i = o + n, *const f = i + n;                \
        T *const g = f + n, *const before = DATA(T, cells) + 2 * t * n;                            \
        T *const c = before + 2 * n, *const inner = c + n;                                         \
        T *const h = STATE(T, columns, t + 1, n);                                                  \
        EACH_ALONE for (int64_t j = 0; j < n; j++) {                                               \
            const T in = nm_sigmoid_##T(i[j]), keep = nm_sigmoid_##T(f[j]);                        \
            const T new = nm_tanh_##T(g[j]);                                                       \
            i[j] = in;                                                                             \
            f[j] = keep;                                                                           \
            g[j] = new;                                                                            \
            c[j] = keep * before[j] + in * new;                                                    \
        }                                                                                          \
        EACH_ALONE for (int64_t j = 0; j < n; j++) {                                               \
            const T out = nm_sigmoid_##T(o[j]), shown = nm_tanh_##T(c[j]);                         \
            o[j] = out;                                                                            \
            inner[j] = shown;                                                                      \
            h[j] = out * shown;                                                                    \
        }                                                                                          \
        return 1;                                                                                  \
    }                                                                                              \
                                                                                                   \
    /* dh comes from the step after, dc goes on to the step before. */                             \
    int lstm_step_back_##T(Array *acts, Array *cells, Array *of_y, Array *of_h, Array *of_c,       \
                           Array *slopes, int64_t t) {                                             \
        const int64_t n = numbers_of(acts);                                                        \
        const T *const o = DATA(T, acts) + 4 * t * n, *const i = o + n, *const f = i + n;          \
        const T *const g = f + n, *const before = DATA(T, cells) + 2 * t * n;                      \
        const T *const inner = before + 3 * n, *const y = DATA(T, of_y) + t * n;                   \
        const T *const dh = DATA(T, of_h);                                                         \
        T *const dc = DATA(T, of_c);                                                               \
        T *const to_o = DATA(T, slopes) + 4 * t * n, *const to_i = to_o + n;                       \
        T *const to_f = to_i + n, *const to_g = to_f + n;                                          \
        EACH_ALONE for (int64_t j = 0; j < n; j++) {                                               \
            const T h = dh[j] + y[j], out = o[j], shown = inner[j];                                \
            const T c = dc[j] + h * out * (1 - shown * shown);                                     \
            const T in = i[j], keep = f[j], new = g[j];                                            \
            to_o[j] = h * shown * out * (1 - out);                                                 \
            to_i[j] = c * new * in * (1 - in);                                                     \
            to_f[j] = c * before[j] * keep * (1 - keep);                                           \
            to_g[j] = c * in * (1 - new * new);                                                    \
            dc[j] = c * keep;                                                                      \
        }                                                                                          \
        return 1;                                                                                  \
    }                                                                                              \
                                                                                                   \
    int gru_step_##T(Array *acts, Array *columns, int64_t t) {                                     \
        const int64_t n = numbers_of(acts);                                                        \
        T *const r = DATA(T, acts) + 4 * t * n, *const z = r + n, *const new = z + n;              \
        const T *const own = new + n, *const h = STATE(T, columns, t, n);                          \
        T *const next = STATE(T, columns, t + 1, n);                                               \
        EACH_ALONE for (int64_t j = 0; j < n; j++) {                                               \
            const T reset = nm_sigmoid_##T(r[j]), keep = nm_sigmoid_##T(z[j]);                     \
            const T found = nm_tanh_##T(new[j] + reset * own[j]);                                  \
            r[j] = reset;                                                                          \
            z[j] = keep;                                                                           \
            new[j] = found;                                                                        \
            next[j] = found + keep * (h[j] - found);                                               \
        }                                                                                          \
        return 1;                                                                                  \
    }                                                                                              \
                                                                                                   \
    /* The state's gradient comes in two parts, the product and what passed the gate z. */         \
    int gru_step_back_##T(Array *acts, Array *columns, Array *of_y, Array *product, Array *passed, \
                          Array *slopes, int64_t t) {                                              \
        const int64_t n = numbers_of(acts);                                                        \
        const T *const r = DATA(T, acts) + 4 * t * n, *const z = r + n, *const new = z + n;        \
        const T *const own = new + n, *const h = STATE(T, columns, t, n);                          \
        const T *const y = DATA(T, of_y) + t * n, *const dh = DATA(T, product);                    \
        T *const rest = DATA(T, passed);                                                           \
        T *const to_r = DATA(T, slopes) + 4 * t * n, *const to_z = to_r + n;                       \
        T *const to_new = to_z + n, *const to_own = to_new + n;                                    \
        EACH_ALONE for (int64_t j = 0; j < n; j++) {                                               \
            const T d = dh[j] + rest[j] + y[j], reset = r[j], keep = z[j], found = new[j];         \
            const T inside = d * (1 - keep) * (1 - found * found);                                 \
            to_r[j] = inside * own[j] * reset * (1 - reset);                                       \
            to_z[j] = d * (h[j] - found) * keep * (1 - keep);                                      \
            to_new[j] = inside;                                                                    \
            to_own[j] = inside * reset;                                                            \
            rest[j] = d * keep;                                                                    \
        }                                                                                          \
    }

FOR_TYPE(STEPS_OF)
