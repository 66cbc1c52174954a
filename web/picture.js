/** From any picture to the 96 by 96 grey values that a network sees, and back (chapter 12). */

export const SIDE = 96;

/** Brightness as OpenCV rounds it, in whole numbers of 2^-15.
 * @param {ImageData} image @returns {Grey} */
export function toGrey(image) {
  const { width, height, data } = image;
  const grey = new Uint8Array(width * height);
  for (let i = 0, j = 0; i < grey.length; i++, j += 4) {
    grey[i] = (9798 * data[j] + 19235 * data[j + 1] + 3735 * data[j + 2] + 16384) >> 15;
  }
  return { width, height, data: grey };
}

/** Which old pixels make each new one along one side, and with what weight.
 *
 * A new pixel that is larger than an old one is their mean over its area; a smaller one lies on a
 * cubic curve (a = -0.75) through four of them. Outside of the picture everything is mirrored.
 * @param {number} start first old pixel @param {number} scale old pixels in a new one
 * @param {number} count new pixels @param {number} length old pixels that there are */
function taps(start, scale, count, length) {
  const last = Math.max(0, Math.round(scale * count) - 1);
  const first = new Int32Array(count + 1);
  /** @type {number[]} */ const from = [];
  /** @type {number[]} */ const weight = [];
  for (let i = 0; i < count; i++) {
    if (scale > 1) {
      const low = i * scale;
      const high = Math.min(low + scale, last + 1);
      for (let j = Math.floor(low + 1e-9); j < high - 1e-9; j++) {
        from.push(j);
        weight.push((Math.min(j + 1, high) - Math.max(j, low)) / (high - low));
      }
    } else {
      const at = (i + 0.5) * scale - 0.5;
      const whole = Math.floor(at);
      for (let j = -1; j <= 2; j++) {
        from.push(Math.min(Math.max(whole + j, 0), last));
        weight.push(cubic(Math.abs(at - whole - j)));
      }
    }
    first[i + 1] = from.length;
  }
  const index = Int32Array.from(from, (j) => {
    const turned = (((j + start) % (2 * length)) + 2 * length) % (2 * length);
    return Math.min(turned, 2 * length - 1 - turned);
  });
  return { first, index, weight: Float32Array.from(weight) };
}

/** @param {number} d distance from the curve's place, in pixels */
function cubic(d) {
  const a = -0.75;
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

/** A part of a picture in another size.
 * @param {Grey} grey @param {number} left @param {number} top first pixel; may lie outside
 * @param {number} scale old pixels in a new one @param {number} width @param {number} height new
 * @returns {Uint8Array} row by row */
export function resample(grey, left, top, scale, width, height) {
  const x = taps(left, scale, width, grey.width);
  const y = taps(top, scale, height, grey.height);
  const result = new Uint8Array(width * height);
  const line = new Float32Array(grey.width);
  for (let i = 0; i < height; i++) {
    line.fill(0); // rows first: most of them are added up for one new row
    for (let k = y.first[i]; k < y.first[i + 1]; k++) {
      const row = y.index[k] * grey.width;
      for (let j = 0; j < line.length; j++) line[j] += y.weight[k] * grey.data[row + j];
    }
    for (let j = 0; j < width; j++) {
      let sum = 0;
      for (let k = x.first[j]; k < x.first[j + 1]; k++) sum += x.weight[k] * line[x.index[k]];
      result[i * width + j] = Math.min(255, Math.max(0, Math.round(sum)));
    }
  }
  return result;
}

/** @param {Grey} grey @param {Square} square @returns {Uint8Array} 96 by 96 */
export function cut(grey, square) {
  return resample(grey, square.left, square.top, square.side / SIDE, SIDE, SIDE);
}

/** Points of the 96 by 96 picture as points of the photograph: pixel i reaches from i to i + 1 of
 * the width, so half a pixel is added before scaling and taken away after it.
 * @param {Point[]} points @param {Square} square @returns {Point[]} */
export function toPhoto(points, square) {
  const scale = square.side / SIDE;
  return points.map(([x, y]) => [
    square.left + (x + 0.5) * scale - 0.5,
    square.top + (y + 0.5) * scale - 0.5,
  ]);
}
