// Uniform, Bernoulli, normal and whole numbers and permutations from a Mersenne Twister whose state
// is NumPy's.
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

// Whole numbers from `low` on, fewer than 2^32: what remains of a word after division by `span`.
int NAMED(integers)(Twister *t, Array *out, int64_t n, int64_t low, int64_t span) {
    int64_t *const to = out->data;
    const uint32_t divisor = (uint32_t)span;
    uint32_t words[PAIRS];
    for (int64_t i = 0; i < n; i += PAIRS) {
        const int64_t some = smaller(PAIRS, n - i);
        draw(t, some, words);
        for (int64_t j = 0; j < some; j++) to[i + j] = low + (int64_t)(words[j] % divisor);
    }
    return 1;
}

// The numbers 0 ... n - 1, of which i and i + word % (n - i) change places, one i after the other.
int NAMED(permutation)(Twister *t, Array *out, int64_t n) {
    int64_t *const to = out->data;
    uint32_t words[PAIRS];
    for (int64_t i = 0; i < n; i++) to[i] = i;
    for (int64_t i = 0; i < n - 1; i += PAIRS) {
        const int64_t some = smaller(PAIRS, n - 1 - i);
        draw(t, some, words);
        for (int64_t j = 0; j < some; j++) {
            const int64_t place = i + j, other = place + words[j] % (uint32_t)(n - place);
            const int64_t kept = to[other];
            to[other] = to[place];
            to[place] = kept;
        }
    }
    return 1;
}

// --- normal numbers ------------------------------------------------------------------------------
//
// Eight radii and eight angles become sixteen normal numbers, by Box and Muller. In float the
// functions are those of S. Moshier's Cephes library, step by step as PyTorch computes them, so
// that the numbers are the same to the last bit; box_muller.py says more. Without fused
// multiply-adds that cannot be.

enum { EIGHT = 8 };

#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define CAN_BE_NORMAL 1
#else
#define CAN_BE_NORMAL 0
#endif

// The logarithm of a positive, normal number.
static inline float cephes_log(float number) {
    const int32_t bits = nm_bits_float(number);
    const float half = nm_from_bits_float((bits & 0x007fffff) | 0x3f000000);
    const int32_t small = half < 0.707106769f;
    const float e = (float)((bits >> 23) - 126 - small);
    const float x = (small ? half + half : half) - 1.0f, z = x * x;
    float y = NM_FMA_float(x, 7.0376836292e-2f, -1.1514610310e-1f);
    y = NM_FMA_float(y, x, 1.1676998740e-1f);
    y = NM_FMA_float(y, x, -1.2420140846e-1f);
    y = NM_FMA_float(y, x, 1.4249322787e-1f);
    y = NM_FMA_float(y, x, -1.6668057665e-1f);
    y = NM_FMA_float(y, x, 2.0000714765e-1f);
    y = NM_FMA_float(y, x, -2.4999993993e-1f);
    y = NM_FMA_float(y, x, 3.3333331174e-1f);
    y = y * x;
    y = NM_FMA_float(y, z, e * -2.12194440e-4f);
    y = y - z * 0.5f;
    return NM_FMA_float(e, 0.693359375f, y + x);
}

static inline void normal_pair_float(float *first, float *second) {
    const float radius = sqrtf(cephes_log(1.0f - *first) * -2.0f);
    float x = *second * 6.28318531f;
    const int32_t j = ((int32_t)(x * 1.27323954f) + 1) & ~1;
    const float steps = (float)j;
    x = NM_FMA_float(steps, -0.78515625f, x);
    x = NM_FMA_float(steps, -2.4187564849853515625e-4f, x);
    x = NM_FMA_float(steps, -3.77489497744594108e-8f, x);
    const float z = x * x;
    float c = NM_FMA_float(z, 2.443315711809948e-5f, -1.388731625493765e-3f);
    c = NM_FMA_float(c, z, 4.166664568298827e-2f) * z;
    c = NM_FMA_float(c, z, z * -0.5f) + 1.0f;
    float s = NM_FMA_float(z, -1.9515295891e-4f, 8.3321608736e-3f);
    s = NM_FMA_float(s, z, -1.6666654611e-1f) * z;
    s = NM_FMA_float(s, x, x);
    const int32_t swapped = j & 2;
    const int32_t sine = nm_bits_float(swapped ? c : s) ^ (int32_t)((uint32_t)(j & 4) << 29);
    const int32_t cosine =
        nm_bits_float(swapped ? s : c) ^ (int32_t)((uint32_t)((j + 2) & 4) << 29);
    *first = radius * nm_from_bits_float(cosine);
    *second = radius * nm_from_bits_float(sine);
}

static inline void normal_pair_double(double *first, double *second) {
    const double radius = sqrt(-2.0 * log(1.0 - *first));
    const double angle = 2.0 * 3.14159265358979323846 * *second;
    *first = radius * cos(angle);
    *second = radius * sin(angle);
}

// Uniform numbers, a multiple of sixteen, become normal ones with this mean and deviation.
int NAMED(normal)(Array *uniform, int64_t n, double mean, double deviation) {
    if (!CAN_BE_NORMAL) return 0;
    number *const u = uniform->data;
    const number shift = (number)mean, scale = (number)deviation;
    for (int64_t block = 0; block < n; block += 2 * EIGHT) {
        number *const first = u + block, *const second = first + EIGHT;
        EACH_ALONE for (int j = 0; j < EIGHT; j++)
            NM_NAMED(normal_pair, ELEMENT)(first + j, second + j);
        EACH_ALONE for (int j = 0; j < 2 * EIGHT; j++)
            first[j] = NM_NAMED(NM_FMA, ELEMENT)(first[j], scale, shift);
    }
    return 1;
}
