// The most multiplications and additions that one core does: chains of fused multiply-adds that stay in registers.
// Compiled once for float and once for double (REAL), with the flags of the training kernel.

#include <cstdint>

#ifndef REAL
#define REAL float
#endif

using real = REAL;
constexpr int WIDE = 64 / sizeof(real);
typedef real vec __attribute__((vector_size(64)));

template <int CHAINS>
static double spin(int64_t rounds) {
    vec sum[CHAINS];
    // A chain that the compiler knew to stand at its fixed point would be left out, and counted all the same.
    volatile real unknown = 2;
    for (int i = 0; i < CHAINS; i++) sum[i] = vec{} + real(1) / (unknown + real(i));
    const vec a = vec{} + real(0.999), b = vec{} + real(0.001);  // the fixed point is 1: nothing overflows or vanishes
    for (int64_t round = 0; round < rounds; round++) {
#pragma GCC unroll 32
        for (int i = 0; i < CHAINS; i++) sum[i] = sum[i] * a + b;
    }
    double total = 0;
    for (int i = 0; i < CHAINS; i++)
        for (int j = 0; j < WIDE; j++) total += double(sum[i][j]);
    return total;
}

// Processors differ in how many chains hide the latency and still fit into the registers; the caller takes the best.
extern "C" double harness_spin(int chains, int64_t rounds) {
    switch (chains) {
        case 4: return spin<4>(rounds);
        case 6: return spin<6>(rounds);
        case 8: return spin<8>(rounds);
        case 12: return spin<12>(rounds);
        case 24: return spin<24>(rounds);
        default: return 0;
    }
}
