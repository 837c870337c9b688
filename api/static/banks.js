// Sends the reader's key with what this page asks for. The key stays in the page: it is not stored.
const key = () => document.getElementById("key").value.trim();

document.addEventListener("htmx:configRequest", (event) => {
  if (key()) event.detail.headers.Authorization = `Bearer ${key()}`;
});
document.addEventListener("htmx:beforeSwap", (event) => {
  // a refusal is shown where the answer would be
  if (event.detail.xhr.status >= 400) event.detail.shouldSwap = true;
});

const upload = document.getElementById("upload");
upload.addEventListener("submit", async (event) => {
  event.preventDefault();
  const said = document.getElementById("uploaded");
  const file = document.getElementById("file").files[0];
  const answer = await fetch(`/v1/portfolios?format=xlsx&language=${upload.dataset.language}`, {
    method: "POST",
    body: file,
    headers: key() ? { Authorization: `Bearer ${key()}` } : {},
  });
  said.textContent = "";
  if (!answer.ok) {
    const problem = await answer.json();
    said.textContent = [problem.detail, problem.expected, problem.found].filter(Boolean).join(" · ");
    return;
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = link.textContent = "portfolio.xlsx";
  said.append(link);
});
