/* One row against one other. Where both go the same way there is one way to go, and nothing to explain: only what lies
   under splits at which they part is looked at. */

#include "kernel.h"

enum { TOGETHER, ROW_ONLY, OTHER_ONLY };

typedef struct {
    const forest *f;
    const split *splits;
    const double *leaf;
    const float *x, *other;
    const few *points;
    double *out;
    uint8_t *state; /* [features]: who still meets the conditions that the path puts on the feature */
    int count;      /* of vectors of points */
} parting;

/* Weight in, value out. */
static void part(const parting *p, int32_t k, few *v) {
    while (k >= 0) {
        const split *s = p->splits + k;
        const int32_t feature = feature_of(p->f, s);
        const int mine = goes_left(s, p->x), theirs = goes_left(s, p->other), state = p->state[feature];
        if (state == TOGETHER && mine != theirs) {
            few a[MAX_POINTS / WIDE], b[MAX_POINTS / WIDE], sum = {0};
            const double known = mine - theirs;
            for (int i = 0; i < p->count; i++) {
                a[i] = v[i] * (theirs + known * p->points[i]);
                b[i] = v[i] - a[i];
            }
            p->state[feature] = mine ? ROW_ONLY : OTHER_ONLY;
            part(p, s->left, a);
            p->state[feature] = mine ? OTHER_ONLY : ROW_ONLY;
            part(p, s->right, b);
            p->state[feature] = TOGETHER;
            for (int i = 0; i < p->count; i++) {
                const few step = a[i] - b[i];
                sum += v[i] * step;
                v[i] = b[i] + (theirs + known * p->points[i]) * step;
            }
            p->out[feature] += known * sum_of(sum);
            return;
        }
        k = (state == OTHER_ONLY ? theirs : mine) ? s->left : s->right;
    }
    for (int i = 0; i < p->count; i++) v[i] = (few){0} + p->leaf[~k];
}

/* Adds the contributions of x [columns] against other [columns] to result [outputs, features]. state: [features],
   all 0, and all 0 again afterwards. */
void contrast(const forest *f, const float *x, const float *other, double *result, uint8_t *state) {
    for (int32_t t = 0; t < f->trees; t++) {
        const int32_t Q = f->points[t];
        const double *gauss = f->gauss + (int64_t)Q * 2 * MAX_POINTS;
        const parting p = {f, f->splits + f->first[t], f->leaf, x, other, (const few *)gauss,
                           result + (int64_t)f->output[t] * f->features, state, (Q + WIDE - 1) / WIDE};
        few v[MAX_POINTS / WIDE];
        for (int i = 0; i < p.count; i++) v[i] = ((const few *)(gauss + MAX_POINTS))[i];
        part(&p, f->root[t], v);
    }
}
