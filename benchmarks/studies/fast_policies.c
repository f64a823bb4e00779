/* Policies for control in training by an evolution strategy.

   Physics, policies and returns are those of hpo_gym/suites/tasks/policies. A vector holds one number of eight
   episodes that are simulated side by side; a run has two such groups. Weights of a network are those of each input to the hidden units, their biases, of
   each unit to the outputs, their biases. Nothing is summed in an order
   that a compiler chooses, so that processors agree. */

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 8, GROUPS = 2, ALL = LANES * GROUPS, HIDDEN = 8, INPUTS = 8, OUTPUTS = 2, CONSTANTS = 6, STATE = 6, WEIGHTS = 176, EPISODE = 100 };
enum { CARTPOLE, PENDULUM, REACHER, KINDS };
typedef float lanes __attribute__((vector_size(32)));
typedef int32_t bits __attribute__((vector_size(32)));
typedef uint32_t whole __attribute__((vector_size(32)));
typedef float half __attribute__((vector_size(16)));
#define INLINE static inline __attribute__((always_inline))
#define EACH for (int l = 0; l < LANES; l++)

static const int inputs_of[KINDS] = {4, 3, 8}, outputs_of[KINDS] = {1, 1, 2}, drawn_of[KINDS] = {4, 2, 4};
static const float EFFORT = 0.5f, HEAVIEST = 1000;

INLINE int size(int inputs, int outputs) { return HIDDEN * (inputs + 1) + outputs * (HIDDEN + 1); }

/* ---------------------------------------------------------------- vectors */
INLINE lanes all(float x) { return (lanes){0} + x; }

INLINE lanes choice(bits yes, lanes a, lanes b) { return (lanes)(((bits)a & yes) | ((bits)b & ~yes)); }

INLINE lanes within(lanes x, float low, float high) {
    x = choice(x < low, all(low), x);
    return choice(x > high, all(high), x);
}

INLINE lanes size_of(lanes x) { return (lanes)((bits)x & 0x7fffffff); }

INLINE float sum(lanes x) {
    half halves[2];
    memcpy(halves, &x, sizeof x);
    half h = halves[0] + halves[1];
    return (h[0] + h[2]) + (h[1] + h[3]);
}

INLINE lanes root(lanes x) {
    float of[LANES];
    memcpy(of, &x, sizeof x);
    EACH of[l] = sqrtf(of[l]);
    memcpy(&x, of, sizeof x);
    return x;
}

INLINE lanes hyperbolic(lanes x) { /* tanh, to 1e-4 */
    x = within(x, -4.97f, 4.97f);
    lanes y = x * x;
    return x * (135135 + y * (17325 + y * (378 + y))) / (135135 + y * (62370 + y * (3150 + 28 * y)));
}

INLINE lanes sine(lanes x) {
    lanes k = x * 0.318309886f + 12582912; /* half turns, rounded in the last bits of a float */
    bits odd = (bits)k << 31;
    lanes r = x - (k - 12582912) * 3.14159265f, y = r * r;
    lanes s = r * (1 + y * (-0.16666667f + y * (0.0083333310f + y * (-0.00019840874f + y * 2.7525562e-6f))));
    return (lanes)((bits)s ^ odd);
}

INLINE lanes cosine(lanes x) { return sine(x + 1.57079633f); }

/* ---------------------------------------------------------------- random numbers: splitmix64 */
INLINE uint64_t next(uint64_t *s) {
    uint64_t z = (*s += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

INLINE uint64_t stream(uint64_t key, uint64_t of) {
    uint64_t s = key ^ (of + 1) * 0xD1342543DE82EF95ULL;
    return next(&s);
}

INLINE float uniform(uint64_t *s) { return (float)(next(s) >> 40) * (1 / 16777216.0f); }

INLINE whole hashed(whole z) {
    z = (z ^ z >> 16) * 0x7feb352dU;
    z = (z ^ z >> 15) * 0x846ca68bU;
    return z ^ z >> 16;
}

INLINE lanes normal(uint64_t *s) { /* nearly: sums of four uniform numbers */
    uint64_t drawn[LANES / 2];
    whole z;
    drawn[0] = next(s);
    for (int l = 1; l < LANES / 2; l++) drawn[l] = drawn[l - 1] + 0x9E3779B97F4A7C15ULL;
    memcpy(&z, drawn, sizeof z);
    whole one = hashed(z), two = hashed(one + 0x6a09e667U);
    bits four = (bits)((one & 65535) + (one >> 16) + (two & 65535) + (two >> 16));
    return __builtin_convertvector(four - 131070, lanes) * (1.7320508f / 65536);
}

/* ---------------------------------------------------------------- physics */
INLINE bits is_up(const lanes *s) { return (size_of(s[0]) < 2.4f) & (size_of(s[2]) < 0.6f); }

INLINE void start(const int kind, const float *c, uint64_t *random, lanes *s, int l) {
    float u[4];
    for (int i = 0; i < drawn_of[kind]; i++) u[i] = uniform(random);
    if (kind == CARTPOLE)
        for (int i = 0; i < 4; i++) s[i][l] = (2 * u[i] - 1) * 0.2f;
    else if (kind == PENDULUM)
        for (int i = 0; i < 2; i++) s[i][l] = 2 * u[i] - 1;
    else {
        float far = (c[0] + c[1]) * (0.3f + 0.6f * u[2]);
        lanes angle = all(6.2831853f * u[3]);
        s[0][l] = u[0] - 0.5f, s[1][l] = u[1] + 0.5f, s[2][l] = s[3][l] = 0;
        s[4][l] = far * cosine(angle)[0], s[5][l] = far * sine(angle)[0];
    }
}

INLINE void seen_of(const int kind, const float *c, const lanes *s, lanes *x) {
    if (kind == CARTPOLE) {
        x[0] = s[0] * (1 / 2.4f), x[1] = s[1] * (1 / 2.4f), x[2] = s[2] * (1 / 0.6f), x[3] = s[3] * (1 / 1.2f);
    } else if (kind == PENDULUM) {
        x[0] = sine(s[0]), x[1] = cosine(s[0]), x[2] = s[1] * 0.2f;
    } else {
        x[0] = sine(s[0]), x[1] = cosine(s[0]), x[2] = sine(s[1]), x[3] = cosine(s[1]), x[4] = s[2] * 0.2f, x[5] = s[3] * 0.2f;
        lanes sin = x[0] * x[3] + x[1] * x[2], cos = x[1] * x[3] - x[0] * x[2]; /* of both joints */
        float by = 1 / (c[0] + c[1]);
        x[6] = (s[4] - c[0] * x[1] - c[1] * cos) * by, x[7] = (s[5] - c[0] * x[0] - c[1] * sin) * by;
    }
}

INLINE lanes moved(const int kind, const float *c, lanes *s, const lanes *a) { /* returns rewards without effort */
    if (kind == CARTPOLE) {
        float mass = c[1] + c[2], heavy = c[2] * c[3];
        lanes sin = sine(s[2]), cos = cosine(s[2]);
        lanes push = (c[5] * a[0] - c[4] * s[1] + heavy * s[3] * s[3] * sin) * (1 / mass);
        lanes turn = (c[0] * sin - cos * push) / (c[3] * (4 / 3.0f - c[2] / mass * cos * cos));
        lanes v = s[1] + 0.03f * (push - heavy / mass * turn * cos), w = s[3] + 0.03f * turn;
        bits up = is_up(s);
        s[0] = choice(up, s[0] + 0.03f * v, s[0]), s[1] = choice(up, v, s[1]);
        s[2] = choice(up, s[2] + 0.03f * w, s[2]), s[3] = choice(up, w, s[3]);
        lanes x = s[0] * (1 / 2.4f), angle = s[2] * (1 / 0.6f);
        return choice(is_up(s), 1 - (x * x + angle * angle) / 2, all(0));
    }
    if (kind == PENDULUM) {
        lanes turn = a[0] * (c[4] * c[0] / c[2]) - c[0] / c[2] * sine(s[0]) - c[3] * s[1];
        s[1] = within(s[1] + 0.05f * turn, -20, 20);
        s[0] += 0.05f * s[1];
        lanes fast = s[1] * (1 / 6.0f);
        return (1 - cosine(s[0])) / (2 * (1 + fast * fast));
    }
    lanes sin = sine(s[1]), cos = cosine(s[1]), v = s[2], w = s[3];
    float both = c[3] * c[0] * c[1] / 2, far = c[3] * c[1] * c[1] / 3;
    lanes near = c[2] * c[0] * c[0] / 3 + c[3] * c[0] * c[0] + far + 2 * both * cos, cross = far + both * cos;
    lanes one = c[5] * a[0] - c[4] * v + both * sin * w * (2 * v + w), two = c[5] * a[1] - c[4] * w - both * sin * v * v;
    lanes by = 0.05f / (near * far - cross * cross);
    s[2] = within(v + by * (far * one - cross * two), -20, 20);
    s[3] = within(w + by * (near * two - cross * one), -20, 20);
    s[0] += 0.05f * s[2], s[1] += 0.05f * s[3];
    lanes bent = s[0] + s[1];
    lanes x = s[4] - c[0] * cosine(s[0]) - c[1] * cosine(bent), y = s[5] - c[0] * sine(s[0]) - c[1] * sine(bent);
    return 1 - root(x * x + y * y) * (0.5f / (c[0] + c[1]));
}

/* ---------------------------------------------------------------- networks */
INLINE void forward(int inputs, int outputs, const lanes *w, const lanes *x, lanes *h, lanes *out) {
    const lanes *top = w + HIDDEN * (inputs + 1);
    for (int o = 0; o < outputs; o++) out[o] = top[HIDDEN * outputs + o];
    for (int j = 0; j < HIDDEN; j++) {
        lanes z = w[inputs * HIDDEN + j];
        for (int i = 0; i < inputs; i++) z += w[i * HIDDEN + j] * x[i];
        h[j] = hyperbolic(z);
        for (int o = 0; o < outputs; o++) out[o] += h[j] * top[j * outputs + o];
    }
}

INLINE void spread(const float *w, int count, lanes *to) {
    for (int i = 0; i < count; i++) to[i] = all(w[i]);
}

/* ---------------------------------------------------------------- returns */
INLINE lanes returns_of(const int kind, const lanes *w, const float *c, lanes *s) {
    const int inputs = inputs_of[kind], outputs = outputs_of[kind];
    lanes total = {0}, x[INPUTS], h[HIDDEN], a[OUTPUTS];
    for (int t = 0; t < EPISODE; t++) {
        lanes square = {0};
        seen_of(kind, c, s, x), forward(inputs, outputs, w, x, h, a);
        for (int o = 0; o < outputs; o++) a[o] = hyperbolic(a[o]), square += a[o] * a[o] * (1.0f / outputs);
        total += moved(kind, c, s, a) * (1 - EFFORT * square);
    }
    return within(total / EPISODE, 0, 1);
}

static lanes returns(int kind, const lanes *w, const float *c, lanes *s) {
    return kind == CARTPOLE ? returns_of(CARTPOLE, w, c, s) : kind == PENDULUM ? returns_of(PENDULUM, w, c, s)
                                                                              : returns_of(REACHER, w, c, s);
}

/* Judge m policies: mean returns (m) of weights (m, 176) from starts (m, 2, 6, 8). */
void judge(long m, const long *kind, const float *constants, const float *starts, const float *weights, float *out) {
    for (long n = 0; n < m; n++) {
        lanes w[WEIGHTS], s[GROUPS][STATE];
        memcpy(s, starts + n * STATE * ALL, sizeof s);
        spread(weights + n * WEIGHTS, size(inputs_of[kind[n]], outputs_of[kind[n]]), w);
        out[n] = 0;
        for (int g = 0; g < GROUPS; g++) out[n] += sum(returns(kind[n], w, constants + n * CONSTANTS, s[g])) / ALL;
    }
}

/* Draw the states (m, 2, 6, 8) of 16 new episodes of m runs, by keys. */
void starts(long m, const long *kind, const float *constants, const uint64_t *key, float *states) {
    for (long n = 0; n < m; n++) {
        uint64_t random = stream(key[n], 0);
        lanes s[GROUPS][STATE] = {0};
        for (int g = 0; g < GROUPS; g++) EACH start(kind[n], constants + n * CONSTANTS, &random, s[g], l);
        memcpy(states + n * STATE * ALL, s, sizeof s);
    }
}

/* Draw first weights (m, 176) by keys: a hidden layer; all else is 0. */
void first_weights(long m, const long *kind, const uint64_t *key, float *weights) {
    for (long n = 0; n < m; n++) {
        int inputs = inputs_of[kind[n]];
        uint64_t random = stream(key[n], 0);
        float *w = weights + n * WEIGHTS, most = sqrtf(3.0f / inputs);
        memset(w, 0, WEIGHTS * sizeof(float));
        for (int i = 0; i < HIDDEN * inputs; i++) w[i] = (2 * uniform(&random) - 1) * most;
    }
}

/* ---------------------------------------------------------------- a generation of an evolution strategy */
/* Move m means by a generation of 8 pairs, in place; inputs of run n are multiplied by gain[n]. */
void generations(long m, long before, const long *kind, const float *constants, const float *gain, const uint64_t *key,
                 float *weights, const float *rate, const float *sigma) {
    for (long n = 0; n < m; n++) {
        int k = kind[n], count = size(inputs_of[k], outputs_of[k]), gained = HIDDEN * inputs_of[k];
        const float *c = constants + n * CONSTANTS;
        float *w = weights + n * WEIGHTS, mean, square;
        lanes drawn[WEIGHTS], tried[WEIGHTS], s[STATE] = {0}, same[STATE], got[2];
        uint64_t random = stream(key[n], before + 1);
        EACH start(k, c, &random, s, l);
        for (int i = 0; i < count; i++) drawn[i] = normal(&random);
        for (int g = 0; g < 2; g++) { /* plus and minus, from the same starts */
            float away = g ? -sigma[n] : sigma[n];
            for (int i = 0; i < count; i++) tried[i] = (w[i] + away * drawn[i]) * (i < gained ? gain[n] : 1);
            memcpy(same, s, sizeof s);
            got[g] = returns(k, tried, c, same);
        }
        mean = (sum(got[0]) + sum(got[1])) / (2 * LANES);
        square = (sum((got[0] - mean) * (got[0] - mean)) + sum((got[1] - mean) * (got[1] - mean))) / (2 * LANES);
        for (int i = 0; i < count; i++) {
            float d = sum((got[0] - got[1]) * drawn[i]);
            w[i] += rate[n] * d / LANES / (sqrtf(square) + 1e-6f);
            w[i] = fminf(fmaxf(w[i], -HEAVIEST), HEAVIEST);
        }
    }
}
