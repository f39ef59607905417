// Elementwise functions of operands that broadcast: what they get, and how they are carried out.
//
// The last dimension of an operand must lie in memory without gaps, or be one element that stands
// for all; the others may have any strides. Neighbouring dimensions that follow one another in all
// operands become one, so that arrays of one shape, or an array and a number, are one long row.

#pragma once

#include "native_work.h"

enum { MOST_OPERANDS = 3, MOST_DIMENSIONS = 8 };

// Of shorter rows, too many lines of memory would not be written as a whole.
enum { SHORTEST_PAST = 1024 };  // bytes

// Does n elements. The steps, 0 or 1, say whether an operand has so many or is one number.
typedef void (*RowFunction)(const void *const *operands, const int *steps, void *out, int64_t n,
                            double a, double b);

typedef struct {
    RowFunction function;
    const char *data[MOST_OPERANDS];
    char *out;
    int64_t item[MOST_OPERANDS], item_out;   // bytes of an element
    int count, dims;                         // operands; dimensions but the last
    int step[MOST_OPERANDS];
    int64_t shape[MOST_DIMENSIONS], strides[MOST_OPERANDS][MOST_DIMENSIONS];
    int64_t rows, cols, rows_of_part, pieces;  // a long row is done in pieces
    double a, b;
    int past_cache;
} Broadcast;

// A row of n elements, written past the cache.
static void row_past_cache(const Broadcast *w, const char *const *operands, char *out, int64_t n) {
    char block[BLOCK_BYTES] __attribute__((aligned(LINE)));
    const char *place[MOST_OPERANDS] = {0};
    for (int64_t i = 0, some; i < n; i += some) {
        some = next_block(out + i * w->item_out, w->item_out, n - i);
        for (int k = 0; k < w->count; k++) place[k] = operands[k] + i * w->step[k] * w->item[k];
        w->function((const void *const *)place, w->step, block, some, w->a, w->b);
        write_past(out + i * w->item_out, block, some * w->item_out);
    }
}

static void broadcast_part(void *work, int64_t part) {
    const Broadcast *const w = work;
    const int64_t piece = part % w->pieces, from = piece * PART;
    const int64_t n = w->pieces == 1 ? w->cols : smaller(PART, w->cols - from);
    const int64_t first = part / w->pieces * w->rows_of_part;
    const int64_t last = smaller(first + w->rows_of_part, w->rows);
    int64_t at[MOST_DIMENSIONS];
    const char *place[MOST_OPERANDS];
    for (int k = 0; k < w->count; k++)
        place[k] = w->data[k] + (w->step[k] != 0 ? from * w->item[k] : 0);
    int64_t rest = first;
    for (int d = w->dims - 1; d >= 0; d--) {
        at[d] = rest % w->shape[d];
        rest /= w->shape[d];
        for (int k = 0; k < w->count; k++) place[k] += at[d] * w->strides[k][d];
    }
    for (int64_t row = first; row < last; row++) {
        char *const out = w->out + (row * w->cols + from) * w->item_out;
        if (w->past_cache)
            row_past_cache(w, place, out, n);
        else
            w->function((const void *const *)place, w->step, out, n, w->a, w->b);
        for (int d = w->dims - 1; d >= 0; d--) {
            for (int k = 0; k < w->count; k++) place[k] += w->strides[k][d];
            if (++at[d] < w->shape[d]) break;
            for (int k = 0; k < w->count; k++) place[k] -= w->strides[k][d] * w->shape[d];
            at[d] = 0;
        }
    }
    if (w->past_cache) all_written();
}

// Brings the operands to the shape of `out`, which is contiguous; 0 where that is not possible.
static int lay_out(Broadcast *w, Array *const *operands, int count, const Array *out) {
    w->count = count;
    w->cols = 1;
    for (int k = 0; k < count; k++) {
        if (operands[k]->nd > out->nd || (operands[k]->flags & ALIGNED) == 0) return 0;
        w->data[k] = operands[k]->data;
    }
    int dims = 0;  // found so far, the last one first
    int64_t shape[MOST_DIMENSIONS], strides[MOST_OPERANDS][MOST_DIMENSIONS];
    for (int d = 1; d <= out->nd; d++) {
        const int64_t n = out->shape[out->nd - d];
        int64_t now[MOST_OPERANDS];
        int joins = dims > 0;
        for (int k = 0; k < count; k++) {
            const Array *const x = operands[k];
            const int64_t own = d > x->nd ? 1 : x->shape[x->nd - d];
            if (own != n && own != 1) return 0;
            now[k] = own == 1 ? 0 : x->strides[x->nd - d];
            joins = joins && now[k] == strides[k][dims - 1] * shape[dims - 1];
        }
        if (n == 1) continue;
        if (joins) {
            shape[dims - 1] *= n;
            continue;
        }
        if (dims == MOST_DIMENSIONS) return 0;
        for (int k = 0; k < count; k++) strides[k][dims] = now[k];
        shape[dims++] = n;
    }
    if (dims > 0) w->cols = shape[0];
    for (int k = 0; k < count; k++) {
        const int64_t step = dims == 0 ? 0 : strides[k][0];
        if (step != 0 && step != w->item[k]) return 0;
        w->step[k] = step != 0;
    }
    w->dims = dims > 0 ? dims - 1 : 0;
    w->rows = 1;
    for (int d = 0; d < w->dims; d++) {
        w->shape[d] = shape[dims - 1 - d];
        w->rows *= w->shape[d];
        for (int k = 0; k < count; k++) w->strides[k][d] = strides[k][dims - 1 - d];
    }
    return 1;
}

// Carries out a function of operands of which the elements' sizes are set.
static int run_broadcast(Broadcast *w, Array *const *operands, int count, Array *out, int threads) {
    if (!lay_out(w, operands, count, out)) return 0;
    w->out = out->data;
    if (w->rows == 0 || w->cols == 0) return 1;
    w->pieces = parts_of(w->cols, PART);
    w->rows_of_part = rows_of_part(w->cols);
    const int64_t of_row = w->cols * w->item_out;
    w->past_cache = of_row >= SHORTEST_PAST && is_past_cache(w->rows * of_row);
    for (int k = 0; k < count; k++) w->past_cache = w->past_cache && w->data[k] != w->out;
    run_parts(broadcast_part, w, parts_of(w->rows, w->rows_of_part) * w->pieces, threads);
    return 1;
}
