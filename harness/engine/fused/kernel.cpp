// Trains one shallow net f(x) = v'phi(Wx) + c by full-batch gradient descent or heavy ball, from its first step to its
// last, without leaving the first-level cache: nothing of a step is written back but the weights.
//
// Compiled once for float and once for double (REAL), with the vector extensions of GCC and Clang. Vectors are as wide
// as the processor's registers, as GCC makes slow code of wider ones. Sums that run along vectors are kept for a line
// of 64 bytes, so that the width changes no bit. Each network is trained by itself, so its result cannot depend on
// others.
//
// Layout. Samples run along vectors: inputs transposed, xt[feature][sample], for the products Wx; inputs with padded
// rows, x[sample][feature], for the gradient. Samples are taken in blocks of at most four vectors; of a block all
// neurons are computed, activated, turned into a gradient, before the next block is looked at.
//
// Gram form, for few samples in many dimensions: Z = WX' is carried instead of W. A step moves W by -rate S X, S the
// derivative in Z, hence Z by -rate S XX': with XX' in the place of x, the gradient of Z is computed as that of W is, and
// the products Wx fall away. What was added to W is kept as coefficients A, W = W0 + A X.

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <type_traits>

#include "denormals.h"

#ifndef REAL
#define REAL float
#endif

// GCC puts the operations of several phi side by side, as far as registers reach, only if it orders operations before it
// chooses registers.
#if !defined ELEMENTARY_ONLY && defined __GNUC__ && !defined __clang__
#pragma GCC optimize("schedule-insns", "sched-pressure")
#endif

using real = REAL;
constexpr bool SINGLE = sizeof(real) == 4;
using integer = std::conditional_t<SINGLE, int32_t, int64_t>;

#if defined __AVX512F__
#define VECTOR_BYTES 64
#elif defined __AVX2__
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif

#if defined __AVX512F__ || defined __aarch64__
constexpr bool MANY_REGISTERS = true;  // 32 of them, else 16
#else
constexpr bool MANY_REGISTERS = false;
#endif

constexpr int WIDE = VECTOR_BYTES / sizeof(real);  // numbers in a vector
constexpr int LINE = 64 / sizeof(real);            // numbers in a line
constexpr int PARTS = LINE / WIDE;                 // vectors in a line
constexpr int MOST_VECTORS = 4;                    // vectors in a block of samples: one line or several
constexpr int MOST_NEURONS = MANY_REGISTERS ? 6 : 3;   // neurons whose sums are held in registers together
constexpr int MOST_FEATURES = MANY_REGISTERS ? 4 : 3;  // vectors in a block of features
constexpr int BLOCK = MOST_VECTORS * WIDE;

typedef real vec __attribute__((vector_size(VECTOR_BYTES)));
typedef integer ivec __attribute__((vector_size(VECTOR_BYTES)));
typedef real half_line __attribute__((vector_size(32)));
typedef real quarter_line __attribute__((vector_size(16)));

static inline vec all(real a) { return a - vec{}; }  // a + 0 is not a if a is -0, and would be computed
static inline vec all(vec a) { return a; }
static inline vec load(const real* p) { return *reinterpret_cast<const vec*>(p); }
static inline void store(real* p, vec a) { *reinterpret_cast<vec*>(p) = a; }
constexpr integer SIGN = SINGLE ? integer(0x80000000) : integer(0x8000000000000000);
static inline vec magnitude(vec a) { return (vec)((ivec)a & ~SIGN); }
static inline vec choose(ivec condition, vec yes, vec no) { return condition ? yes : no; }

// The numbers 0, 1, ... of a vector's lanes.
static inline ivec lanes() {
    ivec lane;
    for (int i = 0; i < WIDE; i++) lane[i] = i;
    return lane;
}

// sum += a b for vectors, or a number a, rounded once where the processor can. For some processors GCC makes two
// instructions of it, which round twice, if vectors have 256 bits: so there it is told which to use.
template <class Sum, class A, class B>
static inline void add_product(Sum& sum, A a, B b) {
#if VECTOR_BYTES == 32 && defined __FMA__ && defined __GNUC__ && !defined __clang__
    const vec left = all(a);
    if constexpr (sizeof sum[0] == 4)
        sum = __builtin_ia32_vfmaddps256(left, b, sum);
    else
        sum = __builtin_ia32_vfmaddpd256(left, b, sum);
#else
    sum += a * b;
#endif
}

// The sum of a line, by halves, which takes a third of the time of one after the other.
static inline real sum_of(const vec (&line)[PARTS]) {
    half_line halves[2];
    std::memcpy(halves, line, sizeof line);
    const half_line two = halves[0] + halves[1];
    quarter_line quarters[2];
    std::memcpy(quarters, &two, sizeof two);
    const quarter_line four = quarters[0] + quarters[1];
    if (SINGLE) return (four[0] + four[LINE / 8]) + (four[1] + four[LINE / 8 + 1]);
    return four[0] + four[1];
}

// --- elementary functions, to a few units in the last place, and e^x to |x|/8 of them --------------

constexpr int LONG = 10;  // most coefficients of a polynomial that is one chain

// c[0] + c[1] x + ...; long ones by even and odd powers side by side, as one chain keeps the processor waiting.
template <int N>
static inline vec polynomial(const real (&c)[N], vec x) {
    if constexpr (N <= LONG) {
        vec sum = all(c[N - 1]);
        for (int i = N - 2; i >= 0; i--) sum = sum * x + c[i];
        return sum;
    } else {
        constexpr int last = N - 1 - N % 2;  // the highest odd power below N
        const vec square = x * x;
        vec even = N % 2 ? c[N - 1] * square + c[N - 3] : all(c[N - 2]), odd = all(c[last]);
        for (int i = last - 2; i > 0; i -= 2) odd = odd * square + c[i];
        for (int i = (N % 2 ? N - 5 : N - 4); i >= 0; i -= 2) even = even * square + c[i];
        return odd * x + even;
    }
}

// Adding it rounds to the nearest integer, which then stands in the low bits.
constexpr real ROUNDER = SINGLE ? real(12582912.0) : real(6755399441055744.0);

constexpr real PER_LOG2 = real(1.4426950408889634);
constexpr real LEAST = SINGLE ? real(-87) : real(-708);  // powers of e from here on are normal numbers

// x, or `limit` if that is nearer to 0, for numbers of one sign: the nearer have the smaller bits.
static inline vec limited(vec x, real limit) {
    const ivec bits = (ivec)x, most = (ivec)all(limit);
    return (vec)(bits < most ? bits : most);
}

// 2^m a for the integer m in the low bits of `shifted`.
static inline vec scaled(vec a, vec shifted) { return (vec)((ivec)a + ((ivec)shifted << (SINGLE ? 23 : 52))); }

// 2^(x rate), as 2^(m + f) with f = x rate - m in [-1/2, 1/2], exact but for the rounding of `rate`: minimax polynomial of
// 2^f, of relative error 7e-8 and 3e-18, exponent m added by hand.
static inline vec power_of_two(vec x, real rate) {
    const vec shifted = x * rate + ROUNDER;
    const vec f = x * rate - (shifted - ROUNDER);
    static const real single[] = {1.0000000716584092,  0.6931469670885129,   0.2402211971391372,
                                  0.05550713247802983, 0.009675541704527962, 0.0013276478687573995};
    static const real twice[] = {1,
                                 0.6931471805599453,
                                 0.24022650695910155,
                                 0.055504108664819925,
                                 0.009618129107588334,
                                 0.0013333558146789847,
                                 0.000154035304625159,
                                 1.5252733490040541e-05,
                                 1.3215433088983665e-06,
                                 1.0178198004833685e-07,
                                 7.0741057273785045e-09,
                                 4.43528478418879e-10};
    return scaled(SINGLE ? polynomial(single, f) : polynomial(twice, f), shifted);
}

// e^x for x <= 0.
static inline vec exp_negative(vec x) { return power_of_two(limited(x, LEAST), PER_LOG2); }

// e^x for x <= 0 as a quotient, which in double precision takes half as many operations: 2^f = (Q + f P)/(Q - f P) with
// quadratic P and Q of f^2 for which P/Q = tanh(f log(2)/2)/f, of relative error 9e-19.
static inline void exp_quotient(vec x, vec& numerator, vec& denominator) {
    if (SINGLE) {
        numerator = exp_negative(x);
        denominator = all(1);
        return;
    }
    x = limited(x, LEAST);
    const vec shifted = x * PER_LOG2 + ROUNDER;
    const vec f = x * PER_LOG2 - (shifted - ROUNDER), square = f * f;
    static const real p[] = {1513.9067362548904562, 20.20206511259523763, 0.023093349188015530546};
    static const real q[] = {4368.2114815266527715, 233.18420261826919908};
    const vec odd = f * polynomial(p, square), even = square * (square + q[1]) + q[0];
    numerator = scaled(even + odd, shifted);
    denominator = even - odd;
}

// P of log(1 + u) = q P(q^2), q = u/(2 + u) <= 1/3: minimax polynomial of 2 artanh(q)/q, of relative error 5e-17.
static inline vec artanh_ratio(vec square) {
    static const real c[] = {1.9999999999999999116,  0.66666666666682574328, 0.39999999995287600008,
                             0.28571429111657160221, 0.22222190861346284037, 0.18182859800473910957,
                             0.15363676248891634258, 0.13591305485579893836, 0.098807890487647862408,
                             0.17780763826113302894};
    return polynomial(c, square);
}

// log(1 + u)/u for 0 <= u <= 1: in single precision a minimax polynomial, of relative error 3e-8.
static inline vec log1p_ratio(vec u) {
    if (!SINGLE) {
        const vec part = real(1) / (u + real(2)), q = u * part;
        return part * artanh_ratio(q * q);
    }
    static const real c[] = {0.9999999698811416,  -0.4999949314965243, 0.3331909688249126,
                             -0.2484298218316706, 0.1910600509135331,  -0.1366324014897426,
                             0.07822586915447423, -0.02950518123594049, 0.005232678716563551};
    return polynomial(c, u);
}

// log(1 + a/b) and 1/(a + b) for 0 <= a <= b, with one division. In single precision b is 1.
static inline vec log1p(vec a, vec b, vec& inverse) {
    const vec one = a + b;
    if (SINGLE) {
        inverse = real(1) / one;
        return a * log1p_ratio(a);
    }
    const vec two = one + b, both = real(1) / (one * two);
    const vec q = a * (one * both);
    inverse = two * both;
    return q * artanh_ratio(q * q);
}

// log(1 + u) and 1/(1 + u) for 0 <= u <= 1.
static inline vec log1p(vec u, vec& inverse) { return log1p(u, all(1), inverse); }

// erfc(|x|)/2 and e^{-x^2} of x = scale z: t e^{-x^2} P, t = c/(c + |x|), with the polynomial P of t, of degree 5,
// or of 2t - 1, of degree 14, for which it errs least, by 1e-8 and 9e-18.
__attribute__((always_inline)) static inline vec half_erfc(vec z, real scale, vec& gauss) {
    static const real single[] = {0.11858305636480544,  0.026810240747473715, 0.37275971144761275,
                                  -0.38630662407540372, 0.48728364069566814,  -0.11913001596943112};
    static const real twice[] = {0.17900115118135987, 0.1472324088583493, 0.098371393001471,
                                 0.05174454107796178, 0.01992131797606032, 0.00447105743924796,
                                 -0.000201453225536673, -0.0005074917604855607, -8.753843493904546e-05,
                                 4.028176283324242e-05, 2.4118862505147556e-05, -9.239255801296727e-06,
                                 -1.6963055481450522e-06, 1.3532433649174235e-06, -2.0442084281949335e-07};
    const real c = (SINGLE ? real(2.6) : real(3)) / scale;
    const vec t = c / (magnitude(z) + c);
    gauss = power_of_two(limited(z * z, -LEAST / (scale * scale)), -PER_LOG2 * (scale * scale));
    return t * gauss * (SINGLE ? polynomial(single, t) : polynomial(twice, t * real(2) - real(1)));
}

// erf(x) and e^{-x^2}.
__attribute__((always_inline)) static inline vec error_function(vec x, vec& gauss) {
    const vec value = real(1) - half_erfc(x, real(1), gauss) * real(2);
    return (vec)((ivec)value ^ ((ivec)x & SIGN));
}

// sin and cos of r = x - m pi, |r| <= pi/2, by their Taylor series; the sign alternates with m.
static inline void sine_cosine(vec x, vec& sine, vec& cosine) {
    const vec shifted = x * real(0.3183098861837907) + ROUNDER;
    const vec m = shifted - ROUNDER;
    constexpr real a = SINGLE ? real(3.140625) : real(3.141592653589793116);
    constexpr real b = SINGLE ? real(9.67025756835938e-4) : real(1.2246467991473532e-16);
    constexpr real c = SINGLE ? real(6.2771141529083251953e-7) : real(0);
    const vec r = ((x - m * a) - m * b) - m * c;
    const vec r2 = r * r;
    static const real s[] = {1,
                             -1. / 6,
                             1. / 120,
                             -1. / 5040,
                             1. / 362880,
                             -1. / 39916800,
                             1. / 6227020800,
                             -1. / 1307674368000,
                             1. / 355687428096000,
                             -1. / 121645100408832000,
                             1. / 51090942171709440000.,
                             -1. / 25852016738884976640000.};
    static const real k[] = {1,
                             -1. / 2,
                             1. / 24,
                             -1. / 720,
                             1. / 40320,
                             -1. / 3628800,
                             1. / 479001600,
                             -1. / 87178291200,
                             1. / 20922789888000,
                             -1. / 6402373705728000,
                             1. / 2432902008176640000.,
                             -1. / 1124000727777607680000.,
                             1. / 620448401733239439360000.};
    static const real s_single[] = {1, -1. / 6, 1. / 120, -1. / 5040, 1. / 362880, -1. / 39916800, 1. / 6227020800};
    static const real k_single[] = {1,          -1. / 2,    1. / 24,      -1. / 720,
                                    1. / 40320, -1. / 3628800, 1. / 479001600, -1. / 87178291200};
    const vec sign = (vec)(((ivec)shifted << (8 * sizeof(real) - 1)));  // the parity of m, moved to the sign bit
    const vec sine_r = r * (SINGLE ? polynomial(s_single, r2) : polynomial(s, r2));
    const vec cosine_r = SINGLE ? polynomial(k_single, r2) : polynomial(k, r2);
    sine = (vec)((ivec)sine_r ^ (ivec)sign);
    cosine = (vec)((ivec)cosine_r ^ (ivec)sign);
}

static inline vec sigmoid(vec z) {
    const vec u = exp_negative(-magnitude(z));
    const vec sigma = real(1) / (real(1) + u);
    return choose(z > real(0), sigma, u * sigma);
}

// --- the activation: phi(z) and phi'(z) together ----------------------------------------------------

// ACTIVATION is the statements that set phi and slope from z, with what is defined above. The command that compiles
// this file gives them, so each activation has a library of its own.
#ifndef ACTIVATION
#define ACTIVATION phi = z; slope = all(1);
#endif

static inline void activate(vec z, vec& phi, vec& slope) { ACTIVATION }

// phi and slope of VECTORS vectors. Each is one long chain of operations, so they come without a branch between them, and
// the compiler puts their operations side by side.
template <int VECTORS>
static inline void activate_all(const real* z, vec* phi, vec* slope) {
    for (int u = 0; u < VECTORS; u++) activate(load(z + u * WIDE), phi[u], slope[u]);
}

#ifndef ELEMENTARY_ONLY

// --- matrix products on a block of samples ----------------------------------------------------------

// Their loops run at least once, and say so: else the compiler keeps the sums in memory, for the case that they do not.

// z[j] = W[j] X' for NEURONS neurons and VECTORS vectors of samples.
template <int NEURONS, int VECTORS>
static inline void preactivations(const real* w, int w_row, const real* xt, int x_row, int features, real* z) {
    vec sum[NEURONS][VECTORS] = {};
    int l = 0;
    do {
        vec x[VECTORS];
        for (int u = 0; u < VECTORS; u++) x[u] = load(xt + (size_t)l * x_row + u * WIDE);
        for (int j = 0; j < NEURONS; j++) {
            const vec weight = all(w[j * w_row + l]);
            for (int u = 0; u < VECTORS; u++) add_product(sum[j][u], weight, x[u]);
        }
    } while (++l < features);
    for (int j = 0; j < NEURONS; j++)
        for (int u = 0; u < VECTORS; u++) store(z + j * BLOCK + u * WIDE, sum[j][u]);
}

// g[j] += sum over samples of q[j][i] x[i] for NEURONS neurons and VECTORS vectors of features. Where few features are
// left for the last vector, SHARING neurons share one, as it would else be padding: that of x[i] holds the features
// SHARING times over, and that of g[j], j = 0, SHARING, ..., the sums of neurons j to j + SHARING - 1. Each sum is that
// of an unshared vector to the last bit.
template <int NEURONS, int VECTORS, int SHARING>
static inline void gradients(const real* q, const real* x, int x_row, int samples, real* g, int g_row) {
    constexpr int WHOLE = VECTORS - (SHARING > 1);
    constexpr int SHARED = SHARING > 1 ? (NEURONS + SHARING - 1) / SHARING : 0;
    using Last = std::conditional_t<NEURONS == 1 && PARTS == 1, half_line, vec>;  // one neuron has none to share with
    const auto last = [](const real* p) { return *reinterpret_cast<const Last*>(p + WHOLE * WIDE); };
    vec sum[NEURONS][MOST_VECTORS];
    Last rest[SHARED + 1];
    for (int j = 0; j < NEURONS; j++)
        for (int u = 0; u < WHOLE; u++) sum[j][u] = load(g + j * g_row + u * WIDE);
    for (int s = 0; s < SHARED; s++) rest[s] = last(g + s * SHARING * g_row);
    const ivec lane = lanes();
    int i = 0;
    do {
        const real* from = x + (size_t)i * x_row;
        vec row[MOST_VECTORS], weight[NEURONS];
        for (int u = 0; u < WHOLE; u++) row[u] = load(from + u * WIDE);
        for (int j = 0; j < NEURONS; j++) {
            weight[j] = all(q[j * BLOCK + i]);
            for (int u = 0; u < WHOLE; u++) add_product(sum[j][u], weight[j], row[u]);
        }
        for (int s = 0; s < SHARED; s++) {
            if constexpr (NEURONS == 1) {
                add_product(rest[s], q[i], last(from));
            } else {
                vec mixed = weight[s * SHARING];
                for (int p = 1; p < SHARING && s * SHARING + p < NEURONS; p++)
                    mixed = choose(lane >= integer(p * (WIDE / SHARING)), weight[s * SHARING + p], mixed);
                add_product(rest[s], mixed, last(from));
            }
        }
    } while (++i < samples);
    for (int j = 0; j < NEURONS; j++)
        for (int u = 0; u < WHOLE; u++) store(g + j * g_row + u * WIDE, sum[j][u]);
    for (int s = 0; s < SHARED; s++) *reinterpret_cast<Last*>(g + s * SHARING * g_row + WHOLE * WIDE) = rest[s];
}

// Gives each neuron its own part of the last vectors that `gradients` shared between neurons.
static inline void distribute(real* g, int k, int columns, int sharing) {
    const int own = WIDE / sharing;
    real* last = g + columns - WIDE;
    for (int j = 0; j < k; j += sharing, last += (size_t)sharing * columns) {
        for (int p = 1; p < sharing && j + p < k; p++)
            std::memcpy(last + (size_t)p * columns, last + p * own, sizeof(real) * own);
        std::memset(last + own, 0, sizeof(real) * (WIDE - own));
    }
}

// Most neurons whose sums over samples are held in registers together, by vectors of features: with fewer than eight
// sums the processor waits for one before it adds to it again.
constexpr int most_neurons(int vectors) {
    if (!MANY_REGISTERS) return vectors > MOST_FEATURES ? 0 : 12 / vectors;
    return vectors <= 2 ? 12 : vectors == 3 ? 8 : 6;
}

// Calls f.template run<A, B>() with A in 1..F::MOST and B in 1..MOST_VECTORS known to the compiler.
template <class F, int A = 1>
static inline void specialise(int a, int b, F& f) {
    if (a == A) {
        switch (b) {
            case 1: return f.template run<A, 1>();
            case 2: return f.template run<A, 2>();
            case 3: return f.template run<A, 3>();
            default: return f.template run<A, 4>();
        }
    }
    if constexpr (A < F::MOST) specialise<F, A + 1>(a, b, f);
}

struct Forward {
    const real* w;
    int w_row;
    const real* xt;
    int x_row, features;
    real* z;
    static constexpr int MOST = MOST_NEURONS;
    template <int A, int B>
    void run() {
        preactivations<A, B>(w, w_row, xt, x_row, features, z);
    }
};

struct Backward {
    const real* q;
    const real* x;
    int x_row, samples;
    real* g;
    int g_row;
    int sharing;  // neurons that share the last vector of features
    static constexpr int MOST = most_neurons(1);
    template <int A, int B>
    void run() {
        if constexpr (A <= most_neurons(B)) switch (sharing) {
            case 2: return gradients<A, B, 2>(q, x, x_row, samples, g, g_row);
            case 4: return gradients<A, B, 4>(q, x, x_row, samples, g, g_row);
            default: return gradients<A, B, 1>(q, x, x_row, samples, g, g_row);
        }
    }
};

// Activates all neurons on a block.
struct Neurons {
    const real* z;  // [k][row]
    int row, k;
    const real* v;
    real* phi;    // [k][BLOCK] or null, may be z
    real* slope;  // [k][BLOCK]: out, v phi'

    // f = c + sum of v_j phi(z_j), neurons outside so that the vectors of a block lie side by side.
    // Inlined, as the call costs up to 7 %.
    template <int VECTORS>
    __attribute__((always_inline)) void sum_of(real c, vec* f) const {
        vec sum[VECTORS];
        for (int u = 0; u < VECTORS; u++) sum[u] = all(c);
        for (int j = 0; j < k; j++) {
            const vec weight = all(v[j]);
            vec value[VECTORS], derivative[VECTORS];
            activate_all<VECTORS>(z + (size_t)j * row, value, derivative);
            for (int u = 0; u < VECTORS; u++) {
                add_product(sum[u], weight, value[u]);
                store(slope + j * BLOCK + u * WIDE, weight * derivative[u]);
            }
            if (phi)
                for (int u = 0; u < VECTORS; u++) store(phi + j * BLOCK + u * WIDE, value[u]);
        }
        for (int u = 0; u < VECTORS; u++) f[u] = sum[u];
    }

    void sum(int vectors, real c, vec* f) const {
        switch (vectors) {
            case 1: return sum_of<1>(c, f);
            case 2: return sum_of<2>(c, f);
            case 3: return sum_of<3>(c, f);
            default: return sum_of<4>(c, f);
        }
    }
};

// Start of part p of `parts` parts of nearly equal size.
static inline int part(int total, int parts, int p) { return (int)((int64_t)total * p / parts); }

// --- one network ------------------------------------------------------------------------------------

extern "C" struct Network {
    int32_t n, d, k;               // samples, features, neurons
    int32_t rows, columns;         // n and d padded to whole vectors
    int32_t hidden, output, bias;  // whether W trains, v (and c) trains, c exists
    int32_t rungs;                 // tolerances
    int64_t steps;                 // budget
    int64_t every;                 // steps between two entries of the history
    int32_t marks;                 // steps at which the curve is kept
    int32_t gram;                  // whether w holds Z, [k][rows], and x holds XX', [rows][rows]; then xt is not read
    int32_t sharing;               // neurons that share the last vector of a gradient: 1, 2 or 4
    const real* xt;                // [d][rows]
    const real* x;                 // [rows][columns], features of its last vector repeated for `sharing`
    const real* y;                 // [rows]
    const real* inside;            // [rows] 1 for samples, 0 for padding
    real* w;                       // [k][columns], changed in place
    real* v;                       // [k], changed in place
    real* c;                       // [2], changed in place: c, and what momentum remembers of it
    real* w_velocity;              // [k][columns], what momentum remembers; zero before the first step
    real* v_velocity;              // [k], likewise
    real* coefficients;            // [k][rows] A of the Gram form, and after it what momentum remembers of it; else null
    const real* w_start;           // [k][columns] weights before the first step; read if there are constraints
    const real* v_start;           // [k], likewise
    real* work;                    // k columns + 2 k BLOCK + k LINE numbers, in the Gram form k rows more
    const real* ball;              // [columns] 1 for the weights that the balls hold, 0 for biases and padding
    const double* norms;           // [rungs] residual norm of each tolerance, decreasing
    const int64_t* mark;           // [marks] increasing
    int64_t* hit;                  // [rungs] first step at which each norm was met, -1 if never
    double* history;               // [steps/every + 1] residual norms
    double* curve;                 // [marks] residual norms
    double step_size, momentum, diverged;
    double epsilon, zeta, kappa;   // of the constraints; epsilon = 0 for none
    int64_t pause;                 // return before this step, to be called again
    int64_t step;                  // steps taken so far; 0 before the first call
    double norm;                   // out: residual norm after them
    int32_t rung, next_mark;       // how many of norms and of marks are behind; 0 before the first call
    int32_t ended, overflow;       // out: whether there is nothing more to do, and whether it diverged
};

// Moves the weights to the nearest ones that satisfy the constraints: w_j within epsilon of its centre,
// v_{j + k/2} = -v_j, zeta <= |v_j| <= kappa with the sign that v_j had at the start.
static inline void project(const Network& net) {
    const int k = net.k, columns = net.columns;
    const real epsilon = (real)net.epsilon, zeta = (real)net.zeta, kappa = (real)net.kappa;
    for (int j = 0; j < k; j++) {
        real* w = net.w + (size_t)j * columns;
        const real* from = net.w_start + (size_t)j * columns;
        vec squares[PARTS] = {};
        for (int l = 0; l < columns; l += WIDE) {
            const vec moved = (load(w + l) - load(from + l)) * load(net.ball + l);
            add_product(squares[l / WIDE % PARTS], moved, moved);
        }
        real length = 0;
        for (int i = 0; i < LINE; i++) length += squares[i / WIDE][i % WIDE];
        length = std::sqrt(length);
        if (!(length > epsilon)) continue;
        const vec excess = all(1 - epsilon / length);
        for (int l = 0; l < columns; l += WIDE) {
            const vec moved = (load(w + l) - load(from + l)) * load(net.ball + l);
            store(w + l, load(w + l) - moved * excess);
        }
    }
    for (int j = 0; j < k / 2; j++) {
        const real sign = net.v_start[j] >= 0 ? real(1) : real(-1);
        const real size = sign * (net.v[j] - net.v[j + k / 2]) * real(0.5);
        net.v[j] = sign * std::fmin(std::fmax(size, zeta), kappa);
        net.v[j + k / 2] = -net.v[j];
    }
}

// Takes one step of gradient descent, or of the heavy ball, on `count` weights.
static inline void descend(real* weights, const real* gradient, real* velocity, size_t count, real rate, real beta) {
    const vec minus = all(-rate), keep = all(beta);
    for (size_t i = 0; i < count; i += WIDE) {
        vec move = minus * load(gradient + i);
        if (beta != 0) {
            move += keep * load(velocity + i);
            store(velocity + i, move);
        }
        store(weights + i, load(weights + i) + move);
    }
}

static void train(Network* network) {
    Network& net = *network;
    const int n = net.n, d = net.d, k = net.k, rows = net.rows, columns = net.columns;
    real* gradient = net.work;                     // of W, [k][columns]
    real* z = gradient + (size_t)k * columns;      // [k][BLOCK]: z, then phi
    real* slope = z + (size_t)k * BLOCK;           // [k][BLOCK]: v phi', then that times r
    real* derivative_z = slope + (size_t)k * BLOCK;  // S of the Gram form, [k][rows]
    real* v_gradient = net.gram ? derivative_z + (size_t)k * rows : derivative_z;  // [k][LINE]
    const int vectors = rows / WIDE;
    const int lines = (vectors + PARTS - 1) / PARTS;
    const int blocks = (lines + MOST_VECTORS / PARTS - 1) / (MOST_VECTORS / PARTS);
    const int groups = (k + MOST_NEURONS - 1) / MOST_NEURONS;
    const int feature_vectors = columns / WIDE;
    const int feature_blocks = (feature_vectors + MOST_FEATURES - 1) / MOST_FEATURES;
    const int packs = (k + net.sharing - 1) / net.sharing;  // groups of neurons that share a vector
    const int most_packs = most_neurons(feature_blocks > 1 ? MOST_FEATURES : feature_vectors) / net.sharing;
    const int gradient_groups = (packs + most_packs - 1) / most_packs;
    const real rate = (real)net.step_size, beta = (real)net.momentum;
    net.ended = net.overflow = 0;

    for (;; net.step++) {
        if (net.step == net.pause) return;
        const int64_t step = net.step;
        std::memset(gradient, 0, sizeof(real) * k * columns);
        std::memset(v_gradient, 0, sizeof(real) * k * LINE);
        vec squares[PARTS] = {};
        vec total[PARTS] = {};
        for (int b = 0; b < blocks; b++) {
            const int first = part(lines, blocks, b) * PARTS, last = part(lines, blocks, b + 1) * PARTS;
            const int width = (last < vectors ? last : vectors) - first;
            const int start = first * WIDE;
            for (int p = 0; p < groups && !net.gram; p++) {
                const int j = part(k, groups, p), neurons = part(k, groups, p + 1) - j;
                Forward forward{net.w + (size_t)j * columns, columns, net.xt + start, rows, d, z + j * BLOCK};
                specialise(neurons, width, forward);
            }
            const real* carried = net.gram ? net.w + start : z;
            const int carried_row = net.gram ? columns : BLOCK;
            Neurons neurons{carried, carried_row, k, net.v, net.output ? z : nullptr, slope};
            vec r[MOST_VECTORS];
            neurons.sum(width, net.c[0], r);
            for (int u = 0; u < width; u++) {
                r[u] = (r[u] - load(net.y + start + u * WIDE)) * load(net.inside + start + u * WIDE);
                add_product(squares[u % PARTS], r[u], r[u]);
                total[u % PARTS] += r[u];
            }
            if (net.hidden) {
                for (int j = 0; j < k; j++)
                    for (int u = 0; u < width; u++) {
                        real* at = slope + j * BLOCK + u * WIDE;
                        store(at, load(at) * r[u]);
                        if (net.gram) store(derivative_z + (size_t)j * rows + start + u * WIDE, load(at));
                    }
                const int samples = (start + width * WIDE <= n ? width * WIDE : n - start);
                for (int p = 0; p < gradient_groups; p++) {
                    const int j = part(packs, gradient_groups, p) * net.sharing;
                    const int to = part(packs, gradient_groups, p + 1) * net.sharing;
                    for (int fb = 0; fb < feature_blocks; fb++) {
                        const int from = part(feature_vectors, feature_blocks, fb);
                        const int wide = part(feature_vectors, feature_blocks, fb + 1) - from;
                        Backward backward{slope + j * BLOCK,
                                          net.x + (size_t)start * columns + from * WIDE,
                                          columns,
                                          samples,
                                          gradient + (size_t)j * columns + from * WIDE,
                                          columns,
                                          fb == feature_blocks - 1 ? net.sharing : 1};
                        specialise((to < k ? to : k) - j, wide, backward);
                    }
                }
            }
            if (net.output)
                for (int j = 0; j < k; j++) {
                    vec sum[PARTS];
                    for (int h = 0; h < PARTS; h++) sum[h] = load(v_gradient + j * LINE + h * WIDE);
                    for (int u = 0; u < width; u++) add_product(sum[u % PARTS], load(z + j * BLOCK + u * WIDE), r[u]);
                    for (int h = 0; h < PARTS; h++) store(v_gradient + j * LINE + h * WIDE, sum[h]);
                }
        }
        double norm = 0;
        for (int i = 0; i < LINE; i++) norm += squares[i / WIDE][i % WIDE];
        norm = std::sqrt(norm);
        if (step % net.every == 0) net.history[step / net.every] = norm;
        while (net.next_mark < net.marks && net.mark[net.next_mark] == step) net.curve[net.next_mark++] = norm;
        while (net.rung < net.rungs && norm <= net.norms[net.rung]) net.hit[net.rung++] = step;
        net.norm = norm;
        net.overflow = !(norm < net.diverged);
        net.ended = net.rung == net.rungs || net.overflow || step == net.steps;
        if (net.ended) return;
        if (net.hidden) {
            if (net.sharing > 1) distribute(gradient, k, columns, net.sharing);
            descend(net.w, gradient, net.w_velocity, (size_t)k * columns, rate, beta);
            if (net.gram) {
                const size_t count = (size_t)k * rows;
                descend(net.coefficients, derivative_z, net.coefficients + count, count, rate, beta);
            }
        }
        if (net.output) {
            for (int j = 0; j < k; j++) {
                vec sum[PARTS];
                for (int h = 0; h < PARTS; h++) sum[h] = load(v_gradient + j * LINE + h * WIDE);
                net.v_velocity[j] = beta * net.v_velocity[j] - rate * sum_of(sum);
                net.v[j] += net.v_velocity[j];
            }
            if (net.bias) {
                net.c[1] = beta * net.c[1] - rate * sum_of(total);
                net.c[0] += net.c[1];
            }
        }
        if (net.epsilon > 0) project(net);
    }
}

extern "C" void harness_train(Network* network) { with_denormals_zero(train, network); }

// The size of the struct, which its counterpart in Python must have.
extern "C" int64_t harness_network_size() { return sizeof(Network); }

#endif  // ELEMENTARY_ONLY

// The width of a vector, of which the rows of all arrays must be multiples.
extern "C" int64_t harness_vector_bytes() { return VECTOR_BYTES; }

static void activate_each(int64_t count, const real* z, real* phi, real* slope) {
    vec a[MOST_VECTORS], b[MOST_VECTORS];
    int64_t i = 0;
    for (; i + BLOCK <= count; i += BLOCK) {
        activate_all<MOST_VECTORS>(z + i, a, b);
        for (int u = 0; u < MOST_VECTORS; u++) {
            store(phi + i + u * WIDE, a[u]);
            store(slope + i + u * WIDE, b[u]);
        }
    }
    for (; i < count; i += WIDE) {
        activate_all<1>(z + i, a, b);
        store(phi + i, a[0]);
        store(slope + i, b[0]);
    }
}

// phi and phi' of `count` numbers, a multiple of the vector's length: for tests.
extern "C" void harness_activate(int64_t count, const real* z, real* phi, real* slope) {
    with_denormals_zero(activate_each, count, z, phi, slope);
}
