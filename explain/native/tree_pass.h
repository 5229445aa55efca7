/* One tree, from the root down to its leaves and back. Included twice: with rows as lanes, and for one row with points
   as lanes.

   KNOWN: what is known of a split (a vector of rows, or one number). WEIGHT: a weight (a vector of rows, or of points).
   POINT: a point (one number, or a vector of them). SUM: adds up the points of a lane. IS_LEFT: 1 for a row that goes
   left. R: how many KNOWNs there are; N: how many POINTs. Weights are [R][N]. NAME(x): x with a suffix. */

typedef struct {
    const split *splits;   /* of the tree; against a reference row, as that row goes */
    const double *curve, *leaf;
    const POINT *points;
    const ROW *x;          /* [2 * columns][R], as `both_ways` */
    KNOWN *out, *inside;   /* [features][R]; [2 * splits][R] */
    int32_t padded, tall;
    const int32_t *owner;
} NAME(pass);

/* What is known of a split: (1 if the row goes left, else 0) - ratio, 0 where the row has left the feature's earlier
   conditions. A repeated feature has points of its own and factors, else factor is 0. */
typedef struct {
    const split *s;
    const POINT *point, *factor;
    KNOWN known[R];
} NAME(view);

INLINE void NAME(look)(const NAME(pass) *p, int32_t k, NAME(view) *out) {
    const split *s = p->splits + k;
    const ROW *x = p->x + (int64_t)s->column * R;
    KNOWN is_left[R];
    for (int r = 0; r < R; r++) is_left[r] = IS_LEFT(x[r], s->threshold);
    out->s = s;
    for (int r = 0; r < R; r++) out->known[r] = is_left[r] - s->ratio;
    if (s->before >= 0) {
        const KNOWN *in = p->inside + (int64_t)s->before * R;
        KNOWN *inside = p->inside + 2 * (int64_t)k * R;
        for (int r = 0; r < R; r++) {
            out->known[r] *= in[r];
            inside[r] = is_left[r] * in[r];
            inside[R + r] = in[r] - inside[r];
        }
        out->point = (const POINT *)(p->curve + s->curve_at);
        out->factor = (const POINT *)(p->curve + s->curve_at + p->padded);
        return;
    }
    out->point = p->points;
    out->factor = 0;
    if (s->curve_at == -2) {
        KNOWN *inside = p->inside + 2 * (int64_t)k * R;
        for (int r = 0; r < R; r++) {
            inside[r] = is_left[r];
            inside[R + r] = 1.0 - is_left[r];
        }
    }
}

INLINE void NAME(leaf)(const NAME(pass) *p, const int N, int32_t child, WEIGHT *v) {
    const WEIGHT value = (WEIGHT){0} + p->leaf[~child];
    for (int i = 0; i < R * N; i++) v[i] = value;
}

/* A split whose children are leaves: weight in, value out. */
INLINE void NAME(twig)(const NAME(pass) *p, const int N, int32_t k, WEIGHT *v) {
    NAME(view) s;
    NAME(look)(p, k, &s);
    const double b = p->leaf[~s.s->right], step = p->leaf[~s.s->left] - b, middle = b + s.s->ratio * step;
    KNOWN *out = p->out + (int64_t)p->owner[s.s->column >> 1] * R;
    for (int r = 0; r < R; r++) {
        const KNOWN slope = s.known[r] * step;
        WEIGHT sum = {0};
        if (s.factor)
            for (int i = 0; i < N; i++) {
                const WEIGHT part = v[r * N + i] * s.factor[i];
                sum += part;
            }
        else
            for (int i = 0; i < N; i++) sum += v[r * N + i];
        for (int i = 0; i < N; i++) v[r * N + i] = middle + s.point[i] * slope;
        out[r] += slope * SUM(sum);
    }
}

INLINE void NAME(leaf_or_twig)(const NAME(pass) *p, const int N, int32_t child, WEIGHT *v) {
    if (child >= 0) NAME(twig)(p, N, child, v);
    else NAME(leaf)(p, N, child, v);
}

/* The weight that goes to either side. */
INLINE void NAME(down)(const NAME(view) *s, const int N, const WEIGHT *v, WEIGHT *a, WEIGHT *b) {
    for (int r = 0; r < R; r++)
        for (int i = 0; i < N; i++) {
            a[r * N + i] = v[r * N + i] * (s->s->ratio + s->point[i] * s->known[r]);
            b[r * N + i] = v[r * N + i] - a[r * N + i];
        }
}

/* With the values below on either side: weight in, value out. */
INLINE void NAME(up)(const NAME(pass) *p, const NAME(view) *s, const int N, WEIGHT *v, const WEIGHT *a,
                     const WEIGHT *b) {
    KNOWN *out = p->out + (int64_t)p->owner[s->s->column >> 1] * R;
    for (int r = 0; r < R; r++) {
        WEIGHT sum = {0};
        for (int i = 0; i < N; i++) {
            const WEIGHT step = a[r * N + i] - b[r * N + i], weight = v[r * N + i];
            const WEIGHT part = (s->factor ? weight * s->factor[i] : weight) * step;
            sum += part; /* a statement of its own is not fused: alone or among others, a row has the same bits */
            v[r * N + i] = b[r * N + i] + (s->s->ratio + s->point[i] * s->known[r]) * step;
        }
        out[r] += s->known[r] * SUM(sum);
    }
}

/* A subtree of height 1 or 2, in registers: half to three quarters of a tree's splits. */
INLINE void NAME(small)(const NAME(pass) *p, const int N, int32_t k, WEIGHT *v) {
    if (p->splits[k].left < 0 && p->splits[k].right < 0) {
        NAME(twig)(p, N, k, v);
        return;
    }
    NAME(view) s;
    NAME(look)(p, k, &s);
    WEIGHT a[R * N], b[R * N];
    NAME(down)(&s, N, v, a, b);
    NAME(leaf_or_twig)(p, N, s.s->left, a);
    NAME(leaf_or_twig)(p, N, s.s->right, b);
    NAME(up)(p, &s, N, v, a, b);
}

/* A taller one calls itself: its weights stay on the stack, whatever the size of the tree. One function for each of the
   usual numbers of points, and one for any. */
#define BODY(self, N, ...)                                                                                             \
    {                                                                                                                  \
        NAME(view) s;                                                                                                  \
        NAME(look)(p, k, &s);                                                                                          \
        WEIGHT a[R * (N)], b[R * (N)];                                                                                 \
        NAME(down)(&s, N, v, a, b);                                                                                    \
        if (s.s->left < 0) NAME(leaf)(p, N, s.s->left, a);                                                             \
        else if (s.s->left >= p->tall) NAME(small)(p, N, s.s->left, a);                                                \
        else self(p, s.s->left, a, ##__VA_ARGS__);                                                                     \
        if (s.s->right < 0) NAME(leaf)(p, N, s.s->right, b);                                                           \
        else if (s.s->right >= p->tall) NAME(small)(p, N, s.s->right, b);                                              \
        else self(p, s.s->right, b, ##__VA_ARGS__);                                                                    \
        NAME(up)(p, &s, N, v, a, b);                                                                                   \
    }
static void NAME(tall_1)(const NAME(pass) *p, int32_t k, WEIGHT *v) BODY(NAME(tall_1), 1)
static void NAME(tall_2)(const NAME(pass) *p, int32_t k, WEIGHT *v) BODY(NAME(tall_2), 2)
static void NAME(tall_3)(const NAME(pass) *p, int32_t k, WEIGHT *v) BODY(NAME(tall_3), 3)
static void NAME(tall_4)(const NAME(pass) *p, int32_t k, WEIGHT *v) BODY(NAME(tall_4), 4)
static void NAME(tall_any)(const NAME(pass) *p, int32_t k, WEIGHT *v, const int N) BODY(NAME(tall_any), N, N)

INLINE void NAME(explain_tree)(const NAME(pass) *p, const int N, const WEIGHT *weights) {
    WEIGHT v[R * N];
    for (int r = 0; r < R; r++)
        for (int i = 0; i < N; i++) v[r * N + i] = weights[i];
    switch (p->tall ? N : -N) {
    case 0: return;
    case 1: NAME(tall_1)(p, 0, v); return;
    case 2: NAME(tall_2)(p, 0, v); return;
    case 3: NAME(tall_3)(p, 0, v); return;
    case 4: NAME(tall_4)(p, 0, v); return;
    case -1: NAME(small)(p, 1, 0, v); return;
    case -2: NAME(small)(p, 2, 0, v); return;
    default:
        if (p->tall) NAME(tall_any)(p, 0, v, N);
        else NAME(small)(p, N, 0, v);
    }
}

#undef KNOWN
#undef WEIGHT
#undef POINT
#undef ROW
#undef SUM
#undef IS_LEFT
#undef NAME
#undef R
#undef BODY
