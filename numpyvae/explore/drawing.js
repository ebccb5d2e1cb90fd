// The second part: what is drawn. It changes nothing but the picture; `z`, and what else it reads,
// is kept in the third part.

const { centre } = net;
const [height, width] = net.shape;
const SIDE = 15;                                         // images along a side of the plane
const CELL = Math.max(width, height) + 1;                // what each has there: a gap between them
const SLICE = 8;                                         // milliseconds for them in each frame

const codes  = transposed(rows(net.codes));              // a row for each test image
const M      = net.M && rows(net.M);                     // the mean of each class's prior, or null
const images = bytes(net.images);
const seen   = net.seen && bytes(net.seen);

const colours = {};                                      // of the theme, as page.css has them
let drawing = 0;                                         // the frame that was asked for, or 0
let swept = null, sweep = null;                          // the plane's images: whole, and next
let marked = null;                                       // the marks of the codes, or null: stale

function redraw() {
  drawing ||= requestAnimationFrame(frame);
}

function frame(now) {
  drawing = 0;
  if (walk && !calm.matches) walkOn(now);
  const { h3, probs } = forward(z);
  drawImage($("decoded"), probs);
  drawUnits(h3);
  setSliders();
  sweepOn();
  drawPlane();
  if (sweep || (walk && !calm.matches)) redraw();
}

// ---------------------------------------------------------------------- images

function drawImage(canvas, values, observed = null) {
  canvas.width  = width;
  canvas.height = height;
  canvas.getContext("2d").putImageData(inked(values, observed), 0, 0);
}

// 0 is the colour of paper, 1 that of ink; pixels that nobody saw have a colour of their own.
function inked(values, observed = null) {
  const { paper, ink, none } = colours;
  const image = new ImageData(width, height);
  for (let d = 0; d < D; d++) {
    const share = clip(values[d], 0, 1);
    for (let c = 0; c < 3; c++) {
      const tone = paper[c] + share * (ink[c] - paper[c]);
      image.data[4 * d + c] = observed && !observed[d] ? none[c] : tone;
    }
    image.data[4 * d + 3] = 255;
  }
  return image;
}

function drawUnits(h3) {                                 // a stripe for each hidden unit
  const { panel, accent } = colours;
  const canvas  = $("units");
  const image   = new ImageData(H, 1);
  const largest = Math.max(...h3) || 1;
  h3.forEach((h, k) => {
    const share = h / largest;
    image.data.set([0, 1, 2].map(c => panel[c] + share * (accent[c] - panel[c])), 4 * k);
    image.data[4 * k + 3] = 255;
  });
  canvas.width = H;
  canvas.height = 1;
  canvas.getContext("2d").putImageData(image, 0, 0);
  const open = h3.filter(h => h > 0).length;
  $("open").textContent = `${open} of ${H} hidden units are open (h3 above 0):`;
}

function setSliders() {
  for (const slider of document.querySelectorAll("#sliders input")) {
    const value = z[slider.name];
    slider.value = value;
    slider.nextElementSibling.textContent = shown(value);
  }
}

// ---------------------------------------------------------------------- the plane's images

// The plane through z, decoded on a grid: as much in each frame as keeps the page quick.
function sweepOn() {
  const key = planeKey();
  if (!on.map || (!sweep && swept?.key === key)) return;
  sweep ??= { key, z: z.slice(), done: 0, canvas: square(SIDE * CELL) };
  const enough = performance.now() + SLICE;
  const count  = up === null ? SIDE : SIDE * SIDE;
  while (sweep.done < count && performance.now() < enough) decodeTile(sweep.done++);
  if (sweep.done < count) return;
  swept = sweep;
  sweep = null;
  if (swept.key !== key) redraw();                       // z has moved on meanwhile
}

function planeKey() {                                    // what the plane's images depend on
  return z.filter((_, j) => j !== across && j !== up).join();
}

function decodeTile(i) {
  const column = i % SIDE;
  const row    = up === null ? (SIDE - 1) / 2 : Math.floor(i / SIDE);
  const code   = sweep.z.slice();
  code[across] = centre[across] + reach() * (2 * (column + 0.5) / SIDE - 1);
  if (up !== null) code[up] = centre[up] + reach() * (1 - 2 * (row + 0.5) / SIDE);
  const left = column * CELL + (CELL - width >> 1);
  const top  = row * CELL + (CELL - height >> 1);
  sweep.canvas.getContext("2d").putImageData(inked(forward(code).probs), left, top);
}

function square(side) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  return canvas;
}

// ---------------------------------------------------------------------- the plane

function drawPlane() {
  const canvas = $("plane");
  const c      = canvas.getContext("2d");
  const side   = canvas.width;
  const unit   = em();
  c.fillStyle = css(colours.paper);
  c.fillRect(0, 0, side, side);
  c.imageSmoothingEnabled = on.smooth;
  c.globalAlpha = on.codes ? 0.3 : 1;
  if (on.map && swept) c.drawImage(swept.canvas, 0, 0, side, side);
  c.globalAlpha = 1;
  drawRings(c, side);
  marked ??= drawCodes(side);
  if (on.codes) c.drawImage(marked, 0, 0);
  if (M) M.forEach((mean, y) => drawMean(c, mean, y, side));
  if (walk) drawPath(c, side);
  disc(c, ...at(z, side), 0.55 * unit, css(colours.accent), 0.2 * unit);
}

function reach() {                                       // from the plane's centre to its edges
  return Math.max(net.reach[across], net.reach[up ?? across]);
}

function at(code, side) {                                // where a code lies on the canvas
  const x = (1 + (code[across] - centre[across]) / reach()) / 2;
  const y = up === null ? 0.5 : (1 - (code[up] - centre[up]) / reach()) / 2;
  return [x * side, y * side];
}

function em() {                                          // the size of text, in the canvas's pixels
  const plane = $("plane");
  return parseFloat(getComputedStyle(plane).fontSize) * plane.width / (plane.clientWidth || 1);
}

function disc(c, x, y, radius, colour, edge) {           // with an edge of paper
  c.beginPath();
  c.arc(x, y, radius, 0, 2 * Math.PI);
  c.fillStyle = colour;
  c.fill();
  c.lineWidth = edge;
  c.strokeStyle = css(colours.paper);
  c.stroke();
}

// One and two standard deviations of the prior: of N(0, I), or of the label that was chosen.
function drawRings(c, side) {
  if (M && chosen === null) return;
  const [x, y] = at(M ? M[chosen] : new Numbers(Z), side);
  c.strokeStyle = css(colours.accent);
  c.globalAlpha = 0.6;
  c.lineWidth = 0.1 * em();
  c.setLineDash([0.5 * em(), 0.5 * em()]);
  for (const std of [1, 2]) {
    c.beginPath();
    c.arc(x, y, std / reach() / 2 * side, 0, 2 * Math.PI);
    c.stroke();
  }
  c.setLineDash([]);
  c.globalAlpha = 1;
}

// The codes, each written as its label in the colour of that label; and each label once, large, at
// the median of its codes, unless M is there to show it. No reader has to tell ten colours apart.
function drawCodes(side) {
  const canvas = square(side);
  const c      = canvas.getContext("2d");
  const unit   = em();
  const short  = net.kinds.every(kind => String(kind).length < 3);
  codes.forEach((code, n) => {
    const label  = labelOf(n);
    const spread = up === null ? scatter(n) * side : 0;
    const [x, y] = at(code, side);
    c.globalAlpha = standsOut(label) ? 1 : 0.12;
    if (label !== null && short) write(c, label, x, y + spread, 0.68 * unit);
    else disc(c, x, y + spread, 0.24 * unit, colourOf(label), 0.06 * unit);
  });
  c.globalAlpha = 1;
  for (const kind of M || up === null ? [] : net.kinds) {
    const own = codes.filter((_, n) => labelOf(n) === kind).map(code => at(code, side));
    if (!own.length || !standsOut(kind)) continue;
    write(c, kind, median(own.map(([x]) => x)), median(own.map(([, y]) => y)), 1.7 * unit);
  }
  return canvas;
}

function standsOut(label) {
  return chosen === null || chosen === label;
}

function scatter(n) {                                    // with one dimension: a height for each
  const kinds = net.kinds.length;
  const share = kinds > 1 ? net.kinds.indexOf(labelOf(n)) / (kinds - 1) : n * 0.618 % 1;
  return 0.9 * share - 0.45;
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

function write(c, label, x, y, size) {                   // in its colour, on a halo of paper
  letter(c, size);
  c.lineJoin = "round";
  c.lineWidth = 0.25 * size;
  c.strokeStyle = css(colours.paper);
  c.strokeText(label, x, y);
  c.fillStyle = colourOf(label);
  c.fillText(label, x, y);
}

function letter(c, size) {
  c.font = `bold ${size}px ${getComputedStyle(document.body).fontFamily}`;
  c.textAlign = "center";
  c.textBaseline = "middle";
}

function drawMean(c, mean, y, side) {                    // of a class's prior: its label, on a disc
  const unit = em();
  const [left, top] = at(mean, side);
  c.globalAlpha = standsOut(y) ? 1 : 0.3;
  disc(c, left, top, 0.75 * unit, colourOf(y), 0.15 * unit);
  letter(c, unit);
  c.fillStyle = css(colours.paper);
  c.fillText(y, left, top);
  c.globalAlpha = 1;
}

function drawPath(c, side) {
  c.beginPath();
  c.moveTo(...at(walk.from, side));
  c.lineTo(...at(walk.to, side));
  c.lineWidth = 0.16 * em();
  c.strokeStyle = css(colours.accent);
  c.stroke();
}

// ---------------------------------------------------------------------- colours

function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["paper", "ink", "none", "panel", "accent", ...Array(10).keys()]) {
    const hex = style.getPropertyValue(`--${name}`).trim();
    colours[name] = [1, 3, 5].map(start => parseInt(hex.slice(start, start + 2), 16));
  }
}

function css([red, green, blue]) {
  return `rgb(${red} ${green} ${blue})`;
}

function colourOf(label) {                               // ten of them, and then from the start
  return label === null ? css(colours[0]) : css(colours[Math.abs(label) % 10]);
}
