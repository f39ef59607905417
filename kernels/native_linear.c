// The linear layer of a neural network and its gradients, each in one call.
//
// The products are those of BLAS; their address comes with the call. What is done beside them finds
// their results in the cache.

#include "native_work.h"

enum { ROW_MAJOR = 101, AS_IS = 111, TRANSPOSED = 112 };

// Whether an array is a matrix of so many rows and columns.
static inline int is_matrix(const Array *a, int64_t rows, int64_t cols) {
    return fits(a) && a->nd == 2 && a->shape[0] == rows && a->shape[1] == cols;
}

#define FUNCTIONS_OF(T)                                                                            \
    typedef void Gemm(int, int, int, int64_t, int64_t, int64_t, T, const T *, int64_t, const T *,  \
                      int64_t, T, T *, int64_t);                                                   \
                                                                                                   \
    /* x times the transposed weight, and bias, which may be None, added to each row. */           \
    int linear_##T(Array *x, Array *weight, Array *bias, Array *out, int64_t address) {            \
        if (!fits(x) || !fits(weight) || x->nd != 2 || weight->nd != 2) return 0;                  \
        const int64_t m = x->shape[0], k = x->shape[1], n = weight->shape[0];                      \
        if (k == 0 || weight->shape[1] != k || !is_matrix(out, m, n)) return 0;                    \
        if (bias != 0 && (!fits(bias) || bias->nd != 1 || bias->shape[0] != n)) return 0;          \
        T *const to = out->data;                                                                   \
        ((Gemm *)address)(ROW_MAJOR, AS_IS, TRANSPOSED, m, n, k, 1, x->data, k, weight->data, k,   \
                          0, to, n);                                                               \
        if (bias == 0) return 1;                                                                   \
        const T *const b = bias->data;                                                             \
        for (int64_t i = 0; i < m; i++) {                                                          \
            T *const row = to + i * n;                                                             \
            EACH_ALONE for (int64_t j = 0; j < n; j++) row[j] += b[j];                             \
        }                                                                                          \
        return 1;                                                                                  \
    }                                                                                              \
                                                                                                   \
    /* The gradients in x, weight and bias; None for those not wanted. */                          \
    int linear_grad_##T(Array *grad, Array *x, Array *weight, Array *in_x, Array *in_weight,       \
                        Array *in_bias, int64_t address) {                                         \
        if (!fits(grad) || grad->nd != 2 || !fits(x) || x->nd != 2) return 0;                      \
        const int64_t m = grad->shape[0], n = grad->shape[1], k = x->shape[1];                     \
        if (m == 0 || n == 0 || k == 0 || x->shape[0] != m) return 0;                              \
        if (!is_matrix(weight, n, k) || (in_x != 0 && !is_matrix(in_x, m, k))) return 0;           \
        if (in_weight != 0 && !is_matrix(in_weight, n, k)) return 0;                               \
        if (in_bias != 0 && (!fits(in_bias) || in_bias->shape[0] != n)) return 0;                  \
        enum { W = LANES_##T };                                                                    \
        Gemm *const gemm = (Gemm *)address;                                                        \
        const T *const g = grad->data;                                                             \
        if (in_x != 0)                                                                             \
            gemm(ROW_MAJOR, AS_IS, AS_IS, m, k, n, 1, g, n, weight->data, k, 0, in_x->data, k);    \
        if (in_weight != 0)                                                                        \
            gemm(ROW_MAJOR, TRANSPOSED, AS_IS, n, k, m, 1, g, n, x->data, k, 0, in_weight->data,   \
                 k);                                                                               \
        if (in_bias == 0) return 1;                                                                \
        T *const total = in_bias->data;                                                            \
        int64_t j = 0;                                                                             \
        for (; j + 4 * W <= n; j += 4 * W) {                                                       \
            vector_##T p = {0}, q = {0}, r = {0}, s = {0};                                         \
            for (const T *row = g + j; row < g + m * n; row += n) {                                \
                p += VECTOR(T, row);                                                               \
                q += VECTOR(T, row + W);                                                           \
                r += VECTOR(T, row + 2 * W);                                                       \
                s += VECTOR(T, row + 3 * W);                                                       \
            }                                                                                      \
            *(vector_##T *)(total + j) = p;                                                        \
            *(vector_##T *)(total + j + W) = q;                                                    \
            *(vector_##T *)(total + j + 2 * W) = r;                                                \
            *(vector_##T *)(total + j + 3 * W) = s;                                                \
        }                                                                                          \
        for (; j < n; j++) {                                                                       \
            T sum = 0;                                                                             \
            for (int64_t i = 0; i < m; i++) sum += g[i * n + j];                                   \
            total[j] = sum;                                                                        \
        }                                                                                          \
        return 1;                                                                                  \
    }

FOR_TYPE(FUNCTIONS_OF)
