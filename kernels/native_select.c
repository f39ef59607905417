// The first few elements of each row in falling or rising order, without sorting the rest.
//
// The best so far stand in order. A new element is compared with the last of them, and nearly always
// that is all: elements are looked at many at a time. nan is larger than all numbers, and of equal
// elements the earlier one comes first.

#include "native_work.h"

enum { MOST = 64, MANY = 64 };

typedef struct {
    const void *x;
    int64_t *out;
    int64_t rows, cols, count, rows_of_part;
    int largest;
} Select;

// Integers in the order of the numbers: the bits of negative ones turned around, one zero, one nan.
#define KEYS(T)                                                                                    \
    static inline nm_integer_##T key_##T(T x, nm_integer_##T turn) {                               \
        const nm_integer_##T bits = nm_bits_##T(x + 0);                                            \
        const nm_integer_##T key = bits < 0 ? bits ^ NM_MAGNITUDE_##T : bits;                      \
        return (x != x ? NM_MAGNITUDE_##T : key) ^ turn;                                           \
    }                                                                                              \
                                                                                                   \
    static void select_part_##T(void *work, int64_t part) {                                        \
        const Select *const w = work;                                                              \
        const int64_t first = part * w->rows_of_part;                                              \
        const int64_t last = smaller(first + w->rows_of_part, w->rows), count = w->count;          \
        const nm_integer_##T turn = w->largest ? 0 : -1;                                           \
        for (int64_t row = first; row < last; row++) {                                             \
            const T *const x = (const T *)w->x + row * w->cols;                                    \
            int64_t *const out = w->out + row * count;                                             \
            nm_integer_##T best[MOST];                                                             \
            int64_t found = 0;                                                                     \
            for (int64_t begin = 0; begin < w->cols; begin += MANY) {                              \
                nm_integer_##T keys[MANY];                                                         \
                const int64_t some = smaller(MANY, w->cols - begin);                               \
                for (int64_t i = 0; i < some; i++) keys[i] = key_##T(x[begin + i], turn);          \
                if (found == count) {                                                              \
                    nm_integer_##T top = keys[0];                                                  \
                    for (int64_t i = 1; i < some; i++) top = keys[i] > top ? keys[i] : top;        \
                    if (top <= best[count - 1]) continue;                                          \
                }                                                                                  \
                for (int64_t i = 0; i < some; i++) {                                               \
                    if (found == count && keys[i] <= best[count - 1]) continue;                    \
                    int64_t place = found < count ? found++ : count - 1;                           \
                    for (; place > 0 && best[place - 1] < keys[i]; place--) {                      \
                        best[place] = best[place - 1];                                             \
                        out[place] = out[place - 1];                                               \
                    }                                                                              \
                    best[place] = keys[i];                                                         \
                    out[place] = begin + i;                                                        \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    /* The places of the first elements of every row, as many as rows of `out` have. */            \
    int first_few_##T(Array *x, Array *out, int largest, int threads) {                            \
        const int64_t count = cols_of(out), cols = cols_of(x);                                     \
        if (!fits(x) || count < 1 || count > MOST || count > cols) return 0;                       \
        Select w = {.x = x->data, .out = out->data, .rows = size_of(x) / cols, .cols = cols,       \
                    .count = count, .rows_of_part = rows_of_part(cols), .largest = largest};       \
        run_parts(select_part_##T, &w, parts_of(w.rows, w.rows_of_part), threads);                 \
        return 1;                                                                                  \
    }

FOR_TYPE(KEYS)
