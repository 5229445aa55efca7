/* Shapley interaction values: contributions of contributions.

   At one point t, let c be the slope of a feature that was asked above, divided by its part in the weight. While the
   row met all of the feature's conditions c is (1 - R) / (t + (1 - t) R), where R is their share of the training rows,
   and once it failed one c is -1 / (1 - t). So

       (1 - t) c = met / (t + (1 - t) R) - 1,   met = 1 or 0,

   which needs no division per row: the inverse is made when pairs are first asked for (`pair_factors.py`), and the
   weights begin as those of the quadrature divided by 1 - t. A split then adds, to its pair with each feature asked
   above, what it adds to its own contribution times that feature's c. */

#include "kernel.h"

enum { ABREAST = 4 }; /* how many times ROWS rows take a tree in turn: its branches are known after the first */

typedef struct {
    const forest *f;
    const split *splits;             /* of the tree */
    const int32_t *own;              /* [splits]: where the split's feature stands among those asked on the path */
    const int32_t *first, *others;   /* others[first[k]] to others[first[k + 1]]: the pairs of split k */
    const double *points, *inverse;  /* inverse: [splits][2 sides][N] */
    const vec *x;                    /* [columns][GROUPS] */
    vec *sums, *pairs, *inside;      /* sums: [features][GROUPS], contributions; the pair of i > j at i (i - 1) / 2 + j */
    vec *slopes;                     /* [features asked on the path][GROUPS][N]: (1 - t) c */
    int32_t padded;
} pairing;

/* What is known of a split, and a repeated feature's own points and factors (else factor is 0). */
typedef struct {
    const split *s;
    const double *point, *factor;
    vec known[GROUPS], left[GROUPS], in[GROUPS]; /* whether a row meets the feature's conditions: on the left; above */
} sight;

INLINE void see(const pairing *p, int32_t k, sight *out) {
    const split *s = p->splits + k;
    const vec *row = p->x + (int64_t)(s->column >> 1) * GROUPS;
    const double threshold = s->threshold;
    out->s = s;
    out->point = p->points;
    out->factor = 0;
    for (int r = 0; r < GROUPS; r++) {
        const mask goes = s->column & 1 ? ~(mask)(row[r] >= threshold) : (mask)(row[r] < threshold);
        out->in[r] = splat(1.0);
        out->left[r] = (vec)(goes & (mask)out->in[r]);
        out->known[r] = out->left[r] - s->ratio;
    }
    if (s->before >= 0) {
        for (int r = 0; r < GROUPS; r++) {
            out->in[r] = p->inside[(int64_t)s->before * GROUPS + r];
            out->known[r] *= out->in[r];
            out->left[r] *= out->in[r];
        }
        out->point = p->f->curve + s->curve_at;
        out->factor = out->point + p->padded;
    }
    if (s->before >= 0 || s->curve_at == -2) {
        vec *inside = p->inside + 2 * (int64_t)k * GROUPS;
        for (int r = 0; r < GROUPS; r++) {
            inside[r] = out->left[r];
            inside[GROUPS + r] = out->in[r] - out->left[r];
        }
    }
}

/* Adds `parts` [GROUPS][N], what a split adds to its own contribution at each point, divided by 1 - t: to that, and,
   times the slopes of the features above, to its pairs. */
INLINE void add(const pairing *p, const int N, int32_t k, const vec *parts) {
    vec *sum = p->sums + (int64_t)feature_of(p->f, p->splits + k) * GROUPS;
    for (int r = 0; r < GROUPS; r++)
        for (int q = 0; q < N; q++) sum[r] += parts[r * N + q] * (1.0 - p->points[q]);
    const int32_t *end = p->others + p->first[k + 1];
    for (const int32_t *other = p->others + p->first[k]; other < end; other++) {
        const vec *slope = p->slopes + (*other & 63) * N * GROUPS;
        vec *pair = p->pairs + (int64_t)(*other >> 6) * GROUPS;
        for (int r = 0; r < GROUPS; r++) {
            vec both = slope[r * N] * parts[r * N];
            for (int q = 1; q < N; q++) both += slope[r * N + q] * parts[r * N + q];
            pair[r] += both;
        }
    }
}

/* A split whose children are leaves: weight in, value out. */
INLINE void pair_twig(const pairing *p, const int N, int32_t k, vec *v) {
    sight s;
    see(p, k, &s);
    const double b = p->f->leaf[~s.s->right], step = p->f->leaf[~s.s->left] - b, middle = b + s.s->ratio * step;
    vec parts[GROUPS * N];
    for (int r = 0; r < GROUPS; r++) {
        const vec slope = s.known[r] * step;
        for (int q = 0; q < N; q++) {
            const int i = r * N + q;
            parts[i] = s.factor ? v[i] * s.factor[q] * slope : v[i] * slope;
            v[i] = middle + s.point[q] * slope;
        }
    }
    add(p, N, k, parts);
}

#define CHILD(self, child, side, ...)                                                                                  \
    if (child < 0)                                                                                                     \
        for (int i = 0; i < n * GROUPS; i++) side[i] = splat(p->f->leaf[~child]);                                      \
    else if (p->splits[child].left < 0 && p->splits[child].right < 0) pair_twig(p, n, child, side);                    \
    else self(p, child, side, ##__VA_ARGS__);

/* A taller subtree calls itself, with the slope of the split's feature as it is on either side. */
#define BODY(self, N, ...)                                                                                             \
    {                                                                                                                  \
        const int n = N;                                                                                               \
        sight s;                                                                                                       \
        see(p, k, &s);                                                                                                 \
        vec *slope = p->slopes + p->own[k] * n * GROUPS;                                                               \
        const double *inverse = p->inverse + 2 * (int64_t)n * k;                                                       \
        vec a[GROUPS * (N)], b[GROUPS * (N)], earlier[GROUPS * (N)];                                                   \
        for (int r = 0; r < GROUPS; r++)                                                                               \
            for (int q = 0; q < n; q++) {                                                                              \
                const int i = r * n + q;                                                                               \
                a[i] = v[i] * (s.s->ratio + s.point[q] * s.known[r]);                                                  \
                b[i] = v[i] - a[i];                                                                                    \
                if (s.factor) earlier[i] = slope[i];                                                                   \
                slope[i] = s.left[r] * inverse[q] - 1.0;                                                               \
            }                                                                                                          \
        CHILD(self, s.s->left, a, ##__VA_ARGS__)                                                                       \
        for (int r = 0; r < GROUPS; r++)                                                                               \
            for (int q = 0; q < n; q++) slope[r * n + q] = (s.in[r] - s.left[r]) * inverse[n + q] - 1.0;               \
        CHILD(self, s.s->right, b, ##__VA_ARGS__)                                                                      \
        for (int r = 0; r < GROUPS; r++)                                                                               \
            for (int q = 0; q < n; q++) {                                                                              \
                const int i = r * n + q;                                                                               \
                const vec step = a[i] - b[i], weight = s.factor ? v[i] * s.factor[q] : v[i];                           \
                v[i] = b[i] + (s.s->ratio + s.point[q] * s.known[r]) * step;                                           \
                a[i] = weight * s.known[r] * step;                                                                     \
                if (s.factor) slope[i] = earlier[i];                                                                   \
            }                                                                                                          \
        add(p, n, k, a);                                                                                               \
    }
static void pairs_1(const pairing *p, int32_t k, vec *v) BODY(pairs_1, 1)
static void pairs_2(const pairing *p, int32_t k, vec *v) BODY(pairs_2, 2)
static void pairs_3(const pairing *p, int32_t k, vec *v) BODY(pairs_3, 3)
static void pairs_4(const pairing *p, int32_t k, vec *v) BODY(pairs_4, 4)
static void pairs_any(const pairing *p, int32_t k, vec *v, const int N) BODY(pairs_any, N, N)

INLINE void pair_tree(const pairing *p, const int N) {
    vec v[GROUPS * MAX_POINTS];
    for (int r = 0; r < GROUPS; r++)
        for (int q = 0; q < N; q++) v[r * N + q] = splat(p->points[MAX_POINTS + q] / (1.0 - p->points[q]));
    switch (N) {
    case 1: pairs_1(p, 0, v); break;
    case 2: pairs_2(p, 0, v); break;
    case 3: pairs_3(p, 0, v); break;
    case 4: pairs_4(p, 0, v); break;
    default: pairs_any(p, 0, v, N);
    }
}

/* The interactions of one row and one output, out [n, n]: sums and pairs as in `pairing`, of the row's lane. */
INLINE void write_pairs(const double *sums, const double *pairs, int64_t n, double *out) {
    for (int64_t i = 0; i < n; i++) out[i * n + i] = sums[i * ROWS];
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++, pairs += ROWS) {
            const double half = 0.5 * *pairs;
            out[i * n + j] = out[j * n + i] = half;
            out[i * n + i] -= half;
            out[j * n + j] -= half;
        }
}

int64_t pair_bytes(const forest *f) {
    const int64_t n = f->features, width = (n + n * (n - 1) / 2) * f->outputs;
    return BYTES * GROUPS * (ABREAST * (f->columns + width) + 2 * (int64_t)f->most_splits + 64 * MAX_POINTS);
}

/* Interactions of X: result [rows, outputs, features, features], half of a pair's value on each side of the diagonal,
   and on it what is left of the feature's contribution. own, first, others: of all splits. inverse: of a tree from
   `begin` on, [splits][2][points], 1 / (t + (1 - t) R) on either side. scratch: `pair_bytes`, at a multiple of 64. */
void interactions(const forest *f, const float *X, int64_t rows, const int32_t *own, const int32_t *first,
                  const int32_t *others, const double *inverse, const int64_t *begin, double *result, void *scratch) {
    const int64_t n = f->features, triangle = n * (n - 1) / 2, width = (n + triangle) * f->outputs * GROUPS;
    vec *x = scratch, *found = x + ABREAST * f->columns * GROUPS, *inside = found + ABREAST * width;
    vec *slopes = inside + 2 * (int64_t)f->most_splits * GROUPS;
    for (int64_t done = 0; done < rows; done += ABREAST * ROWS) {
        const int64_t here = rows - done < ABREAST * ROWS ? rows - done : ABREAST * ROWS;
        const int64_t turns = (here + ROWS - 1) / ROWS;
        for (int64_t r = 0; r < turns * ROWS; r++)
            for (int64_t j = 0; j < f->columns; j++)
                ((double *)x)[(r / ROWS * f->columns + j) * ROWS + r % ROWS] =
                    r < here ? X[(done + r) * f->columns + j] : 0.0;
        for (int64_t j = 0; j < turns * width; j++) found[j] = (vec){0};
        for (int32_t t = 0; t < f->trees; t++) {
            if (f->root[t] < 0) continue;
            const int32_t at = f->first[t], N = f->points[t];
            for (int64_t turn = 0; turn < turns; turn++) {
                vec *sums = found + turn * width + f->output[t] * (n + triangle) * GROUPS;
                const pairing p = {f, f->splits + at, own + at, first + at, others,
                                   f->gauss + (int64_t)N * 2 * MAX_POINTS, inverse + begin[t],
                                   x + turn * f->columns * GROUPS, sums, sums + n * GROUPS, inside, slopes, PADDED(N)};
                pair_tree(&p, N);
            }
        }
        for (int64_t r = 0; r < here; r++)
            for (int64_t o = 0; o < f->outputs; o++) {
                const double *sums = (const double *)(found + r / ROWS * width + o * (n + triangle) * GROUPS) + r % ROWS;
                write_pairs(sums, sums + n * ROWS, n, result + ((done + r) * f->outputs + o) * n * n);
            }
    }
}
