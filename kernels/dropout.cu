// Dropout of n elements, forward and backward: the mask is made from random words, and made again
// instead of being stored.
//
//   kept(i)            word i of the draw < keep_below       keep_below is about (1 - p) * 2^32
//   dropout_forward    y[i]  = x[i] * (scale if kept(i) else 0)        scale is 1 / (1 - p)
//   dropout_backward   dx[i] = dy[i] * (scale if kept(i) else 0)
//
// `state` holds the seed and the number of the next draw. Forward takes that draw, writes it down in
// `drawn` for backward, and adds 1 to the number in `state`: nothing comes from the host, so a
// recorded launch gives other numbers each time it is replayed. `counter` is 0 before and after.
// Words belong to elements, not to threads or addresses: a mask depends on nothing but the draw.
//
// Reads 1 array and writes 1. One block of four words serves four elements, eight at a time in
// 16-bit types; arrays at multiples of 16 bytes are moved 16 bytes at a time, others singly.
#include "philox.cuh"

template <typename T>
struct Dropout {
    Draw draw;
    unsigned int keep_below;
    Compute<T> scale;

    static constexpr int WIDTH = Pack<T>::WIDTH;
    static constexpr int WORDS = 4;
    // The elements that a thread does in one go: whole packs, and whole blocks of words.
    static constexpr int UNIT = WIDTH > WORDS ? WIDTH : WORDS;

    __device__ __forceinline__ void apply(T& x, unsigned int word) const {
        narrow(widen(x) * (word < keep_below ? scale : Compute<T>(0)), x);
    }

    __device__ __forceinline__ void run(const T* x, T* y, long long n) const {
        const Walk walk = grid_walk();
        const bool aligned = (misalignment(x) | misalignment(y)) == 0;
#pragma unroll 1
        for (long long u = walk.first; u * UNIT < n; u += walk.step) {
            const long long at = u * UNIT;
            const bool whole = aligned && at + UNIT <= n;
            Pack<T> pack[UNIT / WIDTH];
            if (whole) {
#pragma unroll
                for (int k = 0; k < UNIT / WIDTH; ++k) pack[k] = load_pack(x + at + k * WIDTH);
            } else {
#pragma unroll
                for (int k = 0; k < UNIT; ++k) {
                    if (at + k < n) pack[k / WIDTH].item[k % WIDTH] = x[at + k];
                }
            }
#pragma unroll
            for (int k = 0; k < UNIT; k += WORDS) {
                const uint4 words = philox(draw, (at + k) / WORDS);
                apply(pack[k / WIDTH].item[k % WIDTH], words.x);
                apply(pack[(k + 1) / WIDTH].item[(k + 1) % WIDTH], words.y);
                apply(pack[(k + 2) / WIDTH].item[(k + 2) % WIDTH], words.z);
                apply(pack[(k + 3) / WIDTH].item[(k + 3) % WIDTH], words.w);
            }
            if (whole) {
#pragma unroll
                for (int k = 0; k < UNIT / WIDTH; ++k) store_pack(y + at + k * WIDTH, pack[k]);
            } else {
#pragma unroll
                for (int k = 0; k < UNIT; ++k) {
                    if (at + k < n) y[at + k] = pack[k / WIDTH].item[k % WIDTH];
                }
            }
        }
    }
};

// Adds 1 to the number of the next draw, which every block has read before it came here.
__device__ __forceinline__ void finish_draw(const Draw& draw, long long* state, long long* drawn,
                                            unsigned int* counter) {
    if (!last_block(counter, gridDim.x) || threadIdx.x != 0) return;
    drawn[0] = static_cast<long long>(draw.seed);
    drawn[1] = static_cast<long long>(draw.offset);
    state[1] = static_cast<long long>(draw.offset + 1);
}

#define DROPOUT(T, SUFFIX)                                                                      \
    KERNEL dropout_forward_##SUFFIX(const T* x, T* y, long long* state, long long* drawn,       \
                                    unsigned int* counter, long long keep_below, double scale,  \
                                    long long n) {                                              \
        const Draw draw = load_draw(state);                                                     \
        const Dropout<T> f = {draw, static_cast<unsigned int>(keep_below), Compute<T>(scale)};  \
        f.run(x, y, n);                                                                         \
        finish_draw(draw, state, drawn, counter);                                               \
    }                                                                                           \
    KERNEL dropout_backward_##SUFFIX(const T* dy, T* dx, const long long* drawn,                \
                                     long long keep_below, double scale, long long n) {         \
        const Dropout<T> f = {load_draw(drawn), static_cast<unsigned int>(keep_below),          \
                              Compute<T>(scale)};                                               \
        f.run(dy, dx, n);                                                                       \
    }

FOR_EACH_TYPE(DROPOUT)
