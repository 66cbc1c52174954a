/** The course's networks, step by step, on TensorFlow.js's WebAssembly. */

import "./lib/tf-core.min.js";
import "./lib/tf-backend-wasm.min.js";
import { SIDE } from "./picture.js";

export const POINTS = 15;
const STRIDE = 4; // pixels of the picture to a cell of a heat map
export const CELLS = SIDE / STRIDE;
const CENTRES = Float32Array.from({ length: CELLS }, (_, i) => STRIDE * i + (STRIDE - 1) / 2);

/** Start the library; call it once, before anything else. */
export async function start() {
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false); // its file is not shipped
  tf.wasm.setWasmPaths(new URL("lib/", import.meta.url).href);
  if (!(await tf.setBackend("wasm"))) throw new Error("WebAssembly did not start");
}

/** @param {string} address @returns {Promise<Response>} */
export async function fetched(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} is missing on the server (${response.status})`);
  return response;
}

/** @param {Described} described @param {string} folder @returns {Promise<Network>} */
export async function load(described, folder) {
  const content = await (await fetched(folder + described.file)).arrayBuffer();
  return new Network(described, new Float32Array(content));
}

/** What each step does. @type {Record<string, (step: any, x: any, other: any) => any>} */
const DO = {
  convolution: ({ kernel, stride, end }, x) => (
    tf.fused.conv2d({ x, filter: kernel, strides: stride, pad: "same", ...end })),
  dense: ({ kernel, end }, x) => tf.fused.matMul({ a: x, b: kernel, ...end }),
  pool: ({ slope }, x) => activated(tf.maxPool(x, 2, 2, "valid"), slope),
  flatten: (_, x) => tf.reshape(x, [1, -1]),
  add: ({ slope }, x, other) => activated(tf.add(x, other), slope),
  double: (_, x) => tf.image.resizeBilinear(x, [2 * x.shape[1], 2 * x.shape[2]], false, true),
};

export class Network {
  /** @param {Described} described @param {Float32Array} weights */
  constructor(described, weights) {
    this.described = described;
    /** @param {Placed} placed */
    const tensor = ({ at, shape }) => {
      const size = shape.reduce((product, side) => product * side, 1);
      return tf.tensor(weights.slice(at, at + size), shape);
    };
    this.steps = described.steps.map((step) => ({
      ...step,
      kernel: step.kernel && tensor(step.kernel),
      end: {
        bias: step.bias && tensor(step.bias),
        activation: step.slope === undefined ? "linear" : step.slope ? "leakyrelu" : "relu",
        leakyreluAlpha: step.slope,
      },
    }));
  }

  /** What the last step gives for a grey picture of any size whose sides are multiples of 16.
   * @param {Uint8Array} grey @param {number} width @param {number} height */
  answer(grey, width = SIDE, height = SIDE) {
    const result = tf.tidy(() => {
      const made = [/** @type {any} */ (tf.tensor4d(Float32Array.from(grey), [1, height, width, 1]))];
      for (const step of this.steps.slice(1)) { // the first is the picture
        const [x, other] = step.from.map((i) => made[i]);
        made.push(DO[step.op](step, x, other));
      }
      return made[made.length - 1];
    });
    const values = result.dataSync();
    result.dispose();
    return /** @type {Float32Array} */ (values);
  }

  /** @param {Uint8Array} face 96 by 96 @returns {{points: Point[], maps: Maps | null}} */
  locate(face) {
    const answer = this.answer(face);
    if (this.described.maps) return meanPlaces(answer);
    const points = Array.from({ length: POINTS }, (_, k) => {
      return /** @type {Point} */ ([48 * (answer[2 * k] + 1), 48 * (answer[2 * k + 1] + 1)]);
    });
    return { points, maps: null };
  }
}

/** @param {any} x @param {number | undefined} slope */
function activated(x, slope) {
  if (slope === undefined) return x;
  return slope ? tf.leakyRelu(x, slope) : tf.relu(x);
}

/** The mean place of each heat map and how far the map spreads around it, in pixels.
 * @param {Float32Array} logits (24, 24, 15) @returns {{points: Point[], maps: Maps}} */
function meanPlaces(logits) {
  /** @type {Point[]} */ const points = [];
  /** @type {Maps} */ const maps = { shares: [], spreads: [] };
  const cells = CELLS * CELLS; // plain loops: this runs for every face of every frame
  for (let k = 0; k < POINTS; k++) {
    let highest = -Infinity;
    for (let c = 0; c < cells; c++) highest = Math.max(highest, logits[c * POINTS + k]);
    const shares = new Float32Array(cells);
    let [sum, x, y] = [0, 0, 0];
    for (let c = 0; c < cells; c++) {
      const share = Math.exp(logits[c * POINTS + k] - highest);
      shares[c] = share;
      sum += share;
      x += share * CENTRES[c % CELLS];
      y += share * CENTRES[(c / CELLS) | 0];
    }
    [x, y] = [x / sum, y / sum];
    let variance = 0;
    for (let c = 0; c < cells; c++) {
      shares[c] /= sum;
      const [dx, dy] = [CENTRES[c % CELLS] - x, CENTRES[(c / CELLS) | 0] - y];
      variance += shares[c] * (dx * dx + dy * dy);
    }
    points.push([x, y]);
    maps.shares.push(shares);
    maps.spreads.push(Math.sqrt(variance));
  }
  return { points, maps };
}
