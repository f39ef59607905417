// kernels/half.cuh for the host: the same types, converted by arithmetic instead of instructions.

struct float16 {
    unsigned short bits;
};

struct bfloat16 {
    unsigned short bits;
};

namespace emulation {

// A format with this many bits of fraction and this smallest exponent of a normal number.
template <int FRACTION, int LOWEST>
struct Format {
    static constexpr int INFINITE = (2 - 2 * LOWEST + 1) << FRACTION;

    static float widen(unsigned short bits) {
        const int exponent = (bits & 0x7fff) >> FRACTION, fraction = bits & ((1 << FRACTION) - 1);
        double size = NAN;
        if ((bits & 0x7fff) == INFINITE) {
            size = HUGE_VAL;
        } else if ((bits & 0x7fff) < INFINITE) {
            const int whole = exponent == 0 ? fraction : fraction + (1 << FRACTION);
            size = ldexp(whole, (exponent == 0 ? 1 : exponent) + LOWEST - 1 - FRACTION);
        }
        return static_cast<float>(bits & 0x8000 ? -size : size);
    }

    static unsigned short narrow(float x) {
        const unsigned short sign = signbit(x) ? 0x8000 : 0;
        if (isnan(x)) return 0x7fff;
        if (isinf(x)) return sign | INFINITE;
        const double size = fabs(static_cast<double>(x));
        if (size == 0) return sign;
        const int exponent = ilogb(size) < LOWEST ? LOWEST : ilogb(size);
        // Ties go to even; a carry out of the fraction goes into the exponent, as it should.
        const double whole = nearbyint(ldexp(size, FRACTION - exponent));
        const double bits = ldexp(exponent - LOWEST, FRACTION) + whole;
        return sign | static_cast<unsigned short>(bits < INFINITE ? bits : INFINITE);
    }
};

}  // namespace emulation

inline float widen(float16 x) { return emulation::Format<10, -14>::widen(x.bits); }
inline float widen(bfloat16 x) { return emulation::Format<7, -126>::widen(x.bits); }
inline void narrow(float x, float16& out) { out.bits = emulation::Format<10, -14>::narrow(x); }
inline void narrow(float x, bfloat16& out) { out.bits = emulation::Format<7, -126>::narrow(x); }
