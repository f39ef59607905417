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

typedef int32_t whole_float;
typedef int64_t whole_double;
typedef NM_NAMED(whole, ELEMENT) whole;
typedef whole wide_whole __attribute__((vector_size(REGISTER), aligned(sizeof(whole)), may_alias));

#if defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 32")
#endif

// What has been read stays in its register: else it would be read again for each use.
#define READ_ONCE __asm__ volatile("" ::: "memory")

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

// The planes of `within` lines of windows: how many lines each has, how many numbers apart they begin,
// how many a channel has for one element in the last two dimensions, and how many it has.
typedef struct {
    int64_t within, lines, pitch, apart, each;
} Planes;

static Planes planes_of(const Job *job, int64_t lines) {
    Planes p = {.within = lines, .lines = lines};
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

// The numbers of a and b in every second place, those of a first. Compilers have different names for
// it.
static inline wide seconds(wide a, wide b, const int first_of_a, const int first_of_b) {
#if defined(__clang__)
    wide found;
    UNROLLED for (int j = 0; j < LANES / 2; j++) {
        found[j] = a[2 * j + first_of_a];
        found[LANES / 2 + j] = b[2 * j + first_of_b];
    }
    return found;
#else
    wide_whole places;
    UNROLLED for (int j = 0; j < LANES; j++)
        places[j] = 2 * j + (j < LANES / 2 ? first_of_a : first_of_b);
    return __builtin_shuffle(a, b, places);
#endif
}

// The source as windows reach it, with the zeros around it: how far that is in each dimension, and
// where it begins.
typedef struct {
    int64_t size[DIMENSIONS], begin[DIMENSIONS];
} Surroundings;

static Surroundings surroundings_of(const Job *job, int64_t lines) {
    Surroundings s = {{0}};
    for (int d = 0; d < DIMENSIONS && taps_of(job) > 0; d++) {
        int64_t least = job->start[d][0], most = least;
        for (int64_t k = 1; k < job->taps[d]; k++) {
            least = smaller(least, job->start[d][k]);
            most = larger(most, job->start[d][k]);
        }
        s.begin[d] = least;
        s.size[d] = ((d == 0 ? lines : job->count[d]) - 1) * job->step[d] + most - least + 1;
    }
    return s;
}

// What is read beyond the surroundings: vectors are read whole.
enum { BEHIND = 2 * LANES };

static inline int64_t surroundings_size(const Surroundings *s) {
    return s->size[0] * s->size[1] * s->size[2] + BEHIND;
}

// Copies n numbers, mostly few.
static inline void copy_row(number *to, const number *from, int64_t n) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) memcpy(to + i, from + i, REGISTER);
    if (i < n && n >= LANES)
        memcpy(to + n - LANES, from + n - LANES, REGISTER);
    else
        for (; i < n; i++) to[i] = from[i];
}

// A channel with its surroundings, for windows from line `begin`.
static void surround(const Job *job, const Surroundings *s, const number *x, int64_t begin,
                     number *to) {
    const int64_t *const size = job->size, row = s->size[2];
    const int64_t first = begin * job->step[0] + s->begin[0];
    // The numbers of each row that lie in the source.
    const int64_t low = smaller(row, larger(0, -s->begin[2]));
    const int64_t high = larger(low, smaller(row, size[2] - s->begin[2]));
    for (int64_t i = 0; i < s->size[0]; i++)
        for (int64_t j = 0; j < s->size[1]; j++, to += row) {
            const int64_t i0 = i + first, i1 = j + s->begin[1];
            if (i0 < 0 || i0 >= size[0] || i1 < 0 || i1 >= size[1]) {
                for (int64_t k = 0; k < row; k++) to[k] = 0;
                continue;
            }
            const number *const from = x + (i0 * size[1] + i1) * size[2] + s->begin[2];
            for (int64_t k = 0; k < low; k++) to[k] = 0;
            copy_row(to + low, from + low, high - low);
            for (int64_t k = high; k < row; k++) to[k] = 0;
        }
    memset(to, 0, sizeof(number) * BEHIND);
}

// One plane, from a channel with its surroundings: what windows read from number `from` on. Rows are
// written in whole vectors, of which the next row overwrites what is too much.
static void write_plane(const Job *job, const Surroundings *s, const number *from, int64_t lines,
                        number *to) {
    const int64_t *const count = job->count, *const step = job->step;
    const int64_t row = s->size[2] * step[1], plane = s->size[1] * s->size[2] * step[0];
    if (line_of(job) == plane && step[2] == 1) {
        memcpy(to, from, sizeof(number) * (size_t)(lines * plane));
        return;
    }
    for (int64_t j0 = 0; j0 < lines; j0++)
        for (int64_t j1 = 0; j1 < count[1]; j1++, to += count[2]) {
            const number *const in = from + j0 * plane + j1 * row;
            if (step[2] == 1)
                for (int64_t j = 0; j < count[2]; j += LANES) memcpy(to + j, in + j, REGISTER);
            else if (step[2] == 2)
                for (int64_t j = 0; j < count[2]; j += LANES) {
                    const number *const two = in + 2 * j;
                    const wide found = seconds(WIDE(two), WIDE(two + LANES), 0, 0);
                    memcpy(to + j, &found, REGISTER);
                }
            else
                for (int64_t j = 0; j < count[2]; j++) to[j] = in[step[2] * j];
        }
}

// Whether planes are the source as it is, but for whole lines.
static int is_pointwise(const Job *job) {
    int same = job->step[0] == 1;
    for (int d = 1; d < DIMENSIONS; d++)
        same = same && job->taps[d] == 1 && job->start[d][0] == 0 && job->step[d] == 1 &&
               job->count[d] == job->size[d];
    return same;
}

// The planes of so many channels, for windows from line `begin`. `aside` has room for one channel
// with its surroundings.
static void write_planes(const Job *job, const Planes *p, const number *x, int64_t channels,
                         int64_t begin, number *aside, number *to) {
    const int64_t size = job->size[0] * job->size[1] * job->size[2], line = line_of(job);
    const Surroundings s = surroundings_of(job, p->within);
    const int64_t least = least_start(job) + begin * job->step[0];
    const int64_t low = smaller(p->lines, larger(0, -least));
    const int64_t high = larger(low, smaller(p->lines, job->size[0] - least));
    for (int64_t c = 0; c < channels; c++, x += size) {
        if (is_pointwise(job)) {
            memset(to, 0, sizeof(number) * (size_t)(low * line));
            memcpy(to + low * line, x + (least + low) * line,
                   sizeof(number) * (size_t)((high - low) * line));
            memset(to + high * line, 0, sizeof(number) * (size_t)((p->lines - high) * line));
            to += p->pitch;
            continue;
        }
        surround(job, &s, x, begin, aside);
        for (int64_t beyond = 0; beyond < p->apart; beyond++) {
            // The planes of later elements have fewer lines than the first one's.
            const int64_t lines =
                smaller(p->lines, (s.size[0] - beyond + job->step[0] - 1) / job->step[0]);
            for (int64_t k1 = 0; k1 < job->taps[1]; k1++)
                for (int64_t k2 = 0; k2 < job->taps[2]; k2++, to += p->pitch)
                    write_plane(job, &s,
                                aside + (beyond * s.size[1] + job->start[1][k1] - s.begin[1]) *
                                            s.size[2] +
                                    job->start[2][k2] - s.begin[2],
                                lines, to);
        }
    }
    memset(to, 0, sizeof(number) * BEYOND);
}

// Puts what has been made for lines of windows, one after the other, where it belongs.
static void spread_out(const Job *job, const number *from, int64_t begin, int64_t lines, number *to) {
    const int64_t *const count = job->count, *const size = job->result, step = job->spread[2];
    for (int64_t j0 = begin; j0 < begin + lines; j0++)
        for (int64_t j1 = 0; j1 < count[1]; j1++, from += count[2]) {
            const int64_t row = j0 * job->spread[0] + job->first[0];
            number *const out =
                to + (row * size[1] + j1 * job->spread[1] + job->first[1]) * size[2] + job->first[2];
            if (step == 2)
                for (int64_t j = 0; j < count[2]; j++) out[2 * j] = from[j];
            else
                for (int64_t j = 0; j < count[2]; j++) out[step * j] = from[j];
        }
}

// Whether a job's windows, one after the other, are its result.
static inline int is_whole(const Job *job) {
    return job->spread[0] * job->spread[1] * job->spread[2] == 1;
}

// How many lines are done at once: so many that their planes have about `cached` numbers, and that
// there are parts for several threads.
enum { PIECES = 16, LEAST_PIECE = 1 << 20 };

static int64_t lines_at_once(const Job *job, int64_t samples, int64_t channels, int64_t made,
                             int64_t cached) {
    const int64_t lines = job->count[0], all = planes_of(job, lines).pitch;
    const int64_t each = planes_of(job, 1).each * channels;
    int64_t parts = parts_of(all * each, cached);
    const int64_t work = lines * line_of(job) * channels * made * taps_of(job);
    parts = larger(parts, smaller(parts_of(PIECES, samples), work / LEAST_PIECE));
    // Lines that neighbours read too are few beside those that are read once.
    const int64_t halo = planes_of(job, 1).lines - 1;
    return smaller(lines, larger(parts_of(lines, larger(parts, 1)), larger(1, 2 * halo)));
}
