/** Faces found and followed by the final network's own certainty, without a detector.
 *
 * The network is made of convolutions, so it can look at a whole picture at once. In each square
 * of 24 by 24 cells its heat maps say what they would say of that square cut out, but for
 * the border. Where there is a face, every map has its weight where the mean face has that point.
 */

import { CELLS, POINTS } from "./network.js";
import { SIDE, cut, resample, toPhoto } from "./picture.js";

// Squares to look for, in shorter sides of the picture. A face may be a fifth smaller or larger than
// the square says; the smallest cost most.
const SIDES = [0.96, 0.68, 0.48, 0.34, 0.24, 0.17, 0.12];
const SMALLEST = 40; // pixels
const MARGIN = 24; // pixels of 96 around the picture, mirrored: a face may be cut off by the edge
const NEAR = 3; // cells from a point's mean place that count as there
const LIKELY = 0.7; // share of the maps' weight that lies there, for a candidate
// On photographs with known faces the mean spread was 3.2 to 5.1 px on faces, and from 7 px up
// on what looked like one at first.
const FOUND = 5.5;
const LOST = 6.5;
const UNLIKE = 9; // pixels of 96 (root mean square) between a face and the mean face, at most
const PATIENCE = 5; // frames without a face until it counts as lost

/** Which of them to search for: in a photograph all, in front of a camera those of a sitter. */
export const IN_PHOTOGRAPH = [0, 1, 2, 3, 4, 5, 6];
export const IN_FILM = [2, 3, 1, 4, 0];

/** Squares of one size that may hold a face, best first.
 * @param {import("./network.js").Network} network the final one @param {Point[]} mean its mean face
 * @param {Grey} grey @param {number} level @returns {Candidate[]} */
export function search(network, mean, grey, level) {
  const shorter = Math.min(grey.width, grey.height);
  const side = Math.max(SMALLEST, SIDES[level] * shorter);
  if (level && SIDES[level - 1] * shorter < SMALLEST) return []; // as the level before
  const scale = side / SIDE;
  const margin = Math.round(MARGIN * scale);
  const width = 16 * Math.ceil((grey.width / scale + 2 * MARGIN) / 16);
  const height = 16 * Math.ceil((grey.height / scale + 2 * MARGIN) / 16);
  const logits = network.answer(
    resample(grey, -margin, -margin, scale, width, height), width, height);
  const columns = width / 4;
  const rows = height / 4;
  const across = columns - CELLS + 1;
  const down = rows - CELLS + 1;
  const scores = new Float32Array(across * down);
  const sums = new Float64Array((columns + 1) * (rows + 1));
  for (let k = 0; k < POINTS; k++) {
    integrate(logits, k, columns, rows, sums);
    /** @param {number} x @param {number} y @param {number} size */
    const within = (x, y, size) => {
      const high = y * (columns + 1) + x;
      const low = high + size * (columns + 1);
      return sums[low + size] - sums[low] - sums[high + size] + sums[high];
    };
    const [x, y] = mean[k].map((at) => Math.round((at - 1.5) / 4) - NEAR);
    for (let i = 0; i < down; i++) {
      for (let j = 0; j < across; j++) {
        const there = within(j + x, i + y, 2 * NEAR + 1);
        scores[i * across + j] += there / within(j, i, CELLS) / POINTS;
      }
    }
  }
  /** @param {number} cells */
  const pixels = (cells) => Math.round(4 * cells * scale) - margin;
  return peaks(scores, across, down).map(({ score, x, y }) => (
    { score, square: { left: pixels(x), top: pixels(y), side: Math.round(side) } }));
}

/** Sums of exp(logit) over all that lies above and left, so that any square's sum is four numbers.
 * @param {Float32Array} logits @param {number} k @param {number} columns @param {number} rows
 * @param {Float64Array} sums */
function integrate(logits, k, columns, rows, sums) {
  let highest = -Infinity;
  for (let c = k; c < logits.length; c += POINTS) highest = Math.max(highest, logits[c]);
  for (let i = 0; i < rows; i++) {
    let row = 0;
    for (let j = 0; j < columns; j++) {
      // Less than exp(-20) of the highest would drown in the sums' last digits.
      row += Math.exp(Math.max(-20, logits[(i * columns + j) * POINTS + k] - highest));
      sums[(i + 1) * (columns + 1) + j + 1] = sums[i * (columns + 1) + j + 1] + row;
    }
  }
}

/** @param {Float32Array} scores @param {number} across @param {number} down */
function peaks(scores, across, down) {
  const found = [];
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++) {
      const score = scores[y * across + x];
      if (score < LIKELY) continue;
      let highest = true;
      for (let i = Math.max(0, y - 4); i <= Math.min(down - 1, y + 4); i++) {
        for (let j = Math.max(0, x - 4); j <= Math.min(across - 1, x + 4); j++) {
          if (scores[i * across + j] > score) highest = false;
        }
      }
      if (highest) found.push({ score, x, y });
    }
  }
  return found.sort((a, b) => b.score - a.score);
}

export class Finder {
  /** @param {import("./network.js").Network} network @param {Point[]} mean */
  constructor(network, mean) {
    this.network = network;
    this.mean = mean;
  }

  /** The square in which points lie as the mean face does, and how unlike it they are.
   * @param {Point[]} points @returns {{square: Square, unlike: number}} */
  squareOf(points) {
    const [px, py] = middle(points);
    const [mx, my] = middle(this.mean);
    // along, over: the turn and size that lay the mean face on the points, a complex number
    let [along, over, size] = [0, 0, 0];
    this.mean.forEach(([x, y], k) => {
      const [u, v] = [points[k][0] - px, points[k][1] - py];
      along += (x - mx) * u + (y - my) * v;
      over += (x - mx) * v - (y - my) * u;
      size += (x - mx) ** 2 + (y - my) ** 2;
    });
    along /= size;
    over /= size;
    let apart = 0;
    this.mean.forEach(([x, y], k) => {
      apart += (points[k][0] - px - along * (x - mx) + over * (y - my)) ** 2;
      apart += (points[k][1] - py - over * (x - mx) - along * (y - my)) ** 2;
    });
    const scale = Math.hypot(along, over);
    const [dx, dy] = [(SIDE - 1) / 2 - mx, (SIDE - 1) / 2 - my];
    const side = Math.max(8, Math.round(SIDE * scale));
    const left = Math.round(px + along * dx - over * dy + 0.5 - side / 2);
    const top = Math.round(py + over * dx + along * dy + 0.5 - side / 2);
    return { square: { left, top, side }, unlike: Math.sqrt(apart / POINTS) / scale };
  }

  /** @param {Grey} grey @param {Square} square @returns {Look} */
  look(grey, square) {
    const face = cut(grey, square);
    const { points, maps } = this.network.locate(face);
    if (!maps) throw new Error("the finder needs a network with heat maps");
    const spread = maps.spreads.reduce((a, b) => a + b) / POINTS;
    return { points: toPhoto(points, square), maps, spread, square, face };
  }

  /** Look again where the points say that the face is; null where there is none.
   * @param {Grey} grey @param {Square} square @returns {Look | null} */
  settle(grey, square) {
    let seen = this.look(grey, square);
    for (let again = 0; again < 2; again++) {
      const next = this.squareOf(seen.points).square;
      if (!inside(grey, next)) return null;
      seen = this.look(grey, next);
    }
    return seen.spread < FOUND && this.squareOf(seen.points).unlike < UNLIKE ? seen : null;
  }

  /** Faces among candidates that are not followed yet.
   * @param {Grey} grey @param {Candidate[]} candidates @param {Look[]} known @returns {Followed[]} */
  check(grey, candidates, known) {
    /** @type {Followed[]} */ const fresh = [];
    /** @param {Square} square */
    const taken = (square) => [...known, ...fresh].some((face) => same(face.square, square));
    for (const { square } of candidates) {
      if (taken(square)) continue;
      const seen = this.settle(grey, square);
      if (seen && !taken(seen.square)) fresh.push({ ...seen, missed: 0 });
    }
    return fresh;
  }

  /** Each face in the next frame, searched where it was; without those that are lost.
   * @param {Grey} grey @param {Followed[]} faces @returns {Followed[]} */
  follow(grey, faces) {
    /** @type {Followed[]} */ const kept = [];
    for (const before of faces) {
      let seen = this.look(grey, this.squareOf(before.points).square);
      let { square, unlike } = this.squareOf(seen.points);
      if (Math.abs(square.left - seen.square.left) > 0.06 * square.side && inside(grey, square)) {
        seen = this.look(grey, square); // it moves fast: the first look came from where it was
        ({ square, unlike } = this.squareOf(seen.points));
      }
      const there = seen.spread < LOST && unlike < UNLIKE && inside(grey, square);
      if (there && !kept.some((face) => same(face.square, square))) {
        kept.push({ ...seen, missed: 0, chosen: before.chosen });
      } else if (!there && before.missed + 1 < PATIENCE) {
        kept.push({ ...before, missed: before.missed + 1 });
      }
    }
    return kept;
  }
}

/** @param {Point[]} points @returns {Point} */
function middle(points) {
  const sum = points.reduce(([a, b], [x, y]) => [a + x, b + y], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
}

/** Whether most of a square is on the picture, and it is large enough to see anything.
 * @param {Grey} grey @param {Square} square */
function inside(grey, { left, top, side }) {
  const [x, y] = [left + side / 2, top + side / 2];
  return side > 20 && x > 0 && y > 0 && x < grey.width && y < grey.height
    && side < 1.6 * Math.max(grey.width, grey.height);
}

/** @param {Square} one @param {Square} two */
function same(one, two) {
  const apart = Math.hypot(
    one.left + one.side / 2 - two.left - two.side / 2,
    one.top + one.side / 2 - two.top - two.side / 2);
  return apart < 0.4 * Math.max(one.side, two.side);
}
