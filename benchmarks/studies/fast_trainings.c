/* One epoch of many small networks: the arithmetic of hpo_gym/suites/tasks/training, for networks of 16 ReLU units.

   Weights of a run are W1 (16 x 16, a row for each unit) and W2 (4 x 17, the last column added). Inside, W1 is kept
   with a row for each input, so that inner loops are over units. */

#include <math.h>
#include <string.h>

enum { N = 16, K = 4, SLOT = 16, FIRST = N * N, P = N * N + K * (N + 1), SEEN = 8 };
typedef float half __attribute__((vector_size(32), aligned(4), may_alias)); /* 8 of 16 numbers, anywhere */
typedef float four __attribute__((vector_size(16)));
typedef int places __attribute__((vector_size(32)));
typedef struct { half v[2]; } row, *row_at;

#define BOTH for (int b = 0; b < 2; b++)

static inline half *at(const float *p) { return (half *)p; }

static inline half choice(places yes, half x, half y) { return (half)(((places)x & yes) | ((places)y & ~yes)); }

/* x (16) by a matrix of 16 rows */
static inline row product(const float *x, const float *w) {
    row a = {{x[0] * at(w)[0], x[0] * at(w)[1]}}, c = {{x[1] * at(w + N)[0], x[1] * at(w + N)[1]}};
    for (int i = 2; i < N; i += 2) BOTH {
        a.v[b] += x[i] * at(w + i * N)[b];
        c.v[b] += x[i + 1] * at(w + (i + 1) * N)[b];
    }
    BOTH a.v[b] += c.v[b];
    return a;
}

static inline half power(half x) { /* exp for x <= 0 */
    x = choice(x > -87.0f, x, x * 0 - 87.0f);
    places n = __builtin_convertvector(x * 1.44269504f - 0.5f, places);
    half f = __builtin_convertvector(n, half), r = (x - f * 0.693359375f) + f * 2.12194440e-4f;
    half y = 1.0f + r * (1.0f + r * (0.5f + r * (0.166666667f + r * (0.0416666667f + r * 0.00833333f))));
    return y * (half)((n + 127) << 23);
}

static void turn(const float *from, float *to) { /* W1 to the inner layout and back; W2 stays */
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) to[i * N + j] = from[j * N + i];
    memcpy(to + FIRST, from + FIRST, (P - FIRST) * sizeof(float));
}

static float dot(const float *a, const float *b) {
    float sum = 0;
    for (int i = 0; i < P; i++) sum += a[i] * b[i];
    return sum;
}

/* Hidden units and probabilities of 16 rows; returns the sum of their losses, and adds hits where asked for. */
static inline float forward(const float *w, const float *x, const signed char *y, int classes, float (*h)[N],
                            float (*p)[SLOT], float *hits) {
    float z[K][SLOT], top[SLOT], total[SLOT], loss = 0, product_of = 1;
    four out[N + 1];
    for (int j = 0; j <= N; j++)
        for (int c = 0; c < K; c++) out[j][c] = w[FIRST + c * (N + 1) + j];
    for (int c = classes; c < K; c++) out[N][c] = -1e9f;
    for (int r = 0; r < SLOT; r++) {
        row u = product(x + r * N, w);
        BOTH at(h[r])[b] = choice(u.v[b] < 0, u.v[b] * 0, u.v[b]);
        four a = out[N], c = h[r][0] * out[0];
        for (int j = 1; j < N - 1; j += 2) a += h[r][j] * out[j], c += h[r][j + 1] * out[j + 1];
        a += c + h[r][N - 1] * out[N - 1];
        for (int k = 0; k < K; k++) z[k][r] = a[k];
    }
    BOTH {
        half most = at(z[0])[b], sum = most * 0;
        for (int c = 1; c < K; c++) most = choice(most > at(z[c])[b], most, at(z[c])[b]);
        for (int c = 0; c < K; c++) sum += at(p[c])[b] = power(at(z[c])[b] - most);
        for (int c = 0; c < K; c++) at(p[c])[b] /= sum;
        at(top)[b] = most, at(total)[b] = sum;
    }
    for (int r = 0; r < SLOT; r++) {
        loss -= z[y[r]][r] - top[r];
        product_of *= total[r]; /* each is from 1 to 4 */
        if (hits) *hits += z[y[r]][r] >= top[r];
    }
    return loss + logf(product_of);
}

static inline float gradient(const float *w, const float *x, const signed char *y, int classes, float *g) {
    float h[SLOT][N], p[K][SLOT], down[SLOT][N], loss = forward(w, x, y, classes, h, p, 0);
    for (int r = 0; r < SLOT; r++) p[y[r]][r] -= 1;
    for (int c = 0; c < K; c++) {
        float *into = g + FIRST + c * (N + 1), sum = 0;
        row a = {0};
        for (int r = 0; r < SLOT; r++) {
            sum += p[c][r] /= SLOT;
            BOTH a.v[b] += p[c][r] * at(h[r])[b];
        }
        BOTH at(into)[b] = a.v[b];
        into[N] = sum;
    }
    for (int r = 0; r < SLOT; r++) BOTH {
        half d = {0};
        for (int c = 0; c < K; c++) d += p[c][r] * at(w + FIRST + c * (N + 1))[b];
        at(down[r])[b] = choice(at(h[r])[b] > 0, d, d * 0);
    }
    for (int i = 0; i < N; i += 4) {
        row a[4] = {0};
        for (int r = 0; r < SLOT; r++)
            for (int k = 0; k < 4; k++) BOTH a[k].v[b] += x[r * N + i + k] * at(down[r])[b];
        memcpy(g + i * N, a, sizeof a);
    }
    return loss / SLOT;
}

/* Train m runs for an epoch, in place.

   whole: whether map is more than its diagonal; rows: of validation, 0 for none.
   x: rows of all tasks (k, chunks, 16, 16); chunk (m, slots); y (m, slots, 16); map (m, 16, 16), by which rows are
   multiplied; valid_x (k, rows, 16), valid_y (m, rows); first, second, times: of Adam, else null.
   seen (m, 8): loss, first and last quarter, norm of gradients, alignment, norm of updates, validation loss, accuracy. */
void epochs(long m, long slots, long chunks, long rows, long whole, const float *x, const long *task, const long *chunk,
            const signed char *y, const float *map, const float *valid_x, const signed char *valid_y,
            const long *classes, const float *rate, float decay, float *value, float *moved, float *first,
            float *second, long *times, float *seen) {
    for (long n = 0; n < m; n++) {
        float w[P], v[P], a[P], b[P], pair[2][P] = {{0}}, u[SLOT * N], out[SEEN] = {0}, before = 0;
        const float *turned = map + n * N * N;
        turn(value + n * P, w), turn(moved + n * P, v);
        if (first) turn(first + n * P, a), turn(second + n * P, b);
        for (long k = 0; k < slots; k++) {
            const float *from = x + (task[n] * chunks + chunk[n * slots + k]) * SLOT * N;
            for (int r = 0; r < SLOT; r++)
                if (whole) *(row_at)(u + r * N) = product(from + r * N, turned);
                else
                    for (int i = 0; i < N; i++) u[r * N + i] = from[r * N + i] * turned[i * N + i];
            float *g = pair[k % 2], *last = pair[1 - k % 2];
            float loss = gradient(w, u, y + (n * slots + k) * SLOT, classes[n], g), square = dot(g, g);
            out[0] += loss / slots;
            out[1] += k < slots / 4 ? loss / (slots / 4) : 0;
            out[2] += k >= slots - slots / 4 ? loss / (slots / 4) : 0;
            out[3] += square / slots;
            if (k) out[4] += dot(g, last) / sqrtf(square * before + 1e-30f) / (slots - 1);
            before = square;
            if (first) {
                times[n]++;
                float up = 1 - powf(decay, times[n]), down = 1 - powf(0.99f, times[n]);
                for (int i = 0; i < P; i++) {
                    a[i] = decay * a[i] + (1 - decay) * g[i];
                    b[i] = 0.99f * b[i] + 0.01f * g[i] * g[i];
                    v[i] = -(rate[n] / up) * (a[i] / (sqrtf(b[i] / down) + 1e-8f));
                }
            } else
                for (int i = 0; i < P; i++) v[i] = decay * v[i] - rate[n] * g[i];
            for (int i = 0; i < P; i++) w[i] += v[i];
            out[5] += dot(v, v) / slots;
        }
        out[3] = sqrtf(out[3]), out[5] = sqrtf(out[5]);
        turn(w, value + n * P), turn(v, moved + n * P);
        if (first) turn(a, first + n * P), turn(b, second + n * P);
        float judge[P]; /* rows stay, and the weights take their map */
        memcpy(judge, w, sizeof w);
        for (int i = 0; i < N; i++) *(row_at)(judge + i * N) = product(turned + i * N, w);
        for (long r = 0; r < rows; r += SLOT) {
            float h[SLOT][N], p[K][SLOT];
            out[6] += forward(judge, valid_x + (task[n] * rows + r) * N, valid_y + n * rows + r, classes[n], h, p, out + 7);
        }
        if (rows) out[6] /= rows, out[7] /= rows;
        memcpy(seen + n * SEEN, out, sizeof out);
    }
}
