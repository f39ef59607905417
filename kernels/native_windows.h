// Windows over images on the CPU: where they lie, and what lies under them written down.
//
// A job is one convolution without gaps. It has three dimensions, of which the first ones may have
// size 1. Window j reads, for element k of the kernel, source element j * step + start[k] in each
// dimension, zero outside; it makes result element j * spread + first. A convolution is one job. Its
// transpose is one for each place that a result may have between the steps: there, every so many
// elements of the kernel meet the source, and always the same ones.
//
// What is written down (the planes): for each channel and each element of the kernel in the last two
// dimensions, what all windows read, one line of the first dimension after the other. Elements that
// differ by steps in the first dimension share a plane and begin at different lines of it. So a
// product of matrices reads every element's numbers one after the other, and the copies are fewer
// than the kernel has elements.

#pragma once

#include <stdlib.h>

#include "native_work.h"

typedef ELEMENT number;
#define NM_JOINED(name, type) name##_##type
#define NM_NAMED(name, type) NM_JOINED(name, type)
#define NAMED(name) NM_NAMED(name, ELEMENT)

// Vectors of the widest registers: what fits into them is kept there.
#if defined(__AVX512F__)
enum { REGISTER = 64, ROOMY = 1 };
#else
enum { REGISTER = 32, ROOMY = 0 };
#endif
enum { LANES = REGISTER / sizeof(number) };
typedef number wide __attribute__((vector_size(REGISTER), aligned(sizeof(number)), may_alias));
#define WIDE(pointer) (*(const wide *)(pointer))

#if defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 32")
#endif

enum { DIMENSIONS = 3 };

typedef struct {
    int64_t size[DIMENSIONS];    // of the source
    int64_t result[DIMENSIONS];  // the result's size
    int64_t count[DIMENSIONS];   // windows
    int64_t step[DIMENSIONS], spread[DIMENSIONS], first[DIMENSIONS];
    int64_t taps[DIMENSIONS];          // elements of the kernel that meet the source
    const int64_t *start[DIMENSIONS];  // of each of them
    const int64_t *place[DIMENSIONS];  // where its weights lie in a kernel
} Job;

// Reads a job as conv's Python module writes it; gives what follows.
static const int64_t *read_job(Job *job, const int64_t *from) {
    int64_t *const fields[] = {job->size, job->result, job->count, job->step,
                               job->spread, job->first, job->taps};
    for (unsigned i = 0; i < sizeof fields / sizeof *fields; i++)
        for (int d = 0; d < DIMENSIONS; d++) fields[i][d] = *from++;
    for (int d = 0; d < DIMENSIONS; d++) {
        job->start[d] = from;
        job->place[d] = from + job->taps[d];
        from += 2 * job->taps[d];
    }
    return from;
}

static inline int64_t taps_of(const Job *job) {
    return job->taps[0] * job->taps[1] * job->taps[2];
}

// The windows of one line.
static inline int64_t line_of(const Job *job) { return job->count[1] * job->count[2]; }

static inline int64_t least_start(const Job *job) {
    int64_t least = job->start[0][0];
    for (int64_t k = 1; k < job->taps[0]; k++) least = smaller(least, job->start[0][k]);
    return least;
}

// The planes of `lines` lines of windows: how many lines each has, how many numbers apart they begin,
// how many a channel has for one element in the last two dimensions, and how many it has.
typedef struct {
    int64_t lines, pitch, apart, each;
} Planes;

static Planes planes_of(const Job *job, int64_t lines) {
    Planes p = {.lines = lines};
    if (taps_of(job) > 0) {
        const int64_t least = least_start(job), step = job->step[0];
        for (int64_t k = 0; k < job->taps[0]; k++) {
            const int64_t beyond = job->start[0][k] - least;
            p.lines = larger(p.lines, lines + beyond / step);
            p.apart = larger(p.apart, smaller(beyond, step - 1) + 1);
        }
        p.each = p.apart * job->taps[1] * job->taps[2];
    }
    // Planes a power of two apart would compete for the same places of the cache.
    p.pitch = (p.lines * line_of(job) + LANES - 1) / LANES * LANES + LANES;
    return p;
}

// How many numbers are read beyond the planes.
enum { BEYOND = 8 * LANES };

// How many numbers all planes of so many channels take.
static inline int64_t planes_size(const Planes *p, int64_t channels) {
    return p->each * p->pitch * channels + BEYOND;
}

// Where each row of the product begins in the planes: channel by channel, the kernel's elements in
// row-major order.
static void find_offsets(const Job *job, const Planes *p, int64_t channels, int64_t *offsets) {
    if (taps_of(job) == 0) return;
    const int64_t least = least_start(job), inner = job->taps[1] * job->taps[2];
    for (int64_t c = 0; c < channels; c++)
        for (int64_t k = 0; k < job->taps[0]; k++) {
            const int64_t beyond = job->start[0][k] - least, step = job->step[0];
            const int64_t first = c * p->each + beyond % step * inner;
            for (int64_t i = 0; i < inner; i++)
                *offsets++ = (first + i) * p->pitch + beyond / step * line_of(job);
        }
}

// Half a register.
enum { HALF = LANES / 2 };
typedef number narrow
    __attribute__((vector_size(REGISTER / 2), aligned(sizeof(number)), may_alias));

// Copies n numbers, mostly few.
static inline void copy_row(number *to, const number *from, int64_t n) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) memcpy(to + i, from + i, REGISTER);
    if (i == n) return;
    if (n >= LANES) {
        memcpy(to + n - LANES, from + n - LANES, REGISTER);
    } else if (n >= HALF) {
        narrow first, last;
        memcpy(&first, from, sizeof first);
        memcpy(&last, from + n - HALF, sizeof last);
        memcpy(to, &first, sizeof first);
        memcpy(to + n - HALF, &last, sizeof last);
    } else {
        for (; i < n; i++) to[i] = from[i];
    }
}

// The numbers of a and b, one after the other, in every second place from `first`, for a vector type
// of so many numbers. Compilers have different names for it.
#if defined(__clang__)
#define DEFINE_SECONDS(NAME, VECTOR, INTEGERS, COUNT)                                              \
    static inline VECTOR NAME(VECTOR a, VECTOR b, const int first_of_a, const int first_of_b) {    \
        VECTOR found;                                                                              \
        UNROLLED for (int j = 0; j < COUNT / 2; j++) {                                             \
            found[j] = a[2 * j + first_of_a];                                                      \
            found[COUNT / 2 + j] = b[2 * j + first_of_b];                                          \
        }                                                                                          \
        return found;                                                                              \
    }
#else
#define DEFINE_SECONDS(NAME, VECTOR, INTEGERS, COUNT)                                              \
    static inline VECTOR NAME(VECTOR a, VECTOR b, const int first_of_a, const int first_of_b) {    \
        INTEGERS places;                                                                           \
        UNROLLED for (int j = 0; j < COUNT; j++)                                                   \
            places[j] = 2 * j + (j < COUNT / 2 ? first_of_a : first_of_b);                         \
        return __builtin_shuffle(a, b, places);                                                    \
    }
#endif

typedef int32_t whole_float;
typedef int64_t whole_double;
typedef NM_NAMED(whole, ELEMENT) whole;
typedef whole wide_whole __attribute__((vector_size(REGISTER), aligned(sizeof(whole)), may_alias));
typedef whole narrow_whole
    __attribute__((vector_size(REGISTER / 2), aligned(sizeof(whole)), may_alias));
DEFINE_SECONDS(seconds, wide, wide_whole, LANES)
DEFINE_SECONDS(narrow_seconds, narrow, narrow_whole, HALF)

// The first numbers of every pair from `from` on; of the last pair, only that one is read.
static inline wide every_second(const number *from) {
    return seconds(WIDE(from), WIDE(from + LANES - 1), 0, 1);
}

static inline narrow narrow_every_second(const number *from) {
    narrow low, high;
    memcpy(&low, from, sizeof low);
    memcpy(&high, from + HALF - 1, sizeof high);
    return narrow_seconds(low, high, 0, 1);
}

// Copies n numbers that lie two apart.
static inline void copy_second(number *to, const number *from, int64_t n) {
    int64_t i = 0;
    wide many;
    narrow some;
    for (; i + LANES <= n; i += LANES) {
        many = every_second(from + 2 * i);
        memcpy(to + i, &many, sizeof many);
    }
    for (; i + HALF <= n; i += HALF) {
        some = narrow_every_second(from + 2 * i);
        memcpy(to + i, &some, sizeof some);
    }
    if (i < n && n >= HALF) {
        some = narrow_every_second(from + 2 * (n - HALF));
        memcpy(to + n - HALF, &some, sizeof some);
    } else {
        for (; i < n; i++) to[i] = from[2 * i];
    }
}

// The first and the last but one of the windows that read inside a source of n elements.
static inline void inside(int64_t n, int64_t count, int64_t step, int64_t start, int64_t *low,
                          int64_t *high) {
    *low = start >= 0 ? 0 : smaller(count, (-start + step - 1) / step);
    *high = start >= n ? 0 : smaller(count, (n - start - 1) / step + 1);
    *high = larger(*high, *low);
}

// One plane: what windows from line `begin` read of a channel, whose lines begin at `start`.
static void write_plane(const Job *job, const number *x, int64_t begin, int64_t lines, int64_t start,
                        int64_t k1, int64_t k2, number *to) {
    const int64_t *const size = job->size, *const count = job->count, *const step = job->step;
    const int64_t s1 = job->start[1][k1], s2 = job->start[2][k2], line = line_of(job);
    const int64_t step0 = step[0];
    int64_t low0, high0, low1, high1, low2, high2;
    inside(size[0], lines, step0, begin * step0 + start, &low0, &high0);
    inside(size[1], count[1], step[1], s1, &low1, &high1);
    inside(size[2], count[2], step[2], s2, &low2, &high2);
    memset(to, 0, sizeof(number) * (size_t)(low0 * line));
    memset(to + high0 * line, 0, sizeof(number) * (size_t)((lines - high0) * line));
    const int64_t plane = size[1] * size[2];
    if (step0 == 1 && step[1] == 1 && step[2] == 1 && count[1] == size[1] && count[2] == size[2] &&
        s1 == 0 && s2 == 0) {
        memcpy(to + low0 * line, x + (begin + low0 + start) * plane,
               sizeof(number) * (size_t)((high0 - low0) * line));
        return;
    }
    for (int64_t j0 = low0; j0 < high0; j0++) {
        number *row = to + j0 * line;
        const number *const from = x + ((begin + j0) * step0 + start) * plane;
        memset(row, 0, sizeof(number) * (size_t)(low1 * count[2]));
        for (int64_t j1 = low1; j1 < high1; j1++) {
            number *const out = row + j1 * count[2];
            const number *const in = from + (j1 * step[1] + s1) * size[2] + s2;
            for (int64_t j = 0; j < low2; j++) out[j] = 0;
            if (step[2] == 1) {
                copy_row(out + low2, in + low2, high2 - low2);
            } else if (step[2] == 2) {
                copy_second(out + low2, in + 2 * low2, high2 - low2);
            } else {
                for (int64_t j = low2; j < high2; j++) out[j] = in[step[2] * j];
            }
            for (int64_t j = high2; j < count[2]; j++) out[j] = 0;
        }
        memset(row + high1 * count[2], 0, sizeof(number) * (size_t)((count[1] - high1) * count[2]));
    }
}

// The planes of so many channels, for windows from line `begin`.
static void write_planes(const Job *job, const Planes *p, const number *x, int64_t channels,
                         int64_t begin, number *to) {
    const int64_t size = job->size[0] * job->size[1] * job->size[2], least = least_start(job);
    for (int64_t c = 0; c < channels; c++, x += size)
        for (int64_t beyond = 0; beyond < p->apart; beyond++)
            for (int64_t k1 = 0; k1 < job->taps[1]; k1++)
                for (int64_t k2 = 0; k2 < job->taps[2]; k2++, to += p->pitch)
                    write_plane(job, x, begin, p->lines, least + beyond, k1, k2, to);
    memset(to, 0, sizeof(number) * BEYOND);
}

// How many lines are done at once: so many that their planes stay in the second-level cache, and
// that there are parts for several threads.
enum { CACHED = 393216 / sizeof(number), PIECES = 16, LEAST_PIECE = 1 << 20 };

static int64_t lines_at_once(const Job *job, int64_t samples, int64_t channels, int64_t made) {
    const int64_t lines = job->count[0], all = planes_of(job, lines).pitch;
    const int64_t each = planes_of(job, 1).each * channels;
    int64_t parts = parts_of(all * each, CACHED);
    const int64_t work = lines * line_of(job) * channels * made * taps_of(job);
    parts = larger(parts, smaller(parts_of(PIECES, samples), work / LEAST_PIECE));
    // Lines that neighbours read too are few beside those that are read once.
    const int64_t halo = planes_of(job, 1).lines - 1;
    return smaller(lines, larger(parts_of(lines, larger(parts, 1)), larger(1, 2 * halo)));
}
