"use strict";
// The page's buttons and keys, and its lecture: one step at a time, fragment after fragment.
// The address says where it is: #s3-2 is step 3 with two of its fragments in sight.

const root  = document.documentElement;
const body  = document.body;
const find  = selector => document.querySelector(selector);
const all   = (selector, inside = document) => [...inside.querySelectorAll(selector)];
const steps = all(".step");
const links = all("#steps a");
const last  = steps.length - 1;

let step  = 0;                           // the lecture's place: a step,
let shown = 1;                           // and how many of its fragments are in sight

const lecturing = () => body.classList.contains("lecture");
const header    = () => steps[step].querySelector("header");
const current   = () => fragments()[shown - 1];

function fragments() {                   // of this step; without those that show nothing
  const nothing = body.classList.contains("nocode") ? ":scope > :not(.code)" : "*";
  return all(".fragment:not(.imports)", steps[step]).filter(f => f.querySelector(nothing));
}

// ---------------------------------------------------------------- what is remembered

function remember(name, value) {         // not every browser keeps anything for a file
  try {
    if (value === null) localStorage.removeItem("numpyvae." + name);
    else localStorage.setItem("numpyvae." + name, value);
  } catch { }
}

function recall(name) {
  try { return localStorage.getItem("numpyvae." + name); } catch { return null; }
}

// ---------------------------------------------------------------- light, dark, large, small

function changeTheme() {
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const other  = (root.dataset.theme || system) === "dark" ? "light" : "dark";
  setTheme(other === system ? null : other);
}

function setTheme(theme) {               // null is the system's choice
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  remember("theme", theme);
}

function scale(by) {
  const now = parseFloat(getComputedStyle(root).getPropertyValue("--scale"));
  setScale(Math.min(3, Math.max(.5, by * now)));
  draw(lecturing());
}

function setScale(scale) {
  root.style.setProperty("--scale", scale);
  remember("scale", scale);
}

function changeCode() {
  const hidden = body.classList.toggle("nocode");
  find("#code").setAttribute("aria-pressed", !hidden);
  draw(lecturing());
}

// ---------------------------------------------------------------- what fits

function fit() {                         // an equation that is too large is made smaller, not cut
  for (const equation of all(".equation")) {
    equation.style.fontSize = "";
    shrink(equation, equation.clientWidth / equation.scrollWidth);
  }
  for (const wide of all(".wide, .equation, pre"))       // those that scroll can be scrolled by keys
    wide.scrollWidth > wide.clientWidth ? wide.tabIndex = 0 : wide.removeAttribute("tabindex");
  if (lecturing() && header()) fitHeader(header());
  body.style.setProperty("--head", covered() + "px");
}

function fitHeader(head) {               // it makes room once there are numbers; or scrolls away
  const equation = head.querySelector(".equation");
  const picture  = current() && current().classList.contains("picture");
  const most     = (shown > 1 ? .48 : .58) * innerHeight;
  if (equation) shrink(equation, 1 - (head.offsetHeight - most) / equation.offsetHeight);
  steps[step].classList.toggle("tall", head.offsetHeight > (picture ? .3 : .62) * innerHeight);
}

function shrink(equation, by) {          // but it stays legible; from there on it can be scrolled
  const size  = parseFloat(getComputedStyle(equation).fontSize);
  const least = root.classList.contains("printing") ? 8 : lecturing() ? 18 : 15;
  if (by < 1) equation.style.fontSize = Math.max(least, .99 * by * size) + "px";
}

// ---------------------------------------------------------------- the lecture

function draw(moved) {
  const own = fragments();
  shown = Math.max(1, Math.min(shown, own.length));
  steps.forEach((section, i) => section.classList.toggle("now", i === step));
  own.forEach((fragment, i) => {
    fragment.classList.toggle("later", i >= shown);
    fragment.classList.toggle("past", i < shown - 1);
  });
  const part = (step + shown / Math.max(1, own.length)) / steps.length;
  find("#progress").style.width = lecturing() ? 100 * part + "%" : 0;
  find("#place").textContent = lecturing() ? `step ${step} of ${last} · ${shown} of ${own.length}` : "";
  find("#lecture").textContent = lecturing() ? "leave" : "lecture";
  fit();
  if (lecturing() && moved) bring(own);
}

function bring(own) {                    // the last fragment, below as many before it as have room
  history.replaceState(null, "", `#s${step}-${shown}`);
  if (!own.length) return scrollTo(0, 0);
  const room = innerHeight - find("#bar").offsetHeight - covered() - 24;
  const end  = own[shown - 1].getBoundingClientRect().bottom;
  let first  = shown - 1;
  while (first > 0 && end - own[first - 1].getBoundingClientRect().top < room) first--;
  scrollTo(0, first ? own[first].getBoundingClientRect().top + scrollY - covered() - 12 : 0);
  own[shown - 1].tabIndex = -1;          // so that it is read aloud
  own[shown - 1].focus({ preventScroll: true });
}

function covered() {                     // how much of the screen the heading covers
  return header() && !steps[step].classList.contains("tall") ? header().offsetHeight : 0;
}

function on() {                          // the rest of what is in sight, then an answer, then more
  const room = innerHeight - find("#bar").offsetHeight;
  const rest = current() ? current().getBoundingClientRect().bottom - room : 0;
  if (rest > 2) return scrollBy(0, Math.min(rest + 8, .85 * (room - covered())));
  const answer = current() && current().querySelector(".question details:not([open])");
  if (answer) answer.open = true;
  else if (shown < fragments().length) go(step, shown + 1);
  else if (step < last) go(step + 1, 1);
  else turn("next", "#lecture");
}

function back() {
  const rest = current() ? covered() - current().getBoundingClientRect().top : 0;
  if (rest > 2) return scrollBy(0, -Math.min(rest + 12, .85 * (innerHeight - covered())));
  if (shown > 1) go(step, shown - 1);
  else if (step > 0) go(step - 1, Infinity);
  else turn("prev", "#lecture-end");
}

function go(toStep, toShown) {
  step  = Math.max(0, Math.min(toStep, last));
  shown = toShown;
  draw(true);
}

function turn(rel, place) {              // over into another lesson
  const link = find(`a[rel=${rel}]`);
  if (link) location.href = link.getAttribute("href") + place;
}

function enter() {
  for (const fold of all(".fold")) fold.open = true;
  body.classList.add("lecture");
  draw(true);
}

function leave() {
  body.classList.remove("lecture");
  draw(false);
  history.replaceState(null, "", "#s" + step);
  steps[step].scrollIntoView();
}

function changeLecture() {
  if (lecturing()) return leave();
  step  = inSight();
  shown = 1;
  enter();
}

function inSight() {                     // the step that is being read
  if (scrollY < 10) return 0;
  return Math.max(0, steps.filter(s => s.getBoundingClientRect().top < innerHeight / 3).length - 1);
}

function arrive() {                      // where the address says
  const place = location.hash.match(/^#s(\d+)-(\d+)$/);
  if (place) [step, shown] = [Math.min(+place[1], last), +place[2]];
  else if (location.hash === "#lecture") [step, shown] = [0, 1];
  else if (location.hash === "#lecture-end") [step, shown] = [last, Infinity];
  else return draw(false);
  enter();
}

// ---------------------------------------------------------------- buttons, keys, the printer

const help = () => find("#help").showModal();
const fullScreen = () => document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen();
const buttons = { smaller: () => scale(1 / 1.1), larger: () => scale(1.1), theme: changeTheme,
                  code: changeCode, print: () => print(), back, on, lecture: changeLecture };
const keys = { "+": buttons.larger, "=": buttons.larger, "-": buttons.smaller, d: changeTheme,
               c: changeCode, l: changeLecture, f: fullScreen, "?": help };
const lectureKeys = { ArrowRight: on, ArrowDown: on, PageDown: on, " ": on, Enter: on,
                      ArrowLeft: back, ArrowUp: back, PageUp: back, Escape: leave,
                      n: () => go(step + 1, 1), b: () => go(step - 1, 1),
                      Home: () => go(0, 1), End: () => go(last, Infinity) };

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || find("#help").open) return;
  const ownKey = event.target.closest("a, button, summary") && [" ", "Enter"].includes(event.key);
  const act    = keys[event.key] || lecturing() && lectureKeys[event.key];
  if (!act || ownKey) return;
  act();
  event.preventDefault();
}

let folded = [];                         // what was folded before it was printed

function unfold() {
  folded = all("details:not([open])");
  folded.forEach(details => details.open = true);
  body.classList.remove("lecture");
  root.classList.add("printing");        // while what fits on paper is found out
  draw(false);
}

function foldAgain() {
  folded.forEach(details => details.open = false);
  root.classList.remove("printing");
  arrive();
}

for (const id in buttons) find("#" + id).addEventListener("click", buttons[id]);
document.addEventListener("keydown", press);
addEventListener("resize", () => draw(false));
addEventListener("hashchange", arrive);
addEventListener("beforeprint", unfold);
addEventListener("afterprint", foldAgain);
addEventListener("scroll", () => {
  const here = inSight();
  if (!lecturing()) links.forEach((link, i) => link.classList.toggle("here", i + 1 === here));
}, { passive: true });

find("#tools").hidden = false;
if (recall("theme")) root.dataset.theme = recall("theme");
if (recall("scale")) root.style.setProperty("--scale", recall("scale"));
arrive();
document.fonts.ready.then(() => draw(lecturing()));
