// Losses of some samples of a network, their derivatives and margins: a part of stack.cpp.

// What is measured of a network: the loss, or the sum of (f - y)^2 for squares; how many samples are wrong; the margin.
extern "C" struct Measures {
    double loss, wrong, margin;
};

// The derivative of the loss in some outputs, times the scale, and the loss of each. Padding has the label 0.
static inline vec derivative(const Net& net, vec f, vec y, real scale, vec& loss) {
    if (net.loss == LOGISTIC) {
        const vec z = -y * f, u = exp_negative(-magnitude(z)), sigma = real(1) / (real(1) + u);
        const vec value = choose(z <= real(0), vec{}, z) + u * log1p_ratio(u);  // NaN if z is
        loss = choose(y == real(0), vec{}, value);
        return -y * choose(z > real(0), sigma, u * sigma) * scale;
    }
    const vec r = f - y;
    loss = r * r;
    return r * scale;
}

// The largest number of a line, by halves.
static inline real most_of(const vec (&line)[PARTS]) {
    half_line halves[2];
    std::memcpy(halves, line, sizeof line);
    const half_line two = halves[0] > halves[1] ? halves[0] : halves[1];
    quarter_line quarters[2];
    std::memcpy(quarters, &two, sizeof two);
    const quarter_line four = quarters[0] > quarters[1] ? quarters[0] : quarters[1];
    real most = four[0];
    for (int i = 1; i < LINE / 4; i++) most = four[i] > most ? four[i] : most;
    return most;
}

// log t for finite t >= 1.
static inline vec logarithm(vec t) {
    constexpr int mantissa = SINGLE ? 23 : 52;
    constexpr integer one = SINGLE ? integer(0x3f800000) : integer(0x3ff0000000000000);
    const ivec exponent = ((ivec)t - one) >> mantissa;
    const vec u = (vec)((ivec)t - (exponent << mantissa)) - real(1);
    return __builtin_convertvector(exponent, vec) * real(0.6931471805599453) + u * log1p_ratio(u);
}

// softmax(f) - y of one sample, times the scale. Its loss is the logarithm of `total` and what is added to `losses`.
static inline void class_derivative(const Net& net, const real* f, const real* y, real scale, real* r, real& total,
                                    vec (&losses)[PARTS]) {
    const auto inside = [&net](int c) { return lanes() < integer(net.q - c); };
    real most = f[0];
    for (int first = 0; first < net.outputs; first += LINE) {
        vec line[PARTS];
        for (int h = 0; h < PARTS; h++) {
            const int c = first + h * WIDE;
            line[h] = c < net.outputs ? choose(inside(c), load(f + c), all(f[0])) : all(f[0]);
        }
        const real here = most_of(line);
        most = here > most ? here : most;
    }
    total = 0;
    for (int first = 0; first < net.outputs; first += LINE) {
        vec e[PARTS] = {};
        for (int h = 0; h < PARTS; h++) {
            const int c = first + h * WIDE;
            if (c >= net.outputs) break;
            const vec below = most - load(f + c);
            e[h] = choose(inside(c), exp_negative(-below), vec{});  // of -0 and not 0 at the largest
            losses[h] += below * load(y + c);
            store(r + c, e[h]);
        }
        total += sum_of(e);
    }
    const vec inverse = all(1 / total);
    for (int c = 0; c < net.outputs; c += WIDE) store(r + c, (load(r + c) * inverse - load(y + c)) * scale);
}

// The derivative of the loss in the outputs of some samples, times the scale, into r; their loss is added to `loss`.
static void differentiate(const Net& net, const Buffers& at, const real* const* y, int samples, real scale,
                          double& loss) {
    vec losses[PARTS] = {};
    if (net.q == 1) {
        real labels[SAMPLES] __attribute__((aligned(64))) = {};
        for (int i = 0; i < samples; i++) labels[i] = *y[i];
        for (int i = 0; i < samples; i += WIDE) {
            vec each;
            store(at.r + i, derivative(net, load(at.f + i), load(labels + i), scale, each));
            losses[i / WIDE % PARTS] += each;
        }
    } else if (net.loss == CLASSES) {
        real totals[SAMPLES] __attribute__((aligned(64)));
        for (int i = 0; i < samples; i++) {
            const size_t row = (size_t)i * net.outputs;
            class_derivative(net, at.f + row, y[i], scale, at.r + row, totals[i], losses);
        }
        for (int i = samples; i % WIDE; i++) totals[i] = 1;
        for (int i = 0; i < samples; i += WIDE) losses[i / WIDE % PARTS] += logarithm(load(totals + i));
    } else {
        for (int i = 0; i < samples; i++)
            for (int c = 0; c < net.outputs; c += WIDE) {
                const size_t here = (size_t)i * net.outputs + c;
                vec each;
                store(at.r + here, derivative(net, load(at.f + here), load(y[i] + c), scale, each));
                losses[c / WIDE % PARTS] += each;
            }
    }
    loss += sum_of(losses);
}

// Takes note of the margins of some samples: y f for signs, else the output of its class less the largest other one.
static void judge(const Net& net, const Buffers& at, const real* const* y, int samples, Measures& found) {
    for (int i = 0; i < samples; i++) {
        const real* f = at.f + (size_t)i * net.outputs;
        real right = 0, other = net.q == 1 ? 0 : -INFINITY;
        for (int c = 0; c < net.q; c++) {
            right += f[c] * y[i][c];
            if (net.q > 1 && !(y[i][c] > real(0.5)) && !(f[c] <= other)) other = f[c];
        }
        const double margin = right - other;
        found.wrong += !(margin > 0);
        if (margin < found.margin || margin != margin) found.margin = margin;
    }
}
