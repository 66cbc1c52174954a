/** Searches whole pictures beside the page, so that the camera's picture goes on moving. */

import { search } from "./finder.js";
import { fetched, load, start } from "./network.js";

const folder = new URL("./", import.meta.url).href;
const ready = (async () => {
  await start();
  /** @type {Contents} */
  const contents = await (await fetched(`${folder}networks.json`)).json();
  const described = contents.networks.find((one) => one.maps);
  if (!described) throw new Error("no network with heat maps is on the server");
  return { network: await load(described, folder), mean: contents.meanFace };
})();

self.onmessage = async ({ data: { grey, levels, job } }) => {
  try {
    const { network, mean } = await ready;
    /** @type {Candidate[]} */
    const found = levels.flatMap((/** @type {number} */ level) => search(network, mean, grey, level));
    self.postMessage({ job, candidates: found.sort((a, b) => b.score - a.score) });
  } catch (error) {
    self.postMessage({ failed: String(error) });
  }
};
