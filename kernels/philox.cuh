// Philox4x32-10: random words from a seed, the number of a draw and a place, without a state.
//
// Word w of draw number d is word w % 4 of the block with the 128-bit counter (w / 4) + 2^64 * d;
// the key is the seed. gpugrad/backend/philox.py has the same definition over arrays.
//
// Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
#ifndef GPUGRAD_PHILOX_CUH
#define GPUGRAD_PHILOX_CUH

#include "common.cuh"

// One draw: a seed and the number of the draw.
struct Draw {
    unsigned long long seed, offset;
};

// From memory in which the two follow each other.
__device__ __forceinline__ Draw load_draw(const long long* at) {
    return {static_cast<unsigned long long>(at[0]), static_cast<unsigned long long>(at[1])};
}

__device__ __forceinline__ unsigned int low_word(unsigned long long x) {
    return static_cast<unsigned int>(x);
}

__device__ __forceinline__ unsigned int high_word(unsigned long long x) {
    return static_cast<unsigned int>(x >> 32);
}

// Words 4 * block ... 4 * block + 3 of a draw.
__device__ __forceinline__ uint4 philox(const Draw& draw, unsigned long long block) {
    uint4 c = {low_word(block), high_word(block), low_word(draw.offset), high_word(draw.offset)};
    unsigned int key0 = low_word(draw.seed), key1 = high_word(draw.seed);
#pragma unroll
    for (int round = 0; round < 10; ++round) {
        const unsigned long long product0 = 0xd2511f53ull * c.x, product1 = 0xcd9e8d57ull * c.z;
        c = {high_word(product1) ^ c.y ^ key0, low_word(product1),
             high_word(product0) ^ c.w ^ key1, low_word(product0)};
        key0 += 0x9e3779b9u;
        key1 += 0xbb67ae85u;
    }
    return c;
}

#endif
