// Trains shallow nets f(x) = V phi(Wx) + c of any number of outputs, on minibatches or on all samples, by gradient
// descent or the heavy ball on a loss of squares, logistic or of classes. It returns after every epoch, with the outputs
// on all samples, so that the caller can measure whatever it likes.
//
// Layout. Neurons run along vectors: W transposed, w[feature][neuron], activations [sample][neuron]. Samples are then
// rows that are read where they are, so that a minibatch is a list of pointers and nothing is gathered. All products
// are of two kinds: `product`, rows times a matrix of vectors, and `outer`, its derivative in that matrix. Networks are
// trained one after the other, so that none depends on the others.

#define ELEMENTARY_ONLY
#include "kernel.cpp"

constexpr int MOST_ROWS = MANY_REGISTERS ? 8 : 4;  // rows whose sums are held in registers together
constexpr int MOST_WIDTH = 3;                      // vectors of each
constexpr int SAMPLES = 64;                        // samples between two sums into the gradient

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

enum Loss { SQUARES = 0, LOGISTIC = 1, CLASSES = 2 };

extern "C" struct Net {
    int32_t n, d, k, q;            // samples, features, neurons, outputs
    int32_t neurons, outputs;      // k padded to whole vectors; q likewise, or 1 for one output
    int32_t hidden, output, bias;  // whether W trains, V (and c) trains, c exists
    int32_t loss, batch, active;   // kind of loss, samples of a step, whether the network is trained
    const real* x;                 // [n][d]
    const real* y;                 // [n][outputs], padded with zeros
    real* w;                       // [d][neurons], padded with zeros, changed in place
    real* v;                       // [q][neurons], likewise
    real* c;                       // [outputs], likewise
    real* w_velocity;              // what momentum remembers
    real* v_velocity;
    real* c_velocity;
    real* work;                    // see harness_work_size
    double scale, momentum;        // what the derivative of the loss is multiplied by: -eta times its weight
};

// Buffers of a network, in its work.
struct Buffers {
    real *w_gradient, *v_gradient, *c_gradient, *phi, *slope, *back, *f, *r, *v_transposed;
};

static size_t divide(const Net& net, real* work, Buffers& at) {
    real* next = work;
    const auto take = [&next](size_t count) {
        real* mine = next;
        next += (count + WIDE - 1) / WIDE * WIDE;
        return mine;
    };
    at.w_gradient = take((size_t)net.d * net.neurons);
    at.v_gradient = take((size_t)net.q * net.neurons);
    at.c_gradient = take(net.outputs);
    at.phi = take((size_t)SAMPLES * net.neurons);
    at.slope = take((size_t)SAMPLES * net.neurons);
    at.back = take((size_t)SAMPLES * net.neurons);
    at.f = take((size_t)SAMPLES * net.outputs);
    at.r = take((size_t)SAMPLES * net.outputs);
    at.v_transposed = take((size_t)net.k * net.outputs);
    return (size_t)(next - work);
}

extern "C" int64_t harness_work_size(const Net* net) {
    Buffers at;
    return (int64_t)divide(*net, nullptr, at);
}

// The derivative of the loss in the outputs, times the scale. For one output f, y and r are vectors of samples.
static inline vec derivative(const Net& net, vec f, vec y, real scale) {
    if (net.loss == LOGISTIC) return -y * sigmoid(-y * f) * scale;
    return (f - y) * scale;
}

// softmax(f) - y of one sample, times the scale.
static void class_derivative(const Net& net, const real* f, const real* y, real scale, real* r) {
    real most = f[0];
    for (int c = 1; c < net.q; c++) most = f[c] > most ? f[c] : most;
    real total = 0;
    for (int first = 0; first < net.outputs; first += LINE) {
        vec e[PARTS] = {};
        for (int h = 0; h < PARTS; h++) {
            const int c = first + h * WIDE;
            if (c >= net.outputs) break;
            e[h] = exp_negative(-(most - load(f + c)));  // -0 and not 0 at the largest
            for (int i = 0; i < WIDE; i++)
                if (c + i >= net.q) e[h][i] = 0;
            store(r + c, e[h]);
        }
        total += sum_of(e);
    }
    const vec inverse = all(1 / total);
    for (int c = 0; c < net.outputs; c += WIDE) store(r + c, (load(r + c) * inverse - load(y + c)) * scale);
}

// Outputs of some samples, at most SAMPLES, into f; activations and their slopes stay in the buffers.
static void forward(const Net& net, const Buffers& at, const real* const* x, int samples, bool slopes) {
    const int columns = net.neurons;
    products(x, samples, net.d, net.w, columns, at.phi);
    const int last = columns - WIDE;
    vec inside;
    for (int i = 0; i < WIDE; i++) inside[i] = last + i < net.k;
    for (int i = 0; i < samples; i++)
        for (int j = 0; j < columns; j += WIDE) {
            real* here = at.phi + (size_t)i * columns + j;
            vec value, derivative;
            activate(load(here), value, derivative);
            store(here, j == last ? value * inside : value);
            if (slopes) store(at.slope + (size_t)i * columns + j, derivative);
        }
    if (net.q == 1) {
        for (int i = 0; i < samples; i++) {
            vec sum[PARTS] = {};
            for (int j = 0; j < columns; j += WIDE)
                add_product(sum[j / WIDE % PARTS], load(at.phi + (size_t)i * columns + j), load(net.v + j));
            at.f[i] = sum_of(sum) + net.c[0];
        }
        for (int i = samples; i % WIDE; i++) at.f[i] = 0;
        return;
    }
    const real* rows[SAMPLES];
    for (int i = 0; i < samples; i++) rows[i] = at.phi + (size_t)i * columns;
    products(rows, samples, net.k, at.v_transposed, net.outputs, at.f);
    if (net.bias)
        for (int i = 0; i < samples; i++)
            for (int c = 0; c < net.outputs; c += WIDE) {
                real* here = at.f + (size_t)i * net.outputs + c;
                store(here, load(here) + load(net.c + c));
            }
}

// Adds the gradient of some samples, whose outputs were just computed.
static void backward(const Net& net, const Buffers& at, const real* const* x, const real* const* y, int samples,
                     real scale) {
    const int columns = net.neurons;
    const real* rows[SAMPLES];
    if (net.q == 1) {
        real labels[SAMPLES] __attribute__((aligned(64))) = {};
        for (int i = 0; i < samples; i++) labels[i] = *y[i];
        for (int i = 0; i < samples; i += WIDE)
            store(at.r + i, derivative(net, load(at.f + i), load(labels + i), scale));
    } else {
        for (int i = 0; i < samples; i++) {
            const real* f = at.f + (size_t)i * net.outputs;
            real* r = at.r + (size_t)i * net.outputs;
            if (net.loss == CLASSES)
                class_derivative(net, f, y[i], scale, r);
            else
                for (int c = 0; c < net.outputs; c += WIDE)
                    store(r + c, derivative(net, load(f + c), load(y[i] + c), scale));
        }
    }
    for (int i = 0; i < samples; i++) rows[i] = at.r + (size_t)i * net.outputs;
    if (net.output) {
        outers(rows, samples, net.q, at.phi, columns, at.v_gradient);
        if (net.bias)
            for (int i = 0; i < samples; i++)
                for (int c = 0; c < net.q; c++) at.c_gradient[c] += rows[i][c];
    }
    if (!net.hidden) return;
    if (net.q == 1) {
        for (int i = 0; i < samples; i++)
            for (int j = 0; j < columns; j += WIDE) {
                real* here = at.slope + (size_t)i * columns + j;
                store(here, load(here) * (at.r[i] * load(net.v + j)));
            }
    } else {
        products(rows, samples, net.q, net.v, columns, at.back);
        const size_t count = (size_t)samples * columns;
        for (size_t j = 0; j < count; j += WIDE) store(at.slope + j, load(at.slope + j) * load(at.back + j));
    }
    outers(x, samples, net.d, at.slope, columns, at.w_gradient);
}

// w += move with move = gradient + beta times the last move; the gradient is set to zero.
static void move(real* weights, real* gradient, real* velocity, size_t count, real beta) {
    for (size_t i = 0; i < count; i += WIDE) {
        vec step = load(gradient + i);
        store(gradient + i, vec{});
        if (beta != 0) {
            step += beta * load(velocity + i);
            store(velocity + i, step);
        }
        store(weights + i, load(weights + i) + step);
    }
}

static void transpose(const Net& net, const Buffers& at) {
    if (net.q == 1) return;
    for (int j = 0; j < net.k; j++)
        for (int c = 0; c < net.q; c++) at.v_transposed[(size_t)j * net.outputs + c] = net.v[(size_t)c * net.neurons + j];
}

static void update(const Net& net, const Buffers& at) {
    const real beta = (real)net.momentum;
    if (net.hidden) move(net.w, at.w_gradient, net.w_velocity, (size_t)net.d * net.neurons, beta);
    if (!net.output) return;
    move(net.v, at.v_gradient, net.v_velocity, (size_t)net.q * net.neurons, beta);
    if (net.bias)
        for (int c = 0; c < net.q; c++) {
            net.c_velocity[c] = at.c_gradient[c] + beta * net.c_velocity[c];
            net.c[c] += net.c_velocity[c];
            at.c_gradient[c] = 0;
        }
    transpose(net, at);
}

// Writes the outputs of all samples, less the labels for the loss of squares, and takes steps.
//
// steps: on all samples 0 or 1, else any number. index: [networks][steps][batch] samples of minibatches.
// out: [networks], `stride` numbers apart, n q each.
extern "C" void harness_epoch(const Net* nets, int64_t count, int64_t steps, const int64_t* index, real* out,
                              int64_t stride) {
    for (int64_t b = 0; b < count; b++) {
        const Net& net = nets[b];
        if (!net.active) continue;
        Buffers at;
        divide(net, net.work, at);
        transpose(net, at);
        const bool whole = net.batch == net.n;
        const real* x[SAMPLES];
        const real* y[SAMPLES];
        for (int first = 0; first < net.n; first += SAMPLES) {
            const int samples = net.n - first < SAMPLES ? net.n - first : SAMPLES;
            for (int i = 0; i < samples; i++) {
                x[i] = net.x + (size_t)(first + i) * net.d;
                y[i] = net.y + (size_t)(first + i) * net.outputs;
            }
            forward(net, at, x, samples, whole && net.hidden);
            for (int i = 0; i < samples; i++)
                for (int c = 0; c < net.q; c++) {
                    const real f = at.f[(size_t)i * net.outputs + c];
                    out[b * stride + (size_t)(first + i) * net.q + c] = net.loss == SQUARES ? f - y[i][c] : f;
                }
            if (whole && steps) backward(net, at, x, y, samples, (real)net.scale);
        }
        if (whole) {
            if (steps) update(net, at);
            continue;
        }
        const int64_t* chosen = index + b * steps * net.batch;
        for (int64_t step = 0; step < steps; step++, chosen += net.batch) {
            for (int first = 0; first < net.batch; first += SAMPLES) {
                const int samples = net.batch - first < SAMPLES ? net.batch - first : SAMPLES;
                for (int i = 0; i < samples; i++) {
                    x[i] = net.x + (size_t)chosen[first + i] * net.d;
                    y[i] = net.y + (size_t)chosen[first + i] * net.outputs;
                }
                forward(net, at, x, samples, net.hidden);
                backward(net, at, x, y, samples, (real)net.scale);
            }
            update(net, at);
        }
    }
}

// The size of the struct, which its counterpart in Python must have.
extern "C" int64_t harness_network_size() { return sizeof(Net); }
