// The first of three parts: the network, and nothing of the page.
"use strict";

const $ = id => document.getElementById(id);
const net = JSON.parse($("data").textContent);           // what page.py wrote
const { Z, H, D, gaussian } = net;
const Numbers = net.double ? Float64Array : Float32Array;      // the network's own precision
const W3 = rows(net.weights.W3), b3 = numbers(net.weights.b3);
const W4 = rows(net.weights.W4), b4 = numbers(net.weights.b4);

// ---------------------------------------------------------------------- the decoder

// The probability of every pixel (if pixels are Gaussian, its mean) at the code z, Z numbers.
function decode(z) {
  if (z.length !== Z) throw new RangeError(`decode: expected ${Z} numbers, got ${z.length}`);
  return Array.from(forward(Numbers.from(z)).probs);
}

function forward(z) {
  const a3     = dense(z, W3, b3);
  const h3     = relu(a3);
  const logits = dense(h3, W4, b4);
  const probs  = gaussian ? logits : sigmoid(logits);    // a Gaussian pixel's mean is its logit
  return { a3, h3, logits, probs };
}

function dense(x, W, b) {                                // out = x W + b
  const out = new Numbers(b.length);
  for (let i = 0; i < x.length; i++) {
    if (x[i] === 0) continue;                            // a unit that is shut adds nothing
    const row = W[i];
    for (let o = 0; o < out.length; o++) out[o] += x[i] * row[o];
  }
  return out.map((sum, o) => sum + b[o]);
}

function relu(a) {
  return a.map(a_k => Math.max(a_k, 0));
}

function sigmoid(logits) {
  return logits.map(l => 1 / (1 + Math.exp(-l)));
}

// ---------------------------------------------------------------------- arrays, from their text

function bytes(text) {
  return Uint8Array.from(atob(text), character => character.charCodeAt(0));
}

// Numbers of 32 bits; or, where each row has a scale, whole numbers of 16 bits, yet to be scaled.
function numbers(array) {
  const { buffer } = bytes(array.numbers);
  return array.scales ? new Int16Array(buffer) : new Float32Array(buffer);
}

function rows(array) {
  const [count, length] = array.shape;
  const flat   = numbers(array);
  const scales = array.scales ? numbers({ numbers: array.scales }) : Array(count).fill(1);
  return Array.from(scales, (scale, i) => {
    const row = flat.subarray(i * length, (i + 1) * length);
    return Numbers.from(row, number => scale * number);
  });
}

function transposed(A) {
  return Array.from(A[0], (_, n) => Numbers.from(A, row => row[n]));
}
