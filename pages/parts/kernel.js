// The one equation, as lossviz/equation.py has it, in float64: one example, or a plane of them. A strategy is its tables:
// W [y][ŷ], S [ŷ][c], B [y][c], C [y][c], gamma [y]. Everything hangs on the log-odds against the true class, so that nothing
// is lost at either end: −log q_y = softplus(u), log(1 − q_y) = u − softplus(u).

const softplus = (u) => (u > 0 ? u + Math.log1p(Math.exp(-u)) : Math.log1p(Math.exp(u)));

const argmax = (v) => { let best = 0; for (let c = 1; c < v.length; c++) if (v[c] > v[best]) best = c; return best; };

const evaluate = (t, z, y) => {
  const k = z.length, guess = argmax(z), S = t.S[guess], B = t.B[y], C = t.C[y], gamma = t.gamma[y], weight = t.W[y][guess];
  const adjusted = z.map((v, c) => S[c] * v + B[c]), own = adjusted[y];
  let top = -Infinity, sum = 0;
  for (let c = 0; c < k; c++) if (c !== y && adjusted[c] > top) top = adjusted[c];
  const others = adjusted.map((v, c) => (c === y ? 0 : Math.exp(v - top)));
  for (let c = 0; c < k; c++) sum += others[c];
  const u = Math.log(sum) + (top - own), nats = softplus(u), miss = u - nats;
  const q = adjusted.map((v) => Math.exp(Math.min(v - own - nats, 0)));
  const factor = Math.exp(gamma * miss);
  let charge = 0;
  for (let c = 0; c < k; c++) charge += C[c] * q[c];
  // d ℓ / d u of the first term, which reaches the others by their shares and the true class by −1
  const slope = weight * factor * (gamma * q[y] * nats + Math.exp(miss));
  const gradient = adjusted.map((_, c) => {
    let g = c === y ? -slope : (slope * others[c]) / sum, apart = 0;
    for (let j = 0; j < k; j++) apart += q[j] * (C[c] - C[j]);
    g += q[c] * apart;
    return S[c] * g;
  });
  return { value: weight * factor * nats + charge, gradient, q, adjusted, guess, weight, nats, factor, charge };
};

// Losses of `side`² points, rows from the bottom up: `at[i]` stands for classes a and b in turn, on top of `base`.
const evaluatePlane = (t, y, base, a, b, at, out) => {
  const k = base.length, side = at.length, z = Float64Array.from(base), v = new Float64Array(k);
  const B = t.B[y], C = t.C[y], gamma = t.gamma[y], costs = C.some((c) => c !== 0), offset = base;
  for (let i = 0; i < side; i++) {
    z[b] = offset[b] + at[i];
    for (let j = 0; j < side; j++) {
      z[a] = offset[a] + at[j];
      let guess = 0, top = -Infinity, sum = 0;
      for (let c = 1; c < k; c++) if (z[c] > z[guess]) guess = c;
      const S = t.S[guess];
      for (let c = 0; c < k; c++) { v[c] = S[c] * z[c] + B[c]; if (c !== y && v[c] > top) top = v[c]; }
      for (let c = 0; c < k; c++) if (c !== y) sum += Math.exp(v[c] - top);
      const u = (k > 2 ? Math.log(sum) : 0) + top - v[y], nats = u > 0 ? u + Math.log1p(Math.exp(-u)) : Math.log1p(Math.exp(u));
      let value = t.W[y][guess] * nats;
      if (gamma !== 0) value *= Math.exp(gamma * (u - nats));
      if (costs) for (let c = 0; c < k; c++) if (C[c]) value += C[c] * Math.exp(Math.min(v[c] - v[y] - nats, 0));
      out[i * side + j] = value;
    }
  }
  return out;
};

// The class decided by a rule at test time, and the scores it is decided on: higher is better.
const scores = (rule, z) => {
  const scale = rule.scale[argmax(z)], s = z.map((v, c) => scale[c] * v + rule.shift[c]);
  if (!rule.cost) return s;
  const top = Math.max(...s), e = s.map((v) => Math.exp(v - top)), sum = e.reduce((x, v) => x + v, 0);
  return s.map((_, i) => -e.reduce((x, v, j) => x + (v / sum) * rule.cost[j][i], 0));
};

const decide = (rule, z) => argmax(scores(rule, z));

// The direction in which all q stay: 1/a for scales a; (1, …, 1) where no class is scaled differently.
const valleyOf = (t, z) => {
  const S = t.S[argmax(z)];
  if (S.some((s) => s === 0)) return S.map((s) => (s === 0 ? 1 : 0));
  const most = Math.max(...S.map(Math.abs));
  return S.map((s) => most / s);
};

// The logits that count nothing at a point: more than one, and there is no single flat direction.
const dead = (t, z) => t.S[argmax(z)].flatMap((s, c) => (s === 0 ? [c] : []));

const unequal = (t) => t.S.some((row) => row.some((s) => s !== row[0]));

// The tables of two of the classes, as a problem of their own.
const pairOf = (t, a, b) => {
  const cut = (m) => [[m[a][a], m[a][b]], [m[b][a], m[b][b]]], two = [a, b];
  const rules = t.rules.map((r) => ({ ...r, scale: cut(r.scale), shift: two.map((c) => r.shift[c]), cost: r.cost && cut(r.cost) }));
  return { W: cut(t.W), S: cut(t.S), B: cut(t.B), C: cut(t.C), gamma: two.map((c) => t.gamma[c]), rules };
};

// Gradient steps from z: a list of logits, the start first; where they cannot be told apart any more they end.
const descend = (t, z, y, eta, steps) => {
  const path = [z];
  for (let i = 0; i < steps; i++) {
    const { gradient } = evaluate(t, path[i], y), next = path[i].map((v, c) => Math.min(Math.max(v - eta * gradient[c], -1e5), 1e5));
    path.push(next);
  }
  return path;
};

// Lines at which a field [side²] crosses a level, as pairs of points in cells: marching squares.
const isolines = (field, side, level, each) => {
  for (let i = 0; i + 1 < side; i++) for (let j = 0; j + 1 < side; j++) {
    const p = i * side + j, a = field[p] - level, b = field[p + 1] - level, c = field[p + side + 1] - level, d = field[p + side] - level;
    const up = (a > 0) + (b > 0) + (c > 0) + (d > 0);
    if (up === 0 || up === 4) continue;
    let x0, y0, found = 0;
    const hit = (x, y) => { if (found++ % 2) each(x0, y0, x, y); else { x0 = x; y0 = y; } };
    if (a > 0 !== b > 0) hit(j + a / (a - b), i);
    if (b > 0 !== c > 0) hit(j + 1, i + b / (b - c));
    if (c > 0 !== d > 0) hit(j + d / (d - c), i + 1);
    if (d > 0 !== a > 0) hit(j, i + a / (a - d));
  }
};

// Where decisions change, the same way: between neighbours that decide differently, where their two scores are equal.
const frontiers = (rule, side, zAt, each) => {
  const all = Array.from({ length: side * side }, (_, p) => scores(rule, zAt(p % side, Math.floor(p / side))));
  const won = all.map(argmax);
  for (let i = 0; i + 1 < side; i++) for (let j = 0; j + 1 < side; j++) {
    const p = i * side + j, corners = [[p, j, i], [p + 1, j + 1, i], [p + side + 1, j + 1, i + 1], [p + side, j, i + 1]];
    const hits = [];
    for (let e = 0; e < 4; e++) {
      const [from, x0, y0] = corners[e], [to, x1, y1] = corners[(e + 1) % 4], c = won[from], d = won[to];
      if (c === d) continue;
      const f = all[from][c] - all[from][d], g = all[to][c] - all[to][d], s = f === g ? 0.5 : Math.min(Math.max(f / (f - g), 0), 1);
      hits.push([x0 + s * (x1 - x0), y0 + s * (y1 - y0)]);
    }
    if (hits.length === 2) each(...hits[0], ...hits[1]);
    else if (hits.length > 2) {
      const x = hits.reduce((v, h) => v + h[0], 0) / hits.length, y = hits.reduce((v, h) => v + h[1], 0) / hits.length;
      for (const h of hits) each(...h, x, y);
    }
  }
};
