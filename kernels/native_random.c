// Uniform and Bernoulli numbers from a Mersenne Twister whose state is NumPy's.
//
// Matsumoto and Nishimura, "Mersenne Twister" (1998): 624 words of 32 bits, which are made anew
// together when all are used. Both loops that make them, and those that use them, are vector code.

#include "native_work.h"

typedef ELEMENT number;
#define NM_JOINED(name, type) name##_##type
#define NM_NAMED(name, type) NM_JOINED(name, type)
#define NAMED(name) NM_NAMED(name, ELEMENT)

enum { WORDS = 624, FAR = 397, PAIRS = 4096 };

// NumPy's struct: the words, and how many of them are used.
typedef struct {
    uint32_t words[WORDS];
    int32_t used;
} Twister;

static inline uint32_t twisted(uint32_t upper, uint32_t lower, uint32_t far) {
    const uint32_t joined = (upper & 0x80000000u) | (lower & 0x7fffffffu);
    return far ^ (joined >> 1) ^ (-(lower & 1u) & 0x9908b0dfu);
}

static void renew(Twister *t) {
    uint32_t *const w = t->words;
    for (int i = 0; i < WORDS - FAR; i++) w[i] = twisted(w[i], w[i + 1], w[i + FAR]);
    for (int i = WORDS - FAR; i < WORDS - 1; i++)
        w[i] = twisted(w[i], w[i + 1], w[i + FAR - WORDS]);
    w[WORDS - 1] = twisted(w[WORDS - 1], w[0], w[FAR - 1]);
    t->used = 0;
}

// The next n words.
static void draw(Twister *t, int64_t n, uint32_t *out) {
    while (n > 0) {
        if (t->used == WORDS) renew(t);
        const int64_t some = smaller(n, WORDS - t->used);
        const uint32_t *const from = t->words + t->used;
        EACH_ALONE for (int64_t i = 0; i < some; i++) {
            uint32_t y = from[i];
            y ^= y >> 11;
            y ^= (y << 7) & 0x9d2c5680u;
            y ^= (y << 15) & 0xefc60000u;
            out[i] = y ^ (y >> 18);
        }
        t->used += (int32_t)some;
        out += some;
        n -= some;
    }
}

// The low 53 bits of the 64-bit word that two words make, the earlier one above.
static inline int64_t joined(const uint32_t *pair) {
    return (int64_t)(((uint64_t)pair[0] << 32 | pair[1]) & (((uint64_t)1 << 53) - 1));
}

// Uniform numbers in [0, 1): of a float the low 24 bits of a word, of a double those of `joined`.
int uniform_float(Twister *t, Array *out, int64_t n) {
    float *const to = out->data;
    uint32_t words[PAIRS];
    for (int64_t i = 0; i < n; i += PAIRS) {
        const int64_t some = smaller(PAIRS, n - i);
        draw(t, some, words);
        EACH_ALONE for (int64_t j = 0; j < some; j++)
            to[i + j] = (float)(int32_t)(words[j] & 0xffffffu) * 0x1p-24f;
    }
    return 1;
}

int uniform_double(Twister *t, Array *out, int64_t n) {
    double *const to = out->data;
    uint32_t words[2 * PAIRS];
    for (int64_t i = 0; i < n; i += PAIRS) {
        const int64_t some = smaller(PAIRS, n - i);
        draw(t, 2 * some, words);
        EACH_ALONE for (int64_t j = 0; j < some; j++)
            to[i + j] = (double)joined(words + 2 * j) * 0x1p-53;
    }
    return 1;
}

// 1 where a uniform double is less than p, else 0. Times 2**53 both are compared as they are.
int NAMED(bernoulli)(Twister *t, Array *out, int64_t n, double p) {
    number *const to = out->data;
    uint32_t words[2 * PAIRS];
    const int64_t below = (int64_t)ceil(p * 0x1p53);
    for (int64_t i = 0; i < n; i += PAIRS) {
        const int64_t some = smaller(PAIRS, n - i);
        draw(t, 2 * some, words);
        EACH_ALONE for (int64_t j = 0; j < some; j++)
            to[i + j] = (number)(joined(words + 2 * j) < below);
    }
    return 1;
}
