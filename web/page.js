/** The page: from the camera or a photograph to points, drawings and heat maps. */

import { around, dots, error, heat, pencil, pixels } from "./panels.js";
import { toGrey, toPhoto } from "./picture.js";
import { put } from "./stickers.js";

const CHAPTERS = new Map([["First", "03"], ["Fourth", "06"], ["Fifth", "08"], ["Final", "18a"]]);
const LONGEST = 1600; // pixels; a larger photograph is searched and shown in a smaller copy
const LEAST = 32; // pixels a side, below which there is nothing to find
const CARD = 384; // pixels a side of the pictures of 96
const FINGER = 10; // pixels of the screen by which a touch may miss a point
const REST = 5; // times as long as a search took it rests while a face is followed

/** What the page knows at the moment; tests read it.
 * @type {{grey: Grey | null, faces: Followed[], shown: Point[][], frames: number, work: number,
 *   networks: Map<string, import("./network.js").Network>, truth: Point[][] | null}} */
export const state = {
  grey: null, faces: [], shown: [], frames: 0, work: 0, networks: new Map(), truth: null };

/** @param {string} id @returns {any} */
const by = (id) => document.getElementById(id);
/** @type {HTMLCanvasElement} */ const stage = by("stage");
/** @type {HTMLCanvasElement} */ const original = document.createElement("canvas");
/** @type {HTMLVideoElement} */ const video = document.createElement("video");
const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
/** @type {typeof import("./finder.js")} */ let finding;
/** @type {import("./finder.js").Finder} */ let finder;
let job = 0; // of the worker; answers to an older picture are dropped
let searching = false;
let broken = ""; // why there is no search
let opening = 0; // picture or camera: one that is ready after a later choice is dropped
let turn = 0;
let asked = 0; // when the last search began
let searched = 0; // when it ended
let met = 0; // when there was a face
let held = 0; // until when a problem stays on the page's line
let clock = { since: 0, frames: 0, work: 0 };

/** @param {string} text @param {boolean} [problem] */
function say(text, problem = false) {
  const line = by("status");
  held = problem ? performance.now() + 8000 : 0; // ms to read it
  line.classList.toggle("problem", problem);
  if (line.textContent !== text) line.textContent = text; // a screen reader reads what changes
}

/** @param {number[]} levels the sizes to search for */
function ask(levels) {
  if (broken) return fail(broken);
  searching = true;
  asked = performance.now();
  worker.postMessage({ grey: state.grey, levels, job });
}

/** Without the search no picture has a face: each is told so. @param {string} why */
function fail(why) {
  broken = why;
  say(why, true);
  held = Infinity;
}

worker.onmessage = (/** @type {MessageEvent} */ { data }) => {
  if (data.failed) return fail(`The search could not start: ${data.failed}. Load the page again.`);
  if (data.job !== job || !state.grey) return;
  searching = data.more;
  searched = performance.now();
  state.faces.push(...finder.check(state.grey, data.candidates, state.faces));
  if (video.srcObject) return; // the next frame shows them
  if (!searching) state.frames += 1;
  show();
};
worker.onerror = () => fail("The search could not start. Take a current browser, and load the page again.");

/** Draw the picture, what is on its faces, the panels, and say how many there are. */
function show() {
  const context = pencil(stage);
  context.drawImage(original, 0, 0);
  const radio = /** @type {any} */ (document.querySelector("input[name=network]:checked"));
  const chosen = state.networks.get(radio?.value) ?? finder.network;
  const here = state.faces.filter((face) => !face.missed); // where it was is not where it is
  state.shown = here.map((face) => pointsOf(chosen, face));
  for (const points of state.shown) {
    if (by("nose").checked) put(context, "nose", points);
    if (by("sunglasses").checked) put(context, "sunglasses", points);
    if (by("points").checked) dots(context, points.map(([x, y]) => [x + 0.5, y + 0.5]), chosenPoint());
  }
  // With one face it is plain whose panels they are.
  if (here.length > 1 && by("points").checked) around(context, chosenFace().square);
  document.body.classList.toggle("mirrored", by("mirror").checked);
  const count = state.faces.length;
  if (count) met = performance.now();
  const faces = count ? `${count} ${count === 1 ? "face" : "faces"}` : "no face";
  const early = !count && (video.srcObject ? performance.now() - met < 1500 : searching);
  stage.ariaLabel = `Picture ${early ? "being searched" : `with ${faces}`}, points by ${chosen.described.name}`;
  const unread = performance.now() < held; // a problem that the reader was told of
  if (count && !unread) {
    say(`${faces[0].toUpperCase()}${faces.slice(1)} found. Touch a point to see its heat map.`);
  } else if (!unread && !early) {
    say("No face found. It wants light, both eyes, a head upright to within about 30 degrees, and a fifth of the picture's height.");
  }
  // The panels need not be as fast as the picture.
  if (!count || !video.srcObject || state.frames % 4 === 0) panels();
}

const chosenPoint = () => Number(by("which").value);

/** @param {import("./network.js").Network} network @param {Followed} face @returns {Point[]} */
function pointsOf(network, face) {
  if (network === finder.network) return face.points;
  return toPhoto(network.locate(face.face).points, face.square);
}

/** The face that was touched last, or else the largest. */
const chosenFace = () => state.faces.find((face) => face.chosen)
  ?? [...state.faces].sort((a, b) => b.square.side - a.square.side)[0];

/** The chosen face as the networks see it: heat map of the chosen point, and all side by side. */
function panels() {
  const face = chosenFace();
  const context = pixels(by("seen"), face?.face);
  const k = chosenPoint();
  by("seen").ariaLabel = face ? `96 by 96 grey pixels; heat map of ${by("which").selectedOptions[0].text}` : "No face yet";
  if (face) heat(context, face.maps.shares[k]);
  by("certainty").textContent = certainty(k, face);
  for (const [name, network] of state.networks) {
    const paper = pixels(by(`card-${name}`), face?.face);
    const points = face && pointsOf(network, face);
    if (points) dots(paper, points.map((at) => onCard(at, face.square)), k);
    const wrong = points && state.truth?.map((truth) => error(points, truth));
    by(`here-${name}`).textContent = wrong ? `${Math.min(...wrong).toFixed(1)} % on this face` : "";
  }
}

/** How sure the final network is of a point. @param {number} k @param {Followed} [face] */
function certainty(k, face) {
  if (!face) return "Nothing yet: this wants a face.";
  const { left, top, side } = face.square;
  const outside = Math.max(-left, -top, left + side - stage.width, top + side - stage.height);
  if (outside > side / 10) return "Part of this face is outside the picture; there it is mirrored, and points are guesses.";
  const spread = face.maps.spreads[k];
  const words = spread < 3 ? "certain" : spread < 6 ? "fairly certain" : "uncertain";
  return `The final network is ${words}: this map spreads ${spread.toFixed(1)} px of the 96. The narrower the yellow, the surer.`;
}

/** A point of the photograph on a card. @type {(point: Point, square: Square) => Point} */
const onCard = ([x, y], { left, top, side }) => (
  [((x + 0.5 - left) * CARD) / side, ((y + 0.5 - top) * CARD) / side]);

/** Take a new frame or picture. @param {CanvasImageSource} source @param {number} width @param {number} height */
function take(source, width, height) {
  if (stage.width !== width || stage.height !== height) {
    for (const canvas of [original, stage]) Object.assign(canvas, { width, height });
  }
  stage.classList.toggle("wide", width > 2 * height);
  const context = pencil(original);
  Object.assign(context, { imageSmoothingQuality: "high", globalCompositeOperation: "copy" });
  context.drawImage(source, 0, 0, width, height);
  state.grey = toGrey(context.getImageData(0, 0, width, height));
  by("save").disabled = false;
}

/** One frame of the camera. */
function frame() {
  if (!video.srcObject) return;
  const start = performance.now();
  take(video, video.videoWidth, video.videoHeight);
  state.faces = finder.follow(/** @type {Grey} */ (state.grey), state.faces);
  const rested = !state.faces.length || start - searched > REST * (searched - asked);
  if (!searching && rested) ask([finding.IN_FILM[turn++ % finding.IN_FILM.length]]);
  show();
  state.frames += 1;
  const now = performance.now();
  state.work = now - start;
  clock.frames += 1;
  clock.work += now - start;
  if (now - clock.since > 500) {
    const [work, rate] = [clock.work / clock.frames, (1000 * clock.frames) / (now - clock.since)];
    by("times").textContent = `${work.toFixed(1)} ms a frame, ${rate.toFixed(0)} frames a second`;
    clock = { since: now, frames: 0, work: 0 };
  }
  next();
}

const next = () => ("requestVideoFrameCallback" in video
  ? video.requestVideoFrameCallback(frame) : requestAnimationFrame(frame));

/** Of the picture before. @param {HTMLButtonElement} [pressed] what the new one comes from */
function forget(pressed) {
  job += 1;
  searching = false;
  Object.assign(state, { faces: [], truth: null });
  document.querySelectorAll("#portraits button").forEach((b) => { b.ariaPressed = String(b === pressed); });
}

function stop() {
  job += 1; // an answer that is still to come would speak over what is said next
  /** @type {MediaStream | null} */ (video.srcObject)?.getTracks().forEach((track) => track.stop());
  video.srcObject = null;
  by("camera").textContent = "Use the camera";
  by("times").textContent = "";
}

const REFUSED = new Map([
  ["NotAllowedError", "The camera was refused. Allow it where the address of the page stands, then press the button again; or open a photograph."],
  ["NotFoundError", "No camera was found. Plug one in and press the button again; or open a photograph."],
  ["NotReadableError", "The camera is in use by another program. Close that and press the button again."],
]);

async function camera() {
  if (video.srcObject) {
    stop();
    return say("The camera is off.");
  }
  if (!navigator.mediaDevices) {
    return say("A browser gives the camera only to pages from https or localhost. Open this page as http://localhost, or open a photograph.", true);
  }
  say("Asking for the camera: allow it when your browser asks.");
  const mine = ++opening;
  by("camera").disabled = true; // a second click would end what the first began
  try {
    const wanted = { width: 640, height: 480, facingMode: "user" };
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: wanted });
    if (mine !== opening) return stop();
    video.muted = video.playsInline = true;
    video.srcObject.getTracks()[0].onended = () => {
      stop();
      say("The camera has stopped. Plug it in and press the button again.", true);
    };
    await video.play();
    if (mine !== opening) return stop();
  } catch (error) {
    stop();
    if (mine !== opening) return;
    const { name, message } = /** @type {Error} */ (error);
    return say(REFUSED.get(name) ?? `The camera gives no picture (${message}). Open a photograph instead.`, true);
  } finally {
    by("camera").disabled = false;
  }
  forget();
  by("camera").textContent = "Stop the camera";
  by("mirror").checked = true;
  met = performance.now();
  clock = { since: met, frames: 0, work: 0 };
  say("Looking for a face.");
  next();
}

/** @param {Blob | Promise<Blob>} file @param {string} name @param {Point[][] | null} truth
 * @param {HTMLButtonElement} [pressed] */
async function open(file, name, truth = null, pressed) {
  const mine = ++opening;
  say(`Opening ${name}.`);
  held = Infinity; // what is found on the picture before is not said any more
  let picture;
  try {
    picture = await createImageBitmap(await file, { imageOrientation: "from-image" });
  } catch {} // then there is no picture
  if (mine !== opening) return picture?.close();
  const still = state.grey && !video.srcObject ? " The picture before it is still shown." : "";
  if (!picture) {
    return say(`${name}: your browser cannot open this as a picture. Open a JPEG, PNG or WebP file; very large ones as a smaller copy.${still}`, true);
  }
  const { width, height } = picture;
  if (Math.min(width, height) < LEAST) {
    return say(`${name}: ${width} by ${height} pixels are too few for a face. Open one with at least ${LEAST} a side.${still}`, true);
  }
  stop();
  forget(pressed);
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  take(picture, Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
  picture.close();
  state.truth = truth;
  by("mirror").checked = false;
  by("times").textContent = scale < 1 ? `shown in a copy of ${stage.width} by ${stage.height} pixels` : "";
  say("Looking for faces.");
  ask(finding.IN_PHOTOGRAPH);
  show();
}

function save() {
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [stage.width, stage.height];
  const context = pencil(copy);
  if (by("mirror").checked) context.setTransform(-1, 0, 0, 1, copy.width, 0);
  context.drawImage(stage, 0, 0);
  const link = document.createElement("a");
  link.href = copy.toDataURL();
  link.download = "keypoints.png";
  link.click();
}

/** The panels turn to the point and the face that were touched. @param {MouseEvent} event */
function touch(event) {
  const shape = stage.getBoundingClientRect();
  let x = ((event.clientX - shape.left) / shape.width) * stage.width - 0.5;
  if (by("mirror").checked) x = stage.width - 1 - x;
  const y = ((event.clientY - shape.top) / shape.height) * stage.height - 0.5;
  const near = state.shown.flatMap((points, face) => points.map(([u, v], k) => {
    const eyes = Math.hypot(points[3][0] - points[5][0], points[3][1] - points[5][1]);
    const reach = Math.max(0.25 * eyes, (FINGER * stage.width) / shape.width);
    return { face, k, d: Math.hypot(u - x, v - y) / reach };
  })).filter(({ d }) => d < 1);
  if (!near.length) return;
  const nearest = near.reduce((a, b) => (b.d < a.d ? b : a));
  by("which").value = String(nearest.k);
  const here = state.faces.filter((face) => !face.missed); // as they were drawn
  for (const face of state.faces) face.chosen = face === here[nearest.face];
  if (!video.srcObject) show();
}

/** What networks.json says becomes buttons and cards. @param {Contents} contents */
function furnish(contents) {
  document.querySelectorAll("[hidden]").forEach((part) => part.removeAttribute("hidden"));
  for (const one of contents.networks) {
    const label = document.createElement("label");
    label.innerHTML = `<input type="radio" name="network" value="${one.name}" disabled> ${one.name}`;
    by("networks").append(label);
    const card = document.createElement("figure");
    card.innerHTML = `<canvas id="card-${one.name}" width="${CARD}" height="${CARD}" role="img"
      aria-label="The face with the points of ${one.name}"></canvas><figcaption>
      <strong>${one.name}</strong>, chapter ${CHAPTERS.get(one.name)} <span class="here" id="here-${one.name}"></span>
      <span>${one.error.toFixed(1)} % on ${one.faces} faces of the course that it has not seen</span>
      <span>${one.parameters.toLocaleString("en")} parameters. ${one.training}</span></figcaption>`;
    by("cards").append(card);
  }
  for (const portrait of contents.portraits) {
    const button = document.createElement("button");
    button.innerHTML = `<img src="${portrait.file}" alt="${portrait.name}">`;
    button.onclick = () => {
      const file = fetch(portrait.file).then((answer) => answer.blob());
      open(file, portrait.name, portrait.points, button);
    };
    by("portraits").append(button);
  }
}

function listen() {
  by("camera").onclick = camera;
  by("save").onclick = save;
  stage.onclick = touch;
  by("file").onchange = () => {
    if (by("file").files[0]) open(by("file").files[0], by("file").files[0].name);
    by("file").value = ""; // so that the same file can be chosen again
  };
  document.onchange = () => state.grey && show();
  document.ondragover = (event) => {
    event.preventDefault();
    document.body.classList.add("dragging");
  };
  document.ondragleave = () => document.body.classList.remove("dragging");
  document.ondrop = (event) => {
    event.preventDefault();
    document.body.classList.remove("dragging");
    const file = event.dataTransfer?.files[0];
    if (file) open(file, file.name);
    else say("That was no file. Drop a picture from a folder of your machine.", true);
  };
}

async function main() {
  if (typeof WebAssembly !== "object") {
    return say("This browser runs no WebAssembly, which the networks need. Allow it in its settings, or take a current Firefox, Chrome, Edge or Safari.", true);
  }
  say("The networks are being loaded.");
  const { fetched, load, start } = await import("./network.js");
  finding = await import("./finder.js");
  /** @type {Contents} */ const contents = await (await fetched("networks.json")).json();
  furnish(contents);
  await start();
  const last = contents.networks.filter((one) => one.maps)[0];
  finder = new finding.Finder(await load(last, ""), contents.meanFace);
  listen();
  by("camera").disabled = by("file").disabled = false;
  by("portraits").firstElementChild?.click();
  for (const one of contents.networks) { // in their order, which is that of the cards
    state.networks.set(one.name, one === last ? finder.network : await load(one, ""));
    const radio = /** @type {any} */ (document.querySelector(`input[value=${one.name}]`));
    radio.disabled = false;
    radio.checked = one === last;
  }
  if (state.grey && !video.srcObject) show();
}

main().catch((error) => say(`The page could not start: ${error.message}. Load it again; if that does not help, its files are not complete on the server.`, true));
