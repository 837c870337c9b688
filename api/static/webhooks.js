// Makes and changes webhooks by the operations of the API; `key` is that of key.js. A secret is shown once, and not kept.
const said = document.getElementById("said");

const line = (name, text, code) => {
  const shown = document.createElement("p");
  shown.className = "break";
  shown.append(document.createTextNode(`${name} `));
  const inside = document.createElement(code ? "code" : "span");
  inside.textContent = text;
  shown.append(inside);
  return shown;
};

const tell = (good, ...lines) => {
  said.className = good ? "check" : "note";
  said.replaceChildren(...lines);
  said.hidden = false;
  said.scrollIntoView({ block: "nearest" });
};

const call = async (path, method, body) => {
  const headers = key() ? { Authorization: `Bearer ${key()}` } : {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
  const content = answer.status === 204 ? {} : await answer.json();
  if (!answer.ok) {
    const why = [content.detail, content.expected, content.found, content.remedy].filter(Boolean).join(" · ");
    tell(false, line(said.dataset.failed, why));
    return null;
  }
  if (content.secret) {
    const { secret, once } = said.dataset;
    tell(true, line(secret, content.secret, true), line(said.dataset.public, content.public_key, true), line("", once));
  } else {
    said.hidden = true;
  }
  return content;
};

const show = () => htmx.ajax("GET", "/webhooks/list", { target: "#webhooks", source: "#asking" });

document.getElementById("making").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const types = [...form.querySelectorAll("[name=type]:checked")].map((one) => one.value);
  const body = { url: form.querySelector("#url").value.trim(), types };
  const description = form.querySelector("#description").value.trim();
  if (description) body.description = description;
  if ((await call("/v1/webhooks", "POST", body)) !== null) {
    form.reset();
    show();
  }
});

document.getElementById("webhooks").addEventListener("click", async (event) => {
  const button = event.target.closest("[data-do]");
  if (button === null || (button.dataset.ask && !window.confirm(button.dataset.ask))) return;
  const { do: path, method = "POST", log } = button.dataset;
  const done = await call(path, method, path.endsWith("/rotate") ? {} : undefined);
  if (done === null) return;
  if (log) htmx.ajax("GET", `/webhooks/${log}/deliveries`, { target: `#log-${log}`, source: "#asking" });
  else show();
});
