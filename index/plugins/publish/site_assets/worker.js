// Keeps the files of the site for use offline. A newer site has another version, so it has another worker and another
// cache. The newer worker waits until no page of the older site is open: a page never sees files of two sites.
const VERSION = "{{ version }}";
const LATER = "encoder.bin"; // It is kept when a page has loaded it: not every visitor needs its 18 MB.
const NAME = `pincite ${self.registration.scope} `;

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(forgetOlder().then(() => self.clients.claim())));
self.addEventListener("fetch", (event) => {
  if (event.request.method === "GET" && event.request.url.startsWith(self.registration.scope)) event.respondWith(answer(event.request));
});

async function keep() {
  const { files } = await (await fetch("pincite-site.json", { cache: "no-cache" })).json();
  const cache = await caches.open(NAME + VERSION);
  await cache.addAll(Object.keys(files).filter((name) => name !== LATER).map((name) => new Request(name, { cache: "no-cache" })));
}

async function forgetOlder() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(NAME) && name !== NAME + VERSION).map((name) => caches.delete(name)));
}

async function answer(request) {
  const cache = await caches.open(NAME + VERSION);
  const isPage = request.url.split(/[?#]/)[0] === self.registration.scope;
  const kept = await cache.match(isPage ? "index.html" : request, { ignoreSearch: true });
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok && request.url === self.registration.scope + LATER) await cache.put(request, response.clone());
  return response;
}
