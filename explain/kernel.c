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

   Every lane does the same operations in the same order: with -ffp-contract=off the result has the same bits on
   every machine. */

#include <math.h>

#include "kernel.h"

int32_t kernel_lanes(void) { return LANES; }

/* ---- prediction -------------------------------------------------------------------------------------------- */

INLINE int32_t leaf_of(const forest *f, int32_t tree, const float *x) {
    int32_t at = f->root[tree];
    while (at >= 0) {
        const int32_t s = f->first[tree] + at;
        at = goes_left(x[f->feature[s]], f->threshold[s], f->default_left[s]) ? f->left[s] : f->right[s];
    }
    return ~at;
}

/* out: [rows, outputs], begun with the base scores; trees are added one by one in float32, as XGBoost does. */
void predict(const forest *f, const float *X, int64_t rows, float *out) {
    enum { TOGETHER = 64 };
    for (int64_t begin = 0; begin < rows; begin += TOGETHER) {
        const int64_t end = begin + TOGETHER < rows ? begin + TOGETHER : rows;
        for (int32_t t = 0; t < f->trees; t++)
            for (int64_t r = begin; r < end; r++)
                out[r * f->outputs + f->output[t]] += (float)f->leaf[leaf_of(f, t, X + r * f->features)];
    }
}

/* The same, added in float64. */
void predict_exactly(const forest *f, const float *X, int64_t rows, double *out) {
    enum { TOGETHER = 64 };
    for (int64_t begin = 0; begin < rows; begin += TOGETHER) {
        const int64_t end = begin + TOGETHER < rows ? begin + TOGETHER : rows;
        for (int32_t t = 0; t < f->trees; t++)
            for (int64_t r = begin; r < end; r++)
                out[r * f->outputs + f->output[t]] += f->leaf[leaf_of(f, t, X + r * f->features)];
    }
}

/* ---- contributions --------------------------------------------------------------------------------------------- */

/* What a split holds a row against: the training rows' shares (then these are the forest's own arrays), or one
   reference row's way (ratio 0 or 1). */
typedef struct {
    const double *ratio, *curve;
} usual;

/* A split sends a missing value where it says. So each feature stands twice, with -inf and with NaN for what is missing:
   less than every threshold (which is finite), and less than none. */
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

INLINE double sum_of(few a) {
    double total = 0.0;
    for (int i = 0; i < WIDE; i++) total += a[i];
    return total;
}

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
    double *ratio, *curve; /* of one reference row */
} room;

INLINE room room_in(const forest *f, void *scratch) {
    room m;
    m.x = scratch;
    m.out = m.x + 2 * (int64_t)f->features * GROUPS;
    m.inside = m.out + (int64_t)f->features * f->outputs * GROUPS;
    m.ratio = (double *)(m.inside + 2 * (int64_t)f->most_splits * GROUPS);
    m.curve = m.ratio + ((f->most_splits + 7) & ~7);
    return m;
}

int64_t scratch_bytes(const forest *f) {
    const int64_t splits = f->most_splits;
    return BYTES * GROUPS * (f->features * (2 + (int64_t)f->outputs) + 2 * splits)
         + 8 * (((splits + 7) & ~7) + 2 * PADDED(f->most_points) * splits);
}

INLINE void begin_rows(const forest *f, const float *X, int64_t rows, const room *m) {
    for (int32_t j = 0; j < f->features; j++)
        for (int r = 0; r < ROWS; r++) {
            const double x = r < rows ? X[(int64_t)r * f->features + j] : 0.0;
            m->x[2 * j * GROUPS + r / LANES][r % LANES] = x;
            m->x[(2 * j + 1) * GROUPS + r / LANES][r % LANES] = both_ways(x, 1);
        }
    for (int64_t j = 0; j < (int64_t)f->features * f->outputs * GROUPS; j++) m->out[j] = (vec){0};
}

INLINE void begin_one(const forest *f, const float *x, const room *m) {
    float *both = (float *)m->x;
    for (int32_t j = 0; j < f->features; j++) {
        both[2 * j] = x[j];
        both[2 * j + 1] = (float)both_ways(x[j], 1);
    }
}

INLINE void explain_rows(const forest *f, int32_t t, usual u, const room *m) {
    const int32_t Q = f->points[t];
    const double *gauss = f->gauss + (int64_t)Q * 2 * MAX_POINTS;
    vec *out = m->out + (int64_t)f->output[t] * f->features * GROUPS, weights[MAX_POINTS];
    const pass_of_rows p = {f, u, f->first[t], PADDED(Q), f->tall[t], gauss, m->x, out, m->inside};
    for (int q = 0; q < Q; q++) weights[q] = splat(gauss[MAX_POINTS + q]);
    explain_tree_of_rows(&p, Q, weights);
}

INLINE void explain_one(const forest *f, int32_t t, usual u, double *result, const room *m) {
    const int32_t Q = f->points[t];
    const double *gauss = f->gauss + (int64_t)Q * 2 * MAX_POINTS;
    const few *points = (const few *)gauss, *weights = (const few *)(gauss + MAX_POINTS);
    double *out = result + (int64_t)f->output[t] * f->features;
    const pass_of_one p = {f, u, f->first[t], PADDED(Q), f->tall[t], points, (const float *)m->x, out,
                           (double *)m->inside};
    explain_tree_of_one(&p, (Q + WIDE - 1) / WIDE, weights);
}

/* Contributions of X [rows, features]: result [rows, outputs, features]. scratch: `scratch_bytes`, at a multiple
   of 64. */
void contributions(const forest *f, const float *X, int64_t rows, double *result, void *scratch) {
    const int64_t n = f->features, width = n * f->outputs;
    const room m = room_in(f, scratch);
    const usual training = {f->ratio, f->curve};
    int64_t done = 0;
    for (; rows - done > ROWS / 4; done += ROWS) {
        begin_rows(f, X + done * n, rows - done, &m);
        for (int32_t t = 0; t < f->trees; t++) explain_rows(f, t, training, &m);
        for (int r = 0; r < ROWS && r < rows - done; r++)
            for (int64_t j = 0; j < width; j++)
                result[(done + r) * width + j] = m.out[j * GROUPS + r / LANES][r % LANES];
    }
    for (; done < rows; done++) {
        double *out = result + done * width;
        for (int64_t j = 0; j < width; j++) out[j] = 0.0;
        begin_one(f, X + done * n, &m);
        for (int32_t t = 0; t < f->trees; t++) explain_one(f, t, training, out, &m);
    }
}

/* ---- against reference rows ------------------------------------------------------------------------------------ */

/* A reference row's way through a tree, as a split sees it: `ratio` is 1 where the row goes left, and a feature's
   share so far, which the curve is made of, is 1 while the row met that feature's conditions and 0 after. */
INLINE usual way_of(const forest *f, int32_t tree, const float *row, const room *m, uint8_t *met) {
    const int32_t first = f->first[tree], splits = f->first[tree + 1] - first, Q = f->points[tree];
    const double *gauss = f->gauss + (int64_t)Q * 2 * MAX_POINTS;
    const int32_t begin = f->tree_curve[tree];
    for (int32_t k = 0; k < splits; k++) {
        const int32_t s = first + k, before = f->before[s];
        const int left = goes_left(row[f->feature[s]], f->threshold[s], f->default_left[s]);
        const int still = before < 0 || met[before];
        m->ratio[k] = left;
        met[2 * k] = (uint8_t)(still & left);
        met[2 * k + 1] = (uint8_t)(still & !left);
        if (before < 0) continue;
        double *point = m->curve + (f->curve_at[s] - begin);
        for (int q = 0; q < PADDED(Q); q++) {
            point[q] = still ? gauss[q] : (q < Q ? 1.0 : 0.0);
            point[PADDED(Q) + q] = still && q < Q ? 1.0 : 0.0;
        }
    }
    return (usual){m->ratio - first, m->curve - begin};
}

/* Contributions of each row of X against the mean of the reference rows, of the trees that `chosen` names, added to
   result [rows, outputs, features]. The cost grows with the references: for trees whose tables are too large, and
   for one row against another. met: [2 * most splits]. */
void against(const forest *f, const float *X, int64_t rows, const float *reference, int64_t references,
             const int32_t *chosen, int32_t trees, double *result, void *scratch, uint8_t *met) {
    const int64_t n = f->features, width = n * f->outputs;
    const room m = room_in(f, scratch);
    if (rows == 1 && references == 1) {
        begin_one(f, X, &m);
        for (int32_t i = 0; i < trees; i++)
            explain_one(f, chosen[i], way_of(f, chosen[i], reference, &m, met), result, &m);
        return;
    }
    for (int64_t done = 0; done < rows; done += ROWS) {
        begin_rows(f, X + done * n, rows - done, &m);
        for (int32_t i = 0; i < trees; i++)
            for (int64_t r = 0; r < references; r++)
                explain_rows(f, chosen[i], way_of(f, chosen[i], reference + r * n, &m, met), &m);
        for (int r = 0; r < ROWS && r < rows - done; r++)
            for (int64_t j = 0; j < width; j++)
                result[(done + r) * width + j] += m.out[j * GROUPS + r / LANES][r % LANES] / (double)references;
    }
}
