// The third part: what a reader can do.

const z = new Numbers(Z);                                // the code that the page stands at
let [across, up = null] = Z === 2 ? [0, 1] : net.order;  // the dimensions of the plane
let chosen = null;                                       // the label that stands out, or null
let next = 0;                                            // the test image that comes next
let shownImage = null;                                   // the one beside the decoded image
let walk = null;                                         // the way from one code to another
const on = { map: true, codes: true, smooth: false };

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const LEG = 2600, REST = 700;                            // of a walk, in milliseconds
const KEYS = { r: "random", t: "test", w: "walk", o: "origin", s: "smooth", i: "map", c: "codes",
               d: "dark" };

// ---------------------------------------------------------------------- the buttons

const doing = {
  random() {
    if (!M) return stand(z.map(normal), "decoded from z ~ N(0, I)");
    const y = chosen ?? Math.floor(Math.random() * M.length);
    stand(M[y].map(mean => mean + normal()), `decoded from z ~ N(M[${y}], I)`);
  },
  test() {
    const fit = [...net.chosen.keys()].filter(i => standsOut(labelOf(net.chosen[i])));
    if (!fit.length) return say(`no test image of this page has the label ${chosen}`);
    const i = fit.find(i => i >= next) ?? fit[0];
    next = i + 1;
    stand(codes[net.chosen[i]], "rebuilt from its μ", i);
    $("status").textContent = `${$("whose").textContent}, rebuilt from its μ`;
  },
  walk() {
    if (calm.matches) return takeOneStep();
    if (walk) return stop();
    beside(null);
    walk = newLeg();
    press("walk", true);
    say(walk.said);
    redraw();
  },
  origin() { stand(new Numbers(Z), "decoded from z\u00a0=\u00a00") },
  smooth() { toggle("smooth"); document.body.classList.toggle("smooth", on.smooth) },
  map()    { toggle("map") },
  codes()  { toggle("codes") },
  dark()   { theme = shownTheme() === "dark" ? "light" : "dark"; paint() }
};

// Stand at a code: `said` is where it comes from; i, which test image to show beside it, or null.
function stand(code, said, i = null) {
  stop();
  z.set(code);
  beside(i);
  say(said);
  redraw();
}

// By hand: new values for some dimensions, [[j, value], …].
function turn(changes) {
  stop();
  for (const [j, value] of changes) z[j] = value;
  $("said").textContent = "decoded from this z";
  redraw();
}

function choose(label) {
  chosen = label;
  marked = null;
  for (const button of $("kinds").children) press(button, button.value === String(label ?? ""));
  if (M && label !== null) stand(M[label], `decoded from z\u00a0=\u00a0M[${label}]`);
  else redraw();
}

function beside(i) {
  shownImage = i;
  $("beside").hidden = i === null;
  $("pair").className = i === null ? "" : "two";
  if (i === null) return;
  const part  = slice => slice && slice.subarray(i * D, (i + 1) * D);
  const label = labelOf(net.chosen[i]);
  drawImage($("original"), Array.from(part(images), byte => byte / 255), part(seen));
  $("whose").textContent = "test image" + (label === null ? "" : `: ${label}`);
}

function normal() {                                      // Box and Muller's
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

// ---------------------------------------------------------------------- a walk

function newLeg() {
  const fit   = [...codes.keys()].filter(n => standsOut(labelOf(n)));
  const n     = fit.length ? fit[Math.floor(Math.random() * fit.length)] : 0;
  const label = labelOf(n);
  const whose = label === null ? "" : `, label ${label}`;
  return { from: z.slice(), to: codes[n], t: 0, said: `on the way to a test code${whose}` };
}

function walkTo(t) {                                     // slowly off, slowly in
  walk.t = Math.min(1, t);
  const share = 0.5 - 0.5 * Math.cos(Math.PI * walk.t);
  for (let j = 0; j < Z; j++) z[j] = walk.from[j] + share * (walk.to[j] - walk.from[j]);
}

function walkOn(now) {
  walk.began ??= now;
  walkTo((now - walk.began) / LEG);
  if (now - walk.began < LEG + REST) return;
  walk = newLeg();
  $("said").textContent = walk.said;
}

function takeOneStep() {                                 // for those who want nothing to move
  if (!walk || walk.t === 1) walk = newLeg();
  beside(null);
  walkTo(walk.t + 0.2);
  say(walk.said);
  redraw();
}

function stop() {
  walk = null;
  press("walk", false);
  redraw();
}

// ---------------------------------------------------------------------- small things

function say(words) {                                    // to those who see and to those who hear
  $("said").textContent = words;
  $("status").textContent = words;
}

function toggle(what) {
  on[what] = !on[what];
  press(what, on[what]);
  redraw();
}

function press(button, whether) {
  const found = button instanceof Element ? button : document.querySelector(`[data-do=${button}]`);
  found.setAttribute("aria-pressed", whether);
}

function labelOf(n) {
  return net.labels ? net.labels[n] : null;
}

function nameOf(j) {
  return "z" + String(j + 1).replace(/\d/g, digit => "₀₁₂₃₄₅₆₇₈₉"[digit]);
}

function shown(value) {
  const text = value.toFixed(1);
  return text === "-0.0" ? "0.0" : text.replace("-", "−");
}

function clip(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

// ---------------------------------------------------------------------- light and dark

let theme = null;                                        // the reader's choice; null: the system's

function shownTheme() {
  return theme ?? (system.matches ? "dark" : "light");
}

function paint() {
  document.documentElement.dataset.theme = shownTheme();
  press("dark", shownTheme() === "dark");
  readColours();
  marked = swept = sweep = null;
  beside(shownImage);
  redraw();
}

// ---------------------------------------------------------------------- what the page is made of

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function addSliders() {
  for (const j of net.order) {
    const range  = { min: centre[j] - net.reach[j], max: centre[j] + net.reach[j], step: 0.05 };
    const slider = element("input", { type: "range", name: j, ...range });
    slider.setAttribute("aria-label", `z ${j + 1}, KL ${net.kl[j].toFixed(2)} nats`);
    slider.addEventListener("input", () => turn([[j, slider.valueAsNumber]]));
    const row = element("label", { className: net.kl[j] > net.used ? "used" : "" });
    const kl  = element("span", { className: "kl" }, net.kl[j].toFixed(2));
    row.append(nameOf(j), slider, element("output"), kl);
    $("sliders").append(row);
  }
  const used   = net.kl.filter(nats => nats > net.used).length;
  const others = Z - net.order.length;
  let legend = `The most active first; bold: KL above ${net.used} nats (${used} of ${Z}).`;
  if (others) legend += ` The ${others} not shown stay where the last button set them.`;
  $("legend").textContent = legend;
}

function addAxes() {
  for (const [id, j] of [["across", across], ["up", up]]) {
    $(id).append(...net.order.map(k => element("option", { value: k }, nameOf(k))));
    $(id).value = j;
    $(id).addEventListener("change", () => setAxis(id, Number($(id).value)));
  }
  $("upward").hidden = up === null;
}

function setAxis(id, j) {                                // the other one gives way to it
  const before = { across, up };
  if (id === "across") [across, up] = [j, j === up ? before.across : before.up];
  else                 [across, up] = [j === across ? before.up : before.across, j];
  $("across").value = across;
  $("up").value = up;
  marked = swept = sweep = null;
  redraw();
}

function addKinds() {
  $("kinds").hidden = $("digits").hidden = net.kinds.length === 0;
  for (const kind of [null, ...net.kinds]) {
    const button = element("button", { value: kind ?? "" }, String(kind ?? "all"));
    if (kind !== null) button.style.setProperty("--own", `var(--${Math.abs(kind) % 10})`);
    button.setAttribute("aria-label", kind === null ? "all labels" : `label ${kind}`);
    button.addEventListener("click", () => choose(kind));
    $("kinds").append(button);
  }
  choose(null);
}

function showSource() {                                  // of the functions that run, as they are
  const source = [forward, dense, relu, sigmoid].join("\n\n");
  for (const part of source.split(/(\/\/.*)/)) {
    $("source").append(part.startsWith("//") ? element("i", {}, part) : part);
  }
  $("try").textContent = `decode(Array(${Z}).fill(0))`;
}

// ---------------------------------------------------------------------- mouse, touch, keys

function point(event) {
  const box = $("plane").getBoundingClientRect();
  const x   = clip((event.clientX - box.left) / box.width, 0, 1);
  const y   = clip((event.clientY - box.top) / box.height, 0, 1);
  const changes = [[across, centre[across] + reach() * (2 * x - 1)]];
  if (up !== null) changes.push([up, centre[up] + reach() * (1 - 2 * y)]);
  turn(changes);
}

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !$("keys").checked) return;
  if (event.target.matches("select")) return;
  const step  = reach() / 30;                            // 0.1 where the plane ends at 3
  const moves = { ArrowLeft: [across, -step], ArrowRight: [across, step],
                  ArrowDown: [up,     -step], ArrowUp:    [up,     step] };
  const what  = KEYS[event.key];
  const kind  = net.kinds.find(kind => String(kind) === event.key);
  const [j, move] = moves[event.key] ?? [null];
  if (what) doing[what]();
  else if (kind !== undefined) choose(kind);
  else if (event.key === "a" && net.kinds.length) choose(null);
  else if (event.key === "Escape") stop();
  else if (j !== null && !event.target.matches("input")) {
    turn([[j, clip(z[j] + move, centre[j] - reach(), centre[j] + reach())]]);
  }
  else return;
  event.preventDefault();
}

function resize() {
  const plane = $("plane");
  const side  = Math.round(plane.clientWidth * devicePixelRatio);
  if (side && side !== plane.width) plane.width = plane.height = side;
  marked = null;
  redraw();
}

function listen() {
  const plane = $("plane");
  plane.addEventListener("pointerdown", event => {
    plane.setPointerCapture(event.pointerId);            // a drag may leave the plane
    point(event);
  });
  plane.addEventListener("pointermove", event => {
    if (plane.hasPointerCapture(event.pointerId)) point(event);
  });
  for (const button of document.querySelectorAll("[data-do]")) {
    button.addEventListener("click", doing[button.dataset.do]);
  }
  document.addEventListener("keydown", key);
  system.addEventListener("change", paint);
  new ResizeObserver(resize).observe(plane);
}

document.querySelector("main").hidden = false;
document.querySelector("[data-do=dark]").hidden = false;
addSliders();
addAxes();
addKinds();
showSource();
listen();
resize();
paint();
doing.origin();
