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
      bias: step.bias && tensor(step.bias),
    }));
  }

  /** What the last step gives for a grey picture of any size whose sides are multiples of 16.
   * @param {Uint8Array} grey @param {number} width @param {number} height */
  answer(grey, width = SIDE, height = SIDE) {
    const result = tf.tidy(() => {
      /** @type {any[]} */ const made = [];
      for (const step of this.steps) {
        const [x, other] = (step.from ?? []).map((i) => made[i]);
        const slope = step.slope;
        const activation = slope === undefined ? "linear" : slope ? "leakyrelu" : "relu";
        const more = { bias: step.bias, activation, leakyreluAlpha: slope };
        if (step.op === "picture") {
          made.push(tf.tensor4d(Float32Array.from(grey), [1, height, width, 1]));
        } else if (step.op === "convolution") {
          const of = { x, filter: step.kernel, strides: step.stride, pad: "same" };
          made.push(tf.fused.conv2d(/** @type {any} */ ({ ...of, ...more })));
        } else if (step.op === "dense") {
          made.push(tf.fused.matMul(/** @type {any} */ ({ a: x, b: step.kernel, ...more })));
        } else if (step.op === "pool") {
          made.push(activated(tf.maxPool(x, 2, 2, "valid"), slope));
        } else if (step.op === "flatten") {
          made.push(tf.reshape(x, [1, -1]));
        } else if (step.op === "add") {
          made.push(activated(tf.add(x, other), slope));
        } else if (step.op === "double") {
          const size = /** @type {[number, number]} */ ([2 * x.shape[1], 2 * x.shape[2]]);
          made.push(tf.image.resizeBilinear(x, size, false, true));
        } else {
          throw new Error(`this page does not know the step ${step.op}; load it anew`);
        }
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
