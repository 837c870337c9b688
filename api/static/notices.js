// Shows the list anew after an acknowledgement.
document.addEventListener("htmx:after:request", (event) => {
  const { request, response } = event.detail.ctx;
  if (request.method === "POST" && response.status === 200) {
    htmx.ajax("GET", "/notices/list", { target: "#notices", source: "#asking" });
  }
});
