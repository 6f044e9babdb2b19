// Trains shallow nets f(x) = V phi(Wx) + c of any number of outputs, on minibatches or on all samples, by gradient
// descent or the heavy ball on a loss of squares, logistic or of classes, and measures them on all samples as it goes.
//
// Layout. Neurons run along vectors: W transposed, w[feature][neuron], activations [sample][neuron]. Samples are then
// rows that are read where they are, so that a minibatch is a list of pointers and nothing is gathered. All products
// are of two kinds: `product`, rows times a matrix of vectors, and `outer`, its derivative in that matrix. Networks are
// trained one after the other, so that none depends on the others.

#define ELEMENTARY_ONLY
#include "kernel.cpp"

#include "products.h"

constexpr int SAMPLES = 64;  // samples between two sums into the gradient

enum Loss { SQUARES = 0, LOGISTIC = 1, CLASSES = 2 };

extern "C" struct Net {
    int32_t n, d, k, q;            // samples, features, neurons, outputs
    int32_t neurons, outputs;      // k padded to whole vectors; q likewise, or 1 for one output
    int32_t hidden, output, bias;  // whether W trains, V (and c) trains, c exists
    int32_t loss, batch, active;   // kind of loss, samples of a step, whether the network is trained
    int32_t judged;                // whether margins are measured
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

#include "losses.h"

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

// Adds the gradient of some samples, in whose outputs the loss was just differentiated.
static void backward(const Net& net, const Buffers& at, const real* const* x, int samples) {
    const int columns = net.neurons;
    const real* rows[SAMPLES];
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

static void advance(const Net* nets, int64_t count, int64_t points, const int64_t* steps, const int64_t* index,
                    int64_t stride, Measures* found, int64_t row) {
    for (int64_t b = 0; b < count; b++) {
        const Net& net = nets[b];
        if (!net.active) continue;
        Buffers at;
        divide(net, net.work, at);
        transpose(net, at);
        const bool whole = net.batch == net.n;
        const real scale = (real)net.scale;
        const real* x[SAMPLES];
        const real* y[SAMPLES];
        const int64_t* chosen = index + b * stride;
        for (int64_t point = 0; point < points; point++) {
            const bool steep = whole && steps[point];
            Measures here = {0, 0, INFINITY};
            for (int first = 0; first < net.n; first += SAMPLES) {
                const int samples = net.n - first < SAMPLES ? net.n - first : SAMPLES;
                for (int i = 0; i < samples; i++) {
                    x[i] = net.x + (size_t)(first + i) * net.d;
                    y[i] = net.y + (size_t)(first + i) * net.outputs;
                }
                forward(net, at, x, samples, steep && net.hidden);
                differentiate(net, at, y, samples, scale, here.loss);
                if (net.judged) judge(net, at, y, samples, here);
                if (steep) backward(net, at, x, samples);
            }
            found[b * row + point] = here;
            if (whole) {
                if (steep) update(net, at);
                continue;
            }
            for (int64_t step = 0; step < steps[point]; step++, chosen += net.batch) {
                for (int first = 0; first < net.batch; first += SAMPLES) {
                    const int samples = net.batch - first < SAMPLES ? net.batch - first : SAMPLES;
                    for (int i = 0; i < samples; i++) {
                        x[i] = net.x + (size_t)chosen[first + i] * net.d;
                        y[i] = net.y + (size_t)chosen[first + i] * net.outputs;
                    }
                    forward(net, at, x, samples, net.hidden);
                    double unused = 0;
                    differentiate(net, at, y, samples, scale, unused);
                    backward(net, at, x, samples);
                }
                update(net, at);
            }
        }
    }
}

// Measures networks on all samples and takes steps, `points` times.
//
// steps: [points] after each measure: on all samples 0 or 1, else any number.
// index: samples of minibatches, `stride` numbers from one network to the next.
// found: [networks], `row` of them apart.
extern "C" void harness_advance(const Net* nets, int64_t count, int64_t points, const int64_t* steps,
                                const int64_t* index, int64_t stride, Measures* found, int64_t row) {
    with_denormals_zero(advance, nets, count, points, steps, index, stride, found, row);
}

// NumPy's interface to a source of random bits.
extern "C" struct Bits {
    void* state;
    uint64_t (*next_64)(void*);
    uint32_t (*next_32)(void*);
    double (*next_double)(void*);
    uint64_t (*next_raw)(void*);
};

// Writes permutations of 0, ..., n - 1 one after another: those of NumPy's Generator.permutation.
extern "C" void harness_permute(const Bits* bits, int64_t n, int64_t count, int64_t* out) {
    for (; count > 0; count--, out += n) {
        for (int64_t i = 0; i < n; i++) out[i] = i;
        for (int64_t i = n - 1; i > 0; i--) {
            const uint32_t mask = 0xffffffffu >> __builtin_clz((uint32_t)i);
            uint32_t j;
            do j = bits->next_32(bits->state) & mask;
            while (j > i);
            const int64_t kept = out[i];
            out[i] = out[j];
            out[j] = kept;
        }
    }
}

// The size of the struct, which its counterpart in Python must have.
extern "C" int64_t harness_network_size() { return sizeof(Net); }
