/* Exact Shapley values of tree ensembles, without tables and without sampling: docs/method.md has the proof.

   The Shapley value of a feature is the integral over t in [0, 1] of the forecast's slope when every feature is
   known with probability t. For a tree that is a polynomial in t of a degree below the number of different
   features on a path, so a few Gauss-Legendre points give it exactly. At one point t a split sends the share

       p = ratio + point * known,   known = (1 if the row goes left, else 0) - ratio

   of the weight that reaches it to the left, and it contributes

       known * (weight that reaches it) * (value below on the left - value below on the right).

   One pass down for the weights, one pass up for the values. Nothing branches on the row, so as many rows as a
   vector has lanes are explained at once. A feature asked again further down is known only while the row met its
   earlier conditions (`inside`); its point and its contribution then have factors of their own (`curve`).

   Every lane does the same operations in the same order, and only what stands in one expression may be fused
   (-ffp-contract=on): the result has the same bits on every processor that can fuse. */

#include <math.h>

#include "kernel.h"

/* ---- prediction -------------------------------------------------------------------------------------------- */

enum { ABREAST = 8 };

/* The leaves that some rows (at most ABREAST) reach; they go down together, so that none waits for another's loads. */
INLINE void leaves_of(const forest *f, int32_t tree, const float *X, int rows, int32_t *leaf) {
    const split *splits = f->splits + f->first[tree];
    int32_t at[ABREAST], deeper = f->root[tree] >= 0;
    for (int r = 0; r < ABREAST; r++) at[r] = f->root[tree];
    while (deeper) {
        deeper = 0;
        for (int r = 0; r < rows; r++) {
            if (at[r] < 0) continue;
            const split *s = splits + at[r];
            at[r] = goes_left(s, X + (int64_t)r * f->columns) ? s->left : s->right;
            deeper |= at[r] >= 0;
        }
    }
    for (int r = 0; r < rows; r++) leaf[r] = ~at[r];
}

#define PREDICT(name, number)                                                                                          \
    void name(const forest *f, const float *X, int64_t rows, number *out) {                                            \
        for (int64_t done = 0; done < rows; done += ABREAST) {                                                         \
            const int here = rows - done < ABREAST ? (int)(rows - done) : ABREAST;                                     \
            int32_t leaf[ABREAST];                                                                                     \
            for (int32_t t = 0; t < f->trees; t++) {                                                                   \
                leaves_of(f, t, X + done * f->columns, here, leaf);                                                   \
                for (int r = 0; r < here; r++)                                                                         \
                    out[(done + r) * f->outputs + f->output[t]] += (number)f->leaf[leaf[r]];                           \
            }                                                                                                          \
        }                                                                                                              \
    }

/* out: [rows, outputs], begun with the base scores; trees are added one by one in float32, as XGBoost does. */
PREDICT(predict, float)

/* The same, added in float64. */
PREDICT(predict_exactly, double)

/* ---- contributions --------------------------------------------------------------------------------------------- */

/* A split sends a missing value where it says. So each column stands twice, with -inf and with NaN for what is
   missing: less than every threshold (which is finite), and less than none. */
INLINE double both_ways(double x, int default_left) { return default_left && x != x ? -INFINITY : x; }

INLINE vec left_lanes(vec row, float threshold) {
    return (vec)((mask)(row < (double)threshold) & (mask)splat(1.0));
}

#define KNOWN vec
#define WEIGHT vec
#define POINT double
#define ROW vec
#define SUM(sum) (sum)
#define IS_LEFT left_lanes
#define NAME(name) name##_of_rows
#define R GROUPS
#include "tree_pass.h"

INLINE double left_once(float x, float threshold) { return x < threshold; }

#define KNOWN double
#define WEIGHT few
#define POINT few
#define ROW float
#define SUM sum_of
#define IS_LEFT left_once
#define NAME(name) name##_of_one
#define R 1
#include "tree_pass.h"

typedef struct {
    vec *x, *out, *inside;
    split *splits; /* of one reference row */
    double *curve;
} room;

INLINE room room_in(const forest *f, void *scratch) {
    room m;
    m.x = scratch;
    m.out = m.x + 2 * (int64_t)f->columns * GROUPS;
    m.inside = m.out + (int64_t)f->features * f->outputs * GROUPS;
    m.curve = (double *)(m.inside + 2 * (int64_t)f->most_splits * GROUPS);
    m.splits = (split *)(m.curve + 2 * PADDED(f->most_points) * (int64_t)f->most_splits);
    return m;
}

int64_t scratch_bytes(const forest *f) {
    const int64_t splits = f->most_splits;
    return BYTES * GROUPS * (2 * (int64_t)f->columns + f->features * (int64_t)f->outputs + 2 * splits)
         + (16 * PADDED(f->most_points) + (int64_t)sizeof(split)) * splits;
}

INLINE void begin_rows(const forest *f, const float *X, int64_t rows, const room *m) {
    for (int32_t j = 0; j < f->columns; j++)
        for (int r = 0; r < ROWS; r++) {
            const double x = r < rows ? X[(int64_t)r * f->columns + j] : 0.0;
            m->x[2 * j * GROUPS + r / LANES][r % LANES] = x;
            m->x[(2 * j + 1) * GROUPS + r / LANES][r % LANES] = both_ways(x, 1);
        }
    for (int64_t j = 0; j < (int64_t)f->features * f->outputs * GROUPS; j++) m->out[j] = (vec){0};
}

INLINE void begin_one(const forest *f, const float *x, const room *m) {
    float *both = (float *)m->x;
    for (int32_t j = 0; j < f->columns; j++) {
        both[2 * j] = x[j];
        both[2 * j + 1] = (float)both_ways(x[j], 1);
    }
}

INLINE void explain_rows(const forest *f, int32_t t, const split *splits, const double *curve, const room *m) {
    const int32_t Q = f->points[t];
    const double *gauss = f->gauss + (int64_t)Q * 2 * MAX_POINTS;
    vec *out = m->out + (int64_t)f->output[t] * f->features * GROUPS, weights[MAX_POINTS];
    const pass_of_rows p = {splits, curve, f->leaf, gauss, m->x, out, m->inside, PADDED(Q), f->tall[t], f->owner};
    for (int q = 0; q < Q; q++) weights[q] = splat(gauss[MAX_POINTS + q]);
    explain_tree_of_rows(&p, Q, weights);
}

INLINE void explain_one(const forest *f, int32_t t, const split *splits, const double *curve, double *result,
                        const room *m) {
    const int32_t Q = f->points[t];
    const double *gauss = f->gauss + (int64_t)Q * 2 * MAX_POINTS;
    const few *points = (const few *)gauss, *weights = (const few *)(gauss + MAX_POINTS);
    double *out = result + (int64_t)f->output[t] * f->features;
    const pass_of_one p = {splits, curve, f->leaf, points, (const float *)m->x, out, (double *)m->inside, PADDED(Q),
                           f->tall[t], f->owner};
    explain_tree_of_one(&p, (Q + WIDE - 1) / WIDE, weights);
}

/* Contributions of X [rows, columns]: result [rows, outputs, features]. scratch: `scratch_bytes`, at a multiple
   of 64. */
void contributions(const forest *f, const float *X, int64_t rows, double *result, void *scratch) {
    const int64_t n = f->columns, width = (int64_t)f->features * f->outputs;
    const room m = room_in(f, scratch);
    int64_t done = 0;
    for (; rows - done > ROWS / 4; done += ROWS) {
        begin_rows(f, X + done * n, rows - done, &m);
        for (int32_t t = 0; t < f->trees; t++) explain_rows(f, t, f->splits + f->first[t], f->curve, &m);
        for (int r = 0; r < ROWS && r < rows - done; r++)
            for (int64_t j = 0; j < width; j++)
                result[(done + r) * width + j] = m.out[j * GROUPS + r / LANES][r % LANES];
    }
    for (; done < rows; done++) {
        double *out = result + done * width;
        for (int64_t j = 0; j < width; j++) out[j] = 0.0;
        begin_one(f, X + done * n, &m);
        for (int32_t t = 0; t < f->trees; t++) explain_one(f, t, f->splits + f->first[t], f->curve, out, &m);
    }
}

/* ---- against reference rows ------------------------------------------------------------------------------------ */

/* A reference row's way through a tree, as a split sees it: `ratio` is 1 where the row goes left, and a feature's
   share so far, which the curve is made of, is 1 while the row met that feature's conditions and 0 after. */
INLINE void way_of(const forest *f, int32_t tree, const float *row, const room *m, uint8_t *met) {
    const int32_t splits = f->first[tree + 1] - f->first[tree], Q = f->points[tree];
    const double *gauss = f->gauss + (int64_t)Q * 2 * MAX_POINTS;
    for (int32_t k = 0; k < splits; k++) {
        split s = f->splits[f->first[tree] + k];
        const int left = goes_left(&s, row), still = s.before < 0 || met[s.before];
        s.ratio = left;
        met[2 * k] = (uint8_t)(still & left);
        met[2 * k + 1] = (uint8_t)(still & !left);
        if (s.before >= 0) {
            s.curve_at -= f->tree_curve[tree];
            double *point = m->curve + s.curve_at;
            for (int q = 0; q < PADDED(Q); q++) {
                point[q] = still ? gauss[q] : (q < Q ? 1.0 : 0.0);
                point[PADDED(Q) + q] = still && q < Q ? 1.0 : 0.0;
            }
        }
        m->splits[k] = s;
    }
}

/* Contributions of each row of X against the mean of the reference rows, of the trees that `chosen` names, added to
   result [rows, outputs, features]. The cost grows with the references: for trees whose tables are too large.
   met: [2 * most splits]. */
void against(const forest *f, const float *X, int64_t rows, const float *reference, int64_t references,
             const int32_t *chosen, int32_t trees, double *result, void *scratch, uint8_t *met) {
    const int64_t n = f->columns, width = (int64_t)f->features * f->outputs;
    const room m = room_in(f, scratch);
    for (int64_t done = 0; done < rows; done += ROWS) {
        begin_rows(f, X + done * n, rows - done, &m);
        for (int32_t i = 0; i < trees; i++)
            for (int64_t r = 0; r < references; r++) {
                way_of(f, chosen[i], reference + r * n, &m, met);
                explain_rows(f, chosen[i], m.splits, m.curve, &m);
            }
        for (int r = 0; r < ROWS && r < rows - done; r++)
            for (int64_t j = 0; j < width; j++)
                result[(done + r) * width + j] += m.out[j * GROUPS + r / LANES][r % LANES] / (double)references;
    }
}
