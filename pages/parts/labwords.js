// What the logit lab says: numbers, formulas with the numbers filled in, and the sentence under each picture, all computed.
// Follows kernel.js.

const minus = (text) => text.replace(/-/g, "−");
const num = (v, digits = 3) => {
  const a = Math.abs(v);
  if (!Number.isFinite(v)) return "–";
  if (a !== 0 && (a >= 1e6 || a < 1e-4)) return minus(v.toExponential(Math.max(digits - 2, 0)));
  return minus(a >= 10 ** digits ? Math.round(v).toLocaleString("en") : String(+v.toPrecision(digits)));
};
const long = (v) => (Math.abs(v) >= 1e6 || (v !== 0 && Math.abs(v) < 1e-6) ? minus(v.toExponential(6)) : minus(v.toFixed(7)));
const portion = (p, digits = 3) => {
  const v = 100 * p;
  if (v > 0 && v < 0.01) return "<0.01\u00a0%";
  if (v < 100 && v > 99.99) return ">99.99\u00a0%";
  return `${+v.toPrecision(v > 99 ? digits + 1 : digits)}\u00a0%`;
};
const vector = (v) => `[${v.map((x) => num(x)).join(", ")}]`;
const SUB = "₀₁₂₃₄";
const zed = (c) => `z${SUB[c]}`;
const listed = (parts) => (parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts[parts.length - 1]}`);
const upper = (text) => text[0].toUpperCase() + text.slice(1);

// The equation as far as it is at work, and with the numbers of this example.
const formulaOf = (t, y, r) => {
  const k = t.gamma.length, all = (m, v) => m.every((line) => line.every((x) => x === v)), signs = [], numbers = [];
  const byTrue = t.W.every((line) => line.every((x) => x === line[0])), byGuess = t.W.every((line) => line.every((x, c) => x === t.W[0][c]));
  if (!all(t.W, 0)) {
    if (!all(t.W, 1)) {
      signs.push(byTrue ? `w${SUB[y]}` : byGuess ? `w${SUB[r.guess]} (of the decided class)` : `w${SUB[y]}${SUB[r.guess]}`);
      numbers.push(num(r.weight));
    }
    if (t.gamma.some((g) => g !== 0)) { signs.push(`(1 − q${SUB[y]})^${num(t.gamma[y])}`); numbers.push(num(r.factor)); }
    signs.push(`(−log q${SUB[y]})`);
    numbers.push(num(r.nats, 4));
  }
  const product = [signs.join(" · "), numbers.join(" × ")];
  if (!all(t.C, 0)) {
    product[0] = [product[0], `Σ C${SUB[y]}ⱼ qⱼ`].filter(Boolean).join(" + ");
    const sum = Array.from({ length: k }, (_, c) => c).filter((c) => t.C[y][c] !== 0).map((c) => `${num(t.C[y][c])} × ${num(r.q[c])}`).join(" + ");
    product[1] = [product[1], sum || "0"].filter(Boolean).join(" + ");
  }
  const many = numbers.length > 1 || !all(t.C, 0), loss = `${product[0]} = ${product[1]}${many ? ` = ${num(r.value, 4)}` : ""}`;
  const scale = t.S[r.guess], shift = t.B[y], scaled = !all(t.S, 1), shifted = !all(t.B, 0);
  const inside = scale.map((s, c) => {
    const own = s !== 1 ? `${num(s)}·${zed(c)}` : zed(c);
    if (!shifted || shift[c] === 0) return own;
    return shift[c] <= -1e5 ? "−∞" : `${own} ${shift[c] < 0 ? "−" : "+"} ${num(Math.abs(shift[c]))}`;
  });
  const q = `q = softmax(${inside.join(", ")})${scaled || shifted ? ` = softmax${minus(`(${r.adjusted.map((v) => (v <= -1e5 ? "−∞" : num(v))).join(", ")})`)}` : ""}`;
  return { loss, q };
};

// What the strategy's rules decide: "class 1", or a phrase for each rule where they differ.
const decided = (t, z) => {
  const of = t.rules.map((rule) => [rule.title, decide(rule, z)]);
  if (of.every(([, c]) => c === of[0][1])) return `class ${of[0][1]}`;
  return of.map(([title, c]) => `class ${c} by ${title}`).join(", ");
};

const stepWords = (state, entry, t, z, r, next, after) => {
  const before = decided(t, z), then = decided(t, next), pulls = r.gradient.every((g) => g === 0) ? "does not move z: the gradient is 0" : r.gradient.every((g) => Math.abs(g) < 5e-7) ? "hardly moves z" : `takes z to ${vector(next)}`;
  const change = after - r.value, loss = Math.abs(change) <= 1e-9 * Math.abs(r.value) ? `ℓ stays ${num(after, 4)}` : change > 0 ? `ℓ rises to ${num(after, 4)}: too long a step` : `ℓ falls to ${num(after, 4)}`;
  return `Decides ${before}. One step ${pulls}; ${loss}, ${before === then ? "the decision stays" : `then ${then}`}.`;
};

const softmaxOf = (z) => { const top = Math.max(...z), e = z.map((v) => Math.exp(v - top)), sum = e.reduce((a, b) => a + b, 0); return e.map((v) => v / sum); };

const exampleSentence = (state, z, found) => {
  const { y } = state, p = softmaxOf(z), guess = argmax(z), parts = [`Class ${y} is true, and the largest logit is that of class ${guess}${guess === y ? ": right" : ""}.`];
  const plain = found.filter(({ t, r }) => !unequal(t) && t.W.some((line) => line.some((w) => w !== 1)) && r.q.every((q, c) => Math.abs(q - p[c]) < 1e-9) && r.charge === 0);
  for (const { entry, r } of plain.slice(0, 2)) parts.push(`${entry.title} keeps the probabilities and takes the loss times ${num(r.weight * r.factor)}.`);
  for (const { entry, t, r } of found.filter((f) => unequal(f.t)).slice(0, 3)) {
    const S = t.S[r.guess], most = argmax(S), q = r.q[most], up = q > p[most] + 1e-9, down = q < p[most] - 1e-9;
    if (S.every((s) => s === S[0])) { parts.push(`${entry.title}: all logits times ${num(S[0])}, which changes how sure it is, and no class is favoured.`); continue; }
    const effect = down ? (z[most] < 0 ? "punished, as its logit is negative" : "punished here") : up ? "favoured here" : "not moved";
    parts.push(`${entry.title}: class ${most} has the largest factor, ${num(S[most])}, so ${zed(most)} = ${num(z[most])} becomes ${num(r.adjusted[most])}, and its probability goes from ${portion(p[most])} to ${portion(q)}: ${effect}.`);
  }
  return parts.join(" ");
};

const shiftSentence = (state, found) => {
  const still = [], moved = [];
  for (const f of found) (Math.abs(f.r.value - f.unshifted) <= 1e-9 * Math.max(1, Math.abs(f.unshifted)) ? still : moved).push(f);
  if (state.t === 0) {
    const moves = ({ t, r }) => [-5, 5].some((by) => Math.abs(evaluate(t, state.z.map((x) => x + by), state.y).value - r.value) > 1e-9 * Math.max(1, Math.abs(r.value)));
    const would = found.filter(moves).map((f) => f.entry.title), others = would.length < found.length ? "; the others will not" : "";
    return would.length ? `Move t: ${listed(would)} will move, although nothing is decided differently${others}.` : "Move t: none of these losses will move.";
  }
  const how = moved.map((f) => `${f.entry.title} from ${long(f.unshifted)} to ${long(f.r.value)}`);
  const stays = still.length ? `${upper(listed(still.map((f) => f.entry.title)))} ${still.length > 1 ? "stay" : "stays"} as before.` : "";
  return `With ${num(state.t)} added to every logit, the largest stays the largest. ${how.length ? `Yet the loss of ${listed(how)}. ` : ""}${stays}`.trim().replace("Yet the loss of", how.length > 1 ? "Yet these losses move:" : "Yet the loss moves:");
};

// On the other side of the decision, along the flat valley: the same loss there, if the strategy's tables do not change.
const acrossValley = (t, z, y, value) => {
  const v = valleyOf(t, z), from = argmax(z);
  for (const far of [0.5, 1, 2, 4, 8, 16, 32, 64, 128].flatMap((s) => [s, -s])) {
    const there = z.map((x, c) => x + far * v[c]), guess = argmax(there);
    if (guess !== from && Math.abs(evaluate(t, there, y).value - value) <= 1e-6 * Math.max(1e-3, value)) return { there, guess };
  }
  return null;
};

const planeSentence = (state, z, found) => {
  const harmless = found.filter((f) => !unequal(f.t) || f.t.S[f.r.guess].every((s) => s === f.t.S[f.r.guess][0]));
  const parts = [];
  if (harmless.length) parts.push(`${upper(listed(harmless.map((f) => f.entry.title)))} ${harmless.length > 1 ? "are" : "is"} flat along (${z.map(() => "1").join(", ")}), where no decision changes.`);
  for (const f of found.filter((x) => !harmless.includes(x)).slice(0, 3)) {
    const v = valleyOf(f.t, z), across = acrossValley(f.t, z, state.y, f.r.value), still = dead(f.t, z), along = `${f.entry.title}: flat along ${still.length > 1 ? `each of ${listed(still.map(zed))}, whose factors are 0` : `(${v.map((x) => num(x)).join(", ")})`}`;
    parts.push(across ? `${along}, across the decision line: the loss is ${num(f.r.value)} at ${vector(z)}, which decides class ${f.r.guess}, and ${num(f.r.value)} at ${vector(across.there)}, which decides class ${across.guess}.` : `${along}.`);
  }
  if (state.paths) {
    const ends = found.filter((f) => state.paths[f.entry.name]).map((f) => {
      const path = state.paths[f.entry.name], at = path[Math.min(state.upTo, path.length - 1)], turned = path.slice(0, state.upTo + 1).findIndex((p) => argmax(p) === state.y);
      return `${f.entry.title} at ${vector(at)}, ${turned < 0 ? `not yet class ${state.y}` : turned ? `class ${state.y} from step ${turned} on` : `class ${state.y} from the start`}`;
    });
    parts.push(`After ${state.upTo} steps: ${ends.join("; ")}.`);
  }
  return parts.join(" ");
};

const panelNote = (state, { entry, t, r }) => {
  const path = state.paths?.[entry.name];
  if (path) {
    const at = path[Math.min(state.upTo, path.length - 1)];
    return `step ${state.upTo}: z = ${vector(at)}, ℓ = ${num(evaluate(t, at, state.y).value)}, decides ${decided(t, at)}`;
  }
  return `ℓ = ${num(r.value, 4)} here, downhill ${vector(r.gradient.map((g) => -g || 0))}`;
};

// Multiply or add. Of two classes with factors a and additions b in training, the optimum for a true share p is a line,
// a₁z₁ + b₁ − a₀z₀ − b₀ = logit p (+ log of the weights' ratio); gradient steps keep z₀/a₀ + z₁/a₁, so the start says where on it.
const partsOf = (t) => ({ a: t.S[0], shift: t.B[0][1] - t.B[0][0], tilt: Math.log(t.W[1][1] / t.W[0][0]) });

const optimum = (t, z, p) => {
  const { a, shift, tilt } = partsOf(t), want = Math.log(p / (1 - p)) + tilt - shift;
  if (!(a[0] > 0 && a[1] > 0) || !(Math.abs(want) < 1e5)) return null; // tables have −1e6 in the place of log 0
  const kept = z[0] / a[0] + z[1] / a[1], first = (kept - want / a[1] ** 2) / (1 / a[0] + a[0] / a[1] ** 2);
  return [first, (want + a[0] * first) / a[1]];
};

// The log-odds of the true share from which on the raw logits, and those of training, decide for the second class; and how far
// the first goes for other starts within `reach`.
const thresholds = (t, z, reach) => {
  const { a, shift, tilt } = partsOf(t), kept = (z[0] / a[0] + z[1] / a[1]) / (1 / a[0] + 1 / a[1]), at = (m) => (a[1] - a[0]) * m + shift - tilt;
  return { raw: at(kept), low: Math.min(at(-reach), at(reach)), high: Math.max(at(-reach), at(reach)), trained: -tilt };
};

const share = (logit) => portion(1 / (1 + Math.exp(-logit)));
const side = (state, yes) => `class ${state.axes[yes ? 1 : 0]}`;

const endNote = (state, { ends, trained, raw }) => {
  if (!ends) return "no minimum: a factor or a count is 0";
  const here = Math.log(state.p / (1 - state.p));
  return `ends at ${vector(ends)}: raw logits decide ${side(state, here > raw)}, those of training ${side(state, here > trained)}`;
};

const addSentence = (state, found) => {
  const [multiplied, added] = found, b = state.axes[1], here = Math.log(state.p / (1 - state.p)), parts = [];
  if (!multiplied.ends || !added.ends) return "A factor or a count is 0: there is no minimum to compare.";
  parts.push(`Where class ${b} truly has ${portion(state.p)}: added, from any start, the raw logits decide ${side(state, here > added.raw)} (from ${share(added.raw)} on; class ${b} is ${portion(found.prior)} of the two), the adjusted ones ${side(state, here > added.trained)}, as plain cross-entropy would. So train adjusted, decide raw.`);
  parts.push(`Multiplied: as in training they decide ${side(state, here > multiplied.trained)}, plain cross-entropy again; raw they decide ${side(state, here > multiplied.raw)} from this start (from ${share(multiplied.raw)} on), ${multiplied.low < multiplied.high ? `but any threshold from ${share(multiplied.low)} to ${share(multiplied.high)} for others` : "and from any other"}: no weighting either way.`);
  const [, , cdt, vs] = found;
  if (cdt.ends && vs.ends && state.n[state.axes[0]] !== state.n[b]) parts.push(`CDT and VS multiply the other way round, the smaller factor on the rarer class; where classes overlap, as here, their factors too leave the start in the raw threshold (CDT ${share(cdt.low)} to ${share(cdt.high)}, VS ${share(vs.low)} to ${share(vs.high)}).`);
  return parts.join(" ");
};
