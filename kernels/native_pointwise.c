// Elementwise functions of one to three large arrays on the CPU, which broadcast: arithmetic,
// choices by a mask, and gradients that would else be several passes.

#include "native_pointwise.h"

// A mask, of bytes, and what is taken where it holds, and where it does not.
#define WHERE(T)                                                                                   \
    static void where_row_##T(const void *const *operands, const int *steps, void *to, int64_t n,  \
                              double number_a, double number_b) {                                  \
        const uint8_t *const mask = operands[0];                                                   \
        const T *const xs = operands[1], *const ys = operands[2];                                  \
        T *const out = to;                                                                         \
        const T x = xs[0], y = ys[0];                                                              \
        (void)number_a, (void)number_b;                                                            \
        if (steps[0] == 0)                                                                         \
            EACH out[i] = mask[0] ? xs[i * steps[1]] : ys[i * steps[2]];                           \
        else if (steps[1] == 0 && steps[2] == 0)                                                   \
            EACH out[i] = mask[i] ? x : y;                                                         \
        else if (steps[1] == 0)                                                                    \
            EACH out[i] = mask[i] ? x : ys[i];                                                     \
        else if (steps[2] == 0)                                                                    \
            EACH out[i] = mask[i] ? xs[i] : y;                                                     \
        else                                                                                       \
            EACH out[i] = mask[i] ? xs[i] : ys[i];                                                 \
    }                                                                                              \
    int where_##T(Array *mask, Array *x, Array *y, Array *out, double a, double b, int threads) {  \
        (void)a, (void)b;                                                                          \
        Array *const operands[] = {mask, x, y};                                                    \
        Broadcast w = {.function = where_row_##T, .item_out = sizeof(T),                           \
                       .item = {1, sizeof(T), sizeof(T)}};                                         \
        if (x->dtype != dtype_of_elements || y->dtype != dtype_of_elements) return 0;              \
        return run_broadcast(&w, operands, 3, out, threads);                                       \
    }

#define SQRT_float(x) sqrtf(x)
#define SQRT_double(x) sqrt(x)
#define ABS_float(x) fabsf(x)
#define ABS_double(x) fabs(x)

// x between a and b; nan stays.
#define BETWEEN(x, a, b) ((x) < (a) ? (a) : (x) > (b) ? (b) : (x))

#define PARTS_OF(T)                                                                                \
    /* tanh(log(1 + exp(x))) = e (e + 2) / (e (e + 2) + 2), with e = exp(x). */                    \
    static inline T tanh_of_smooth_relu_##T(T x) {                                                 \
        const T e = nm_exp_##T(x > 20 ? 20 : x);                                                   \
        const T product = e * (e + 2);                                                             \
        return product / (product + 2);                                                            \
    }                                                                                              \
    static inline T mish_slope_##T(T x) {                                                          \
        const T t = tanh_of_smooth_relu_##T(x), s = nm_sigmoid_##T(x);                             \
        return t + x * s * (1 - t * t);                                                            \
    }

FOR_TYPE(PARTS_OF)

#define FUNCTIONS_OF(T)                                                                            \
    TWO(add, T, x + y)                                                                             \
    TWO(sub, T, x - y)                                                                             \
    TWO(mul, T, x * y)                                                                             \
    TWO(div, T, x / y)                                                                             \
    TWO(maximum, T, nm_maximum_##T(x, y))                                                          \
    TWO(minimum, T, nm_minimum_##T(x, y))                                                          \
    ONE(neg, T, -x)                                                                                \
    ONE(abs, T, ABS_##T(x))                                                                        \
    ONE(square, T, x *x)                                                                           \
    ONE(cube, T, x *x *x)                                                                          \
    ONE(sgn, T, (T)(x > 0) - (T)(x < 0))                                                           \
    ONE(reciprocal, T, 1 / x)                                                                      \
    ONE(sqrt, T, SQRT_##T(x))                                                                      \
    ONE(rsqrt, T, 1 / SQRT_##T(x))                                                                 \
    ONE(exp, T, nm_exp_##T(x))                                                                     \
    ONE(erf, T, nm_erf_##T(x))                                                                     \
    TWO_OF_X(clamp_grad, T, x >= a && x <= b ? y : 0)                                              \
    TWO_OF_X(elu_grad, T, x > 0 ? y : y * (nm_exp_below_##T(x < 0 ? x : 0) * a))                   \
    ONE(hardsigmoid, T, BETWEEN(x + 3, 0, 6) / 6)                                                  \
    TWO_OF_X(hardsigmoid_grad, T, x > -3 && x < 3 ? y / 6 : 0)                                     \
    ONE(hardswish, T, x *BETWEEN(x + 3, 0, 6) / 6)                                                 \
    TWO_OF_X(hardswish_grad, T, y *(x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + (T)0.5))                    \
    ONE(log_sigmoid, T, -nm_softplus_##T(-x))                                                      \
    TWO_OF_X(log_sigmoid_grad, T, y *nm_sigmoid_##T(-x))                                           \
    ONE(mish, T, x *tanh_of_smooth_relu_##T(x))                                                    \
    TWO_OF_X(mish_grad, T, y *mish_slope_##T(x))                                                   \
    TWO_OF_X(bce_with_logits, T, (1 - y) * x + nm_softplus_##T(-x))                                \
    THREE(bce_with_logits_grad, T, z *(nm_sigmoid_##T(x) - y))                                     \
    TWO_OF_X(huber, T, huber_of_##T(ABS_##T(x - y), a) * b)                                        \
    THREE(huber_grad, T, z *(BETWEEN(x - y, -a, a) * b))                                           \
    THREE(addcmul, T, x + y * z * a)                                                               \
    THREE(addcdiv, T, x + y / z * a)                                                               \
    TWO_OF_X(add_scaled, T, x + y * a)                                                             \
    TWO_OF_X(lerp, T, x + (y - x) * a)                                                             \
    THREE(div_grad, T, -z * (x / y / y))                                                           \
    WHERE(T)

#define HUBER(T)                                                                                   \
    static inline T huber_of_##T(T distance, T delta) {                                            \
        const T square = distance * distance * (T)0.5;                                             \
        const T line = delta * (distance - delta * (T)0.5);                                        \
        return distance <= delta ? square : line;                                                  \
    }

FOR_TYPE(HUBER)
FOR_TYPE(FUNCTIONS_OF)
