/* Contributions against many reference rows, by look-up: a row's cost does not depend on how many there are.

   A leaf's contribution depends on a row only through one bit a feature: whether it meets every condition that the
   path puts on it. So the leaves under one small bottom subtree share a table: its index has a bit for each feature
   asked above (met or not) and one for each split inside (left or not), and it holds the sum of the leaves' mean
   contributions over the reference rows, of which only the counts of their own bit patterns matter. */

#include "kernel.h"

#define MAX_BITS 12
#define MAX_HEIGHT 2

/* Subtrees stand with their tree. root: split within its tree, or ~leaf. above: for each
   feature asked above, the edges (2 * split + side) that ask it. inside: the subtree's splits. member: features that
   its table has columns for: those asked above first. */
typedef struct {
    int32_t trees;
    const int32_t *tree, *subtrees;                             /* [trees]; [trees + 1] */
    const int32_t *root, *above, *inside, *member;     /* where each begins; last three have one more */
    const int32_t *edges, *edge, *split, *feature;              /* edges: where each feature above begins */
    const int64_t *begin;                                       /* of each subtree's table */
    double *table;
} tables;

INLINE void ways_of(const forest *f, int32_t tree, const float *row, uint8_t *left) {
    const split *splits = f->splits + f->first[tree];
    for (int32_t k = 0; k < f->first[tree + 1] - f->first[tree]; k++) left[k] = (uint8_t)goes_left(splits + k, row);
}

enum { TABLE_ROWS = BYTES / 4, TOGETHER = 64 };

INLINE bits all_of(int32_t x) { return (bits){0} + x; }

int64_t look_up_bytes(const forest *f) {
    return BYTES * ((int64_t)f->most_splits + 2 * (int64_t)f->columns * (TOGETHER / TABLE_ROWS));
}

/* Adds to result [rows, outputs, features]. Where a row goes, and so its index, is found for as many rows at once as a
   vector has lanes; what the tables hold is then added row by row. scratch: `look_up_bytes`. */
void look_up(const forest *f, const tables *t, const float *X, int64_t rows, double *result, void *scratch) {
    const int64_t n = f->columns, width = (int64_t)f->features * f->outputs;
    bits *left = scratch;
    singles *columns = (singles *)(left + f->most_splits);
    for (int64_t from = 0; from < rows; from += TOGETHER) {
        const int64_t here = rows - from < TOGETHER ? rows - from : TOGETHER;
        for (int64_t r = 0; r < TOGETHER; r++)
            for (int64_t j = 0; j < n; j++)
                columns[(r / TABLE_ROWS) * n + j][r % TABLE_ROWS] = r < here ? X[(from + r) * n + j] : 0.0f;
        for (int32_t i = 0; i < t->trees; i++)
            for (int64_t block = 0; block * TABLE_ROWS < here; block++) {
                const int32_t first = f->first[t->tree[i]], splits = f->first[t->tree[i] + 1] - first;
                const int64_t end = here - block * TABLE_ROWS < TABLE_ROWS ? here - block * TABLE_ROWS : TABLE_ROWS;
                double *out = result + (from + block * TABLE_ROWS) * width + (int64_t)f->output[t->tree[i]] * f->features;
                for (int32_t k = 0; k < splits; k++) {
                    const split *s = f->splits + first + k;
                    const singles x = columns[block * n + (s->column >> 1)];
                    left[k] = (bits)(x < s->threshold) | ((bits)(x != x) & all_of(-(s->column & 1)));
                }
                for (int32_t g = t->subtrees[i]; g < t->subtrees[i + 1]; g++) {
                    bits index = {0};
                    int32_t bit = 0;
                    for (int32_t a = t->above[g]; a < t->above[g + 1]; a++, bit++) {
                        bits met = all_of(-1);
                        for (int32_t e = t->edges[a]; e < t->edges[a + 1]; e++)
                            met &= left[t->edge[e] >> 1] ^ all_of(-(t->edge[e] & 1));
                        index |= met & all_of(1 << bit);
                    }
                    for (int32_t s = t->inside[g]; s < t->inside[g + 1]; s++, bit++)
                        index |= left[t->split[s]] & all_of(1 << bit);
                    const int32_t members = t->member[g + 1] - t->member[g];
                    const double *table = t->table + t->begin[g];
                    const int32_t *feature = t->feature + t->member[g];
                    for (int64_t r = 0; r < end; r++) {
                        const double *cell = table + (int64_t)index[r] * members;
                        for (int32_t m = 0; m < members; m++) out[r * width + feature[m]] += cell[m];
                    }
                }
            }
    }
}

/* One leaf while its table is made: its players (features of its path), and the edges that each must meet. */
typedef struct {
    int32_t players, above;
    int32_t feature[MAX_BITS];
    int32_t edges[MAX_BITS], edge[MAX_BITS][MAX_DEPTH];
} path;

INLINE void add_edge(path *p, int32_t feature, int32_t edge) {
    int32_t i = 0;
    while (i < p->players && p->feature[i] != feature) i++;
    if (i == p->players) {
        p->feature[i] = feature;
        p->edges[i] = 0;
        p->players++;
    }
    p->edge[i][p->edges[i]++] = edge;
}

/* [2^players][players]: mean contributions of a leaf of value 1 by the row's bits; share[b]: of the reference rows
   with the bits b. A leaf counts for a row and a reference only if between them they meet every condition. */
static void leaf_values(int32_t players, const double *share, double *phi) {
    const uint32_t full = (1u << players) - 1;
    double factorial[MAX_BITS + 1];
    factorial[0] = 1.0;
    for (int32_t i = 1; i <= players; i++) factorial[i] = factorial[i - 1] * i;
    for (int64_t i = 0; i < (int64_t)(full + 1) * players; i++) phi[i] = 0.0;
    for (uint32_t b = 0; b <= full; b++) {
        if (share[b] == 0.0) continue;
        const uint32_t row_only = full ^ b;
        const int32_t p = __builtin_popcount(row_only);
        for (uint32_t sub = b;; sub = (sub - 1) & b) {
            const uint32_t reference_only = b ^ sub;
            const int32_t q = __builtin_popcount(reference_only);
            double *out = phi + (int64_t)(row_only | sub) * players;
            const double gain = p ? share[b] * factorial[p - 1] * factorial[q] / factorial[p + q] : 0.0;
            const double loss = q ? share[b] * factorial[p] * factorial[q - 1] / factorial[p + q] : 0.0;
            for (int32_t i = 0; i < players; i++) {
                if (row_only >> i & 1) out[i] += gain;
                else if (reference_only >> i & 1) out[i] -= loss;
            }
            if (!sub) break;
        }
    }
}

typedef struct {
    const forest *f;
    const tables *t;
    int32_t tree, group;
    int64_t references;
    const uint8_t *left; /* [references][most splits] */
    double *share, *phi;
} making;

static void add_leaf(const making *m, const path *p, double value) {
    const tables *t = m->t;
    const int32_t g = m->group, inside = t->inside[g + 1] - t->inside[g], members = t->member[g + 1] - t->member[g];
    const uint32_t cells = 1u << (p->above + inside);
    for (uint32_t b = 0; b < 1u << p->players; b++) m->share[b] = 0.0;
    for (int64_t r = 0; r < m->references; r++) {
        const uint8_t *left = m->left + r * m->f->most_splits;
        uint32_t bits = 0;
        for (int32_t i = 0; i < p->players; i++) {
            uint32_t met = 1;
            for (int32_t e = 0; e < p->edges[i]; e++) met &= left[p->edge[i][e] >> 1] ^ (p->edge[i][e] & 1u);
            bits |= met << i;
        }
        m->share[bits] += 1.0;
    }
    for (uint32_t b = 0; b < 1u << p->players; b++) m->share[b] /= (double)m->references;
    leaf_values(p->players, m->share, m->phi);

    int32_t column[MAX_BITS];
    for (int32_t i = 0; i < p->players; i++)
        for (int32_t c = 0; c < members; c++)
            if (t->feature[t->member[g] + c] == p->feature[i]) column[i] = c;
    for (uint32_t index = 0; index < cells; index++) {
        uint32_t bits = 0;
        for (int32_t i = 0; i < p->players; i++) {
            uint32_t met = i < p->above ? index >> i & 1 : 1;
            for (int32_t e = 0; e < p->edges[i]; e++) /* of the edges, those inside the subtree have a bit */
                for (int32_t s = 0; s < inside; s++)
                    if (t->split[t->inside[g] + s] == p->edge[i][e] >> 1)
                        met &= (index >> (p->above + s) & 1) ^ (p->edge[i][e] & 1u);
            bits |= met << i;
        }
        const double *phi = m->phi + (int64_t)bits * p->players;
        double *cell = t->table + t->begin[g] + (int64_t)index * members;
        for (int32_t i = 0; i < p->players; i++) cell[column[i]] += value * phi[i];
    }
}

static void add_leaves(const making *m, int32_t node, path *p) {
    const forest *f = m->f;
    if (node < 0) {
        add_leaf(m, p, f->leaf[~node]);
        return;
    }
    const split *s = f->splits + f->first[m->tree] + node;
    for (int32_t side = 0; side < 2; side++) {
        path further = *p;
        add_edge(&further, feature_of(f, s), 2 * node + side);
        add_leaves(m, side ? s->right : s->left, &further);
    }
}

/* Fills the tables, which are 0. left: [references][most splits]; share: [2^MAX_BITS]; phi: [2^MAX_BITS][MAX_BITS]. */
void make_tables(const forest *f, const tables *t, const float *reference, int64_t references, uint8_t *left,
                 double *share, double *phi) {
    for (int32_t i = 0; i < t->trees; i++) {
        for (int64_t r = 0; r < references; r++)
            ways_of(f, t->tree[i], reference + r * f->columns, left + r * f->most_splits);
        for (int32_t g = t->subtrees[i]; g < t->subtrees[i + 1]; g++) {
            const making m = {f, t, t->tree[i], g, references, left, share, phi};
            path p = {0};
            for (int32_t a = t->above[g]; a < t->above[g + 1]; a++)
                for (int32_t e = t->edges[a]; e < t->edges[a + 1]; e++)
                    add_edge(&p, t->feature[t->member[g] + a - t->above[g]], t->edge[e]);
            p.above = p.players;
            add_leaves(&m, t->root[g], &p);
        }
    }
}
