/** A clown's nose and sunglasses, as the formulas of chapter 12, drawn once and then laid on faces.
 *
 * The unit is the distance of the outer eye corners, u grows along the eyes and v down.
 */

const PIXELS = 256; // of a drawing to a unit: faces are rarely larger, and the canvas shrinks well

/** What a drawing is at a place: red, green, blue and cover, all 0 to 1.
 * @typedef {(u: number, v: number, pixel: number) => [number, number, number, number]} Sticker */

/** @param {number} x */
const clip = (x) => Math.min(1, Math.max(0, x));

/** Cover from the distance to an edge: a ramp one pixel wide.
 * @param {number} distance @param {number} pixel */
const covered = (distance, pixel) => clip(0.5 - distance / pixel);

/** A red ball, lit from above left. @type {Sticker} */
function nose(u, v, pixel) {
  const radius = 0.24;
  const [x, y] = [u / radius, v / radius];
  const z = Math.sqrt(clip(1 - x * x - y * y));
  const facing = -0.45 * x - 0.6 * y + 0.66 * z;
  const shade = 0.38 + 0.62 * clip(facing);
  const shine = 0.85 * clip(2 * facing * z - 0.66) ** 24;
  const cover = covered(Math.hypot(u, v) - radius, pixel);
  return [0.86 * shade + shine, 0.06 * shade + shine, 0.08 * shade + shine, cover];
}

/** Dark glasses with a rim, a bridge and short temples. @type {Sticker} */
function sunglasses(u, v, pixel) {
  const side = Math.abs(u);
  const drop = 0.12 * (side - 0.36); // lower on the outside
  const lens = box(side - 0.36, v - 0.04 - drop, 0.28, 0.215, 0.16);
  const bridge = Math.max(Math.abs(v - 3.5 * u * u + 0.095) - 0.024, side - 0.13);
  const temple = box(side - 0.69, v + 0.075, 0.08, 0.03, 0.025);
  const onFrame = covered(Math.min(Math.abs(lens) - 0.022, bridge, temple), pixel);
  const depth = clip((v + 0.16) / 0.36);
  const across = (u + 0.7 * v - 0.3 * Math.sign(u)) / 0.05;
  const glass = 0.05 + 0.1 * depth + 0.22 * Math.exp(-across * across) * (1 - depth);
  const tone = 0.07 + 0.25 * clip(-(v + 0.1) / 0.1);
  const cover = Math.max(onFrame, covered(lens, pixel) * (0.93 - 0.16 * depth));
  return onFrame > 0.5 ? [tone, tone, tone, cover] : [0.9 * glass, glass, 1.15 * glass, cover];
}

/** Distance to the edge of a box with round corners; negative inside.
 * @param {number} x @param {number} y @param {number} width half of it
 * @param {number} height half of it @param {number} radius */
function box(x, y, width, height, radius) {
  const [dx, dy] = [Math.abs(x) - (width - radius), Math.abs(y) - (height - radius)];
  return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - radius;
}

/** @param {Sticker} sticker @param {number} width units to each side @param {number} height
 * @returns {HTMLCanvasElement} */
function drawn(sticker, width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = 2 * width * PIXELS;
  canvas.height = 2 * height * PIXELS;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(canvas.width, canvas.height);
  for (let i = 0, at = 0; i < canvas.height; i++) {
    for (let j = 0; j < canvas.width; j++) {
      const [u, v] = [(j + 0.5) / PIXELS - width, (i + 0.5) / PIXELS - height];
      for (const value of sticker(u, v, 1 / PIXELS)) image.data[at++] = 255 * value;
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

const drawings = { nose: drawn(nose, 0.25, 0.25), sunglasses: drawn(sunglasses, 0.8, 0.3) };

/** Lay a drawing on a face, as large as its eyes are apart and turned as they are.
 * @param {CanvasRenderingContext2D} context @param {"nose" | "sunglasses"} name
 * @param {Point[]} points of the face, in the canvas's pixels */
export function put(context, name, points) {
  const [left, right, , leftOuter, , rightOuter] = points;
  const across = [leftOuter[0] - rightOuter[0], leftOuter[1] - rightOuter[1]];
  const eyes = [(left[0] + right[0]) / 2, (left[1] + right[1]) / 2];
  const [x, y] = name === "nose" ? points[10] : eyes;
  const scale = Math.hypot(across[0], across[1]) / PIXELS;
  const drawing = drawings[name];
  context.save();
  context.translate(x + 0.5, y + 0.5); // a canvas counts from the edge of its first pixel
  context.rotate(Math.atan2(across[1], across[0]));
  context.scale(scale, scale);
  context.imageSmoothingQuality = "medium";
  context.drawImage(drawing, -drawing.width / 2, -drawing.height / 2);
  context.restore();
}
