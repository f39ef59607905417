// One step of an LSTM or a GRU cell beside its products of matrices, and the step back.
//
// A row belongs to one sequence: gates i, f, g, o of an LSTM, or r, z, n of a GRU, lie side by side.
// Arrays are (N, H), gates (N, 4 H) or (N, 3 H), and the two sigmoids that are kept together, i and f
// or r and z, (N, 2 H).

#include "native_work.h"

#define CELLS_OF(T)                                                                                \
    /* c' = f c + i g, h' = o tanh(c'). */                                                         \
    int lstm_cell_##T(Array *gates, Array *cell, Array *h, Array *c, Array *both, Array *new,      \
                      Array *out, Array *shown) {                                                  \
        if (!fits(gates) || !fits(cell)) return 0;                                                 \
        const int64_t size = cell->shape[1];                                                       \
        for (int64_t n = 0; n < cell->shape[0]; n++) {                                             \
            const T *const a = DATA(T, gates) + 4 * n * size, *const old = DATA(T, cell) + n * size; \
            T *const keep = DATA(T, both) + 2 * n * size, *const found = DATA(T, new) + n * size;  \
            T *const gate = DATA(T, out) + n * size, *const inner = DATA(T, shown) + n * size;     \
            T *const hidden = DATA(T, h) + n * size, *const next = DATA(T, c) + n * size;          \
            EACH_ALONE for (int64_t j = 0; j < 2 * size; j++) keep[j] = nm_sigmoid_##T(a[j]);      \
            EACH_ALONE for (int64_t j = 0; j < size; j++) {                                        \
                const T g = nm_tanh_##T(a[2 * size + j]), o = nm_sigmoid_##T(a[3 * size + j]);     \
                const T now = keep[size + j] * old[j] + keep[j] * g;                               \
                const T t = nm_tanh_##T(now);                                                      \
                found[j] = g;                                                                      \
                gate[j] = o;                                                                       \
                next[j] = now;                                                                     \
                inner[j] = t;                                                                      \
                hidden[j] = o * t;                                                                 \
            }                                                                                      \
        }                                                                                          \
        return 1;                                                                                  \
    }                                                                                              \
                                                                                                   \
    /* Either gradient may be missing. */                                                          \
    int lstm_cell_grad_##T(Array *both, Array *new, Array *out, Array *shown, Array *cell,         \
                           Array *of_h, Array *of_c, Array *in_gates, Array *in_cell) {            \
        if (!fits(both) || !fits(new) || !fits(out) || !fits(shown)) return 0;                     \
        if (!fits(cell) || !fits(of_h) || !fits(of_c)) return 0;                                   \
        const int64_t size = cell->shape[1];                                                       \
        for (int64_t n = 0; n < cell->shape[0]; n++) {                                             \
            const T *const i = DATA(T, both) + 2 * n * size, *const f = i + size;                  \
            const T *const g = DATA(T, new) + n * size, *const o = DATA(T, out) + n * size;        \
            const T *const t = DATA(T, shown) + n * size, *const old = DATA(T, cell) + n * size;   \
            const T *const dh = of_h == 0 ? 0 : DATA(T, of_h) + n * size;                          \
            const T *const dc = of_c == 0 ? 0 : DATA(T, of_c) + n * size;                          \
            T *const to = DATA(T, in_gates) + 4 * n * size;                                        \
            T *const back = DATA(T, in_cell) + n * size;                                           \
            EACH_ALONE for (int64_t j = 0; j < size; j++) {                                        \
                const T hidden = dh == 0 ? 0 : dh[j], after = dc == 0 ? 0 : dc[j];                 \
                const T c = after + hidden * o[j] * (1 - t[j] * t[j]);                             \
                to[j] = c * g[j] * i[j] * (1 - i[j]);                                              \
                to[size + j] = c * old[j] * f[j] * (1 - f[j]);                                     \
                to[2 * size + j] = c * i[j] * (1 - g[j] * g[j]);                                   \
                to[3 * size + j] = hidden * t[j] * o[j] * (1 - o[j]);                              \
                back[j] = c * f[j];                                                                \
            }                                                                                      \
        }                                                                                          \
        return 1;                                                                                  \
    }                                                                                              \
                                                                                                   \
    /* n = tanh(gates + r own), h' = n + z (h - n). */                                             \
    int gru_cell_##T(Array *gates, Array *own, Array *hidden, Array *h, Array *both, Array *new) { \
        if (!fits(gates) || !fits(own) || !fits(hidden)) return 0;                                 \
        const int64_t size = hidden->shape[1];                                                     \
        for (int64_t n = 0; n < hidden->shape[0]; n++) {                                           \
            const T *const a = DATA(T, gates) + 3 * n * size, *const b = DATA(T, own) + 3 * n * size; \
            const T *const old = DATA(T, hidden) + n * size;                                       \
            T *const keep = DATA(T, both) + 2 * n * size, *const found = DATA(T, new) + n * size;  \
            T *const next = DATA(T, h) + n * size;                                                 \
            EACH_ALONE for (int64_t j = 0; j < 2 * size; j++)                                      \
                keep[j] = nm_sigmoid_##T(a[j] + b[j]);                                             \
            EACH_ALONE for (int64_t j = 0; j < size; j++) {                                        \
                const T now = nm_tanh_##T(a[2 * size + j] + keep[j] * b[2 * size + j]);            \
                found[j] = now;                                                                    \
                next[j] = now + keep[size + j] * (old[j] - now);                                   \
            }                                                                                      \
        }                                                                                          \
        return 1;                                                                                  \
    }                                                                                              \
                                                                                                   \
    int gru_cell_grad_##T(Array *both, Array *new, Array *own, Array *hidden, Array *grad,         \
                          Array *in_gates, Array *in_own, Array *in_hidden) {                      \
        if (!fits(both) || !fits(new)) return 0;                                                   \
        if (!fits(own) || !fits(hidden) || !fits(grad)) return 0;                                  \
        const int64_t size = hidden->shape[1];                                                     \
        for (int64_t n = 0; n < hidden->shape[0]; n++) {                                           \
            const T *const r = DATA(T, both) + 2 * n * size, *const z = r + size;                  \
            const T *const found = DATA(T, new) + n * size, *const d = DATA(T, grad) + n * size;   \
            const T *const b = DATA(T, own) + (3 * n + 2) * size;                                  \
            const T *const old = DATA(T, hidden) + n * size;                                       \
            T *const to = DATA(T, in_gates) + 3 * n * size;                                        \
            T *const to_own = DATA(T, in_own) + 3 * n * size;                                      \
            T *const back = DATA(T, in_hidden) + n * size;                                         \
            EACH_ALONE for (int64_t j = 0; j < size; j++) {                                        \
                const T inner = d[j] * (1 - z[j]) * (1 - found[j] * found[j]);                     \
                const T of_r = inner * b[j] * r[j] * (1 - r[j]);                                   \
                const T of_z = d[j] * (old[j] - found[j]) * z[j] * (1 - z[j]);                     \
                to[j] = to_own[j] = of_r;                                                          \
                to[size + j] = to_own[size + j] = of_z;                                            \
                to[2 * size + j] = inner;                                                          \
                to_own[2 * size + j] = inner * r[j];                                               \
                back[j] = d[j] * z[j];                                                             \
            }                                                                                      \
        }                                                                                          \
        return 1;                                                                                  \
    }

FOR_TYPE(CELLS_OF)
