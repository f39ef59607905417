// Functions of large arrays on the CPU for which NumPy needs many passes, or a slow call for every
// element: divisions with a remainder, whole powers, erfc, relatives of the gamma function.

#include "native_pointwise.h"

// --- division with a remainder -------------------------------------------------------------------
//
// q = |x| / |y|, cut off, is right or, where rounding took it up to a whole number, one too large.
// |x| - q |y| is a number of the type, which a fused multiply-add gives exactly; it is negative where
// q is too large, and then |y| is added. Quotients of more digits than the type has, and numbers that
// are none, are left to the C library.

#define MOST_float 4194304.0f        // 2^22
#define MOST_double 2251799813685248.0  // 2^51

#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define IS_EXACT 1
#else
#define IS_EXACT 0
#endif

#define REMAINDERS(T, F)                                                                           \
    static inline T quick_fmod_##T(T x, T y) {                                                     \
        const T a = fabs##F(x), b = fabs##F(y), rest = NM_FMA_##T(-trunc##F(a / b), b, a);         \
        return nm_copysign_##T(rest < 0 ? rest + b : rest, x);                                     \
    }                                                                                              \
    /* With the sign of y, by the remainder that has the sign of x. */                             \
    static inline T with_sign_##T(T rest, T y) {                                                   \
        const T moved = (rest < 0) != (y < 0) ? rest + y : rest;                                   \
        return rest == 0 ? nm_copysign_##T(0, y) : moved;                                          \
    }                                                                                              \
    /* The quotient rounded down: what is left without the remainder is whole but for rounding. */ \
    static inline T floored_##T(T x, T y, T rest) {                                                \
        const T raw = (x - rest) / y;                                                              \
        const T quotient = rest != 0 && (rest < 0) != (y < 0) ? raw - 1 : raw;                     \
        const T down = floor##F(quotient);                                                         \
        const T whole = quotient - down > (T)0.5 ? down + 1 : down;                                \
        const T found = quotient == 0 ? nm_copysign_##T(0, x / y) : whole;                         \
        return y == 0 ? x / y : found;                                                             \
    }                                                                                              \
    static int are_quick_##T(const T *xs, const T *ys, const int *steps, int64_t n) {              \
        int slow = !IS_EXACT;                                                                      \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const T x = xs[steps[0] ? i : 0], y = ys[steps[1] ? i : 0];                            \
            slow |= !(fabs##F(x) < fabs##F(y) * MOST_##T && fabs##F(y) < INFINITY);                \
        }                                                                                          \
        return !slow;                                                                              \
    }                                                                                              \
    DIVISION(fmod, T, quick_fmod_##T(x, y), fmod##F(x, y))                                         \
    DIVISION(remainder, T, with_sign_##T(quick_fmod_##T(x, y), y),                                 \
             with_sign_##T(fmod##F(x, y), y))                                                      \
    DIVISION(floor_divide, T, floored_##T(x, y, quick_fmod_##T(x, y)),                             \
             floored_##T(x, y, fmod##F(x, y)))

#define DIVISION(NAME, T, QUICK, SLOW)                                                             \
    TWO_ROW(NAME##_quick, T, QUICK)                                                                \
    TWO_ROW(NAME##_slow, T, SLOW)                                                                  \
    static void NAME##_row_##T(const void *const *operands, const int *steps, void *to, int64_t n, \
                               double a, double b) {                                               \
        const int quick = are_quick_##T(operands[0], operands[1], steps, n);                       \
        (quick ? NAME##_quick_row_##T : NAME##_slow_row_##T)(operands, steps, to, n, a, b);        \
    }                                                                                              \
    ENTRY(NAME, T, 2)

#define F_float f
#define F_double
#define WITH_ENDING(T, F) REMAINDERS(T, F)
#define REMAINDERS_OF(T) WITH_ENDING(T, F_##T)
FOR_TYPE(REMAINDERS_OF)

// --- erfc ----------------------------------------------------------------------------------------
//
// erfc(x) = exp(-x^2) w(x), where (1 + 2 x) w(x) is a polynomial in t = (x - 3.75) / (x + 3.75): the
// form of Shepherd and Laframboise, "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x in
// 0 <= x < infinity" (1981). All is in double, in which the square of a float is exact.
static inline float erfc_of_float(float number) {
    const double size = fabs((double)number), x = size > 30.0 ? 30.0 : size;
    const double t = (x - 3.75) / (x + 3.75);
    double p = -4.036902513783482e-09;
    p = NM_FMA_double(p, t, -2.8198829420872317e-09);
    p = NM_FMA_double(p, t, 3.763883873451242e-08);
    p = NM_FMA_double(p, t, 2.215159556911985e-08);
    p = NM_FMA_double(p, t, -2.5858488600810014e-07);
    p = NM_FMA_double(p, t, -5.656481547211046e-08);
    p = NM_FMA_double(p, t, 1.752218849397585e-06);
    p = NM_FMA_double(p, t, -9.73702908946785e-07);
    p = NM_FMA_double(p, t, -1.1444679634163673e-05);
    p = NM_FMA_double(p, t, 2.2384192284554508e-05);
    p = NM_FMA_double(p, t, 5.1649339726634736e-05);
    p = NM_FMA_double(p, t, -0.0002901540395871226);
    p = NM_FMA_double(p, t, 0.00029371360152454347);
    p = NM_FMA_double(p, t, 0.001755625840731824);
    p = NM_FMA_double(p, t, -0.009746579547786703);
    p = NM_FMA_double(p, t, 0.028362277420818986);
    p = NM_FMA_double(p, t, -0.05869339859057547);
    p = NM_FMA_double(p, t, 0.09230432116023057);
    p = NM_FMA_double(p, t, -0.10880393014170514);
    p = NM_FMA_double(p, t, 0.08227673849015034);
    p = NM_FMA_double(p, t, 0.00358541548546364);
    p = NM_FMA_double(p, t, -0.14024059858554702);
    p = NM_FMA_double(p, t, 1.2375126308378275);
    const double far = nm_exp_below_double(-x * x) * p / (1.0 + 2.0 * x);
    const double below = number < 0.0f ? 2.0 : 0.0, sign = number < 0.0f ? -1.0 : 1.0;
    return (float)(below + sign * far);
}

static inline double erfc_of_double(double x) { return erfc(x); }

// --- the gamma function's relatives, in double ---------------------------------------------------
//
// Positive numbers below EDGE are moved up: P is the product of x, x + 1, ... x + EDGE - 1, and from
// what Stirling's series give for x + EDGE, log P or its slopes are taken. The others are exceptions.
// Choices are between constants: gcc would put a long computation behind a branch, of which no vector
// code can be made.

#define NM_PI 3.14159265358979323846
#define EDGE 10

typedef struct {
    double product, slope, curve;  // P, its derivative and half its second one
    double x, is_moved;            // is_moved: 1 or 0
} Moved;

static inline Moved moved_up(double x) {
    const double low = x < EDGE ? x : 1.0;
    double product = 1.0, slope = 0.0, curve = 0.0;
    for (int k = 0; k < EDGE; k++) {
        curve = NM_FMA_double(curve, low + k, slope);
        slope = NM_FMA_double(slope, low + k, product);
        product *= low + k;
    }
    const double is_moved = x < EDGE ? 1.0 : 0.0;
    return (Moved){product, slope, curve, x + EDGE * is_moved, is_moved};
}

static inline float lgamma_positive_float(float number) {
    const Moved m = moved_up((double)number);
    const double inverse = 1.0 / m.x, square = inverse * inverse;
    double series = -1.0 / 1680.0;
    series = NM_FMA_double(series, square, 1.0 / 1260.0);
    series = NM_FMA_double(series, square, -1.0 / 360.0);
    series = NM_FMA_double(series, square, 1.0 / 12.0);
    const double far = (m.x - 0.5) * nm_log_double(m.x) - m.x + 0.91893853320467274178;
    return (float)(far + series * inverse - m.is_moved * nm_log_double(m.product));
}

static inline double lgamma_of(double x) {
    int sign;
    return lgamma_r(x, &sign);
}

static inline double digamma_positive(double number) {
    const Moved m = moved_up(number);
    const double inverse = 1.0 / m.x, square = inverse * inverse;
    double series = 1.0 / 12.0;
    series = NM_FMA_double(series, -square, 691.0 / 32760.0);
    series = NM_FMA_double(series, -square, 1.0 / 132.0);
    series = NM_FMA_double(series, -square, 1.0 / 240.0);
    series = NM_FMA_double(series, -square, 1.0 / 252.0);
    series = NM_FMA_double(series, -square, 1.0 / 120.0);
    series = NM_FMA_double(series, -square, 1.0 / 12.0);
    const double far = nm_log_double(m.x) - 0.5 * inverse - square * series;
    return far - m.is_moved * (m.slope / m.product);
}

// Reflected: psi(1 - x) - pi / tan(pi x).
static double digamma_of(double x) {
    if (x == 0) return copysign(INFINITY, -x);
    if (x == INFINITY || x != x) return x;
    const double below = floor(x);
    if (x == below) return NAN;
    return digamma_positive(1.0 - x) - NM_PI / tan(NM_PI * (x - below));
}

static inline double trigamma_positive(double number) {
    const Moved m = moved_up(number);
    const double inverse = 1.0 / m.x, square = inverse * inverse, slope = m.slope / m.product;
    double series = 7.0 / 6.0;
    series = NM_FMA_double(series, -square, 691.0 / 2730.0);
    series = NM_FMA_double(series, -square, 5.0 / 66.0);
    series = NM_FMA_double(series, -square, 1.0 / 30.0);
    series = NM_FMA_double(series, -square, 1.0 / 42.0);
    series = NM_FMA_double(series, -square, 1.0 / 30.0);
    series = NM_FMA_double(series, -square, 1.0 / 6.0);
    const double far = inverse + 0.5 * square + square * inverse * series;
    return far + m.is_moved * (slope * slope - 2.0 * m.curve / m.product);
}

// Reflected: (pi / sin(pi x))^2 - psi'(1 - x).
static double trigamma_of(double x) {
    if (x != x) return x;
    const double below = floor(x);
    if (x == below) return x > 0 ? 0 : INFINITY;
    const double slope = NM_PI / sin(NM_PI * (x - below));
    return slope * slope - trigamma_positive(1.0 - x);
}

enum { SOME = 256 };

// VALUE for most x; where IS_RARE holds, VALUE means nothing, and RARE is computed on its own.
#define ONE_WITH_RARE(NAME, T, VALUE, IS_RARE, RARE)                                               \
    START(NAME, T)                                                                                 \
    const T *const all = operands[0];                                                              \
    for (int64_t first = 0; first < n; first += SOME) {                                            \
        T xs[SOME];                                                                                \
        const int64_t some = smaller(SOME, n - first);                                             \
        int rare = 0;                                                                              \
        for (int64_t i = 0; i < some; i++) xs[i] = all[(first + i) * steps[0]];                    \
        EACH_ALONE for (int64_t i = 0; i < some; i++) {                                            \
            const T x = xs[i];                                                                     \
            out[first + i] = VALUE;                                                                \
        }                                                                                          \
        for (int64_t i = 0; i < some; i++) {                                                       \
            const T x = xs[i];                                                                     \
            rare |= IS_RARE;                                                                       \
        }                                                                                          \
        for (int64_t i = 0; rare && i < some; i++) {                                               \
            const T x = xs[i];                                                                     \
            if (IS_RARE) out[first + i] = RARE;                                                    \
        }                                                                                          \
    }                                                                                              \
    END(NAME, T, 1)

#define IS_ORDINARY(x) ((x) > 0 && (x) < INFINITY)
#define LGAMMA_float                                                                               \
    ONE_WITH_RARE(lgamma, float, lgamma_positive_float(x), !IS_ORDINARY(x),                        \
                  (float)lgamma_of((double)x))
#define LGAMMA_double ONE(lgamma, double, lgamma_of(x))

// --- the rest ------------------------------------------------------------------------------------

static inline float hypot_of_float(float x, float y) {
    const float found = (float)sqrt((double)x * x + (double)y * y);
    return fabsf(x) == INFINITY || fabsf(y) == INFINITY ? INFINITY : found;
}

static inline double hypot_of_double(double x, double y) { return hypot(x, y); }

#define FUNCTIONS_OF(T)                                                                            \
    static inline T log_of_sum_##T(T x, T y) {                                                     \
        const T apart = x == y ? 0 : x > y ? y - x : x - y; /* infinity's too */                   \
        return (x > y ? x : y) + nm_softplus_##T(apart);                                           \
    }                                                                                              \
    TWO(hypot, T, hypot_of_##T(x, y))                                                              \
    TWO(logaddexp, T, log_of_sum_##T(x, y))                                                        \
    TWO(nan_to_num, T, x != x ? y : x == INFINITY ? a : x == -INFINITY ? b : x)                    \
    ONE(erfc, T, erfc_of_##T(x))                                                                   \
    LGAMMA_##T                                                                                     \
    ONE_WITH_RARE(digamma, T, (T)digamma_positive((double)x), !IS_ORDINARY(x),                     \
                  (T)digamma_of((double)x))                                                        \
    ONE_WITH_RARE(trigamma, T, (T)trigamma_positive((double)x), !IS_ORDINARY(x),                   \
                  (T)trigamma_of((double)x))

FOR_TYPE(FUNCTIONS_OF)
