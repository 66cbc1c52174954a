/** What is drawn of a face: its points, the pixels a network sees, the heat map of a point. */

import { SIDE } from "./picture.js";

const [RED, YELLOW] = ["#ff3d00", "#ffd60a"]; // red as in the course's figures: bright on skin
const small = document.createElement("canvas"); // to be enlarged

/** @param {HTMLCanvasElement} canvas @returns {CanvasRenderingContext2D} */
export function pencil(canvas) {
  return /** @type {any} */ (canvas.getContext("2d", { willReadFrequently: true }));
}

/** @param {CanvasRenderingContext2D} context @param {Point[]} points of the canvas, from its edge
 * @param {number} chosen the point that is drawn in yellow */
export function dots(context, points, chosen) {
  const eyes = Math.hypot(points[3][0] - points[5][0], points[3][1] - points[5][1]);
  const least = pixel(context.canvas);
  context.strokeStyle = "#fff";
  context.lineWidth = Math.max(0.7 * least, eyes / 130);
  points.forEach(([x, y], k) => {
    context.fillStyle = k === chosen ? YELLOW : RED;
    context.beginPath();
    context.arc(x, y, Math.max(2 * least, eyes / 38), 0, 7);
    context.fill();
    context.stroke();
  });
}

/** A pixel of the screen in those of a canvas. @param {HTMLCanvasElement} canvas */
const pixel = (canvas) => canvas.width / (canvas.clientWidth || canvas.width);

/** @param {CanvasRenderingContext2D} context @param {Square} square to be marked */
export function around(context, { left, top, side }) {
  context.strokeStyle = YELLOW;
  context.lineWidth = 1.5 * pixel(context.canvas);
  context.strokeRect(left, top, side, side);
}

/** The 96 by 96 grey values, each large enough to be seen; an empty canvas without them.
 * @param {HTMLCanvasElement} canvas @param {Uint8Array} [face] */
export function pixels(canvas, face) {
  const context = pencil(canvas);
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (!face) return context;
  const image = new ImageData(SIDE, SIDE);
  const whole = new Uint32Array(image.data.buffer);
  for (let i = 0; i < face.length; i++) whole[i] = 0xff000000 | (0x10101 * face[i]);
  enlarged(context, image, false);
  return context;
}

/** A heat map over the picture, yellow where the point may be.
 * @param {CanvasRenderingContext2D} context @param {Float32Array} shares */
export function heat(context, shares) {
  const side = Math.sqrt(shares.length);
  const image = new ImageData(side, side);
  const highest = Math.max(...shares);
  shares.forEach((share, c) => {
    image.data.set([255, 214, 10, 235 * Math.sqrt(share / highest)], 4 * c);
  });
  enlarged(context, image, true);
}

/** @param {CanvasRenderingContext2D} context @param {ImageData} image @param {boolean} smooth */
function enlarged(context, image, smooth) {
  small.width = small.height = image.width;
  pencil(small).putImageData(image, 0, 0);
  context.imageSmoothingEnabled = smooth;
  context.drawImage(small, 0, 0, context.canvas.width, context.canvas.height);
}

/** @param {Point[]} points @param {Point[]} truth @returns {number} percent of the eyes' distance */
export function error(points, truth) {
  const apart = points.map(([x, y], k) => Math.hypot(x - truth[k][0], y - truth[k][1]));
  const eyes = Math.hypot(truth[3][0] - truth[5][0], truth[3][1] - truth[5][1]);
  return (100 * apart.reduce((a, b) => a + b)) / apart.length / eyes;
}
