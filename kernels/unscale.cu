// Gradients of a scaled loss: divided by the scale, with a flag that tells whether all are finite,
// and the scale's own adjustment. Everything stays in device memory, so nobody waits.
//
//   found_inf = 1 if any x is infinite or nan, else as before
//   x = x * inverse_scale, in place                    if inverse_scale is there and not 1
#include "table.cuh"

template <typename C>
struct CheckAndScale {
    C factor;
    bool& bad;
    __device__ __forceinline__ void operator()(C (&value)[1]) const {
        bad |= value[0] - value[0] != C(0);
        value[0] *= factor;
    }
};

// scale = scale * backoff_factor if found_inf; else scale * growth_factor, if it is the
// growth_interval-th time in a row and the product is finite. growth_tracker counts these times.
template <typename C>
__device__ __forceinline__ void adjust(C* scale, int* growth_tracker, bool found_inf,
                                       double growth_factor, double backoff_factor,
                                       long long growth_interval) {
    if (found_inf) {
        *scale = C(*scale * backoff_factor);
        *growth_tracker = 0;
    } else if (*growth_tracker + 1 == growth_interval) {
        const C grown = C(*scale * growth_factor);
        if (grown - grown == C(0)) *scale = grown;
        *growth_tracker = 0;
    } else {
        *growth_tracker += 1;
    }
}

#define UNSCALE(T, SUFFIX)                                                                       \
    KERNEL unscale_##SUFFIX(BY_VALUE Addresses arrays, NULLABLE const long long* more_arrays,    \
                            const long long* chunks, long long chunk_count, float* found_inf,    \
                            NULLABLE const float* inverse_scale) {                               \
        typedef Compute<T> C;                                                                    \
        const Table table = {arrays, more_arrays, nullptr, chunks, 0, chunk_count};              \
        const C factor = inverse_scale != nullptr ? C(*inverse_scale) : C(1);                    \
        bool bad = false;                                                                        \
        update<T, 1>(table, factor != C(1), CheckAndScale<C>{factor, bad});                      \
        /* Whichever thread writes last: they all write the same. */                             \
        if (bad) *found_inf = 1.0f;                                                              \
    }                                                                                            \
                                                                                                 \
    /* One thread. The scale is of the arithmetic's type, whatever the gradients are. */         \
    KERNEL update_scale_##SUFFIX(Compute<T>* scale, int* growth_tracker, const float* found_inf, \
                                 double growth_factor, double backoff_factor,                    \
                                 long long growth_interval) {                                    \
        if (blockIdx.x == 0 && threadIdx.x == 0) {                                               \
            adjust<Compute<T>>(scale, growth_tracker, *found_inf != 0.0f, growth_factor,         \
                               backoff_factor, growth_interval);                                 \
        }                                                                                        \
    }

FOR_EACH_TYPE(UNSCALE)
