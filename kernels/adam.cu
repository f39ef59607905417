// Adam, and AdamW where `decoupled`, for a list of parameters, in place, in one launch.
//
//   g = grad / grad_scale                              written back, if grad_scale
//   g = -g if maximize else g
//   p = p * (1 - lr * weight_decay) if decoupled, else g = g + weight_decay * p
//   m = m + (1 - beta1) * (g - m)
//   v = beta2 * v + (1 - beta2) * g * g
//   h = maximum(h, v) if amsgrad else v
//   p = p - lr / (1 - beta1^t) * m / (sqrt(h) / sqrt(1 - beta2^t) + eps)      t = step + 1
//
// Nothing happens, and nothing is counted, where found_inf is there and not 0.
// Lists: gradients, parameters, m, v, and h where amsgrad.
// lr and step are in device memory, so that a recorded launch sees them change; so are those of the
// numbers from beta1 to weight_decay that `varying` names. The last block adds 1 to step. The factors of t are made once for each block, in double: 1 - beta2^t loses half
// of its digits in float. `counter` is 0 before and after.
// Source: Kingma and Ba, "Adam" (2015); Loshchilov and Hutter, "Decoupled weight decay
// regularization" (2019); Reddi and others, "On the convergence of Adam and beyond" (2018).
#include "table.cuh"

template <typename C>
struct AdamScalars {
    C step_size, root_correction, shrink;
};

template <typename C>
__device__ __forceinline__ AdamScalars<C> adam_scalars(double lr, double t, double beta1,
                                                       double beta2, double weight_decay) {
    __shared__ AdamScalars<C> scalars;
    // In the first and in the last warp, which take their powers at the same time.
    if (threadIdx.x == 0) scalars.step_size = C(lr / (1 - pow(beta1, t)));
    if (threadIdx.x == blockDim.x - WARP) {
        scalars.root_correction = C(sqrt(1 - pow(beta2, t)));
        scalars.shrink = C(1 - lr * weight_decay);
    }
    __syncthreads();
    return scalars;
}

template <typename C, bool AMSGRAD>
struct AdamUpdate {
    Unscale<C> unscale;
    AdamScalars<C> scalars;
    C keep1, take1, keep2, take2, eps, weight_decay;
    bool decoupled, maximize;
    template <int LISTS>
    __device__ __forceinline__ void operator()(C (&value)[LISTS]) const {
        unscale(value[0]);
        C g = maximize ? -value[0] : value[0];
        C& p = value[1];
        C& m = value[2];
        C& v = value[3];
        if (decoupled) {
            p *= scalars.shrink;
        } else if (weight_decay != C(0)) {
            g += weight_decay * p;
        }
        // Towards g from the nearer end: exact where beta1 is 0.
        m = keep1 > C(0.5) ? m + take1 * (g - m) : g - keep1 * (g - m);
        v = keep2 * v + take2 * g * g;
        C h = v;
        if (AMSGRAD) {
            C& highest = value[LISTS - 1];
            highest = h = v > highest || v != v ? v : highest;
        }
        p -= m * scalars.step_size / (sqrt(h) / scalars.root_correction + eps);
    }
};

#define ADAM(T, SUFFIX)                                                                            \
    KERNEL adam_step_##SUFFIX(BY_VALUE Addresses gradients,                                        \
                              NULLABLE const long long* more_gradients, const long long* pointers, \
                              const long long* chunks, long long arrays, long long chunk_count,    \
                              const double* lr, float* step, unsigned int* counter,                \
                              NULLABLE const float* grad_scale, NULLABLE const float* found_inf,   \
                              double beta1, double beta2, double eps, double weight_decay,         \
                              NULLABLE const double* numbers, long long varying,                   \
                              long long decoupled, long long amsgrad, long long maximize) {        \
        typedef Compute<T> C;                                                                      \
        if (skipped(found_inf)) return;                                                            \
        beta1 = present(beta1, 0, numbers, varying), beta2 = present(beta2, 1, numbers, varying);  \
        eps = present(eps, 2, numbers, varying);                                                   \
        weight_decay = present(weight_decay, 3, numbers, varying);                                 \
        const Table table = {gradients, more_gradients, pointers, chunks, arrays, chunk_count};    \
        const Unscale<C> unscale = unscale_by<C>(grad_scale);                                      \
        const AdamScalars<C> scalars =                                                             \
            adam_scalars<C>(*lr, double(*step) + 1, beta1, beta2, weight_decay);                   \
        const C keep1 = C(beta1), take1 = C(1 - beta1), keep2 = C(beta2), take2 = C(1 - beta2);    \
        if (amsgrad) {                                                                             \
            update<T, 5>(table, unscale.scaled,                                                    \
                         AdamUpdate<C, true>{unscale, scalars, keep1, take1, keep2, take2,         \
                                             C(eps), C(weight_decay), decoupled != 0,              \
                                             maximize != 0});                                      \
        } else {                                                                                   \
            update<T, 4>(table, unscale.scaled,                                                    \
                         AdamUpdate<C, false>{unscale, scalars, keep1, take1, keep2, take2,        \
                                              C(eps), C(weight_decay), decoupled != 0,             \
                                              maximize != 0});                                     \
        }                                                                                          \
        count_step(step, counter);                                                                 \
    }

FOR_EACH_TYPE(ADAM)
