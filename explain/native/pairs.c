/* Shapley interaction values: contributions of contributions. */

#include "kernel.h"

/* Slopes in two features at once. `by` holds, for each feature asked above, the weight with that feature's part
   replaced by its slope; at a split the pair's value is known * by * step, and the slope of the split's own feature
   begins or goes on. */
typedef struct {
    const forest *f;
    int32_t tree, Q;
    const vec *x;
    vec *pairs, *inside;
    vec *levels; /* [depth + 2][(features asked so far + 2) * Q] */
    int32_t *asked;
} pairing;

static void pair_values(const pairing *p, int32_t k, int32_t level, int32_t asked, vec *value) {
    const forest *f = p->f;
    const split *s = f->splits + f->first[p->tree] + k;
    const int32_t Q = p->Q, feature = feature_of(f, s), before = s->before;
    const int64_t size = ((int64_t)f->depth + 3) * Q;
    vec *weight = p->levels + level * size, *by = weight + Q, *below = weight + size;
    const double ratio = s->ratio, *point = f->gauss + (int64_t)Q * 2 * MAX_POINTS, *factor = 0;
    const vec one = splat(1.0), row = p->x[s->column >> 1];
    const double threshold = s->threshold;
    const mask goes = s->column & 1 ? ~(mask)(row >= threshold) : (mask)(row < threshold);
    const vec is_left = (vec)(goes & (mask)one);
    vec g = is_left - ratio, in = one;
    if (before >= 0) {
        in = p->inside[before];
        g *= in;
        point = f->curve + s->curve_at;
        factor = point + PADDED(Q);
    }
    p->inside[2 * k] = is_left * in;
    p->inside[2 * k + 1] = in - p->inside[2 * k];

    int32_t mine = 0;
    while (mine < asked && p->asked[mine] != feature) mine++;
    const int32_t slots = mine == asked ? asked + 1 : asked;
    if (mine == asked) {
        p->asked[mine] = feature;
        for (int q = 0; q < Q; q++) by[mine * Q + q] = (vec){0};
    }
    vec values[2][MAX_POINTS];
    const int32_t child[2] = {s->left, s->right};
    for (int side = 0; side < 2; side++) {
        const double sign = side ? -1.0 : 1.0;
        for (int q = 0; q < Q; q++) {
            const vec to_left = ratio + point[q] * g, share = side ? one - to_left : to_left;
            const vec own = sign * g * (factor ? splat(factor[q]) : one);
            below[q] = weight[q] * share;
            for (int32_t i = 0; i < slots; i++) below[Q + i * Q + q] = by[i * Q + q] * share;
            below[Q + mine * Q + q] += own * weight[q];
        }
        if (child[side] < 0)
            for (int q = 0; q < Q; q++) values[side][q] = splat(f->leaf[~child[side]]);
        else
            pair_values(p, child[side], level + 1, slots, values[side]);
    }
    for (int32_t i = 0; i < asked; i++) {
        if (i == mine) continue;
        vec sum = {0};
        for (int q = 0; q < Q; q++) {
            const vec step = values[0][q] - values[1][q];
            sum += (factor ? by[i * Q + q] * factor[q] : by[i * Q + q]) * step;
        }
        sum *= 0.5 * g;
        p->pairs[(int64_t)feature * f->features + p->asked[i]] += sum;
        p->pairs[(int64_t)p->asked[i] * f->features + feature] += sum;
    }
    for (int q = 0; q < Q; q++)
        value[q] = values[1][q] + (ratio + point[q] * g) * (values[0][q] - values[1][q]);
}

int64_t pair_bytes(const forest *f) {
    const int64_t n = f->features;
    return BYTES * (f->columns + n * n * f->outputs + 2 * (int64_t)f->most_splits
                    + ((int64_t)f->depth + 2) * (f->depth + 3) * f->most_points) + 4 * ((int64_t)f->depth + 16);
}

/* Off-diagonal interactions of X: result [rows, outputs, features, features], each half of the pair's value. */
void interactions(const forest *f, const float *X, int64_t rows, double *result, void *scratch) {
    const int64_t n = f->features, width = n * n * f->outputs;
    vec *x = scratch, *pairs = x + f->columns, *inside = pairs + width, *levels = inside + 2 * (int64_t)f->most_splits;
    int32_t *asked = (int32_t *)(levels + ((int64_t)f->depth + 2) * (f->depth + 3) * f->most_points);
    for (int64_t done = 0; done < rows; done += LANES) {
        columns_of(f, X + done * f->columns, rows - done, x);
        for (int64_t j = 0; j < width; j++) pairs[j] = (vec){0};
        for (int32_t t = 0; t < f->trees; t++) {
            if (f->root[t] < 0) continue;
            vec value[MAX_POINTS];
            const pairing p = {f, t, f->points[t], x, pairs + f->output[t] * n * n, inside, levels, asked};
            for (int q = 0; q < p.Q; q++)
                levels[q] = splat(f->gauss[(int64_t)p.Q * 2 * MAX_POINTS + MAX_POINTS + q]);
            pair_values(&p, 0, 0, 0, value);
        }
        for (int r = 0; r < LANES && r < rows - done; r++)
            for (int64_t j = 0; j < width; j++) result[(done + r) * width + j] = pairs[j][r];
    }
}
