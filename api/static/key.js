// Sends the reader's key with what a page asks for. The key stays in the page: it is not stored.
const key = () => document.getElementById("key").value.trim();

document.addEventListener("htmx:config:request", (event) => {
  if (key()) event.detail.ctx.request.headers.Authorization = `Bearer ${key()}`;
});
