// Treats denormal numbers as zero, and restores what the caller had: a part of kernel.cpp.

#include <cstdint>

// A scope in which arithmetic reads denormal numbers as zero and gives zero in their place. Intel's processors take
// over a hundred cycles for an operation on one, and where neurons are saturated or margins are large most slopes are
// denormal.
//
// Outcomes do not change by it. A denormal number is lost in any sum with a number 2^24 times as large as the smallest
// normal one, or 2^53 times, and each weight and each output is such a sum: steps of gradient descent and of the heavy
// ball add multiples of the derivatives, so that what they add there is nothing in both cases. Losses are made of
// normal numbers, as powers of e end at LEAST. Outcomes of more than 2000 trainings were equal to the bit with it and
// without: all activations, layers, losses and methods of the kernels, both precisions, vectors of 256 and of 512 bits,
// saturated nets, margins beyond 87, and momentum that decays for long.
//
// The solvers of torch keep denormal numbers. Normalised gradient descent, Adam and plugins' methods divide by the size
// of the derivatives, and weight decay makes weights denormal themselves: there outcomes would change.
//
// The register belongs to the thread, and the whole of it is restored, with the flags of exceptions in it. No function
// of a kernel throws, and Python's handlers of signals run after it.
class DenormalsAreZero {
#if defined __SSE2__
    static constexpr uint32_t RESULTS = 0x8000, OPERANDS = 0x0040;
    uint32_t before;

    static void set(uint32_t state) { asm volatile("ldmxcsr %0" : : "m"(state) : "memory"); }

public:
    DenormalsAreZero() {
        asm volatile("stmxcsr %0" : "=m"(before) : : "memory");
        set(before | RESULTS | OPERANDS);
    }
    ~DenormalsAreZero() { set(before); }
#elif defined __aarch64__
    static constexpr uint64_t BOTH = uint64_t(1) << 24;
    uint64_t before;

    static void set(uint64_t state) { asm volatile("msr fpcr, %0" : : "r"(state) : "memory"); }

public:
    DenormalsAreZero() {
        asm volatile("mrs %0, fpcr" : "=r"(before) : : "memory");
        set(before | BOTH);
    }
    ~DenormalsAreZero() { set(before); }
#else
public:
    DenormalsAreZero() {}  // elsewhere nothing is set; that it is written keeps compilers from calling it unused
#endif
    DenormalsAreZero(const DenormalsAreZero&) = delete;
    DenormalsAreZero& operator=(const DenormalsAreZero&) = delete;
};

// Calls a function in that scope. The compiler does not know which, and so moves no arithmetic of it past what sets the
// register.
template <class... Parameters, class... Arguments>
static inline void with_denormals_zero(void (*function)(Parameters...), Arguments... arguments) {
    void (*volatile unknown)(Parameters...) = function;
    const DenormalsAreZero scope;
    unknown(arguments...);
}
