// Extreme eigenvalues of a symmetric positive semidefinite matrix: the largest by Lanczos' method, and the smallest as
// the inverse of the largest one of the inverse, which a Cholesky factorization applies. All eigenvalues of a
// tridiagonal matrix, with one entry of each eigenvector.
//
// The extreme ones are those of harness/engine/spectrum.py, which explains the method. At a few hundred samples a step
// of it takes two microseconds here, and twenty in NumPy, nearly all of them between calls. A matrix is taken by itself,
// so its eigenvalues cannot depend on others. Rows are of any length: what is left of them beyond whole vectors is added
// last.

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <limits>
#include <new>
#include <utility>
#include <vector>

#if defined __AVX512F__
#define VECTOR_BYTES 64
#elif defined __AVX2__
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif

typedef double vec __attribute__((vector_size(VECTOR_BYTES), aligned(8)));
using numbers = std::vector<double>;

constexpr int64_t WIDE = VECTOR_BYTES / sizeof(double);  // numbers in a vector
constexpr int64_t LINE = 64 / sizeof(double);            // numbers in a line
constexpr int64_t ROWS = 4;                              // rows that are multiplied or added together
constexpr int64_t PANEL = 16;                            // rows of a factor that are subtracted together
constexpr int64_t CHECKED = 4;                           // steps between two looks at the largest Ritz value
constexpr int64_t SWEEPS = 100;                          // for one eigenvalue, which takes two

constexpr double SINGULAR = -1.0;   // the matrix has no Cholesky factor
constexpr double NO_MEMORY = -2.0;

static inline vec load(const double* p) { return *reinterpret_cast<const vec*>(p); }
static inline void store(double* p, vec a) { *reinterpret_cast<vec*>(p) = a; }

static inline double sum(vec a) {
    double total = 0.0;
    for (int64_t i = 0; i < WIDE; i++) total += a[i];
    return total;
}

// The products of `count` rows with u.
template <int64_t COUNT>
static inline void products_of(const double* rows, int64_t stride, const double* u, int64_t n, double* out) {
    vec even[COUNT] = {}, odd[COUNT] = {};
    int64_t j = 0;
    for (; j + 2 * WIDE <= n; j += 2 * WIDE) {
        const vec first = load(u + j), second = load(u + j + WIDE);
        for (int64_t i = 0; i < COUNT; i++) {
            even[i] += load(rows + i * stride + j) * first;
            odd[i] += load(rows + i * stride + j + WIDE) * second;
        }
    }
    for (; j + WIDE <= n; j += WIDE) {
        const vec first = load(u + j);
        for (int64_t i = 0; i < COUNT; i++) even[i] += load(rows + i * stride + j) * first;
    }
    double rest[COUNT] = {};
    for (; j < n; j++)
        for (int64_t i = 0; i < COUNT; i++) rest[i] += rows[i * stride + j] * u[j];
    for (int64_t i = 0; i < COUNT; i++) out[i] = sum(even[i] + odd[i]) + rest[i];
}

static void products(const double* rows, int64_t count, int64_t stride, const double* u, int64_t n, double* out) {
    int64_t i = 0;
    for (; i + ROWS <= count; i += ROWS) products_of<ROWS>(rows + i * stride, stride, u, n, out + i);
    for (; i < count; i++) products_of<1>(rows + i * stride, stride, u, n, out + i);
}

// Subtracts from u the rows, each times its factor.
template <int64_t COUNT>
static inline void subtract_of(const double* rows, int64_t stride, const double* factors, int64_t n, double* u) {
    int64_t j = 0;
    for (; j + WIDE <= n; j += WIDE) {
        vec left = load(u + j);
        for (int64_t i = 0; i < COUNT; i++) left -= factors[i] * load(rows + i * stride + j);
        store(u + j, left);
    }
    for (; j < n; j++)
        for (int64_t i = 0; i < COUNT; i++) u[j] -= factors[i] * rows[i * stride + j];
}

static void subtract(const double* rows, int64_t count, int64_t stride, const double* factors, int64_t n, double* u) {
    int64_t i = 0;
    for (; i + ROWS <= count; i += ROWS) subtract_of<ROWS>(rows + i * stride, stride, factors + i, n, u);
    for (; i < count; i++) subtract_of<1>(rows + i * stride, stride, factors + i, n, u);
}

static double norm(const double* u, int64_t n) {
    double square;
    products_of<1>(u, 0, u, n, &square);
    return std::sqrt(square);
}

// The largest eigenvalue of the tridiagonal matrix of m rows, by Laguerre's method from above, which comes down to it
// without passing it, as all eigenvalues are real. The pivots q of xI - T are positive as long as x is above.
static double largest_of_tridiagonal(const double* diagonal, const double* below, int64_t m) {
    double x = diagonal[0];
    for (int64_t i = 0; i < m; i++)
        x = std::max(x, diagonal[i] + (i ? below[i - 1] : 0.0) + (i + 1 < m ? below[i] : 0.0));
    if (m == 1) return x;
    for (int turn = 0; turn < 100; turn++) {
        double pivot = 1.0, slope = 0.0, bend = 0.0, first = 0.0, second = 0.0;  // of the logarithm of det(xI - T)
        for (int64_t i = 0; i < m; i++) {
            const double square = i ? below[i - 1] * below[i - 1] / pivot : 0.0;
            const double turned = i ? slope / pivot : 0.0;
            const double next = x - diagonal[i] - square, next_slope = 1.0 + square * turned;
            bend = i ? square * (bend / pivot - 2.0 * turned * turned) : 0.0;
            pivot = next, slope = next_slope;
            if (!(pivot > 0.0)) return x;  // x is the eigenvalue, up to rounding
            const double part = slope / pivot;
            first += part, second += part * part - bend / pivot;
        }
        const double spread = std::max((m - 1.0) * (m * second - first * first), 0.0);
        const double lower = x - m / (first + std::sqrt(spread));
        if (!(lower < x)) return x;
        x = lower;
    }
    return x;
}

// Last entry of the unit eigenvector to the largest eigenvalue. It is followed from its last entry to its first, along
// which it grows, so that rounding stays small beside it.
static double last_entry(const double* diagonal, const double* below, int64_t m, double value) {
    double entry = 1.0, after = 0.0, squares = 1.0;
    for (int64_t i = m - 1; i > 0; i--) {
        const double before = ((value - diagonal[i]) * entry - (i + 1 < m ? below[i] * after : 0.0)) / below[i - 1];
        after = entry, entry = before, squares += entry * entry;
        if (!(squares < 1e200)) return 0.0;
    }
    return 1.0 / std::sqrt(squares);
}

template <class Map>
static double lanczos(const Map& apply, numbers vector, double tolerance) {
    const int64_t n = vector.size();
    numbers basis, image(n), along, again, diagonal, below;
    const double length = norm(vector.data(), n);
    for (double& entry : vector) entry /= length;
    for (int64_t step = 0;; step++) {
        const int64_t m = step + 1;
        basis.insert(basis.end(), vector.begin(), vector.end());
        along.resize(m), again.resize(m);
        apply(vector.data(), image.data());
        for (numbers* factors : {&along, &again}) {
            products(basis.data(), m, n, image.data(), n, factors->data());
            subtract(basis.data(), m, n, factors->data(), n, image.data());
        }
        diagonal.push_back(along[step]), below.push_back(norm(image.data(), n));
        if (!std::isfinite(diagonal[step] + below[step])) return std::numeric_limits<double>::quiet_NaN();
        const bool ended = below[step] <= 1e-14 * norm(along.data(), m) || m == n;
        if (ended || m % CHECKED == 0) {
            const double value = largest_of_tridiagonal(diagonal.data(), below.data(), m);
            if (ended || below[step] * last_entry(diagonal.data(), below.data(), m, value) <= tolerance * value)
                return std::max(value, 0.0);
        }
        for (int64_t i = 0; i < n; i++) vector[i] = image[i] / below[step];
    }
}

// Replaces the upper triangle of a matrix by its Cholesky factor U, K = U'U, and its diagonal by the inverse of that of
// U. Panels of rows are finished, then subtracted from the rest. False if K has none.
static bool factorize(double* k, int64_t n, int64_t stride) {
    for (int64_t start = 0; start < n; start += PANEL) {
        const int64_t end = std::min(start + PANEL, n);
        for (int64_t i = start; i < end; i++) {
            double* row = k + i * stride;
            double factors[PANEL];
            for (int64_t above = start; above < i; above++) factors[above - start] = k[above * stride + i];
            subtract(k + start * stride + i, i - start, stride, factors, n - i, row + i);
            if (!(row[i] > 0.0) || std::isinf(row[i])) return false;
            const double inverse = 1.0 / std::sqrt(row[i]);
            for (int64_t j = i + 1; j < n; j++) row[j] *= inverse;
            row[i] = inverse;
        }
        if (end - start < PANEL) continue;
        for (int64_t i = end; i < n; i += ROWS) {
            const int64_t rows = std::min(ROWS, n - i);
            int64_t j = i;  // entries beside the diagonal that are computed and not used are of the lower triangle
            for (; rows == ROWS && j + WIDE <= n; j += WIDE) {
                vec left[ROWS];
                for (int64_t r = 0; r < ROWS; r++) left[r] = load(k + (i + r) * stride + j);
                for (int64_t p = start; p < end; p++) {
                    const vec row = load(k + p * stride + j);
                    for (int64_t r = 0; r < ROWS; r++) left[r] -= k[p * stride + i + r] * row;
                }
                for (int64_t r = 0; r < ROWS; r++) store(k + (i + r) * stride + j, left[r]);
            }
            for (; j < n; j++)
                for (int64_t r = i; r < i + rows; r++)
                    for (int64_t p = start; p < end; p++) k[r * stride + j] -= k[p * stride + r] * k[p * stride + j];
        }
    }
    return true;
}

// Replaces u by the solution of U'x = u, U as factorize leaves it.
static void solve_transposed(const double* upper, int64_t n, int64_t stride, double* u) {
    for (int64_t start = 0; start < n; start += PANEL) {
        const int64_t end = std::min(start + PANEL, n);
        for (int64_t i = start; i < end; i++) {
            u[i] *= upper[i * stride + i];
            for (int64_t j = i + 1; j < end; j++) u[j] -= upper[i * stride + j] * u[i];
        }
        subtract(upper + start * stride + end, end - start, stride, u + start, n - end, u + end);
    }
}

// Replaces u by the solution of Ux = u.
static void solve(const double* upper, int64_t n, int64_t stride, double* u) {
    double known[PANEL];
    for (int64_t start = (n - 1) / PANEL * PANEL; start >= 0; start -= PANEL) {
        const int64_t end = std::min(start + PANEL, n);
        products(upper + start * stride + end, end - start, stride, u + end, n - end, known);
        for (int64_t i = end - 1; i >= start; i--) {
            u[i] -= known[i - start];
            for (int64_t j = i + 1; j < end; j++) u[i] -= upper[i * stride + j] * u[j];
            u[i] *= upper[i * stride + i];
        }
    }
}

// The largest eigenvalue of K (n, n), or NaN if it is not finite.
extern "C" double harness_largest(const double* k, int64_t n, double tolerance) {
    try {
        numbers start(n);
        for (int64_t i = 0; i < n; i++) start[i] = 1.0 + (n > 1 ? double(i) / double(n - 1) : 0.0);
        const auto apply = [=](const double* u, double* out) { products(k, n, n, u, n, out); };
        return lanczos(apply, std::move(start), tolerance);
    } catch (const std::bad_alloc&) {
        return NO_MEMORY;
    }
}

// The smallest eigenvalue of K (n, n), or SINGULAR.
extern "C" double harness_smallest(const double* k, int64_t n, double tolerance) {
    try {
        const int64_t stride = (n / LINE + n / LINE % 2 + 1) * LINE;  // an odd number of lines, as the cache likes it
        numbers factor(n * stride), start(n);
        for (int64_t i = 0; i < n; i++) std::copy(k + i * n + i, k + (i + 1) * n, &factor[i * stride + i]);
        if (!factorize(factor.data(), n, stride)) return SINGULAR;
        for (int64_t i = 0; i < n; i++) start[i] = std::cos(double(i + 1));  // no symmetry of an eigenvector
        const double* upper = factor.data();
        const auto apply = [=](const double* u, double* out) {
            std::copy(u, u + n, out);
            solve_transposed(upper, n, stride, out);
            solve(upper, n, stride, out);
        };
        const double inverse = lanczos(apply, std::move(start), tolerance);
        return inverse > 0.0 ? 1.0 / inverse : 0.0;
    } catch (const std::bad_alloc&) {
        return NO_MEMORY;
    }
}

// Replaces the diagonal of a symmetric tridiagonal matrix (n, n) by its eigenvalues, and `first` (n) by the first entries
// of their unit eigenvectors; `below` (n) has the entries below the diagonal, and is overwritten. False if it does not
// converge. By the implicit QL method with one row of the rotations [Golub and Welsch 1969, Math. Comp. 23(106)].
extern "C" bool harness_tridiagonal(double* diagonal, double* below, double* first, int64_t n) {
    double size = 0.0;  // squares of entries near one neither overflow nor vanish
    below[n - 1] = 0.0;
    for (int64_t i = 0; i < n; i++) size = std::max({size, std::abs(diagonal[i]), std::abs(below[i])});
    if (size == 0.0) size = 1.0;
    for (int64_t i = 0; i < n; i++) diagonal[i] /= size, below[i] /= size, first[i] = i == 0;
    for (int64_t start = 0; start < n; start++) {
        for (int64_t sweep = 0;; sweep++) {
            int64_t end = start;
            while (end + 1 < n && std::abs(below[end]) > DBL_EPSILON) end++;  // less is lost in rounding of the matrix
            if (end == start) break;
            if (sweep == SWEEPS) return false;
            const double half = (diagonal[start + 1] - diagonal[start]) / (2.0 * below[start]);
            const double root = half + std::copysign(std::sqrt(half * half + 1.0), half);
            double bulge = diagonal[end] - diagonal[start] + below[start] / root;  // with Wilkinson's shift
            double sine = 1.0, cosine = 1.0, change = 0.0;
            int64_t i = end - 1;
            for (; i >= start; i--) {
                const double outer = sine * below[i], inner = cosine * below[i];
                const double length = std::sqrt(outer * outer + bulge * bulge);
                below[i + 1] = length;
                if (length == 0.0) break;  // the matrix has fallen apart
                sine = outer / length, cosine = bulge / length;
                const double left = diagonal[i + 1] - change;
                const double turned = (diagonal[i] - left) * sine + 2.0 * cosine * inner;
                change = sine * turned;
                diagonal[i + 1] = left + change;
                bulge = cosine * turned - inner;
                const double upper = first[i], lower = first[i + 1];
                first[i + 1] = sine * upper + cosine * lower;
                first[i] = cosine * upper - sine * lower;
            }
            diagonal[i + 1] -= change;
            if (i < start) below[start] = bulge;
            below[end] = 0.0;
        }
    }
    for (int64_t i = 0; i < n; i++) diagonal[i] *= size;
    return true;
}
