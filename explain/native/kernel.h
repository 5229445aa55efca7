/* What the kernel's files share. */

#ifndef VIGIE_KERNEL_H
#define VIGIE_KERNEL_H

#include <stdint.h>

#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
#define LANES (BYTES / 8)
#define GROUPS (16 / LANES)                    /* vectors of rows that go through a tree together */
#define ROWS (LANES * GROUPS)
#define WIDE (LANES > 4 ? 4 : LANES)           /* points at once, where there is one row */
#define MAX_POINTS 32
#define MAX_DEPTH 128
#define PADDED(points) (((points) + 3) & ~3)
#define INLINE static inline __attribute__((always_inline))

typedef double vec __attribute__((vector_size(BYTES)));
typedef int64_t mask __attribute__((vector_size(BYTES)));
typedef int32_t bits __attribute__((vector_size(BYTES)));      /* of twice as many rows */
typedef float singles __attribute__((vector_size(BYTES)));
typedef double few __attribute__((vector_size(WIDE * 8)));

/* A split: 32 bytes, so that a forest stays near the processor. Splits stand with their tree: first those with more
   than two levels below them (`tall` of them), and parents before children. left, right: an index within the tree, or
   ~(index of the leaf). before: -1, or 2 * (nearest ancestor that asks the same feature) + (1 if the split lies on its
   right). curve_at: where the split's own points and factors begin in `curve`; of a feature that is asked first, -2 if
   it is asked again further down, else -1. */
typedef struct {
    double ratio;                         /* share of the training rows that goes left */
    float threshold;
    int32_t column;                       /* 2 * column of the rows + (1 if a missing value goes left) */
    int32_t left, right, before, curve_at;
} split;

/* Rows have `columns` values: the features, and after them what was made of one for the splits that are no threshold on
   it. owner: the feature that a column is of. */
typedef struct {
    int32_t trees, features, columns, outputs, most_splits, most_points, depth;
    const int32_t *first, *root, *points, *output, *tree_curve, *tall; /* by tree; first has one more */
    const split *splits;
    const double *curve, *leaf;
    const double *gauss;                                               /* [MAX_POINTS + 1][2][MAX_POINTS] */
    const int32_t *owner;                                              /* [columns] */
} forest;

INLINE int goes_left(const split *s, const float *x) {
    const float value = x[s->column >> 1];
    return (value < s->threshold) | (s->column & (value != value));
}

INLINE int32_t feature_of(const forest *f, const split *s) { return f->owner[s->column >> 1]; }

INLINE vec splat(double x) { return (vec){0} + x; }

INLINE double sum_of(few a) {
    double total = 0.0;
    for (int i = 0; i < WIDE; i++) total += a[i];
    return total;
}

#endif
