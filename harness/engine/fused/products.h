// Products of rows that lie anywhere with matrices of vectors, and their derivatives: a part of stack.cpp.

constexpr int MOST_ROWS = MANY_REGISTERS ? 8 : 4;  // rows whose sums are held in registers together
constexpr int MOST_WIDTH = 3;                      // vectors of each

static inline int part(int total, int parts, int p) { return (int)((int64_t)total * p / parts); }

// c[i] = sum over l of a[i][l] b[l], for ROWS rows and WIDTH vectors.
template <int ROWS, int WIDTH>
static void product(const real* const* a, int depth, const real* b, int b_row, real* c, int c_row) {
    vec sum[ROWS][WIDTH] = {};
    int l = 0;
    do {
        vec right[WIDTH];
        for (int u = 0; u < WIDTH; u++) right[u] = load(b + (size_t)l * b_row + u * WIDE);
        for (int i = 0; i < ROWS; i++)
            for (int u = 0; u < WIDTH; u++) add_product(sum[i][u], a[i][l], right[u]);
    } while (++l < depth);
    for (int i = 0; i < ROWS; i++)
        for (int u = 0; u < WIDTH; u++) store(c + (size_t)i * c_row + u * WIDE, sum[i][u]);
}

// g[l] += sum over i of a[i][from + l] c[i], for ROWS values of l and WIDTH vectors.
template <int ROWS, int WIDTH>
static void outer(const real* const* a, int from, int samples, const real* c, int c_row, real* g, int g_row) {
    vec sum[ROWS][WIDTH];
    for (int l = 0; l < ROWS; l++)
        for (int u = 0; u < WIDTH; u++) sum[l][u] = load(g + (size_t)l * g_row + u * WIDE);
    int i = 0;
    do {
        const real* left = a[i] + from;
        vec right[WIDTH];
        for (int u = 0; u < WIDTH; u++) right[u] = load(c + (size_t)i * c_row + u * WIDE);
        for (int l = 0; l < ROWS; l++)
            for (int u = 0; u < WIDTH; u++) add_product(sum[l][u], left[l], right[u]);
    } while (++i < samples);
    for (int l = 0; l < ROWS; l++)
        for (int u = 0; u < WIDTH; u++) store(g + (size_t)l * g_row + u * WIDE, sum[l][u]);
}

using Product = void (*)(const real* const*, int, const real*, int, real*, int);
using Outer = void (*)(const real* const*, int, int, const real*, int, real*, int);

#define OF_ROWS(f, r) {f<r, 1>, f<r, 2>, f<r, 3>}
#define TABLE(f) {OF_ROWS(f, 1), OF_ROWS(f, 2), OF_ROWS(f, 3), OF_ROWS(f, 4), OF_ROWS(f, 5), OF_ROWS(f, 6), \
                  OF_ROWS(f, 7), OF_ROWS(f, 8)}
static const Product PRODUCT[][MOST_WIDTH] = TABLE(product);  // of few registers the first half is used
static const Outer OUTER[][MOST_WIDTH] = TABLE(outer);

static inline int parts_of(int total, int most) { return (total + most - 1) / most; }

// c = A b for `rows` rows: (rows, depth) times (depth, columns), columns a multiple of a vector.
static void products(const real* const* a, int rows, int depth, const real* b, int columns, real* c) {
    const int vectors = columns / WIDE, across = parts_of(vectors, MOST_WIDTH), down = parts_of(rows, MOST_ROWS);
    for (int q = 0; q < across; q++) {
        const int u = part(vectors, across, q), width = part(vectors, across, q + 1) - u;
        for (int p = 0; p < down; p++) {
            const int i = part(rows, down, p), count = part(rows, down, p + 1) - i;
            PRODUCT[count - 1][width - 1](a + i, depth, b + u * WIDE, columns, c + (size_t)i * columns + u * WIDE,
                                          columns);
        }
    }
}

// g += A'c: (depth, samples) times (samples, columns).
static void outers(const real* const* a, int samples, int depth, const real* c, int columns, real* g) {
    const int vectors = columns / WIDE, across = parts_of(vectors, MOST_WIDTH), down = parts_of(depth, MOST_ROWS);
    for (int q = 0; q < across; q++) {
        const int u = part(vectors, across, q), width = part(vectors, across, q + 1) - u;
        for (int p = 0; p < down; p++) {
            const int l = part(depth, down, p), count = part(depth, down, p + 1) - l;
            OUTER[count - 1][width - 1](a, l, samples, c + u * WIDE, columns, g + (size_t)l * columns + u * WIDE,
                                        columns);
        }
    }
}
