// Work on the rows of a matrix: what such functions get, and how they are carried out.

#pragma once

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
