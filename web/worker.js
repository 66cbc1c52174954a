/** Searches whole pictures beside the page, so that the camera's picture goes on moving. */

import { search } from "./finder.js";
import { fetched, load, start } from "./network.js";

const folder = new URL("./", import.meta.url).href;
const ready = (async () => {
  await start();
  /** @type {Contents} */
  const contents = await (await fetched(`${folder}networks.json`)).json();
  const described = contents.networks.filter((one) => one.maps)[0];
  return { network: await load(described, folder), mean: contents.meanFace };
})();

let newest = 0;

self.onmessage = async ({ data: { grey, levels, job } }) => {
  newest = job;
  try {
    const { network, mean } = await ready;
    for (const [done, level] of levels.entries()) {
      await new Promise((resolve) => setTimeout(resolve)); // hears whether another picture came
      if (job !== newest) return;
      const candidates = search(network, mean, grey, level);
      self.postMessage({ job, candidates, more: done + 1 < levels.length });
    }
  } catch (error) {
    self.postMessage({ failed: String(error) });
  }
};
