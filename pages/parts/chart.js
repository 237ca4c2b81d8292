// A Plotly figure that stays where it was: new data are drawn into the same picture, so zoom and camera are kept.

let loading;
const plotly = (src) => (loading ??= new Promise((loaded, failed) => {
  if (window.Plotly) { loaded(); return; }
  const script = document.createElement("script");
  Object.assign(script, { src, onload: loaded, onerror: () => { loading = undefined; script.remove(); failed(new Error("Plotly could not be loaded.")); } });
  document.head.append(script);
}));

// An axis that shares another one's labels needs its own where the parts are apart; one without labels stays without.
const ticked = (out, name) => {
  const { matches, showticklabels } = out[name];
  return (matches ? out[`${matches[0]}axis${matches.slice(1)}`].showticklabels : showticklabels) ?? true;
};

// On a phone the parts of a picture stand under each other, each as wide as the page.
const stack = (out, panels, entries) => {
  const high = 300, share = 1 / panels;
  out.annotations = (out.annotations ?? []).map((a) => ({ ...a }));
  for (let i = 0; i < panels; i++) {
    const name = i ? i + 1 : "", top = 1 - i * share;
    // an image has neither labels nor a title below it
    const bare = out[`xaxis${name}`] && !ticked(out, `xaxis${name}`) && !out[`xaxis${name}`].title?.text;
    const ends = [top - (bare ? 0.94 : 0.72) * share, top - (bare ? 0.08 : 0.06) * share];
    if (out[`scene${name}`]) out[`scene${name}`] = { ...out[`scene${name}`], domain: { x: [0, 1], y: ends } };
    else {
      Object.assign(out[`xaxis${name}`], { domain: [0, 1], showticklabels: ticked(out, `xaxis${name}`) });
      Object.assign(out[`yaxis${name}`], { domain: ends, showticklabels: ticked(out, `yaxis${name}`) });
    }
    if (out.annotations[i]) Object.assign(out.annotations[i], { x: 0.5, y: ends[1] });
  }
  out.height = high * panels + 24 * entries + (out.coloraxis ? 130 : 70);
  out.legend = { ...out.legend, y: 0.02 };
  if (out.coloraxis?.colorbar) out.coloraxis = { ...out.coloraxis, colorbar: { ...out.coloraxis.colorbar, orientation: "h", y: 1.03, yanchor: "bottom", title: { text: "loss", side: "top" } } };
};

// Values that stand on bars are turned where they would touch each other.
const turned = (data, size, width) => {
  const bars = data.filter((t) => t.type === "bar" && t.orientation !== "h" && t.textposition === "outside" && t.text?.length);
  if (!bars.length) return data;
  const room = (0.8 * (width - 90)) / (bars.length * bars[0].text.length);
  const wide = 0.57 * size * Math.max(...bars.flatMap((t) => t.text.map((text) => text.length)));
  return wide <= room ? data : data.map((t) => (bars.includes(t) ? { ...t, textangle: -90 } : t));
};

// How far below the page's top a picture begins, however far the page is scrolled.
const depth = (root) => Math.round(root.getBoundingClientRect().top + (root.closest("[data-testid=stMain]")?.scrollTop ?? 0));

// What a drawing depends on beside its figure.
const state = (root) => [getComputedStyle(root).color, ...(root.told.fill ? [depth(root), innerWidth, innerHeight] : [])].join();

// The page's own colours, light or dark, in the place of the template's.
const themed = (data, layout, root) => {
  const style = getComputedStyle(root), ink = style.color, faint = `color-mix(in srgb, ${ink} 18%, transparent)`;
  const probe = document.createElement("span");
  probe.style.color = faint;
  root.append(probe);
  const grid = getComputedStyle(probe).color;
  probe.remove();
  const out = { ...layout, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: ink, family: style.fontFamily, size: 14, ...layout.font }, uirevision: "kept", autosize: true };
  const narrow = root.clientWidth < 560;
  if (narrow) { // what is large for the back row has no room on a phone
    const small = (font) => ({ ...font, size: Math.min(font?.size ?? 14, 14) });
    out.font = small(out.font);
    out.annotations = out.annotations?.map((a) => ({ ...a, font: small(a.font) }));
  }
  if (root.told.fill && !narrow) { // before a class: all of it in sight, and read from the back row
    const times = Math.min(1.5, Math.max(1, innerWidth / 1280)), high = layout.height ?? 450, begins = depth(root);
    const least = times * (layout.annotations ? 0.88 : 0.75) * high, room = innerHeight - begins - 122 * times; // what stands below
    // one that begins far down has a screen of its own when it is come to
    out.height = Math.round(Math.min(2 * high, Math.max(least, begins > innerHeight / 2 ? 0.7 * innerHeight : room)));
    out.font.size = Math.round(times * out.font.size);
    out.annotations = out.annotations?.map((a) => ({ ...a, font: { ...a.font, size: Math.round(times * (a.font?.size ?? 14)) } }));
    if (out.annotations) out.margin = { ...out.margin, t: times * (out.margin?.t ?? 100) };
  }
  // Plotly writes powers of ten a quarter larger than other labels
  const powers = (a) => (a?.type === "log" && a.exponentformat === "power" ? { tickfont: { size: 0.8 * out.font.size } } : {});
  const axis = (a) => ({ gridcolor: grid, zerolinecolor: grid, linecolor: ink, automargin: true, ...powers(a), ...a });
  for (const name of Object.keys({ xaxis: 0, yaxis: 0, ...layout })) {
    if (/^[xy]axis\d*$/.test(name)) out[name] = axis(layout[name]);
    if (/^scene\d*$/.test(name)) out[name] = { ...layout[name], ...Object.fromEntries(["xaxis", "yaxis", "zaxis"].map((a) => [a, { color: ink, gridcolor: grid, backgroundcolor: "rgba(0,0,0,0)", ...layout[name]?.[a] }])) };
  }
  if (root.told.fill && !narrow) {
    for (const name of Object.keys(out)) { // no title longer than its axis
      const text = /^yaxis\d*$/.test(name) && out[name].title?.text;
      const long = text && Math.max(...text.split("<br>").map((line) => line.length));
      if (long) out[name] = { ...out[name], title: { ...out[name].title, font: { size: Math.round(Math.min(1.2 * out.font.size, (1.9 * out.height) / long)) } } };
    }
  }
  // the tool bar, which is there under the pointer, gets a line of its own above the parts' titles
  const room = root.told.bare || !layout.annotations?.some((a) => a.yref === "paper" && a.y === 1) ? 0 : Math.max(0, 64 - (layout.margin?.t ?? 100));
  if (room) Object.assign(out, { height: (layout.height ?? 450) + room, margin: { ...layout.margin, t: 64 } });
  if (narrow) {
    out.height = (out.height ?? 450) + 22 * data.filter((trace) => trace.showlegend !== false).length;
    out.legend = { ...out.legend, orientation: "h", x: 0, xanchor: "left", y: -0.25, yanchor: "top" };
    if (layout.meta?.panels > 1) stack(out, layout.meta.panels, data.filter((trace) => trace.name && trace.showlegend !== false).length);
  }
  return out;
};

const draw = async (root) => {
  const { figure, src, name } = root.told;
  try { await plotly(src); } catch (error) { root.textContent = error.message; return; }
  if (!root.isConnected || root.told.figure !== figure) return;
  const { data, layout } = JSON.parse(figure);
  // made once: with other settings, a new function among them, Plotly would draw anew and forget zoom and camera
  root.settings ??= {
    showSendToCloud: false, plotlyServerURL: "", // nothing leaves this server
    responsive: true, displaylogo: false, displayModeBar: root.told.bare ? false : "hover", modeBarButtonsToRemove: ["lasso2d", "select2d"], toImageButtonOptions: { filename: name, scale: 2 },
    modeBarButtonsToAdd: [{ name: "svg", title: "Download plot as SVG", icon: window.Plotly.Icons.disk, click: (plot) => window.Plotly.downloadImage(plot, { format: "svg", filename: name }) }],
  };
  root.drawn = state(root);
  const drawn = themed(data, layout, root);
  await window.Plotly.react(root, turned(data, drawn.font.size, root.clientWidth), drawn, root.settings);
  if (!root.heard) {
    root.heard = true;
    root.on("plotly_click", ({ points: [point] }) => {
      const part = root.data[point.curveNumber].meta; // a surface's: which of the strategies
      if (root.told.clicks && part !== undefined && root.data[point.curveNumber].type === "contour") root.tell("clicked", { x: point.x, y: point.y, part, n: (root.clicks = (root.clicks ?? 0) + 1) });
    });
  }
  root.dataset.drawn = String(+(root.dataset.drawn ?? 0) + 1);
};

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".chart");
  if (!root || !data) return;
  root.tell = setTriggerValue;
  const same = root.told && root.told.figure === data.figure;
  root.told = data;
  root.style.minHeight = `${data.fill ? 0.75 * data.height : data.height}px`;
  root.setAttribute("role", "group"); // no "img": its tool bar can be reached by keyboard
  root.setAttribute("aria-label", data.label);
  if (!same) draw(root);
  if (!root.watched) {
    root.watched = true;
    const forgot = () => { if (root.told.fill) root.drawn &&= "by Plotly"; }; // which forgets how high it was
    addEventListener("resize", forgot);
    let last = state(root), gone = 0;
    const watch = setInterval(() => { // the theme is changed in the page's menu, a projector is plugged in, what stands above is another step's
      gone = root.isConnected ? 0 : gone + 1;
      if (gone > 20) { // not only moved: of a step that was left
        clearInterval(watch);
        removeEventListener("resize", forgot);
        root.watched = false;
      }
      if (gone) return;
      const now = state(root), still = now === last;
      last = now;
      if (still && root.clientWidth && root.drawn && now !== root.drawn) draw(root);
    }, 150);
  }
  return () => { if (!root.isConnected) window.Plotly?.purge(root); };
}
