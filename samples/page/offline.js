/** Service worker: keeps the page's files, so that it opens without a network. `files` and `version` are written above by the build. */
const kept = `digits-${version}`;

addEventListener("install", (event) => event.waitUntil(caches.open(kept).then((cache) => cache.addAll(files)).then(() => skipWaiting())));

addEventListener("activate", (event) => event.waitUntil(
  caches.keys().then((names) => Promise.all(names.filter((name) => name.startsWith("digits-") && name !== kept).map((name) => caches.delete(name)))).then(() => clients.claim()),
));

/** What is not among the files, as the module for WebGPU, is kept once it has been asked for. */
async function answer(request) {
  const cache = await caches.open(kept);
  // A script of a page asks with an origin, `addAll` asked without one: servers that vary by it answer both alike.
  const found = await cache.match(request, { ignoreSearch: true, ignoreVary: true });
  if (found) return found;
  const response = await fetch(request);
  if (response.ok) await cache.put(request, response.clone());
  return response;
}

addEventListener("fetch", (event) => {
  if (event.request.method === "GET" && event.request.url.startsWith(registration.scope)) event.respondWith(answer(event.request));
});
